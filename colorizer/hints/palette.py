"""Colours to choose from: those of a reference photo, and those that common objects have.

    swatches = palette_of(image)                   # the main colours of a picture, the most frequent first
    hints = match_hints(lightness, ab, image)      # a hint for each region: the reference's colour for it
    MEMORY_COLORS["brick"]                         # (a*, b*)

"Colours like in this picture" gives hints as if by hand: they can be shown, changed and removed like others.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from colorizer.hints.hint import Hint, ab_of
from colorizer.hints.outline import innermost
from colorizer.image import color
from colorizer.image.gamut import hex_color

# A picture is reduced to this length first: colours of fewer pixels are no main colours.
SIDE = 96
# Swatches whose colours differ by less, in units of a* and b* and half units of L*, are one.
SAME = 8.0
# In matching, this much difference of L* counts like this much of a*, b*: a reference says more about the
# colours of dark and light than about which green the network meant.
MATCH_LIGHTNESS, MATCH_AB = 15.0, 40.0
# A hint that changes less is not worth it.
LEAST_CHANGE = 4.0

# Typical colours, as people expect them; of each, a* and b* count, and the lightness is the photo's.
MEMORY_COLORS = {
    name: ab_of(hex_color)
    for name, hex_color in {
        "light skin": "#d3a187",
        "dark skin": "#7b4f38",
        "brown hair": "#5b4030",
        "blond hair": "#b99a62",
        "sky": "#86b3dd",
        "water": "#44728a",
        "grass": "#6f8a3c",
        "leaf": "#4f7239",
        "denim": "#44597a",
        "khaki": "#a2926a",
        "brick": "#9d5643",
        "wood": "#8e6943",
        "sand": "#c9b189",
        "brass": "#b18f40",
    }.items()
}


@dataclass(frozen=True)
class Swatch:
    """One of the main colours of a picture.

    Attributes:
        lightness: L* in [0, 100].
        ab: a* and b*.
        share: of the picture, in [0, 1].
    """

    lightness: float
    ab: tuple[float, float]
    share: float

    @property
    def hex(self) -> str:
        """As "#rrggbb"."""
        return hex_color(self.lightness, self.ab)

    def at(self, lightness: float) -> str:
        """As "#rrggbb" at another lightness, as it would look at a place of the photo."""
        return hex_color(lightness, self.ab)


def palette_of(image: Image.Image, count: int = 12) -> list[Swatch]:
    """The main colours of a picture, the most frequent first.

    Args:
        image: in any mode that Pillow converts to RGB.
        count: the most that there may be.
    """
    means, labels = _clusters(_small_lab(image), count)
    shares = np.bincount(labels.ravel(), minlength=len(means)) / labels.size
    swatches: list[Swatch] = []
    for index in np.argsort(-shares):
        lightness, a, b = means[index].tolist()
        if all(_difference(means[index], (s.lightness, *s.ab)) >= SAME for s in swatches):
            swatches.append(Swatch(lightness, (a, b), float(shares[index])))
    return swatches


def match_hints(
    lightness: np.ndarray, ab: np.ndarray, reference: Image.Image, count: int = 8
) -> tuple[Hint, ...]:
    """Hints that give a photo the colours of a reference.

    The photo is divided into regions of like lightness and predicted colour. Each gets the colour of that
    part of the reference which is most like it, in lightness above all, at the place farthest from its
    border.

    Args:
        lightness: (h, w) float32, the photo's L* at the size of its map.
        ab: (h, w, 2) float32, its map.
        reference: a picture in colour.
        count: the most hints that there may be.
    """
    height, width = lightness.shape
    swatches = palette_of(reference, 2 * count)
    colors = np.array([(s.lightness, *s.ab) for s in swatches])
    scale = np.array([MATCH_LIGHTNESS, MATCH_AB, MATCH_AB])
    means, labels = _clusters(np.concatenate([lightness[..., None], ab], axis=-1), count)
    hints = []
    for index, mean in enumerate(means):
        place = innermost(labels == index)
        if place is None:
            continue
        swatch = swatches[int(np.argmin(np.square((colors - mean) / scale).sum(axis=1)))]
        row, column = place
        if np.hypot(*(ab[row, column] - swatch.ab)) >= LEAST_CHANGE:
            hints.append(Hint((column + 0.5) / width, (row + 0.5) / height, swatch.ab))
    return tuple(hints)


def _small_lab(image: Image.Image) -> np.ndarray:
    """CIELAB of the picture with its longer side at most `SIDE`: (h, w, 3)."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(color.rgb_to_lab(np.asarray(small, np.float32) / 255))


def _difference(one: np.ndarray, other: tuple[float, ...]) -> float:
    return float(np.linalg.norm((one - np.array(other)) * (0.5, 1, 1)))


def _clusters(lab: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of like colours: their means (n, 3), and which of them each element belongs to (h, w)."""
    # Median cut and k-means are Pillow's, on bytes: half of L*, a* + 128, b* + 128.
    scaled = np.clip(np.round(lab * (0.5, 1, 1) + (0, 128, 128)), 0, 255).astype(np.uint8)
    groups = Image.fromarray(scaled).quantize(count, Image.Quantize.MEDIANCUT, kmeans=4)
    _, labels = np.unique(np.asarray(groups), return_inverse=True)
    labels = labels.reshape(lab.shape[:2])
    size = np.bincount(labels.ravel())
    means = [np.bincount(labels.ravel(), plane.ravel()) / size for plane in np.moveaxis(lab, -1, 0)]
    return np.stack(means, axis=1), labels
