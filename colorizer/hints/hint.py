"""A hint: the colour that one place of a photo should have.

    Hint(0.31, 0.62, "#e0701e")                       # this object is orange
    Hint(0.31, 0.62, (48.0, 60.0))                    # the same, in a* and b*
    Hint(0.31, 0.62, "#e0701e", outline=((0.2, 0.5), (0.5, 0.5), (0.4, 0.9)))     # but only inside
    Hint(0.80, 0.10)                                  # this place stays as predicted
    hints = parse_hints(text)                         # from JSON, and back:
    text = format_hints(hints)

Places are fractions of the photo's width and height, so that hints fit the photo in every size. A hint sets
a* and b*; the lightness stays that of the photo. In JSON, hints are a list of objects:

    [{"x": 0.31, "y": 0.62, "color": "#e0701e"},
     {"x": 0.31, "y": 0.62, "ab": [48.0, 60.0], "outline": [[0.2, 0.5], [0.5, 0.5], [0.4, 0.9]], "reach": 2},
     {"x": 0.80, "y": 0.10, "keep": true}]

Hints come from strangers: everything is checked before any work is done with it.
"""

import json
import math
import re
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from colorizer.errors import HintError
from colorizer.hints.outline import Outline, contains, inner_point
from colorizer.image import color

# Time and memory grow with each: a hundred hints take a third of a second. Whoever needs more should change
# the photo's colours in a paint program.
MAX_HINTS = 100
# A lasso by hand has some hundreds of corners.
MAX_CORNERS = 1000
# A hundred hints with outlines of a thousand corners, each number with twenty digits.
MAX_JSON_BYTES = 5_000_000
# CIELAB of every sRGB colour lies inside.
MAX_AB = 128.0
MIN_REACH, MAX_REACH = 0.1, 10.0

KEYS = ("x", "y", "color", "ab", "keep", "outline", "reach")
HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Hint:
    """A place and the colour that it should have. Raises HintError for values that it cannot have.

    Attributes:
        x: the place, as a fraction of the photo's width, in [0, 1].
        y: the place, as a fraction of its height, in [0, 1].
        color: "#rrggbb" in sRGB, of which a* and b* count; or (a*, b*), each in [-128, 128]; or None: the
            place stays as predicted.
        outline: corners (x, y) of a polygon around the place: the hint counts only inside. Of a hint without
            colour, everything inside stays as predicted. Empty if there is none.
        reach: how far the colour spreads, in [0.1, 10]; 1 is usual, 2 goes twice as far.
    """

    x: float
    y: float
    color: str | tuple[float, float] | None = None
    outline: Outline = ()
    reach: float = 1.0

    def __post_init__(self) -> None:
        _check_number("x", self.x, 0, 1)
        _check_number("y", self.y, 0, 1)
        _check_number("reach", self.reach, MIN_REACH, MAX_REACH)
        _check_color(self.color)
        # JSON knows none of NumPy's numbers.
        for name in ("x", "y", "reach"):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        if isinstance(self.color, tuple):
            object.__setattr__(self, "color", tuple(map(_plain, self.color)))
        object.__setattr__(self, "outline", _checked_outline(self.outline))
        if self.outline and not contains(self.outline, self.x, self.y):
            raise HintError(
                f"The place of a hint must lie inside its outline. Received: ({self.x}, {self.y})"
            )

    @classmethod
    def inside(
        cls, outline: Sequence[Sequence[float]], color: str | tuple[float, float] | None = None
    ) -> "Hint":
        """A hint for everything inside an outline; its place is well inside.

        Raises:
            HintError: the outline encloses nothing, or as for any hint.
        """
        corners = _checked_outline(outline)
        place = inner_point(corners) if corners else None
        if place is None or not contains(corners, *place):
            raise HintError(f"The outline encloses nothing. Received: {_short(outline)}")
        return cls(*place, color, corners)

    @property
    def kind(self) -> Literal["point", "outline", "keep"]:
        """What it does: "keep" if it has no colour, "outline" if it counts only inside one, or "point"."""
        if self.color is None:
            return "keep"
        return "outline" if self.outline else "point"

    @property
    def ab(self) -> tuple[float, float] | None:
        """The a* and b* that it asks for; None if the place stays as predicted."""
        return ab_of(self.color) if isinstance(self.color, str) else self.color

    def to_json(self) -> dict[str, Any]:
        """As an object for JSON; `from_json` makes an equal hint of it."""
        result: dict[str, Any] = {"x": self.x, "y": self.y}
        if self.color is None:
            result["keep"] = True
        elif isinstance(self.color, str):
            result["color"] = self.color
        else:
            result["ab"] = list(self.color)
        if self.outline:
            result["outline"] = [list(corner) for corner in self.outline]
        if self.reach != 1:
            result["reach"] = self.reach
        return result

    @classmethod
    def from_json(cls, value: object) -> "Hint":
        """The hint that an object of JSON describes.

        Raises:
            HintError: it describes none; the text says what is wrong and what was received.
        """
        if not isinstance(value, dict):
            raise HintError(f"A hint must be an object with x, y and a colour. Received: {_short(value)}")
        for key in value:
            if key not in KEYS:
                raise HintError(f"A hint has only the keys {', '.join(KEYS)}. Received: {_short(key)}")
        for key in ("x", "y"):
            if key not in value:
                raise HintError(f"A hint needs {key}. Received: {_short(value)}")
        given = [key for key in ("color", "ab", "keep") if key in value]
        if len(given) != 1:
            raise HintError(f'A hint needs one of "color", "ab" and "keep". Received: {_short(value)}')
        color = value[given[0]]
        if given == ["keep"]:
            if color is not True:
                raise HintError(f"keep can only be true. Received: {_short(color)}")
            color = None
        elif given == ["color"] and not isinstance(color, str):
            raise HintError(f"color must be text such as #e0701e. Received: {_short(color)}")
        elif given == ["ab"]:
            if not isinstance(color, list | tuple):
                raise HintError(f"ab must be a list of a* and b*. Received: {_short(color)}")
            color = tuple(color)
        return cls(value["x"], value["y"], color, value.get("outline", ()), value.get("reach", 1.0))


