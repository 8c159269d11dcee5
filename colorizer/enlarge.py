"""Makes the network's small map of colour larger, so that colour stops where things stop.

    large = follow_edges(ab, small_lightness, larger_lightness)

The network sees a photo of 4000 pixels at about 192, and answers at half of that. Enlarged smoothly, such a
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
    light = seen[..., None].astype(np.float64)  # float32 would lose the variance in the squares
    mean_light, mean_ab = _mean(light), _mean(ab)
    covariance = _mean(light * ab) - mean_light * mean_ab
    slope = covariance / (_mean(light * light) - mean_light**2 + FLAT)
    line = np.concatenate([slope, mean_ab - slope * mean_light], axis=-1)
    # Every place belongs to many neighbourhoods; their lines are averaged.
    line = enlarge(_mean(line).astype(np.float32), guide.shape[1], guide.shape[0])
    return line[..., :2] * guide[..., None] + line[..., 2:]


def _mean(planes: np.ndarray) -> np.ndarray:
    """The mean over each place's neighbourhood; beyond the border its last value goes on."""
    side = 2 * RADIUS + 1
    padded = np.pad(planes, [(RADIUS + 1, RADIUS), (RADIUS + 1, RADIUS), (0, 0)], "edge").astype(np.float64)
    padded[0] = padded[:, 0] = 0
    total = padded.cumsum(axis=0).cumsum(axis=1)
    return (
        total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    ) / side**2
