"""The file types that coloured photos are written as, and which one suits a photo.

    suffix_of(photo)                 # ".jpg" for a JPEG, ".png" for a GIF, which has 256 colours
    output_suffix(Path("scan.ppm"))  # the same before the file is opened: ".png"
    format_of("out.tif")             # "TIFF"

A type that holds 24-bit colour is kept; everything else becomes a PNG.
"""

import math
import os
from pathlib import Path
from typing import Any, BinaryIO

from colorizer.errors import PhotoError
from colorizer.image.photo import Photo

# Types that hold 24-bit colour, with options for Pillow. Any other type that comes in becomes a PNG.
# docs/performance.md has the time that each needs at worst, for noise.
WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": (".jpg", {"quality": 95, "subsampling": 0}),
    "PNG": (".png", {"compress_level": 3}),  # a fifth of the default's time, a tenth larger
    "TIFF": (".tif", {"compression": "tiff_adobe_deflate"}),
    "WEBP": (".webp", {"quality": 95, "method": 2}),
    "AVIF": (".avif", {"quality": 90, "speed": 9}),  # a tenth of the default's time, as small and as good
    "HEIF": (".heic", {"quality": 80, "enc_params": {"preset": "ultrafast"}}),
    "BMP": (".bmp", {}),
    "JPEG2000": (".jp2", {}),
    "TGA": (".tga", {}),
}
SAME_AS = {"MPO": "JPEG", "PPM": "PNG", "GIF": "PNG", "DIB": "BMP"}
SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".tif": "TIFF",
    ".tiff": "TIFF", ".webp": "WEBP", ".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF",
    ".bmp": "BMP", ".jp2": "JPEG2000", ".tga": "TGA",
}  # fmt: skip
ALPHA_FORMATS = {"PNG", "TIFF", "WEBP", "AVIF", "HEIF", "TGA", "JPEG2000"}
# Pixels a side, as their headers can say; of HEIF, as its usual decoder accepts.
LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383, "AVIF": 65535, "HEIF": 16384, "TGA": 65535}


def kind_for(photo: Photo) -> str:
    """The type, as Pillow names it, of a coloured copy: the photo's own, or "PNG" where that type cannot."""
    kind = SAME_AS.get(photo.format or "PNG", photo.format or "PNG")
    fits = kind in WRITERS and max(photo.size) <= LONGEST_SIDE.get(kind, math.inf)
    return kind if fits else "PNG"


def suffix_of(photo: Photo) -> str:
    """The suffix that suits a coloured copy, see `kind_for`; the photo's own spelling is kept."""
    kind = kind_for(photo)
    if photo.path and SUFFIXES.get(photo.path.suffix.lower()) == kind:
        return photo.path.suffix
    return WRITERS[kind][0]


def output_suffix(path: Path) -> str:
    """The suffix that the coloured copy of a file gets if the file's content is what its suffix says."""
    suffix = path.suffix.lower()
    return path.suffix if suffix in SUFFIXES else ".jpg" if suffix == ".mpo" else ".png"


def format_of(path: str | os.PathLike[str] | BinaryIO) -> str:
    """The file type that `path`'s suffix names.

    Raises:
        PhotoError: a type that cannot be written, or an open file, which has no suffix.
    """
    if not isinstance(path, str | os.PathLike):
        raise PhotoError('An open file has no suffix: say the type, such as kind="JPEG".')
    path = Path(path)
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = " ".join(SUFFIXES)
        raise PhotoError(
            f"Photos cannot be written as {path.suffix or 'a file without a suffix'}. Use one of {known}. "
            f"Received: {path.name}"
        ) from None


def kind_to_write(target: str | os.PathLike[str] | BinaryIO, kind: str | None) -> str:
    """The file type to write: `kind`, or what the target's suffix names if that is None.

    Raises:
        PhotoError: a type that cannot be written, or an open file without a type.
    """
    if kind is None:
        return format_of(target)
    if kind not in WRITERS:
        raise PhotoError(f"Photos cannot be written as {kind}. Use one of {', '.join(WRITERS)}.")
    return kind


def check_sides(kind: str, width: int, height: int) -> None:
    """Raises PhotoError if a picture is longer than its type can hold."""
    longest = LONGEST_SIDE.get(kind, math.inf)
    if max(width, height) > longest:
        raise PhotoError(
            f"{kind} has room for {longest} pixels a side; use PNG or TIFF. Received: {width}x{height}"
        )
