"""The mark of a coloured film, and which film it was made from.

    digest = digest_of_film(path)
    comment_for(digest)            # is added to the film's comment
    source_of_film(result)         # the digest that a result's comment holds, or None

Photos carry this in their XMP. A film's comment is the one field that every container has and that every
player shows.
"""

import hashlib
import os
import re
from pathlib import Path

from colorizer.errors import FilmError
from colorizer.video.film_file import open_film

# A film may have many gigabytes: its size and this much of its beginning, middle and end tell it from others.
SAMPLE = 1 << 20
COMMENT = "Colours by a neural network (colorizer), compositeWithTrainedAlgorithmicMedia, made from {}"
MADE_FROM = re.compile(r"compositeWithTrainedAlgorithmicMedia, made from ([0-9a-f]{64})")


def digest_of_film(path: Path) -> str:
    """Identifies a film's file: sha256 of its size and of three samples, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    size = os.path.getsize(path)
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for start in (0, max(0, size // 2 - SAMPLE // 2), max(0, size - SAMPLE)):
            file.seek(start)
            digest.update(file.read(SAMPLE))
    return digest.hexdigest()


def comment_for(digest: str) -> str:
    """The sentence that marks a result."""
    return COMMENT.format(digest)


def source_of_film(path: Path) -> str | None:
    """The digest of the film that a file was made from; None if it is no result.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with open_film(path) as container:
            text = " ".join(value for key, value in container.metadata.items() if key.lower() == "comment")
    except FilmError:
        return None
    found = MADE_FROM.search(text)
    return found.group(1) if found else None
