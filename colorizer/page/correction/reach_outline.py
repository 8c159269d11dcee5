"""The soft line around what a correction reaches, as a picture to lay over the photo.

    url = outline_url(prediction.correction.reached(0))

The line is where the correction counts half: a light core in a dark halo, so that it shows on any ground.
"""

import base64
import io

import numpy as np
from PIL import Image

SIDE = 640  # pixels of the picture: the line is soft, and the browser enlarges it
HALF = 0.5
CORE, HALO = 1.1, 3.2  # half widths of the line in pixels of the picture
HALO_ALPHA = 0.55
# Where a share hardly changes, the line would become a surface.
LEAST_SLOPE = 0.008


def outline_url(share: np.ndarray) -> str:
    """The line as a `data:` URL of a PNG.

    Args:
        share: (h, w) float32, how much a correction counts at each place, in [0, 1].
    """
    height, width = share.shape
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    large = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BICUBIC))
    padded = np.pad(large, 1, "edge")
    slope = np.hypot(padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    distance = np.abs(large - HALF) / np.maximum(slope, LEAST_SLOPE)
    core, halo = np.exp(-np.square(distance / CORE)), HALO_ALPHA * np.exp(-np.square(distance / HALO))
    alpha = core + (1 - core) * halo
    grey = core / np.maximum(alpha, 1e-6)  # the light line over its dark halo
    pixels = np.round(np.stack([grey, alpha], axis=-1) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
