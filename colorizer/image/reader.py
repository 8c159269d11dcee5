"""Reads photos of all common file types: upright, in sRGB, with their true lightness.

    photo = read_photo("grandma.tif")        # also a PIL image, an array, or an open file

A scan is seldom plain 8-bit sRGB. This keeps the depth of 16-bit greys, converts from colour profiles, sets
transparency aside and applies a camera's rotation. A file that is not a photo, or is too large, gets a
sentence that says so. Nothing here knows the network; `writer.py` writes the results.
"""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorizer.errors import PhotoError
from colorizer.image import color_encoding
from colorizer.image.decoders import high_depth_of_heif, open_image, unsupported
from colorizer.image.metadata import ORIENTATION, discard_wrong_types, read_metadata
from colorizer.image.photo import Photo
from colorizer.image.provenance import digest
from colorizer.limits import Deadline, Limits

# Pillow warns from 89 megapixels on. `Limits` is stricter than a warning.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# A JPEG can be sent in any number of passes over the whole picture; ordinary ones have about ten. This is the
# maximum of passes times megapixels: one pass needs about 5 ms a megapixel and cannot be interrupted.
MAX_SCANS = 3000
LYING = (5, 6, 7, 8)  # orientations of EXIF that are a quarter turn, so that width and height change places

Source = str | os.PathLike[str] | Image.Image | np.ndarray | BinaryIO


class _TimedFile(io.BytesIO):
    """A file in memory that raises an error when the time is over: decoders read it piece by piece."""

    def __init__(self, data: bytes, deadline: Deadline):
        super().__init__(data)
        self.deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self.deadline.check()
        return super().read(size)


def read_photo(
    source: Source, limits: Limits | None = None, page: int | None = None, path: Path | None = None
) -> Photo:
    """Reads a photo.

    Args:
        source: a file's path, a file open for reading, a PIL image, or a uint8 or uint16 array: (H, W) grey,
            (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) sRGB, (H, W, 4) sRGB and alpha.
        limits: what a photo may cost; `Limits.from_environment()` if None.
        page: of a file with several pictures, from 0 on; None for the first, with a note that there are more.
        path: of an open file, where its bytes lie: for its name in messages, and for a sidecar beside it.

    Returns:
        The photo; `notes` says what was left out.

    Raises:
        FileNotFoundError: no such file.
        PhotoError: a file that is not a photo, is damaged, or exceeds the limits; an array of another kind.
    """
    limits = Limits.from_environment() if limits is None else limits
    if isinstance(source, np.ndarray):
        return _from_array(source, limits)
    if isinstance(source, Image.Image):
        with _damage_told("The picture"):  # Pillow decodes a file late
            return _from_image(source, None, limits, page=page)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _from_bytes(_read_file(path, limits), path.name, path, limits, page)
    received: object = source  # whatever the types promise
    if not hasattr(received, "read") or isinstance(received, io.TextIOBase):
        raise PhotoError(
            "A photo must be a path, a PIL image, an array, or a file that is open for reading bytes. "
            f"Received: {type(source).__name__}"
        )
    name = path.name if path else "The picture"
    data = source.read() if limits.megabytes == np.inf else source.read(int(limits.megabytes * 1e6) + 1)
    limits.check_file(name, len(data))
    if not data:
        raise PhotoError(f"{name} is empty.")
    return _from_bytes(data, name, path, limits, page)


def _read_file(path: Path, limits: Limits) -> bytes:
    if path.is_dir():
        raise PhotoError(f"{path.name} is a folder, not a photo.")
    if not path.is_file() and path.exists():
        raise PhotoError(f"{path.name} is a device or a pipe, not a photo.")
    size = path.stat().st_size
    if size == 0:
        raise PhotoError(f"{path.name} is an empty file.")
    limits.check_file(path.name, size)
    return path.read_bytes()


