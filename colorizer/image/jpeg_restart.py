"""Writes a JPEG from strips, so that the strips can be made and encoded at the same time.

    data = b"".join(join([encode(strip0), encode(strip1), ...], width, height, rows))

JPEG knows restart markers: places in the data where a decoder begins anew, put there so that a damaged
file loses only a part. What was encoded separately between two of them is a picture like any other
(ITU T.81, F.1.1.5 and B.2.4.4). So the strips of a large photo are encoded on all cores, each as soon as it
is coloured, and the whole photo never exists in memory, neither as pixels nor encoded. The pixels that a
decoder gives back are the same, to the last bit, as if Pillow had encoded the photo in one piece.
"""

from collections.abc import Iterable, Iterator

BLOCK = 8  # JPEG works on 8x8 pixels; where colour has half the size, on 16x16 together
LONGEST_RESTART = 65535  # blocks between two markers

SOF0, DQT, SOS, EOI, DRI, RST0 = 0xC0, 0xDB, 0xDA, 0xD9, 0xDD, 0xD0


def join(strips: Iterable[bytes], width: int, height: int, rows: int) -> Iterator[bytes | memoryview]:
    """One baseline JPEG of several.

    Args:
        strips: from top to bottom, each encoded with the same settings; what the first says about the
            picture (EXIF, resolution) is kept.
        width: of the picture.
        height: of the picture.
        rows: of every strip but the last, a multiple of 8, of 16 where colour has half the size; at most
            `LONGEST_RESTART` blocks.

    Yields:
        The file's bytes, each part as soon as its strip is there.
    """
    for number, strip in enumerate(strips):
        header, frame = _header(strip)
        if number == 0:
            start = bytearray(strip[:header])
            start[frame + 5 : frame + 7] = height.to_bytes(2, "big")
            scan = start.rindex(bytes([0xFF, SOS]))
            across, down = divmod(strip[frame + 11], 16)  # how many of light's blocks go with one of colour
            blocks = -(-width // (BLOCK * across)) * (rows // (BLOCK * down))
            start[scan:scan] = bytes([0xFF, DRI, 0, 4]) + blocks.to_bytes(2, "big")
            yield bytes(start)
        else:
            yield bytes([0xFF, RST0 + (number - 1) % 8])
        yield memoryview(strip)[header:-2]
    yield bytes([0xFF, EOI])


def _header(data: bytes) -> tuple[int, int]:
    """Where the compressed data begins, and where the segment that tells the height."""
    place, frame = 2, -1
    while True:
        kind, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == SOF0:
            frame = place
        place += 2 + length
        if kind == SOS:
            return place, frame