def parse_hints(source: str | bytes | Sequence[object]) -> tuple[Hint, ...]:
    """Hints from JSON text, or from the list that it describes.

    Raises:
        HintError: not JSON, no list of hints, or too many; the text says which hint and what was received.
    """
    values = _parse_json(source) if isinstance(source, str | bytes) else source
    if not isinstance(values, list | tuple):
        raise HintError(f"Hints must be a list. Received: {_short(values)}")
    check_count(len(values))
    hints = []
    for number, value in enumerate(values, 1):
        try:
            hints.append(Hint.from_json(value))
        except HintError as error:
            raise HintError(f"Hint {number}: {error}") from None
    return tuple(hints)


def format_hints(hints: Sequence[Hint]) -> str:
    """Hints as JSON text, one a line; `parse_hints` makes equal hints of it."""
    lines = ",\n ".join(json.dumps(hint.to_json()) for hint in hints)
    return f"[{lines}]\n"


def check_count(count: int) -> None:
    """Raises HintError for more than `MAX_HINTS` hints."""
    if count > MAX_HINTS:
        raise HintError(f"A photo can have at most {MAX_HINTS} hints. Received: {count}")


def ab_of(hex_color: str) -> tuple[float, float]:
    """The a* and b* of an sRGB colour as "#rrggbb"."""
    channels = [int(hex_color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    _, a, b = color.rgb_to_lab(np.array(channels)).tolist()
    return a, b


def _parse_json(text: str | bytes) -> object:
    if len(text) > MAX_JSON_BYTES:
        raise HintError(f"Hints can have at most {MAX_JSON_BYTES} bytes of JSON. Received: {len(text)}")

    def pairs_to_dict(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) < len(pairs):
            raise HintError(f"An object has a key twice. Received: {_short([key for key, _ in pairs])}")
        return result

    def no_constant(name: str) -> object:
        raise HintError(f"Numbers must be finite. Received: {name}")

    try:
        return json.loads(text, object_pairs_hook=pairs_to_dict, parse_constant=no_constant)
    except HintError:
        raise
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, endless digits; nested too deep
        raise HintError(f"Hints must be JSON: {error}. Received: {_short(text)}") from None


def _check_number(name: str, value: object, low: float, high: float) -> None:
    # Comparisons come before float(): an integer may have more digits than any float.
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not low <= value <= high or not math.isfinite(value):  # type: ignore[operator,arg-type]
        raise HintError(f"{name} must be a number from {low:g} to {high:g}. Received: {_short(value)}")


def _plain(number: Any) -> Any:
    """A number as Python has it; others stay as they are."""
    return number.item() if isinstance(number, np.generic) else number


def _check_color(value: object) -> None:
    if value is None:
        return
    if isinstance(value, str):
        if not HEX_COLOR.fullmatch(value):
            raise HintError(f"A colour must look like #e0701e. Received: {_short(value)}")
        return
    if not isinstance(value, tuple) or len(value) != 2:
        raise HintError(f"A colour must be #rrggbb or a pair of a* and b*. Received: {_short(value)}")
    for name, number in zip(("a*", "b*"), value, strict=True):
        _check_number(name, number, -MAX_AB, MAX_AB)


def _checked_outline(value: object) -> Outline:
    """The corners as tuples."""
    if not isinstance(value, list | tuple):
        raise HintError(f"outline must be a list of corners [x, y]. Received: {_short(value)}")
    if not value:
        return ()
    if not 3 <= len(value) <= MAX_CORNERS:
        raise HintError(f"An outline must have 3 to {MAX_CORNERS} corners. Received: {len(value)}")
    for corner in value:
        if not isinstance(corner, list | tuple) or len(corner) != 2:
            raise HintError(f"A corner of an outline must be [x, y]. Received: {_short(corner)}")
        for number in corner:
            _check_number("A corner of an outline", number, 0, 1)
    return tuple((float(x), float(y)) for x, y in value)


class _Short(reprlib.Repr):
    """Text for messages, short whatever the value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = 4
        self.maxdict, self.maxstring, self.maxother = 8, 60, 60

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to write out an integer of more than some thousand digits.
        return str(value) if value.bit_length() < 200 else "a number of very many digits"


_short = _Short().repr