def _from_bytes(data: bytes, name: str, path: Path | None, limits: Limits, page: int | None) -> Photo:
    deadline = limits.start(name)
    try:
        with _damage_told(name), open_image(_TimedFile(data, deadline)) as image:
            limits.check_pixels(name, *image.size)
            # The data cannot contain this marker by chance: JPEG escapes the byte 255. Of a grey JPEG in one
            # pass, the usual kind, libjpeg reads no second one.
            once = image.mode == "L" and not image.info.get("progressive")
            passes = data.count(b"\xff\xda") if image.format in ("JPEG", "MPO") and not once else 1
            if passes > 20 and passes * image.width * image.height > MAX_SCANS * 1e6:
                raise PhotoError(f"{name} is a JPEG in {passes} passes: too many for its size.")
            photo = _from_image(image, path, limits, data, page)
        deadline.check()
        return replace(photo, digest=digest(data), seconds=deadline.spent)
    except UnidentifiedImageError as error:
        raise PhotoError(f"{name} {unsupported(data)}") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name} has too many pixels; at most {limits.megapixels:g} megapixels are accepted here."
        ) from error


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except (PhotoError, UnidentifiedImageError, Image.DecompressionBombError):
        raise
    # Decoders raise any exception on damaged data: struct.error, SyntaxError, EOFError, zlib.error …
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise PhotoError(f"{name} is damaged and cannot be read: {reason}") from error


def pixels_of(path: Path) -> int:
    """The number of pixels that the file at `path` claims to have; 0 if it cannot say."""
    try:
        with open_image(path) as image:
            return image.width * image.height
    # `read_photo` will say what is wrong with it.
    except Exception:  # noqa: BLE001
        return 0


def count_pages(path: Path) -> int:
    """The number of pages of a TIFF document; 1 for any other file."""
    try:
        with open_image(path) as image:
            return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
    # As above.
    except Exception:  # noqa: BLE001
        return 1


