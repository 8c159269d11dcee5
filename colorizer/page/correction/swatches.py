"""Colours to choose from at one place of a photo, each as it would look there.

    place = colors_for_place(session, 0.31, 0.62, strength=1.0)
    place["things"][3]              # {"name": "brown hair", "ab": [7.1, 9.4], "hex": "#4d3a30"}

A correction sets a* and b*; the lightness is the photo's. So every swatch is shown at the lightness of the
place that was touched: what somebody chooses is what comes out.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from colorizer.hints.hint import Hint, ab_of
from colorizer.hints.palette import MEMORY_COLORS, palette_of
from colorizer.image import color
from colorizer.image.gamut import advice, nearest_showable
from colorizer.page.session import Session, shrink

# Clothes, flags, paint: what people want to be just "red". Of each, a* and b* count.
PLAIN_COLORS = {
    name: ab_of(hex_color)
    for name, hex_color in {
        "red": "#c8281e",
        "orange": "#e0701e",
        "yellow": "#e3c022",
        "green": "#3d9140",
        "turquoise": "#2f9c96",
        "blue": "#2f5fc4",
        "purple": "#7d3fa8",
        "pink": "#d9799c",
        "grey": "#808080",
    }.items()
}
PHOTO_COLORS = 8  # of the photo itself that are offered: more are hard to tell apart
PALETTE_SIDE = 96  # pixels of the picture that they are taken from
HUES = 36  # of the slider: a step of 10 degrees is hardly seen
STRONGEST = 130.0  # more chroma than any sRGB colour has
AROUND = 0.004  # of the longer side: grain and dust are smaller
LEAST_LOSS = 15.0  # of a* and b*: colours that become paler by less still look as they were asked for

AB = tuple[float, float]


def hex_colors(lightness: float, colors: Sequence[AB] | np.ndarray) -> list[str]:
    """As "#rrggbb", each (a*, b*) at this lightness, or as near to it as sRGB can show."""
    if not len(colors):
        return []
    ab = nearest_showable(lightness, np.asarray(colors, float).reshape(-1, 2))
    lab = np.concatenate([np.full((len(ab), 1), lightness), ab], axis=1)
    rgb = np.round(color.lab_to_rgb(lab) * 255).astype(int)
    return ["#{:02x}{:02x}{:02x}".format(*channels) for channels in rgb]


def colors_for_place(
    session: Session, x: float, y: float, strength: float, offered: Iterable[AB] = ()
) -> dict[str, Any]:
    """What the editor offers for a place, as JSON.

    Args:
        session: the visitor's photo, in its tone.
        x: the place, as a fraction of the photo's width.
        y: the place, as a fraction of its height.
        strength: of the colours, as the photo is shown now.
        offered: (a*, b*) of a reference picture's palette.

    Returns:
        The place, how light it is, and the groups "likely", "things", "plain", "offered" and "hues", each a
        list of swatches.
    """
    lightness = session.preview.lightness_at(x, y, AROUND)
    predicted = _predicted(session, x, y, strength)
    image = shrink(session.preview, PALETTE_SIDE).render(strength).convert("RGB")
    # What is as light as this place is likely to be of the same thing.
    own = sorted(palette_of(image, PHOTO_COLORS), key=lambda swatch: abs(swatch.lightness - lightness))
    groups = {
        "likely": {"as predicted": predicted}
        | {f"colour {number} of this photo": swatch.ab for number, swatch in enumerate(own, 1)},
        "things": MEMORY_COLORS,
        "plain": PLAIN_COLORS,
        "offered": {f"colour {number} of the other picture": ab for number, ab in enumerate(offered, 1)},
        "hues": _hues(lightness),
    }
    place = {"x": x, "y": y, "light": _light_in_words(lightness)}
    return place | _swatches(lightness, groups)


def describe(session: Session, hint: Hint, strength: float) -> dict[str, Any]:
    """A correction for the editor's list, as JSON: its colour at its place, and advice if that is another."""
    lightness = session.preview.lightness_at(hint.x, hint.y, AROUND)
    if hint.ab is None:
        shown = hex_colors(lightness, [_predicted(session, hint.x, hint.y, strength)])[0]
        return {"hex": shown, "advice": None}
    lost = np.hypot(*(nearest_showable(lightness, hint.ab) - hint.ab))
    words = advice(lightness, hint.ab) if lost > LEAST_LOSS else None
    return {"hex": hex_colors(lightness, [hint.ab])[0], "advice": words}


def _predicted(session: Session, x: float, y: float, strength: float) -> AB:
    """What the photo shows at a place without corrections."""
    return _at(session.prediction.with_hints(()).colors(strength), x, y)


def _swatches(lightness: float, groups: dict[str, dict[str, AB]]) -> dict[str, list[dict[str, Any]]]:
    """All groups at once: each look at what sRGB can show has a cost of its own."""
    shown = iter(hex_colors(lightness, [ab for group in groups.values() for ab in group.values()]))
    return {
        title: [
            {"name": name, "ab": [round(a, 2), round(b, 2)], "hex": next(shown)}
            for name, (a, b) in group.items()
        ]
        for title, group in groups.items()
    }


def _hues(lightness: float) -> dict[str, AB]:
    """The most vivid colour of each hue that sRGB can show at this lightness."""
    angles = np.radians(np.arange(HUES) * 360 / HUES)
    ab = nearest_showable(lightness, STRONGEST * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return {f"hue {number}": (float(a), float(b)) for number, (a, b) in enumerate(ab)}


def _at(plane: np.ndarray, x: float, y: float) -> AB:
    height, width = plane.shape[:2]
    a, b = plane[min(int(y * height), height - 1), min(int(x * width), width - 1)]
    return float(a), float(b)


def _light_in_words(lightness: float) -> str:
    """How light a place is, for those who do not see it."""
    for limit, words in ((15, "almost black"), (40, "dark"), (65, "of medium lightness"), (90, "light")):
        if lightness < limit:
            return words
    return "almost white"
