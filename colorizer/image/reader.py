"""Reading photos: all common file types, upright, in sRGB, in their true lightness.

    photo = read_photo("grandma.tif")        # also a PIL image or an array

A scan is seldom plain 8-bit sRGB. Here 16-bit greys keep their depth, colour profiles are honoured,
transparency is set aside, cameras' rotation is applied, and what is no photo at all, or too much of one,
is answered with a sentence. Nothing here knows of the network; `writer.py` writes what it made.
"""

import io
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorizer.errors import PhotoError
from colorizer.image.decoders import open_image
from colorizer.image.photo import Photo
from colorizer.image.provenance import digest
from colorizer.limits import Deadline, Limits

# Pillow warns from 89 megapixels on. `Limits` is stricter than a warning.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

ORIENTATION = 0x0112
# A JPEG may be sent in any number of passes over the whole picture: honest ones take about ten. Passes
# times megapixels at most; one takes some 5 ms a megapixel, and cannot be interrupted.
MOST_SCANS = 3000


class _Timed(io.BytesIO):
    """A file in memory that stops being read when the time is up: decoders ask for it bit by bit."""

    def __init__(self, data: bytes, deadline: Deadline):
        super().__init__(data)
        self.deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self.deadline.check()
        return super().read(size)


def read_photo(source: str | os.PathLike | Image.Image | np.ndarray, limits: Limits | None = None) -> Photo:
    """Reads a photo.

    Args:
        source: a file's path, a PIL image, or a uint8 or uint16 array: (H, W) grey, (H, W, 1) grey,
            (H, W, 2) grey and alpha, (H, W, 3) sRGB, (H, W, 4) sRGB and alpha.
        limits: what a photo may ask for; `Limits.from_environment()` if None.

    Returns:
        The photo; of an animation or a document of several pages the first one, which `notes` says.

    Raises:
        FileNotFoundError: no such file.
        PhotoError: a file that is no photo, is damaged, or beyond the limits; an array of another kind.
    """
    limits = Limits.from_environment() if limits is None else limits
    if isinstance(source, np.ndarray):
        return _from_array(source, limits)
    if isinstance(source, Image.Image):
        return _from_image(source, None, limits)
    path = Path(source)
    if path.is_dir():
        raise PhotoError(f"{path.name} is a folder, not a photo.")
    if not path.is_file() and path.exists():
        raise PhotoError(f"{path.name} is a device or a pipe, not a photo.")
    size = path.stat().st_size
    if size == 0:
        raise PhotoError(f"{path.name} is an empty file.")
    limits.check_file(path.name, size)
    data = path.read_bytes()
    try:
        with open_image(_Timed(data, limits.start(path.name))) as image:
            limits.check_pixels(path.name, *image.size)
            # Data cannot contain this marker by chance: JPEG escapes the byte 255. Of grey that comes in one
            # pass, as most does, libjpeg reads no second one.
            once = image.mode == "L" and not image.info.get("progressive")
            passes = data.count(b"\xff\xda") if image.format in ("JPEG", "MPO") and not once else 1
            if passes > 20 and passes * image.width * image.height > MOST_SCANS * 1e6:
                raise PhotoError(f"{path.name} is a JPEG in {passes} passes: too many for its size.")
            return replace(_from_image(image, path, limits), digest=digest(data))
    except UnidentifiedImageError as error:
        raise PhotoError(f"{path.name} is not a photo, or of a type that cannot be read here.") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{path.name} has too many pixels; at most {limits.megapixels:g} megapixels are accepted."
        ) from error
    except PhotoError:
        raise
    # Decoders raise what they like on damaged data: struct.error, SyntaxError, EOFError, zlib.error …
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise PhotoError(f"{path.name} is damaged and cannot be read: {reason}") from error


def pixels_of(path: Path) -> int:
    """How many pixels the file at `path` claims to have; 0 if it cannot say."""
    try:
        with open_image(path) as image:
            return image.width * image.height
    # What is wrong with it is `read_photo`'s to say.
    except Exception:  # noqa: BLE001
        return 0


def _from_array(array: np.ndarray, limits: Limits) -> Photo:
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if array.dtype not in (np.uint8, np.uint16) or channels not in (1, 2, 3, 4) or 0 in array.shape:
        raise PhotoError(
            "An array must be uint8 or uint16 of shape (H, W) or (H, W, 1 to 4). "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    limits.check_pixels("The array", array.shape[1], array.shape[0])
    array = array.reshape(*array.shape[:2], channels)
    narrow = array if array.dtype == np.uint8 else ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    alpha = narrow[..., -1].copy() if channels in (2, 4) else None
    shown = narrow[..., :3] if channels > 2 else narrow[..., 0]
    pixels16 = None
    if array.dtype == np.uint16:
        pixels16 = array[..., :3] if channels > 2 else array[..., 0]
    return Photo(Image.fromarray(np.ascontiguousarray(shown)), pixels16, alpha)


def _from_image(image: Image.Image, path: Path | None, limits: Limits) -> Photo:
    name = path.name if path else "The picture"
    if 0 in image.size:
        raise PhotoError(f"{name} has no pixels: {image.width}x{image.height}")
    limits.check_pixels(name, *image.size)
    notes = _note_frames(image, name)
    image.load()
    exif, xmp = image.getexif(), image.info.get("xmp", b"")
    profile, dpi = image.info.get("icc_profile"), image.info.get("dpi")
    # Pillow would make a copy of a photo that is upright already.
    upright = ImageOps.exif_transpose(image) if exif.get(ORIENTATION, 1) != 1 else image
    if ORIENTATION in exif:
        exif[ORIENTATION] = 1
    alpha = None
    if upright.has_transparency_data:
        alpha = np.asarray(upright.convert("RGBA").getchannel("A"))
        # A palette's transparent entry needs the detour; for the rest plain dropping keeps every colour.
        if upright.mode in ("P", "PA"):
            upright = upright.convert("RGBA").convert("RGB")
        else:
            upright = upright.convert("RGB" if "RGB" in upright.mode else "L")
        if alpha.min() == 255:
            alpha = None
    pixels16 = _grey16(upright)
    if pixels16 is not None:
        if profile:
            ramp = _to_srgb(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), profile, name)
            curve = np.asarray(ramp.convert("L"), np.float32)[0] * 257
            pixels16 = np.interp(pixels16, np.arange(256) * 257, curve).astype(np.uint16)
        pixels = Image.fromarray((pixels16 // 257).astype(np.uint8))
    elif upright.mode == "L" and not profile:
        pixels = upright  # converting would copy it
    elif upright.mode == "1" and not profile:
        pixels = upright.convert("L")
    else:
        pixels = _to_srgb(upright, profile, name)
    if isinstance(xmp, str):
        xmp = xmp.encode()
    return Photo(pixels, pixels16, alpha, image.format, path, exif, xmp, dpi, notes)


def _note_frames(image: Image.Image, name: str) -> tuple[str, ...]:
    # A camera's MPO holds previews of one photo beside it, which nobody misses.
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return ()
    image.seek(0)
    return (f"{name} holds several pictures; only the first is taken.",)


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


def _to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """The picture as RGB in sRGB, converted from its profile if it has one."""
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGB" if image.mode != "1" else "L")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" in (ImageCms.getProfileDescription(source) or "") and image.mode in ("RGB", "RGBX"):
                return image.convert("RGB")
            target = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            warnings.warn(f"{name}: its colour profile is of no use ({error}); taken as sRGB", stacklevel=3)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB")
