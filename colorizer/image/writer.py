"""Writes coloured photos: in the photo's own file type, with its metadata, completely or not at all.

    notes = write_photo(image, "out.tif", photo)      # a picture
    notes = write_jpeg(render, "out.jpg", photo)      # or while it is rendered, strip by strip

The photo's captions, dates and resolution are kept (`metadata_writer.py`), and the XMP says that a network
made the colours (`provenance.py`). Instead of a path, an open file is accepted, with the type beside it.
"""

import io
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from colorizer.atomic_write import Bytes, replace_file
from colorizer.image import encode_process, jpeg_restart
from colorizer.image.decoders import register_heif
from colorizer.image.file_types import ALPHA_FORMATS, WRITERS, check_sides, kind_to_write
from colorizer.image.metadata import Metadata
from colorizer.image.metadata_writer import save_options
from colorizer.image.photo import Photo
from colorizer.image.strips import map_strips, strip_rows
from colorizer.limits import Deadline

# From this side on, a JPEG gets chroma subsampling 4:2:0, as cameras write it: an element of the colour map
# covers at least four pixels then. The difference is measurable but not visible, and writing is faster.
SUBSAMPLING_FROM = 1280
# These types are compressed in one call that cannot be interrupted. From this many pixels on, which need a
# few seconds at worst, it runs in a process that can be ended; starting it costs a tenth of a second.
UNINTERRUPTIBLE = {"WEBP", "AVIF", "HEIF", "JPEG2000"}
OWN_PROCESS_FROM = 4_000_000
WRITE_BYTES = 1 << 22  # bytes written at a time

Target = str | os.PathLike[str] | BinaryIO


def write_photo(
    image: Image.Image,
    target: Target,
    photo: Photo | None = None,
    deadline: Deadline | None = None,
    kind: str | None = None,
    hints: str = "",
) -> tuple[str, ...]:
    """Writes a coloured picture.

    Args:
        image: RGB or RGBA.
        target: a path, or a file open for writing.
        photo: the photo whose metadata is kept.
        deadline: when writing is given up; never if None.
        kind: the file type, as Pillow names it; None for the one that the path's suffix names.
        hints: with which the colours were corrected, as JSON; they go into the XMP.

    Returns:
        Notes about metadata that the type cannot hold.

    Raises:
        PhotoError: the type cannot be written here, or not with so many pixels a side, or the time is over.
        OSError: the disk refuses.
    """
    kind = kind_to_write(target, kind)
    deadline = deadline or Deadline("The picture", math.inf)
    check_sides(kind, *image.size)
    if image.mode == "RGBA" and kind not in ALPHA_FORMATS:
        image = image.convert("RGB")
    options, notes = _options(kind, photo, image.size, hints)
    large = image.width * image.height >= OWN_PROCESS_FROM
    if kind in UNINTERRUPTIBLE and large and math.isfinite(deadline.left):
        with _nameless_file() as file:
            encode_process.encode(image, kind, options, deadline, file)
            file.seek(0)
            _write(target, iter(lambda: file.read(WRITE_BYTES), b""), deadline)
        return notes
    if kind == "HEIF":
        register_heif()
    data = _TimedBuffer(deadline)
    image.save(data, kind, **options)
    view = data.getbuffer()
    _write(
        target, (view[place : place + WRITE_BYTES] for place in range(0, len(view), WRITE_BYTES)), deadline
    )
    return notes


def write_jpeg(
    render: Callable[[int, int], np.ndarray],
    target: Target,
    photo: Photo,
    threads: int | None = None,
    deadline: Deadline | None = None,
    hints: str = "",
) -> tuple[str, ...]:
    """Writes a JPEG while it is rendered: some strips are coloured while others are encoded.

    Args:
        render: gives the strip `(top, rows)` as (rows, W, 4) uint8, sRGB and a byte that is ignored.
        target: a path, or a file open for writing.
        photo: the photo whose size and metadata are kept.
        threads: how many strips at a time; as many as there are cores if None.
        deadline: when writing is given up; never if None.
        hints: as in `write_photo`.

    Returns:
        Notes about metadata that a JPEG cannot hold.

    Raises:
        PhotoError: more pixels a side than a JPEG can have, or the time is over.
        OSError: the disk refuses.
    """
    width, height = photo.size
    check_sides("JPEG", width, height)
    rows = strip_rows(width)
    subsampled = max(width, height) >= SUBSAMPLING_FROM
    settings = WRITERS["JPEG"][1] | ({"subsampling": "4:2:0"} if subsampled else {})
    options, notes = _options("JPEG", photo, photo.size, hints)
    first = options | settings

    def encode(top: int, rows: int) -> bytes:
        pixels = render(top, rows)
        strip = Image.frombuffer("RGBX", (width, rows), pixels, "raw", "RGBX", pixels.strides[0], 1)
        # With a file that the system knows, Pillow lets other threads run in the meantime.
        with _nameless_file() as file:
            strip.save(file, "JPEG", **(first if top == 0 else settings))
            file.seek(0)
            return file.read()

    strips = jpeg_restart.join(map_strips(encode, height, rows, threads), width, height, rows)
    _write(target, strips, deadline or Deadline("The picture", math.inf))
    return notes


def _options(
    kind: str, photo: Photo | None, size: tuple[int, int], hints: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Options for Pillow's writer, and notes about metadata."""
    metadata, digest = (photo.metadata, photo.digest) if photo else (Metadata(), "")
    options, notes = save_options(metadata, kind, size, digest, hints)
    name = photo.name if photo else "The picture"
    return WRITERS[kind][1] | options, tuple(f"{name}: {note}" for note in notes)


class _TimedBuffer(io.BytesIO):
    """A file in memory that raises an error when the time is over: encoders write it piece by piece."""

    def __init__(self, deadline: Deadline):
        super().__init__()
        self.deadline = deadline

    def write(self, data: Bytes, /) -> int:  # type: ignore[override]
        self.deadline.check()
        return super().write(data)


def _write(target: Target, blocks: Iterable[bytes | memoryview], deadline: Deadline) -> None:
    def timed() -> Iterator[bytes | memoryview]:
        for block in blocks:
            deadline.check()
            yield block

    if isinstance(target, str | os.PathLike):
        replace_file(Path(target), timed())
    else:
        target.writelines(timed())


def _nameless_file() -> BinaryIO:
    """A temporary file, in memory where the system can: the disk for temporary files may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("colorizer"), "w+b")
    return tempfile.TemporaryFile()
