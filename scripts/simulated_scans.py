"""Scans that no photo collection has: colour negatives, and the positives that are mistaken for them.

Each function makes one from a photo, with the chances of film and time drawn from `random`. Densities are
decimal logarithms: 0.3 more lets half the light through. `fit_negatives.py` fits the rule that notices
negatives to them, `measure_negatives.py` measures it.
"""

from collections.abc import Callable

import numpy as np

from colorizer.image import color

Chances = np.random.Generator


def color_negative(pixels: np.ndarray, random: Chances) -> np.ndarray:
    """What a scanner sees of a colour negative, (H, W, 3) uint8, of a photo of the same kind.

    Density grows with the logarithm of the exposure, over an orange base that differs from film to film.
    """
    exposure = np.log10(np.clip(color.linear_from_srgb(pixels / 255), 0.003, 1)) + 2.5
    density = random.uniform(0.5, 0.7) * exposure * (1, 1.05, 1.1)  # blue's contrast is the highest
    base = np.array([random.uniform(*ends) for ends in ((0.2, 0.4), (0.55, 0.75), (0.8, 1.05))])
    return _scanned(base - base[0] + density, random.uniform(0.6, 1))


def sepia_print(pixels: np.ndarray, random: Chances) -> np.ndarray:
    """A brown print on stained cream paper, (H, W, 3) uint8, from a photo of the same kind.

    The paper reaches from nearly white to brown; the image's own brown absorbs the least red.
    """
    light = color.linear_from_srgb(pixels / 255) @ (0.2126, 0.7152, 0.0722)
    image = np.minimum(-np.log10(light + 1e-3), random.uniform(0.9, 2.2))
    tone = np.sort(random.uniform(0.7, 1.15, 3))
    paper = np.cumsum(random.uniform(0, (0.1, 0.12, 0.25)))
    stain = random.uniform(0, 0.2) * np.linspace(0, 1, image.shape[1])[:, None] * (0.3, 0.6, 1)
    return _scanned(image[..., None] * tone + paper + stain, 1)


def faded_print(pixels: np.ndarray, random: Chances) -> np.ndarray:
    """A colour print of the 1970s, red or yellow with age, (H, W, 3) uint8, from a photo of the same kind.

    The cyan dye, which absorbs red, fades most, then the yellow one, which absorbs blue; the paper yellows.
    """
    dyes = np.minimum(-np.log10(color.linear_from_srgb(pixels / 255) + 1e-3), 2.2)
    left = random.uniform((0.3, 0.65, 0.45), (0.8, 1, 1))
    paper = np.cumsum(random.uniform(0, (0.08, 0.1, 0.2)))
    return _scanned(dyes * left + paper, 1)


def in_warm_light(pixels: np.ndarray, random: Chances) -> np.ndarray:
    """A photo by a lamp, a fire or a low sun that the camera left orange, (H, W, 3) uint8."""
    missing = np.cumsum([0, random.uniform(0.03, 0.25), random.uniform(0.03, 0.4)])
    return _scanned(missing - np.log10(color.linear_from_srgb(pixels / 255) + 1e-6), 1)


POSITIVES: dict[str, Callable[[np.ndarray, Chances], np.ndarray]] = {
    "sepia prints": sepia_print,
    "faded colour prints": faded_print,
    "photos in warm light": in_warm_light,
}


def _scanned(density: np.ndarray, brightness: float) -> np.ndarray:
    """(H, W, 3) uint8 of densities; the scanner's brightness is the level, in linear light, of density 0."""
    return np.clip(255 * color.srgb_from_linear(brightness * 10.0**-density), 0, 255).astype(np.uint8)
