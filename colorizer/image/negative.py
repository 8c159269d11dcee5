"""Scanned negatives: inverts them to positives.

    photo = invert(photo)

In a negative what was bright is dark, and a colour negative is orange all over, because its film base is. So
every channel is inverted between its own darkest and brightest values, which removes the orange too.
"""

from dataclasses import replace

import numpy as np
from PIL import Image

from colorizer.image.photo import Photo

# Shares of the pixels that may be dust or scratches: darker or brighter than the film itself.
DUST = 0.002


def invert(photo: Photo) -> Photo:
    """The positive of a negative, with black and white at the ends of its range.

    Args:
        photo: a scanned negative, grey or in colour.

    Returns:
        The same photo inverted, of the same size, type and depth.
    """
    pixels = np.asarray(photo.image)
    image = Image.fromarray(_inverted(pixels))
    pixels16 = None if photo.pixels16 is None else _inverted(photo.pixels16)
    return replace(photo, image=image, pixels16=pixels16)


def _inverted(pixels: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 or uint16, each channel inverted and stretched."""
    top = np.iinfo(pixels.dtype).max
    if pixels.ndim == 3:
        return np.dstack([_inverted(pixels[..., channel]) for channel in range(pixels.shape[2])])
    count = np.cumsum(np.bincount(pixels.ravel(), minlength=top + 1))
    low, high = np.searchsorted(count, [DUST * count[-1], (1 - DUST) * count[-1]])
    levels = np.arange(top + 1, dtype=np.float64)
    table = np.clip((high - levels) / max(1, high - low), 0, 1) * top + 0.5
    inverted: np.ndarray = table.astype(pixels.dtype)[pixels]
    return inverted
