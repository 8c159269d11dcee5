"""Limits: how much work one photo may cause, and the ranges of size and strength.

    Limits()                                 # the defaults of the page, the command and the Python API
    COLORIZER_MEGAPIXELS=300 python app.py   # other limits, from the environment; "inf" removes a limit
    read_photo("scan.tif", UNLIMITED)        # no limits, for your own photos
    check_size(192); check_strength(1.0)     # raise ValueError outside the ranges below

A stranger's photo can be a decompression bomb: a few kilobytes that claim to be 60,000 pixels wide. Every
limit is checked before the work that it forbids begins, and the error names the limit.

This module needs no library, so that the command answers `--help` and wrong usage at once.
"""

import math
import os
import time
from dataclasses import dataclass, fields

from colorizer.errors import PhotoError

# docs/experiments.md compares sizes.
SIZE = 192
# With less than 32, the network's deepest layers would see only the border.
MIN_SIZE, MAX_SIZE = 32, 1024
MAX_STRENGTH = 2.0
# The largest shift of a* and of b* of a whole picture: more than from candle light to a cloudy sky.
MAX_TONE = 30.0
# From (a*, b*) = 0 towards (2, 10), white turns as from daylight to a lamp: along the colours of hot bodies.
WARM = (2.0, 10.0)
# Three times as warm is as yellow as `MAX_TONE` allows.
MAX_WARMTH = 3.0


@dataclass(frozen=True)
class Limits:
    """The limits, each with its reason. Each must be more than 0 and may be `math.inf`."""

    megabytes: float = 50  # of a file: no camera's JPEG is larger, and a larger upload needs minutes
    megapixels: float = 120  # more than a common camera or a 30x40 cm print at 600 dpi; needs 1 GB
    side: float = 65535  # pixels, JPEG's own limit: in a photo a few pixels wide, the work per row dominates
    files: float = 50  # in one batch on the page: more than a roll of film, a minute or two of work
    seconds: float = (
        30  # for one photo, from reading to writing: ten times what the largest needs on two idle cores
    )
    queue: float = 50  # photos that wait on the page: the last is done after about half a minute

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not value > 0:
                raise ValueError(f"The limit of {limit.name} must be more than 0. Received: {value}")

    @classmethod
    def from_environment(cls) -> "Limits":
        """The limits, with COLORIZER_MEGABYTES, COLORIZER_MEGAPIXELS and so on from the environment.

        Raises:
            ValueError: one of them is not a number above 0.
        """
        given = {}
        for limit in fields(cls):
            name = f"COLORIZER_{limit.name.upper()}"
            if text := os.environ.get(name):
                try:
                    given[limit.name] = float(text)
                except ValueError:
                    raise ValueError(f"{name} must be a number. Received: {text!r}") from None
        return cls(**given)

    def __str__(self) -> str:
        return (
            f"At most {self.megabytes:g} MB, {self.megapixels:g} megapixels, {self.side:g} pixels a side and "
            f"{self.seconds:g} seconds a photo, {self.files:g} photos at once"
        )

    def check_file(self, name: str, size: int) -> None:
        """Raises an error if a file has too many bytes.

        Raises:
            PhotoError: its text names the limit.
        """
        if size > self.megabytes * 1e6:
            raise PhotoError(
                f"{name} is {size / 1e6:.0f} MB; at most {self.megabytes:g} MB a photo are accepted."
            )

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """Raises an error if a picture has too many pixels, in all or a side.

        Raises:
            PhotoError: its text names the limit.
        """
        if width * height > self.megapixels * 1e6:
            raise PhotoError(
                f"{name} has {width}x{height} pixels, {width * height / 1e6:.0f} megapixels; "
                f"at most {self.megapixels:g} are accepted."
            )
        if max(width, height) > self.side:
            raise PhotoError(
                f"{name} has {width}x{height} pixels; at most {self.side:g} a side are accepted."
            )

    def start(self, name: str, spent: float = 0.0) -> "Deadline":
        """Starts the time of one photo, of which so many seconds are spent already."""
        return Deadline(name, self.seconds, spent)


UNLIMITED = Limits(**{limit.name: math.inf for limit in fields(Limits)})


class Deadline:
    """The time at which work on one photo must stop, from the first byte read to the last one written."""

    def __init__(self, name: str, seconds: float, spent: float = 0.0):
        self.name, self.seconds = name, seconds
        self._start = time.monotonic() - spent

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds until the work must stop; at least 0, and possibly infinite."""
        return max(0.0, self.seconds - self.spent)

    def check(self, doing: str = "") -> None:
        """Raises an error if the time is over.

        Args:
            doing: what took the time, for the message.

        Raises:
            PhotoError: its text names the limit.
        """
        if self.spent > self.seconds:
            raise PhotoError(
                f"{self.name} takes more than the {self.seconds:g} seconds allowed for one photo"
                f"{f' ({doing})' if doing else ''}."
            )


def check_size(size: int) -> None:
    """Raises ValueError for a size outside [32, 1024]."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must lie between {MIN_SIZE} and {MAX_SIZE}. Received: {size}")


def check_strength(strength: float) -> None:
    """Raises ValueError for a strength outside [0, 2]."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise ValueError(f"strength must lie between 0 and {MAX_STRENGTH:g}. Received: {strength}")


def check_tone(a: float, b: float) -> None:
    """Raises ValueError for a shift of a* or b* by more than `MAX_TONE`."""
    if not (abs(a) <= MAX_TONE and abs(b) <= MAX_TONE):
        raise ValueError(f"tone must lie between -{MAX_TONE:g} and {MAX_TONE:g}. Received: {a}, {b}")


def tone_of(warmth: float) -> tuple[float, float]:
    """The tone for `Prediction.with_tone`: so many times `WARM`; cooler below 0.

    Raises:
        ValueError: warmth outside [-3, 3].
    """
    if not -MAX_WARMTH <= warmth <= MAX_WARMTH:
        raise ValueError(f"tone must lie between -{MAX_WARMTH:g} and {MAX_WARMTH:g}. Received: {warmth}")
    return WARM[0] * warmth, WARM[1] * warmth
