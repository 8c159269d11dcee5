"""Scanned negatives: notices some of them, and inverts them to positives.

    if is_negative(photo):
        photo = invert(photo)

In a negative what was bright is dark, and a colour negative is orange all over, because its film base is. So
every channel is inverted between its own darkest and brightest values, which removes the orange too.

Half of the colour negatives are recognised by the orange. Grey ones mostly look like dark photos: the only
sign is a sky that is the darkest part of the picture, and few have one. Both rules prefer silence to a wrong
answer. `scripts/measure_negatives.py` measures them; docs/experiments.md has the figures.
"""

from dataclasses import replace

import numpy as np
from PIL import Image

from colorizer.image import color
from colorizer.image.photo import Photo

# Shares of the pixels that may be dust or scratches: darker or brighter than the film itself.
DUST = 0.002
STRIP_ROWS = 256
NOTICED_SIDE = 72  # pixels a side of the thumbnail that is judged
# Of an orange film, by level of sRGB: blue's brightest against red's, red above green above blue in so many
# pixels, the same orange (in densities) everywhere, and no true black.
MOST_BLUE, MOST_PIXELS, MOST_SPREAD, LEAST_BLACK = 0.65, 0.8, 0.8, 25
DARK_SKY = -1.0  # standard deviations of the levels from their mean, in the middle of the upper third


def is_negative(photo: Photo) -> bool:
    """Whether a photo is a scanned negative for certain; most negatives are not recognized.

    Args:
        photo: grey or in colour.

    Returns:
        True for a colour negative that is orange all over, or a grey one whose sky is its darkest part.
    """
    small = photo.image.resize((NOTICED_SIDE, NOTICED_SIDE), Image.Resampling.BOX)
    if photo.is_color:  # of a toned photo nobody can tell whether the orange is a film's or a toner's
        return _is_orange(np.asarray(small, np.float64))
    return _has_dark_sky(np.asarray(small.convert("L"), np.float64))


def _is_orange(pixels: np.ndarray) -> bool:
    """(H, W, 3) float64 in [0, 255]: the mask that colour films have in their base."""
    red, green, blue = np.moveaxis(pixels, -1, 0)
    brightest = np.quantile(pixels, 0.995, axis=(0, 1)) + 1
    ordered = np.mean((red > green) & (green > blue))
    density = -np.log10(color.linear_from_srgb(pixels / 255) + 1e-3)
    orange = [np.quantile(density[..., channel] - density[..., 0], (0.05, 0.95)) for channel in (1, 2)]
    return bool(
        brightest[2] < MOST_BLUE * brightest[0]
        and ordered > MOST_PIXELS
        and min(orange[0][0], orange[1][0]) > 0
        and orange[1][1] - orange[1][0] < MOST_SPREAD
        and np.quantile(red, 0.02) > LEAST_BLACK
    )


def _has_dark_sky(levels: np.ndarray) -> bool:
    """(H, W) float64 in [0, 255]: the sky of a photo is bright, but at night."""
    third = NOTICED_SIDE // 3
    sky = levels[:third, third : 2 * third].mean()
    return bool(sky - levels.mean() < DARK_SKY * (levels.std() + 5))


def invert(photo: Photo) -> Photo:
    """The positive of a negative, with black and white at the ends of its range.

    Args:
        photo: a scanned negative, grey or in colour.

    Returns:
        The same photo inverted, of the same size, type and depth.
    """
    tables = [_table(counts) for counts in np.reshape(photo.image.histogram(), (-1, 256))]
    image = photo.image.point(np.concatenate(tables).astype(np.uint8).tolist())
    pixels16 = None if photo.pixels16 is None else _inverted16(photo.pixels16)
    return replace(photo, image=image, pixels16=pixels16)


def _inverted16(pixels: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) uint16, each channel inverted and stretched; counted in strips, to save memory."""
    channels = pixels.reshape(*pixels.shape[:2], -1)
    inverted = np.empty_like(channels)
    for channel in range(channels.shape[2]):
        counts = np.zeros(65536, np.int64)
        for top in range(0, len(channels), STRIP_ROWS):
            counts += np.bincount(channels[top : top + STRIP_ROWS, :, channel].ravel(), minlength=65536)
        inverted[..., channel] = _table(counts).astype(np.uint16)[channels[..., channel]]
    return inverted.reshape(pixels.shape)


def _table(counts: np.ndarray) -> np.ndarray:
    """The new level of every level, of whose pixels the numbers are given; float64."""
    top, cumulated = len(counts) - 1, np.cumsum(counts)
    low, high = np.searchsorted(cumulated, [DUST * cumulated[-1], (1 - DUST) * cumulated[-1]])
    levels = np.arange(top + 1, dtype=np.float64)
    table: np.ndarray = np.clip((high - levels) / max(1, high - low), 0, 1) * top + 0.5
    return table
