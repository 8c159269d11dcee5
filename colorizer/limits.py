"""What may be asked for: of the machine by one photo, and of the colours by size and strength.

    Limits()                                 # these, for the page, the command and Python alike
    COLORIZER_MEGAPIXELS=300 python app.py   # or others, by environment; "inf" lifts a limit
    read_photo("scan.tif", UNLIMITED)        # or none, for one's own photos
    check_size(160); check_strength(1.0)     # refuse what lies outside of the ranges below

A photo from a stranger can be a bomb: a few kilobytes that claim to be 60,000 pixels a side. Every limit is
checked before the work it forbids is begun, and what is refused is refused with a sentence that names it.

No library is needed, so that the command answers `--help` and wrong usage at once.
"""

import math
import os
import time
from dataclasses import dataclass, fields

from colorizer.errors import PhotoError

# docs/experiments.md compares sizes; see `LOOKS` in colorizer.py.
SIZE = 160
# Less than this and the network's deepest layers would see nothing but the border.
SMALLEST_SIZE, LARGEST_SIZE = 32, 1024
STRONGEST = 2.0


@dataclass(frozen=True)
class Limits:
    """The limits, each with its reason; every one must be more than 0, and may be `math.inf`."""

    megabytes: float = 50  # of a file: no camera's JPEG is larger, and an upload of more takes minutes
    megapixels: float = 120  # above every common camera and a 30x40 cm print at 600 dpi; takes 1 GB
    side: float = 65535  # pixels, JPEG's own limit: of a thread of pixels every row costs more than it holds
    files: float = 50  # in one batch on the page: a roll of film and some, a minute or two of work
    seconds: float = 30  # for one photo: ten times what the largest takes on two quiet cores
    queue: float = 50  # photos that wait on the page: the last comes after about half a minute

    def __post_init__(self):
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not value > 0:
                raise ValueError(f"The limit of {limit.name} must be more than 0. Received: {value}")

    @classmethod
    def from_environment(cls) -> "Limits":
        """The limits, with COLORIZER_MEGABYTES, COLORIZER_MEGAPIXELS and so on taken from the environment.

        Raises:
            ValueError: one of them is no number above 0.
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
        """Refuses a file of too many bytes.

        Raises:
            PhotoError: with the limit in its text.
        """
        if size > self.megabytes * 1e6:
            raise PhotoError(
                f"{name} is {size / 1e6:.0f} MB; at most {self.megabytes:g} MB a photo are taken here."
            )

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """Refuses a picture of too many pixels, or of too many in one row or column.

        Raises:
            PhotoError: with the limit in its text.
        """
        if width * height > self.megapixels * 1e6:
            raise PhotoError(
                f"{name} has {width}x{height} pixels, {width * height / 1e6:.0f} megapixels; "
                f"at most {self.megapixels:g} are taken here."
            )
        if max(width, height) > self.side:
            raise PhotoError(
                f"{name} has {width}x{height} pixels; at most {self.side:g} a side are taken here."
            )

    def start(self, name: str) -> "Deadline":
        """Starts the clock for one photo."""
        return Deadline(name, self.seconds)


UNLIMITED = Limits(**{limit.name: math.inf for limit in fields(Limits)})


class Deadline:
    """When one photo's time is up."""

    def __init__(self, name: str, seconds: float):
        self.name, self.seconds = name, seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Lets work go on, or not.

        Raises:
            PhotoError: the time is up; its text names the limit.
        """
        if time.monotonic() > self._end:
            raise PhotoError(
                f"{self.name} takes more than the {self.seconds:g} seconds a photo may take here."
            )


def check_size(size: int) -> None:
    """Refuses a size that the network cannot see at with a ValueError."""
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(f"size must lie between {SMALLEST_SIZE} and {LARGEST_SIZE}. Received: {size}")


def check_strength(strength: float) -> None:
    """Refuses a strength outside [0, 2] with a ValueError."""
    if not 0 <= strength <= STRONGEST:
        raise ValueError(f"strength must lie between 0 and {STRONGEST:g}. Received: {strength}")
