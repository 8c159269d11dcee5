"""Writing coloured pictures: the photo's own file type, its description kept, whole or not at all.

    write_photo(image, "out.tif", photo)                      # a picture
    write_jpeg(render, "out.jpg", photo)       # or while it is rendered, strip by strip

EXIF, XMP and resolution of the photo come along; the XMP also says that the colours were made by a trained
network (see `provenance.py`). A photo's description may be damaged or hostile: it never costs the picture.
"""

import io
import math
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.atomic_write import replace_file
from colorizer.errors import PhotoError
from colorizer.image import jpeg_restart, provenance
from colorizer.image.photo import Photo
from colorizer.image.strips import map_strips, strip_rows

# Types that hold 24-bit colour, with how to write them well. Anything else that comes in (GIF with its
# 256 colours, PPM) goes out as PNG.
WRITERS: dict[str, tuple[str, dict]] = {
    "JPEG": (".jpg", {"quality": 95, "subsampling": 0}),
    "PNG": (".png", {"compress_level": 3}),  # a fifth of the time of the default, a tenth larger
    "TIFF": (".tif", {"compression": "tiff_adobe_deflate"}),
    "WEBP": (".webp", {"quality": 95}),
    "AVIF": (".avif", {"quality": 90}),
    "BMP": (".bmp", {}),
    "JPEG2000": (".jp2", {}),
    "TGA": (".tga", {}),
}
# From this side on, a JPEG gets chroma subsampling 4:2:0, as cameras write it: an element of the colour map
# covers at least four pixels then. The difference is measurable but not visible, and writing is faster.
SUBSAMPLING_FROM = 1280
SAME_AS = {"MPO": "JPEG", "PPM": "PNG", "GIF": "PNG", "DIB": "BMP"}
SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".tif": "TIFF",
    ".tiff": "TIFF", ".webp": "WEBP", ".avif": "AVIF", ".bmp": "BMP", ".jp2": "JPEG2000", ".tga": "TGA",
}  # fmt: skip
ALPHA_FORMATS = {"PNG", "TIFF", "WEBP", "AVIF", "TGA", "JPEG2000"}
XMP_FORMATS = {"JPEG", "PNG", "TIFF", "WEBP", "AVIF"}
LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383, "AVIF": 65535, "TGA": 65535}  # as their headers have room for
# TIFF keeps its own structure among its EXIF tags; only these describe the photo.
TIFF_DESCRIPTION = {270, 271, 272, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095}
EXIF_SUB_BLOCKS = (0x8769, 0x8825)  # when and how it was taken; where
LONGEST_BLOCK = 65000  # bytes of EXIF or XMP that a JPEG has room for, with its own heading


def suffix_of(photo: Photo) -> str:
    """The file suffix that suits a coloured copy: the photo's own, or ".png" where that type cannot."""
    kind = SAME_AS.get(photo.format or "PNG", photo.format or "PNG")
    if kind not in WRITERS or max(photo.size) > LONGEST_SIDE.get(kind, math.inf):
        return ".png"
    if photo.path and SUFFIXES.get(photo.path.suffix.lower()) == kind:
        return photo.path.suffix
    return WRITERS[kind][0]


def output_suffix(path: Path) -> str:
    """The suffix that the coloured copy of a file gets if the file's content is what its suffix says."""
    suffix = path.suffix.lower()
    kind = SUFFIXES.get(suffix)
    return path.suffix if kind else ".jpg" if suffix == ".mpo" else ".png"


def holds_provenance(path: Path) -> bool:
    """Whether a result of this suffix says from which photo it was made."""
    return SUFFIXES.get(path.suffix.lower()) in XMP_FORMATS


def format_of(path: str | os.PathLike) -> str:
    """The file type that `path`'s suffix names.

    Raises:
        PhotoError: a type that cannot be written.
    """
    path = Path(path)
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = " ".join(SUFFIXES)
        raise PhotoError(
            f"Photos cannot be written as {path.suffix or 'a file without a suffix'}. Use one of {known}. "
            f"Received: {path.name}"
        ) from None


def write_photo(image: Image.Image, path: str | os.PathLike, photo: Photo | None = None) -> None:
    """Writes a coloured picture.

    Args:
        image: RGB or RGBA.
        path: its suffix says the file type.
        photo: whose description to take over.

    Raises:
        PhotoError: the suffix names no type that can be written here, or one without room for so many pixels.
        OSError: the disk says no.
    """
    path = Path(path)
    kind = format_of(path)
    _check_sides(kind, *image.size)
    if image.mode == "RGBA" and kind not in ALPHA_FORMATS:
        image = image.convert("RGB")
    data = io.BytesIO()
    image.save(data, kind, **_options(kind, photo))
    replace_file(path, data.getbuffer())


