"""Refuses directories of tags that claim too much: more bytes than their file has, or millions of numbers.

    limit_directories()         # once, before Pillow opens a picture

TIFF files and EXIF blocks have such directories: lists of tags, each with the place and the length of its
value. Nothing in the format stops a thousand tags from naming the same 40 MB: Pillow and libtiff would copy
them a thousand times, which no memory holds. In an honest file every value has a place of its own, or shares
a few bytes with another. And Pillow makes objects of numbers, of each strip of the picture 300 bytes: a file
of 50 MB has room for 24 million. Every directory that libtiff reads has been read by Pillow first, so one
check in Pillow's class is enough.
"""

import io
import struct
from collections.abc import Callable
from typing import IO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

# Bytes of one value of each type: TIFF 6.0, section 2; Adobe's technical note 1 (13); BigTIFF (16 to 18).
TYPE_BYTES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8
}  # fmt: skip
# What all values together may have: so many times the file, since short values may be shared, and so many
# bytes more, since the file may be small.
MOST_TIMES, MORE_BYTES = 2, 1 << 16
# How many numbers there may be in all. Most are places and lengths of strips or tiles: a picture of the
# largest size has 65,535 rows, or 461,000 tiles of 16x16 pixels, the smallest that TIFF allows.
MOST_NUMBERS = 1_000_000
TEXTS = (1, 2, 6, 7)  # types that Pillow keeps as bytes or text


def limit_directories() -> None:
    """Lets Pillow check every directory before it reads the values; of several calls, the first counts.

    Afterwards, Pillow raises ValueError for a directory that claims too much.
    """
    if not hasattr(ImageFileDirectory_v2.load, "__wrapped__"):
        ImageFileDirectory_v2.load = _checked(ImageFileDirectory_v2.load)  # type: ignore[method-assign, assignment]


def claims(file: IO[bytes], order: str, big: bool) -> tuple[int, int]:
    """What all values are together that the directory at a file's place can name.

    Args:
        file: stands at the directory; afterwards, anywhere.
        order: of its bytes, "<" or ">".
        big: whether it is that of a BigTIFF file.

    Returns:
        Bytes, and how many numbers; values that the directory holds itself, or that go beyond the file's end,
        do not count.
    """
    head, entry, inside = ("Q", "HHQQ", 8) if big else ("H", "HHLL", 4)
    place = file.tell()
    end = file.seek(0, io.SEEK_END)
    file.seek(place)
    count = struct.calcsize("<" + head)
    start = file.read(count)
    if len(start) < count:
        return 0, 0
    size = struct.calcsize("<" + entry)
    table = file.read(min(struct.unpack(order + head, start)[0] * size, max(0, end - place)))
    total = numbers = 0
    for _, kind, number, offset in struct.iter_unpack(order + entry, table[: len(table) // size * size]):
        length = number * TYPE_BYTES.get(kind, 0)
        if length > inside and offset + length <= end:
            total += length
            numbers += 0 if kind in TEXTS else number
    return total, numbers


def _checked(
    load: Callable[[ImageFileDirectory_v2, IO[bytes]], None],
) -> Callable[[ImageFileDirectory_v2, IO[bytes]], None]:
    def checked(directory: ImageFileDirectory_v2, file: IO[bytes]) -> None:
        place = file.tell()
        claimed, numbers = claims(file, "<" if directory.prefix == b"II" else ">", directory._bigtiff)
        length = file.seek(0, io.SEEK_END)
        if claimed > MOST_TIMES * length + MORE_BYTES:
            raise ValueError(f"its tags claim {claimed} bytes, and the file has {length}")
        if numbers > MOST_NUMBERS:
            raise ValueError(f"its tags hold {numbers} numbers; at most {MOST_NUMBERS} are read")
        file.seek(place)
        load(directory, file)

    checked.__wrapped__ = load  # type: ignore[attr-defined]
    return checked
