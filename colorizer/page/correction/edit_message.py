"""What the editor in the browser sends at every change, checked.

    message = EditMessage.of(event_data)
    message.hints                   # all corrections, as the visitor wants them now

The browser keeps the list and its history, so one message says all: nothing goes wrong if one is lost. It
comes from strangers, so nothing in it is used before it is checked.
"""

from dataclasses import dataclass

from colorizer.errors import HintError
from colorizer.hints.hint import Hint, parse_hints

MAX_OFFERED = 24  # colours of a reference picture: twice what the page itself offers
KEYS = {"number", "hints", "selected", "draft", "look", "offered"}


@dataclass(frozen=True)
class EditMessage:
    """The corrections of a photo, and what of it the visitor looks at.

    Attributes:
        number: of the message; the answer has the same.
        hints: the corrections.
        selected: the index of the one that is being changed, or None.
        draft: a place that has no colour yet, as a hint that changes nothing; or None.
        look: whether the colours to choose from are asked for; they are known if only a colour changes.
        offered: (a*, b*) of a reference picture's palette.
    """

    number: int
    hints: tuple[Hint, ...]
    selected: int | None = None
    draft: Hint | None = None
    look: bool = True
    offered: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, data: object) -> "EditMessage":
        """Reads a message.

        Raises:
            HintError: it is none; the text says what is wrong and what was received.
        """
        if not isinstance(data, dict) or not data.keys() <= KEYS:
            raise HintError(f"A message of the editor has only the keys {', '.join(sorted(KEYS))}.")
        hints = parse_hints(data.get("hints", ()))
        selected, number = data.get("selected"), data.get("number")
        if type(number) is not int or abs(number) > 2**53:
            raise HintError("A message of the editor needs a number.")
        if selected is not None and (type(selected) is not int or not 0 <= selected < len(hints)):
            raise HintError("The selected correction is not in the list.")
        look = data.get("look", True) is True
        offered = _offered(data.get("offered", ()))
        return cls(number, hints, selected, _draft(data.get("draft")), look, offered)

    @property
    def place(self) -> Hint | None:
        """The hint at the place whose colours are asked for."""
        return self.draft if self.selected is None else self.hints[self.selected]


def _draft(value: object) -> Hint | None:
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() == {"outline"}:
        return Hint.inside(value["outline"])
    if isinstance(value, dict):
        return Hint.from_json({**value, "keep": True})
    raise HintError("A place must be an object with x and y.")


def _offered(value: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_OFFERED:
        raise HintError(f"At most {MAX_OFFERED} colours of another picture can be offered.")
    return tuple(Hint.from_json({"x": 0, "y": 0, "ab": color}).ab for color in value)