def write_jpeg(
    render: Callable[[int, int], np.ndarray],
    path: str | os.PathLike,
    photo: Photo,
    threads: int | None = None,
) -> None:
    """Writes a JPEG while it is rendered: some strips are coloured while others are encoded.

    Args:
        render: gives the strip `(top, rows)` as (rows, W, 4) uint8, sRGB and a byte that is ignored.
        path: where to.
        photo: whose size and description to take over.
        threads: how many strips at a time; as many as there are cores if None.

    Raises:
        PhotoError: more pixels a side than JPEG has room for.
        OSError: the disk says no.
    """
    width, height = photo.size
    _check_sides("JPEG", width, height)
    rows = strip_rows(width)
    settings = WRITERS["JPEG"][1] | (
        {"subsampling": "4:2:0"} if max(width, height) >= SUBSAMPLING_FROM else {}
    )
    first = _options("JPEG", photo) | settings

    def encode(top: int, rows: int) -> bytes:
        pixels = render(top, rows)
        strip = Image.frombuffer("RGBX", (width, rows), pixels, "raw", "RGBX", pixels.strides[0], 1)
        # Into a file that the system knows, since only then does Pillow let other threads go on meanwhile.
        with _nameless_file() as file:
            strip.save(file, "JPEG", **(first if top == 0 else settings))
            file.seek(0)
            return file.read()

    replace_file(
        Path(path), jpeg_restart.join(map_strips(encode, height, rows, threads), width, height, rows)
    )


def _nameless_file() -> BinaryIO:
    """A file for now, in memory where the system has such: the disk for temporary ones may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("strip"), "w+b")
    return tempfile.TemporaryFile()


def _check_sides(kind: str, width: int, height: int) -> None:
    longest = LONGEST_SIDE.get(kind, math.inf)
    if max(width, height) > longest:
        raise PhotoError(
            f"{kind} has room for {longest} pixels a side; use PNG or TIFF. Received: {width}x{height}"
        )


def _options(kind: str, photo: Photo | None) -> dict:
    """What to tell Pillow's writer, with as much of the photo's description as the type has room for."""
    options = dict(WRITERS[kind][1])
    source = photo.digest if photo else ""
    xmp = provenance.mark(photo.xmp if photo else b"", source)
    if kind == "JPEG" and len(xmp) > LONGEST_BLOCK:
        warnings.warn(f"{photo.name}: its XMP is too long for a JPEG and is left behind", stacklevel=3)
        xmp = provenance.mark(source=source)
    exif = _writable(photo.exif, kind, photo.name) if photo else Image.Exif()
    if kind == "TIFF":
        kept = Image.Exif()
        for tag in TIFF_DESCRIPTION & set(exif):
            kept[tag] = exif[tag]
        for tag in EXIF_SUB_BLOCKS:
            if block := exif.get_ifd(tag):
                kept.get_ifd(tag).update(block)
                kept[tag] = 0  # its place in the file, which Pillow fills in; without, it is not written
                options["compression"] = "raw"  # libtiff, which compresses, cannot write these blocks
        kept[700] = xmp
        options["exif"] = kept
    elif kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = text
    elif kind in ("JPEG", "WEBP", "AVIF"):
        options["xmp"] = xmp
    if kind in ("JPEG", "PNG", "WEBP", "AVIF") and len(exif):
        options["exif"] = exif.tobytes()
    if photo and photo.dpi and kind in ("JPEG", "PNG", "TIFF", "BMP") and _plausible(photo.dpi):
        options["dpi"] = photo.dpi
    return options


def _plausible(dpi: tuple[float, float]) -> bool:
    try:
        return len(dpi) == 2 and all(1 <= float(value) <= 65535 for value in dpi)
    except (TypeError, ValueError, ArithmeticError):
        return False


def _writable(exif: Image.Exif, kind: str, name: str) -> Image.Exif:
    """The EXIF block, or an empty one with a warning if it is such that it cannot be written again."""
    try:
        for tag in EXIF_SUB_BLOCKS:
            exif.get_ifd(tag)
        if len(exif) and len(exif.tobytes()) > LONGEST_BLOCK and kind == "JPEG":
            raise ValueError("it is too long for a JPEG")
        return exif
    # Pillow's EXIF reader and writer raise what they like on tags of the wrong type, as decoders do.
    except Exception as error:  # noqa: BLE001
        warnings.warn(f"{name}: its EXIF block is left behind ({error})", stacklevel=4)
        return Image.Exif()
