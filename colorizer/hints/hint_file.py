"""Files that hold hints: JSON, and coloured photos, whose XMP has the hints that made them.

hints = read_hints("wedding.hints.json")
hints = read_hints("wedding-colour.jpg")              # an earlier result, to continue from
path = find_hint_file(Path("scans/wedding.jpg"))      # scans/wedding.hints.json, if it is there
"""

import os
from pathlib import Path

from colorizer.errors import HintError
from colorizer.hints.hint import MAX_JSON_BYTES, Hint, parse_hints
from colorizer.image import provenance
from colorizer.image.file_types import SUFFIXES
from colorizer.safe_read import read_small

SUFFIX = ".hints.json"


def read_hints(path: str | os.PathLike[str]) -> tuple[Hint, ...]:
    """The hints in a JSON file, or in the XMP of a photo that was coloured with hints.

    Args:
        path: a coloured photo if it ends like one, JSON if not.

    Raises:
        HintError: the file cannot be read, or holds no hints; the text names the file.
    """
    path = Path(path)
    try:
        if path.suffix.lower() not in SUFFIXES:
            return parse_hints(read_small(path, MAX_JSON_BYTES))
        with open(path, "rb"):  # a missing file gets the system's reason
            text = provenance.hints_of(path)
        if not text:
            raise HintError("this photo was not coloured with hints")
        return parse_hints(text)
    except OSError as error:
        raise HintError(f"{path} cannot be read: {error.strerror or error}") from None
    except HintError as error:
        raise HintError(f"{path}: {error}") from None


def find_hint_file(photo: Path) -> Path | None:
    """The hints beside a photo: of `wedding.jpg`, `wedding.jpg.hints.json` or `wedding.hints.json`.

    Args:
        photo: the path where the photo is, or would be in a folder of hints.
    """
    names = (f"{photo.name}{SUFFIX}", f"{photo.stem}{SUFFIX}")
    return next((path for path in map(photo.with_name, names) if path.is_file()), None)
