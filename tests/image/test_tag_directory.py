"""A directory of tags cannot claim more than its file has, neither in a TIFF nor in an EXIF block."""

import io
import struct
import zlib

import pytest
from PIL import Image

from colorizer.errors import PhotoError
from colorizer.image.reader import read_photo
from colorizer.image.tag_directory import claims
from tests.helpers.hostile import png

SHARED = 1_000_000  # bytes of the value that all tags share
BYTES, SIGNED_8 = 7, 17  # types; Pillow does not know the second, libtiff does


def directory(entries: list[bytes]) -> bytes:
    return struct.pack("<H", len(entries)) + b"".join(sorted(entries)) + bytes(4)


def sharing(count: int, kind: int, offset: int) -> list[bytes]:
    """Entries that all name the same bytes."""
    length = SHARED if kind == BYTES else SHARED // 8
    return [struct.pack("<HHII", 20_000 + number, kind, length, offset) for number in range(count)]


def exif_block(count: int) -> bytes:
    return b"II*\0\x08\0\0\0" + directory(sharing(count, BYTES, 8)) + bytes(SHARED)


def tiff(count: int, kind: int) -> bytes:
    """A compressed TIFF, which libtiff decodes, with more tags."""
    data = io.BytesIO()
    Image.new("L", (8, 8)).save(data, "TIFF", compression="tiff_lzw")
    made = data.getvalue()
    place = int.from_bytes(made[4:8], "little")
    own = [made[at : at + 12] for at in range(place + 2, place + 2 + 12 * made[place], 12)]
    entries = directory(own + sharing(count, kind, len(made)))
    return made[:4] + struct.pack("<I", len(made) + SHARED) + made[8:] + bytes(SHARED) + entries


@pytest.mark.parametrize("kind", [BYTES, SIGNED_8])
def test_a_tiff_whose_tags_share_a_large_value_is_refused(kind):
    assert read_photo(io.BytesIO(tiff(1, kind))).size == (8, 8)
    with pytest.raises(PhotoError, match="its tags claim 5000000 bytes, and the file has 100"):
        read_photo(io.BytesIO(tiff(5, kind)))


def test_such_exif_costs_only_the_exif():
    packed = zlib.compress(bytes(9 * 8))
    photo = read_photo(io.BytesIO(png(8, 8, packed, (b"eXIf", exif_block(5)))))
    (note,) = photo.notes
    assert note.startswith("The picture: its EXIF is damaged and left out (its tags claim 5000000 bytes")
    assert read_photo(io.BytesIO(png(8, 8, packed, (b"eXIf", exif_block(1))))).notes == ()


def test_what_is_claimed_is_the_sum_of_all_values_outside_the_directory_and_inside_the_file():
    entries = [
        struct.pack("<HHII", 1, 3, 2, 5),  # two short numbers, in the entry itself
        struct.pack("<HHII", 2, 5, 3, 60),  # three fractions: 24 bytes
        struct.pack("<HHII", 3, 2, 9, 84),  # a text of nine
        struct.pack("<HHII", 4, 2, 1000, 60),  # beyond the end
        struct.pack("<HHII", 5, 99, 9, 60),  # of an unknown type
    ]
    assert claims(io.BytesIO(directory(entries) + bytes(100)), "<", big=False) == (24 + 9, 3)


def test_a_large_directory_counts_in_eight_bytes():
    entry = struct.pack(">HHQQ", 1, 12, 2, 40)  # two floats of 8 bytes
    assert claims(io.BytesIO(struct.pack(">Q", 1) + entry + bytes(90)), ">", big=True) == (16, 2)


@pytest.mark.parametrize("data", [b"", b"\x05", b"\xff\xff", b"\xff\xff" + bytes(11)])
def test_a_directory_that_ends_early_claims_nothing(data):
    assert claims(io.BytesIO(data), "<", big=False) == (0, 0)


def test_a_tiff_of_millions_of_strips_is_refused_before_pillow_lists_them():
    count = 1_000_001
    places = b"\x08\0" * count
    numbers = {
        256: (1, 1),
        257: (1, 4000),
        258: (1, 8),
        259: (1, 1),
        262: (1, 1),
        273: (count, 8),
        277: (1, 1),
    }
    entries = [struct.pack("<HHII", tag, 3, length, value) for tag, (length, value) in numbers.items()]
    with pytest.raises(PhotoError, match="its tags hold 1000001 numbers; at most 1000000 are read"):
        read_photo(io.BytesIO(b"II*\0" + struct.pack("<I", 8 + len(places)) + places + directory(entries)))
