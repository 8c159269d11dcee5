"""An option of a configuration: default, reason and accepted values in one place, checked in one place.

    batch: int = option(32, "crops a step", accepts=POSITIVE)

`check_options(config)` refuses what has the wrong type or lies out of range. Nothing is imported here but the
standard library.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any

NUMBER_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`; infinity and NaN are never among them."""

    low: float
    high: float = math.inf
    without_low: bool = False
    without_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.without_low else value >= self.low
        below = value < self.high if self.without_high else value <= self.high
        return above and below and math.isfinite(value)

    def __str__(self) -> str:
        low = f"{'more than' if self.without_low else 'at least'} {self.low:g}"
        if math.isinf(self.high):
            return low
        return f"{low} and {'less than' if self.without_high else 'at most'} {self.high:g}"


POSITIVE = Range(0, without_low=True)
NOT_NEGATIVE = Range(0)
AT_LEAST_ONE = Range(1)
SHARE = Range(0, 1)
SHARE_BELOW_ONE = Range(0, 1, without_high=True)
SHARE_INSIDE = Range(0, 1, without_low=True, without_high=True)


def option(
    default: Any, help: str, accepts: Range | tuple[str, ...] | None = None, kind: type | None = None
) -> Any:
    """A field of a configuration.

    Args:
        default: its value; a tuple if it holds several. None means that it may be left out.
        help: what it does and why its default is what it is.
        accepts: the range of a number, or the words to choose among.
        kind: of one value; needed only where the default does not tell it.
    """
    one = default[0] if isinstance(default, tuple) and default else default
    kind = kind or (type(one) if isinstance(one, bool | int | float | str) else str)
    return field(default=default, metadata={"help": help, "accepts": accepts, "kind": kind})


def check_options(config: Any) -> None:
    """Refuses the first value of the wrong type or out of range.

    Raises:
        ValueError: names the option, what it accepts, and what was received.
    """
    for each in fields(config):
        value = getattr(config, each.name)
        if value is None and each.default is None:
            continue
        several = isinstance(each.default, tuple)
        if several and not isinstance(value, tuple):
            raise ValueError(f"{each.name} must be a list. Received: {value!r}")
        for one in value if several else (value,):
            _check_value(each.name, one, each.metadata["kind"], each.metadata["accepts"])


def _check_value(name: str, value: Any, kind: type, accepts: Range | tuple[str, ...] | None) -> None:
    types = (int, float) if kind is float else (kind,)
    if not isinstance(value, types) or (kind is not bool and isinstance(value, bool)):
        raise ValueError(f"{name} must be {NUMBER_WORDS[kind]}. Received: {value!r}")
    if isinstance(accepts, Range) and isinstance(value, int | float) and value not in accepts:
        raise ValueError(f"{name} must be {accepts}. Received: {value}")
    if isinstance(accepts, tuple) and value not in accepts:
        raise ValueError(f"{name} must be one of {', '.join(accepts)}. Received: {value!r}")
