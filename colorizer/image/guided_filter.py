"""Enlarges the network's small colour map so that colour stops where the photo's edges are.

    large = guided_upsample(ab, small_lightness, larger_lightness)

The network sees a photo of 4000 pixels at about 192 and answers at half of that. Enlarged smoothly, such a
map bleeds over every edge. The guided filter of He, Sun and Tang (2010, "Guided Image Filtering"; 2015,
"Fast Guided Filter") fits a linear model from lightness to colour in every small window and applies it to the
lightness of the larger photo: where the lightness jumps from a face to a wall, the colour jumps too.
docs/experiments.md has the gain.
"""

import numpy as np
from PIL import Image

# Half the window's side, in elements of the small map. At 1 single elements decide the model, at 3 the window
# reaches into other objects; docs/experiments.md compares 1 and 2.
RADIUS = 2
# The filter's regularisation, in squares of L*: a window with much less variance (4.5 units of L*) holds
# grain rather than an edge, and keeps its mean colour.
EPSILON = 20.0


def upsample(planes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resizes planes smoothly (bicubic): (h, w, n) float32 to (height, width, n) float32."""
    return np.stack([_resized(plane, width, height) for plane in np.moveaxis(planes, -1, 0)], axis=-1)


def guided_upsample(ab: np.ndarray, small_guide: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """A colour map at the size of a larger view of the same photo, with the edges of that view.

    Args:
        ab: (h, w, 2) float32, a* and b*.
        small_guide: (h, w) float32, the photo's L* at that size.
        guide: (H, W) float32, the same, larger.

    Returns:
        (H, W, 2) float32.
    """
    # One plane after the other: NumPy is several times as fast along a row as along two channels.
    light = small_guide.astype(np.float64)  # float32 would lose the variance in the squares
    a, b = np.moveaxis(ab, -1, 0)
    mean, square, a, b, light_a, light_b = _means([light, light * light, a, b, light * a, light * b])
    models: list[np.ndarray] = []
    for channel, product in ((a, light_a), (b, light_b)):
        slope = (product - mean * channel) / (square - mean * mean + EPSILON)
        models += [slope, channel - slope * mean]
    # Every element lies in many windows; their models are averaged.
    height, width = guide.shape
    slope_a, start_a, slope_b, start_b = (_resized(plane, width, height) for plane in _means(models))
    return np.stack([slope_a * guide + start_a, slope_b * guide + start_b], axis=-1)


def _resized(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _means(planes: list[np.ndarray]) -> np.ndarray:
    """The mean over each element's window, (n, h, w) float64; beyond the border the last value repeats."""
    side = 2 * RADIUS + 1
    padded = np.pad(np.stack(planes), [(0, 0), (RADIUS, RADIUS), (RADIUS, RADIUS)], "edge")
    height, width = padded.shape[1] - side + 1, padded.shape[2] - side + 1
    # Sums of shifted copies: for so small a window faster than differences of cumulative sums.
    columns = padded[:, :height].copy()
    for shift in range(1, side):
        columns += padded[:, shift : shift + height]
    total = columns[..., :width].copy()
    for shift in range(1, side):
        total += columns[..., shift : shift + width]
    return total / side**2
