"""Colours one photo from standard input, or to standard output, as programs in a pipeline do.

    colorizer - -o - < grandma.jpg > coloured.jpg
    curl -s "$address" | colorizer - -o coloured.jpg

Standard output holds the picture alone; messages go to standard error.
"""

import sys
from pathlib import Path

from PIL import Image

from colorizer.colorizer import Colorizer
from colorizer.errors import PhotoError
from colorizer.hints.hint import Hint
from colorizer.image.file_types import kind_for
from colorizer.image.negative import invert
from colorizer.image.reader import read_photo
from colorizer.limits import tone_of

STREAM = Path("-")  # standard input as a photo, standard output as a result


def color_stream(
    colorizer: Colorizer,
    source: Path,
    target: Path,
    size: int,
    strength: float,
    negative: bool = False,
    tone: float = 0.0,
    hints: tuple[Hint, ...] = (),
    reference: Image.Image | None = None,
) -> tuple[str, ...]:
    """Colours a photo; the result has the photo's type, or the one that the target's suffix names.

    Args:
        colorizer: the network.
        source: a photo, or `STREAM`.
        target: a file, or `STREAM`.
        size: as in `Colorizer.colorize`.
        strength: as in `Colorizer.colorize`.
        negative: whether the photo is a negative and is inverted.
        tone: 0 as predicted, 1 warmer, -1 cooler.
        hints: colours corrected by hand.
        reference: a picture whose colours the photo gets if there are no hints.

    Returns:
        Notes about the photo.

    Raises:
        PhotoError: not a photo; or standard output is a terminal; or the stream is closed.
        OSError: nothing can be read or written.
    """
    for stream, place, name in ((sys.stdin, source, "input"), (sys.stdout, target, "output")):
        if place == STREAM and stream is None:
            raise PhotoError(f"Standard {name} is closed, and - stands for it.")
    if target == STREAM and sys.stdout.isatty():
        raise PhotoError(
            "Standard output is the terminal, which cannot show a picture. Use: colorizer … > FILE"
        )
    photo = read_photo(sys.stdin.buffer if source == STREAM else source, colorizer.limits)
    photo = invert(photo) if negative else photo
    prediction = colorizer.predict(photo, size).with_tone(*tone_of(tone))
    if reference and not hints:
        hints = prediction.hints_like(reference)
    prediction = prediction.with_hints(hints)
    if target == STREAM:
        notes = prediction.save(sys.stdout.buffer, strength, kind_for(photo))
        sys.stdout.buffer.flush()
    else:
        notes = prediction.save(target, strength)
    return photo.notes + notes
