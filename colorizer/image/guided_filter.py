"""Makes the network's small map of colour larger, so that colour stops where things stop.

    large = follow_edges(ab, small_lightness, larger_lightness)

The network sees a photo of 4000 pixels at about 160, and answers at half of that. Enlarged smoothly, such a
map bleeds over every edge. The guided filter of He, Sun and Tang (2010, "Guided Image Filtering"; 2015,
"Fast Guided Filter") asks of every small neighbourhood what straight line leads from lightness to colour
there, and applies that line to the lightness of the larger photo: where it jumps from a face to a wall, the
colour jumps as well. What this gains is in docs/experiments.md.
"""

import numpy as np
from PIL import Image

# The neighbourhood: so many elements of the small map to each side. At 1 the line is at the mercy of single
# elements, at 3 it reaches over to other things.
RADIUS = 2
# A variance of lightness, in squares of L*: neighbourhoods much flatter than this (4.5 units of L*) are no
# edges but grain, and keep the colour they have.
FLAT = 20.0


def enlarge(planes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Planes smoothly brought to another size: (h, w, n) float32 to (height, width, n) float32."""
    images = (Image.fromarray(np.ascontiguousarray(planes[..., n])) for n in range(planes.shape[2]))
    return np.stack([np.asarray(image.resize((width, height), Image.BICUBIC)) for image in images], axis=-1)


def follow_edges(ab: np.ndarray, seen: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """A map of colour at the size of a larger picture of the same photo, with that one's edges.

    Args:
        ab: (h, w, 2) float32, a* and b*.
        seen: (h, w) float32, the photo's L* at that size.
        guide: (H, W) float32, the same, larger.

    Returns:
        (H, W, 2) float32.
    """
    # One plane after the other: NumPy's steps are several times as long along a row as along two channels.
    light = seen.astype(np.float64)  # float32 would lose the variance in the squares
    a, b = np.moveaxis(ab, -1, 0)
    mean, square, a, b, light_a, light_b = _means([light, light * light, a, b, light * a, light * b])
    lines = []
    for channel, product in ((a, light_a), (b, light_b)):
        slope = (product - mean * channel) / (square - mean * mean + FLAT)
        lines += [slope, channel - slope * mean]
    # Every place belongs to many neighbourhoods; their lines are averaged.
    lines = np.stack(_means(lines), axis=-1).astype(np.float32)
    slope_a, start_a, slope_b, start_b = np.moveaxis(enlarge(lines, guide.shape[1], guide.shape[0]), -1, 0)
    return np.stack([slope_a * guide + start_a, slope_b * guide + start_b], axis=-1)


def _means(planes: list[np.ndarray]) -> np.ndarray:
    """The means over each place's neighbourhood; beyond the border its last value goes on."""
    side = 2 * RADIUS + 1
    around = (RADIUS + 1, RADIUS)
    total = np.pad(np.stack(planes), [(0, 0), around, around], "edge").astype(np.float64)
    total[:, 0] = total[:, :, 0] = 0
    total = total.cumsum(axis=1).cumsum(axis=2)
    high = total[:, side:] - total[:, :-side]
    return (high[..., side:] - high[..., :-side]) / side**2
