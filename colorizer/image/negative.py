"""Scanned negatives: notices some of them, and inverts them to positives.

    if is_negative(photo):
        photo = invert(photo)

In a negative what was bright is dark, and a colour negative is orange all over, because its film base is. So
every channel is inverted between its own darkest and brightest values, which removes the orange too.

Nine in ten colour negatives are recognised: they are orange both where they are bright and where they are
dark, and nowhere black. Grey ones mostly look like dark photos: the only sign is a sky that is the darkest
part of the picture, and few have one. Both rules prefer silence to a wrong answer.
`scripts/fit_negatives.py` fits the first, `scripts/measure_negatives.py` measures both; docs/experiments.md
has the figures.
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
# How much each feature of `film_features`, and its square, says for a colour negative, as found by logistic
# regression: `scripts/fit_negatives.py` prints the table. A photo in colour is noticed if the sum is
# positive, a toned one if it exceeds TONED, because sepia prints are common.
COEFFICIENTS = {
    "skewness of red": (-1.07, 0.0),
    "skewness of green": (-1.78, -0.45),
    "skewness of blue": (0.78, 0.06),
    "share of red > green > blue": (16.48, -15.52),
    "red level of the darkest": (21.74, -92.41),
    "blue density of the brightest": (24.18, -10.06),
    "green density of the darkest": (6.99, -3.32),
    "blue density of the darkest": (16.43, -3.68),
    "green less red density of the dark": (27.60, -33.31),
    "green by red level of the brightest": (-61.33, 27.83),
}
BIAS = -8.32
TONED = 2.37
DARK_SKY = -1.0  # standard deviations of the levels from their mean, in the middle of the upper third


def is_negative(photo: Photo) -> bool:
    """Whether a photo is almost certainly a scanned negative; most grey negatives are not recognized.

    Args:
        photo: grey, toned or in colour.

    Returns:
        True for a colour negative on orange film, or a grey one whose sky is its darkest part.
    """
    if photo.image.mode == "RGB" and _film_score(photo) > (0 if photo.is_color else TONED):
        return True
    return not photo.is_color and _has_dark_sky(_thumbnail(photo, "L"))


def film_features(photo: Photo) -> dict[str, float]:
    """What tells a colour film from other orange pictures; densities are decimal logarithms.

    Args:
        photo: in colour, or toned.

    Returns:
        The features by name. The brightest and the darkest parts leave out half a percent of the pixels,
        which may be dust; the dark ones two percent.
    """
    pixels = _thumbnail(photo, "RGB")
    red, green, blue = np.moveaxis(pixels, -1, 0)
    density = -np.log10(color.linear_from_srgb(pixels / 255) + 1e-3).reshape(-1, 3)
    brightest, dark, darkest = np.quantile(density, (0.005, 0.98, 0.995), axis=0)
    bright_levels = np.quantile(pixels, 0.995, axis=(0, 1)) + 1
    centred = density - density.mean(axis=0)
    # In a positive few parts are much darker than the rest, in a negative few are much brighter.
    skewness = np.mean(centred**3, axis=0) / (np.mean(centred**2, axis=0) ** 1.5 + 1e-6)
    return {
        "skewness of red": float(skewness[0]),
        "skewness of green": float(skewness[1]),
        "skewness of blue": float(skewness[2]),
        "share of red > green > blue": float(np.mean((red > green) & (green > blue))),
        "red level of the darkest": float(np.quantile(red, 0.005) / 255),
        "blue density of the brightest": float(brightest[2]),
        "green density of the darkest": float(darkest[1]),
        "blue density of the darkest": float(darkest[2]),
        "green less red density of the dark": float(dark[1] - dark[0]),
        "green by red level of the brightest": float(bright_levels[1] / bright_levels[0]),
    }


def _film_score(photo: Photo) -> float:
    """Positive if the orange is that of a colour film's base."""
    terms = ((value, *COEFFICIENTS[name]) for name, value in film_features(photo).items())
    return sum((value * linear + value**2 * square for value, linear, square in terms), BIAS)


def _thumbnail(photo: Photo, mode: str) -> np.ndarray:
    """The levels of a small copy, (H, W) or (H, W, 3) float64 in [0, 255]."""
    small = photo.image.resize((NOTICED_SIDE, NOTICED_SIDE), Image.Resampling.BOX)
    return np.asarray(small.convert(mode), np.float64)


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