def _from_array(array: np.ndarray, limits: Limits) -> Photo:
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if array.dtype not in (np.uint8, np.uint16) or channels not in (1, 2, 3, 4) or 0 in array.shape:
        raise PhotoError(
            "An array must be uint8 or uint16 of shape (H, W) or (H, W, 1 to 4). "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    limits.check_pixels("The array", array.shape[1], array.shape[0])
    array = array.reshape(*array.shape[:2], channels)
    narrow = array if array.dtype == np.uint8 else _to_8_bits(array)
    alpha = narrow[..., -1].copy() if channels in (2, 4) else None
    shown = narrow[..., :3] if channels > 2 else narrow[..., 0]
    pixels16 = None
    if array.dtype == np.uint16:
        pixels16 = (array[..., :3] if channels > 2 else array[..., 0]).copy()
    # Pillow would share the memory of a grey array, which its owner may use for the next picture.
    return Photo(Image.fromarray(shown.copy()), pixels16, alpha)


def _to_8_bits(array: np.ndarray) -> np.ndarray:
    return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _from_image(
    image: Image.Image, path: Path | None, limits: Limits, data: bytes = b"", page: int | None = None
) -> Photo:
    name = path.name if path else "The picture"
    in_memory = not data
    # Who opened the picture has gone to the page that is meant.
    notes = [] if in_memory and page is None else _choose_page(image, name, page)
    if 0 in image.size:
        raise PhotoError(f"{name} has no pixels: {image.width}x{image.height}")
    limits.check_pixels(name, *image.size)
    notes += discard_wrong_types(image)
    image.load()
    notes += discard_wrong_types(image)
    metadata, left_out = read_metadata(image, path)
    notes += left_out
    profile = image.info.get("icc_profile")
    pixels16 = high_depth_of_heif(image, data)
    # Pillow would copy a photo that is upright already.
    upright = image
    orientation = image.getexif().get(ORIENTATION, 1)
    if orientation != 1 and image.format != "HEIF":  # its decoder has applied it
        upright = ImageOps.exif_transpose(image)
        if metadata.dpi and orientation in LYING:
            metadata = replace(metadata, dpi=metadata.dpi[::-1])
    upright, alpha = _split_alpha(upright)
    if pixels16 is None:
        pixels16 = _grey16(upright)
    stated, reason = _stated_encoding(image, data) if not profile else (None, "")
    if reason:
        notes.append(reason)
    if pixels16 is not None:
        pixels16, profile = _convert16(pixels16, profile, stated, upright, notes)
    if pixels16 is not None:
        narrow = pixels16 // 257 if pixels16.ndim == 2 else _to_8_bits(pixels16)
        pixels = Image.fromarray(narrow.astype(np.uint8))
    elif upright.mode == "L" and not profile:
        pixels = upright.copy() if in_memory else upright  # its owner may paint on it
    elif upright.mode == "1" and not profile:
        pixels = upright.convert("L")
    else:
        pixels = _to_srgb(upright, profile, notes)
    if stated is not None and pixels16 is None:
        pixels = Image.fromarray(stated.to_srgb(np.asarray(pixels)))
    sentences = tuple(f"{name}: {note}" for note in notes)
    if not in_memory:
        pixels = _alone(pixels)
    return Photo(pixels, pixels16, alpha, image.format, path, metadata, notes=sentences)


def _alone(image: Image.Image) -> Image.Image:
    """The same pixels as a plain picture: a decoder's own picture keeps all other blocks of the file."""
    image.info = {}
    return image._new(image.im)


def _split_alpha(image: Image.Image) -> tuple[Image.Image, np.ndarray | None]:
    """The picture without its transparency, and that as (H, W) uint8, or None if all is opaque."""
    if not image.has_transparency_data:
        return image, None
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    # A transparent entry of a palette needs the detour; elsewhere, dropping alpha keeps every colour.
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA").convert("RGB")
    else:
        image = image.convert("RGB" if "RGB" in image.mode else "L")
    return image, None if alpha.min() == 255 else alpha


def _choose_page(image: Image.Image, name: str, page: int | None) -> list[str]:
    """Goes to a page; returns a note if no page is named and there are several."""
    if page is not None:
        count = getattr(image, "n_frames", 1)
        if not 0 <= page < count:
            raise PhotoError(f"{name} has {count} pages. Received: page {page + 1}")
        if count > 1:
            image.seek(page)
        return []
    # The MPO file of a camera holds previews of the photo beside it, and a HEIF file may; nobody misses them.
    if image.format in ("MPO", "HEIF") or not getattr(image, "is_animated", False):
        return []
    image.seek(0)
    return ["it holds several pictures; only the first is coloured"]


def _grey16(image: Image.Image) -> np.ndarray | None:
    """Grey pixels of more than 8 bits as uint16, or None for other modes."""
    if not image.mode.startswith(("I", "F")):
        return None
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return values.astype(np.uint16)
    values = np.nan_to_num(values.astype(np.float64))
    # These modes do not say what white is: 1.0, 8 bits, 16 bits, or else the brightest value there is.
    top = values.max(initial=0)
    white = next((w for w in (1.0, 255.0, 65535.0) if top <= w), top)
    if image.mode == "I" and top <= 1:
        white = 65535.0
    return (np.clip(values / white, 0, 1) * 65535 + 0.5).astype(np.uint16)


def _stated_encoding(image: Image.Image, data: bytes) -> tuple[color_encoding.Encoding | None, str]:
    """How the file says that it encodes colour, if it has no ICC profile."""
    if image.format == "PNG":
        return color_encoding.of_png(data)
    nclx = image.info.get("nclx_profile")
    if image.format == "HEIF" and nclx:
        return color_encoding.of_codes(nclx["color_primaries"], nclx["transfer_characteristics"])
    return None, ""


def _convert16(
    pixels16: np.ndarray,
    profile: bytes | None,
    stated: color_encoding.Encoding | None,
    image: Image.Image,
    notes: list[str],
) -> tuple[np.ndarray | None, bytes | None]:
    """16-bit pixels in sRGB, or None with the profile where that can convert 8 bits only."""
    if stated is not None:
        return stated.to_srgb(pixels16), None
    if not profile:
        return pixels16, None
    if pixels16.ndim == 3:
        return None, profile
    ramp = _to_srgb(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), profile, notes)
    curve = np.asarray(ramp.convert("L"), np.float32)[0] * 257
    return np.interp(pixels16, np.arange(256) * 257, curve).astype(np.uint16), None


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """The picture as RGB in sRGB, converted from its profile if it has one."""
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGB" if image.mode != "1" else "L")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" in (ImageCms.getProfileDescription(source) or "") and image.mode in ("RGB", "RGBX"):
                return image.convert("RGB")
            target = ImageCms.createProfile("sRGB")
            return _converted(image, source, target)
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            notes.append(f"its colour profile does not fit ({error}); read as sRGB")
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return _converted(image, lab, srgb)
    return image.convert("RGB")


def _converted(image: Image.Image, source: Any, target: Any) -> Image.Image:
    converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    if converted is None:
        raise ValueError("no picture")  # only when asked to convert in place
    return converted
