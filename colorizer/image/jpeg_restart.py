"""Joins separately encoded strips into one JPEG, so that strips can be made and encoded at the same time.

    data = b"".join(join([encode(strip0), encode(strip1), ...], width, height, rows))

JPEG has restart markers: places in the data where a decoder starts again, meant to limit the damage in a
broken file. The data between two of them can be encoded separately (ITU T.81, F.1.1.5 and B.2.4.4). So the
strips of a large photo are encoded on all cores, each as soon as it is coloured, and the whole photo is never
in memory, neither as pixels nor encoded. A decoder returns the same pixels, to the last bit, as if Pillow had
encoded the photo in one piece.
"""

from collections.abc import Iterable, Iterator

BLOCK_SIDE = 8  # JPEG works on 8x8 pixels; with chroma subsampling, on 16x16 together
MAX_RESTART_INTERVAL = 65535  # blocks between two markers

SOF0, SOS, EOI, DRI, RST0 = 0xC0, 0xDA, 0xD9, 0xDD, 0xD0


def join(strips: Iterable[bytes], width: int, height: int, rows: int) -> Iterator[bytes | memoryview]:
    """Joins baseline JPEGs into one.

    Args:
        strips: from top to bottom, each encoded with the same settings; the metadata (EXIF,
            resolution) is that of the first.
        width: of the picture.
        height: of the picture.
        rows: of every strip but the last, a multiple of 8, or of 16 with chroma subsampling; at most
            `MAX_RESTART_INTERVAL` blocks.

    Yields:
        The file's bytes, each part as soon as its strip is there.

    Raises:
        ValueError: a strip has too many blocks.
    """
    for number, strip in enumerate(strips):
        header, frame = _header(strip)
        if number == 0:
            start = bytearray(strip[:header])
            start[frame + 5 : frame + 7] = height.to_bytes(2, "big")
            scan = start.rindex(bytes([0xFF, SOS]))
            across, down = divmod(strip[frame + 11], 16)  # luma blocks per chroma block
            blocks = -(-width // (BLOCK_SIDE * across)) * (rows // (BLOCK_SIDE * down))
            if blocks > MAX_RESTART_INTERVAL:
                raise ValueError(
                    f"A strip may have {MAX_RESTART_INTERVAL} blocks at most. Received: {blocks}, from "
                    f"{rows} rows of {width} pixels"
                )
            start[scan:scan] = bytes([0xFF, DRI, 0, 4]) + blocks.to_bytes(2, "big")
            yield bytes(start)
        else:
            yield bytes([0xFF, RST0 + (number - 1) % 8])
        yield memoryview(strip)[header:-2]
    yield bytes([0xFF, EOI])


def _header(data: bytes) -> tuple[int, int]:
    """The offsets of the compressed data and of the frame segment, which holds the height."""
    place, frame = 2, -1
    while True:
        kind, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == SOF0:
            frame = place
        place += 2 + length
        if kind == SOS:
            return place, frame
