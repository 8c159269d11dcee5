"""Opens pictures: the only place where Pillow gets a file's bytes.

    with open_image("grandma.jpg") as image:    # or a file that is open for reading

Pillow chooses the decoder by a file's content, not by its name, and by default tries every decoder it has.
Some of them do more than decode: EPS starts Ghostscript, which runs the file as a program; IPTC opens the
picture inside it, again with every decoder; WMF, BUFR, GRIB and HDF5 pass the file to a handler that any
package can register. A stranger's file must not choose among these, so only the decoders listed here are
used. HEIF, the format of iPhones, comes from the package pillow-heif.
"""

import ctypes
import io
import os
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError, _imaging

from colorizer.image.tag_directory import limit_directories

limit_directories()

# Pillow's names, the most common first. None of them starts a program, opens another file or uses a network.
# MPO, as cameras write it, is opened by "JPEG"; "PPM" also reads PGM, PBM, PNM and PFM.
DECODERS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "PPM", "TIFF", "WEBP", "AVIF", "HEIF", "JPEG2000", "TGA")
# Types that are recognised and refused with advice: the offset in the file, the bytes there, the sentence.
RAW = "is a camera's RAW file. Develop it first, for example with darktable or RawTherapee, and save a TIFF."
JXL = "is a JPEG XL picture, which is not read here. Convert it first: djxl photo.jxl photo.png"
VIDEO = "is a video, not a photo. Save a single picture of it first."
REFUSED = (
    (0, b"\xff\x0a", JXL),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", JXL),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"FOVb", RAW),
    (0, b"IIRO", RAW),
    (0, b"IIRS", RAW),
    (0, b"IIU\0", RAW),
    (4, b"ftypcrx ", RAW),
    (4, b"ftypmp4", VIDEO),
    (4, b"ftypisom", VIDEO),
    (4, b"ftypqt  ", VIDEO),
    (0, b"\x1aE\xdf\xa3", VIDEO),
    (0, b"8BPS", "is a Photoshop document, which is not read here. Save it as TIFF or PNG first."),
    (
        0,
        b"%PDF",
        "is not a photo but a PDF document. Save its pages first: pdftoppm -r 300 -tiff scan.pdf page",
    ),
)
DNG_VERSION, NEW_SUBFILE_TYPE, SUB_IFDS, CFA_PATTERN = 50706, 254, 330, 33422


def register_heif() -> None:
    """Adds HEIF to Pillow's decoders and encoders; of several calls, the first counts."""
    if "HEIF" not in Image.OPEN:
        import pillow_heif  # it costs 20 ms, which only such photos have to pay

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def silence_libtiff() -> None:
    """Keeps libtiff from writing to standard error: a line for each odd tag, past Python and every log.

    Whatever costs a photo its pixels is raised as an error all the same. Programs call this at their start,
    since it counts for the whole process. Where Pillow hides libtiff's functions, as on Windows, nothing
    changes.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def open_image(file: str | os.PathLike[str] | BinaryIO) -> Image.Image:
    """Opens a picture with one of `DECODERS`; like Pillow, it decodes the pixels later.

    Args:
        file: a path, or a binary file that can seek.

    Returns:
        The picture, to be closed by the caller.

    Raises:
        PIL.UnidentifiedImageError: none of the decoders accepts the content.
        OSError, SyntaxError, ValueError, struct.error: the content is damaged.
    """
    if _start(file)[4:8] == b"ftyp":
        register_heif()
    decoders = DECODERS if "HEIF" in Image.OPEN else [name for name in DECODERS if name != "HEIF"]
    image = Image.open(file, formats=decoders)  # noqa: TID251
    if image.format == "TIFF" and _is_raw(image):
        image.close()
        raise UnidentifiedImageError("a RAW file, whose first picture is a preview")
    return image


def _start(file: str | os.PathLike[str] | BinaryIO) -> bytes:
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as opened:
            return opened.read(16)
    place = file.tell()
    start = file.read(16)
    file.seek(place)
    return start


def _is_raw(image: Image.Image) -> bool:
    """Whether a TIFF is a RAW file (DNG, NEF, CR2, ARW …): Pillow would show its small preview."""
    tags = image.tag_v2  # type: ignore[attr-defined]  # a TIFF has it
    preview = tags.get(NEW_SUBFILE_TYPE, 0) in (1, 3, 5, 7)  # the lowest bit: a smaller copy of another
    return DNG_VERSION in tags or CFA_PATTERN in tags or (SUB_IFDS in tags and preview)


def unsupported(data: bytes) -> str:
    """The end of a sentence that says what a file is that no decoder accepts, and what to do with it."""
    for place, magic, sentence in REFUSED:
        if data[place : place + len(magic)] == magic:
            return sentence
    if data[:4] in (b"II*\0", b"MM\0*"):
        return RAW
    return "is not a photo, or of a type that cannot be read here."


def high_depth_of_heif(image: Image.Image, data: bytes) -> np.ndarray | None:
    """The pixels of a HEIF picture of 10 or 12 bits, which Pillow has in 8 bits: uint16, 65535 is white.

    Args:
        image: the picture as `open_image` opened it.
        data: its file.

    Returns:
        (H, W) or (H, W, 3) uint16; None for any other picture.
    """
    bits = image.info.get("bit_depth", 8)
    if image.format != "HEIF" or not isinstance(bits, int) or not 8 < bits <= 16 or not data:
        return None
    import pillow_heif

    heif = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    levels = np.asarray(heif[heif.primary_index]) >> (16 - bits)
    scaled = (levels.astype(np.uint32) * 65535 // ((1 << bits) - 1)).astype(np.uint16)
    if scaled.ndim == 2:
        return scaled
    return scaled[..., 0] if scaled.shape[2] == 2 else scaled[..., :3]
