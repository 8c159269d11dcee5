"""Reading and writing photos: whatever Pillow opens, in its true lightness; the same kind of file out.

    photo = read_photo("grandma.tif")        # also a PIL image or an array
    photo.lightness                          # (H, W) float32, L* in [0, 100], upright
    write_photo(image, "out.tif", photo)     # EXIF kept, marked as coloured by a network, never half written

A scan is seldom plain 8-bit sRGB. Here 16-bit greys keep their depth, colour profiles are honoured,
transparency is set aside and put back, cameras' rotation is applied, and what is no photo at all is
answered with a sentence. Nothing here knows of the network.
"""

import io
import os
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorizer import color, provenance
from colorizer.files import replace_file

# Pillow warns from 89 megapixels and refuses from 179. Large scans are welcome here; the refusal stays.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

ORIENTATION = 0x0112
# Types that hold 24-bit colour, with how to write them well. Anything else that comes in (GIF with its
# 256 colours, Photoshop, camera formats) goes out as PNG.
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
SAME_AS = {"MPO": "JPEG", "PPM": "PNG", "GIF": "PNG", "DIB": "BMP"}
SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".tif": "TIFF",
    ".tiff": "TIFF", ".webp": "WEBP", ".avif": "AVIF", ".bmp": "BMP", ".jp2": "JPEG2000", ".tga": "TGA",
}  # fmt: skip
ALPHA_FORMATS = {"PNG", "TIFF", "WEBP", "AVIF", "TGA", "JPEG2000"}
# TIFF keeps its own structure among its EXIF tags; only these describe the photo.
TIFF_DESCRIPTION = {270, 271, 272, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095}
EXIF_SUB_BLOCKS = (0x8769, 0x8825)  # when and how it was taken; where


class PhotoError(ValueError):
    """Something that is no photo, or one that cannot be read or written; the text says which and why."""


@dataclass
class Photo:
    """A photo, upright and in sRGB.

    Attributes:
        lightness: (H, W) float32, L* in [0, 100].
        original: the same pixels as an RGB picture, for showing.
        alpha: (H, W) uint8 transparency, or None if there is none.
        format: Pillow's name of the file type, such as "JPEG"; None if it never was a file.
        path: where it came from, if from a file.
        exif: EXIF block with the orientation reset, or empty.
        xmp: XMP packet, or empty.
        dpi: resolution for printing, if the file says.
    """

    lightness: np.ndarray
    original: Image.Image
    alpha: np.ndarray | None = None
    format: str | None = None
    path: Path | None = None
    exif: Image.Exif = field(default_factory=Image.Exif)
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.lightness.shape[1], self.lightness.shape[0]

    @property
    def suffix(self) -> str:
        """The file suffix that suits a coloured copy: the photo's own, or ".png" where that type cannot."""
        name = SAME_AS.get(self.format or "PNG", self.format or "PNG")
        if self.path and SUFFIXES.get(self.path.suffix.lower()) == name:
            return self.path.suffix
        return WRITERS[name][0] if name in WRITERS else ".png"

    @cached_property
    def is_color(self) -> bool:
        """Whether it has colours of its own, rather than none or a tone.

        A tone (sepia, a scanner's cast) gives every pixel of one lightness the same colour. So: how far
        do colours stray from the average colour of their lightness? JPEG alone reaches 2 units of Lab.
        """
        small = np.asarray(self.original.resize((128, 128), Image.BOX), np.float32) / 255
        lab = color.rgb_to_lab(small).reshape(-1, 3)
        level = (lab[:, 0] / 5).astype(int)
        count = np.maximum(np.bincount(level, minlength=21), 1)
        stray = [lab[:, i] - (np.bincount(level, lab[:, i], 21) / count)[level] for i in (1, 2)]
        return bool(np.sqrt(np.mean(np.square(stray)) * 2) > 4)


def read_photo(source: str | os.PathLike | Image.Image | np.ndarray) -> Photo:
    """Reads a photo.

    Args:
        source: a file's path, a PIL image, or a uint8 or uint16 array: (H, W) grey, (H, W, 1) grey,
            (H, W, 2) grey and alpha, (H, W, 3) sRGB, (H, W, 4) sRGB and alpha.

    Raises:
        FileNotFoundError: no such file.
        PhotoError: a file that is no photo, is damaged, or is too large; an array of another kind.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _from_image(source, None)
    path = Path(source)
    if path.is_dir():
        raise PhotoError(f"{path.name} is a folder, not a photo.")
    if path.stat().st_size == 0:
        raise PhotoError(f"{path.name} is an empty file.")
    try:
        with Image.open(path) as image:
            return _from_image(image, path)
    except UnidentifiedImageError as error:
        raise PhotoError(f"{path.name} is not a photo, or of a type that cannot be read here.") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(f"{path.name} is too large: {error}") from error
    except PhotoError:
        raise
    # Decoders raise what they like on damaged data: struct.error, SyntaxError, EOFError, zlib.error …
    except Exception as error:
        raise PhotoError(f"{path.name} is damaged and cannot be read: {error}") from error


def _from_array(array: np.ndarray) -> Photo:
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if array.dtype not in (np.uint8, np.uint16) or channels not in (1, 2, 3, 4) or 0 in array.shape:
        raise PhotoError(
            "An array must be uint8 or uint16 of shape (H, W) or (H, W, 1 to 4). "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    array = array.reshape(*array.shape[:2], channels)
    narrow = array if array.dtype == np.uint8 else ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    alpha = narrow[..., -1].copy() if channels in (2, 4) else None
    pixels = array[..., :3] if channels > 2 else array[..., 0]
    shown = narrow[..., :3] if channels > 2 else narrow[..., 0]
    original = Image.fromarray(np.ascontiguousarray(shown)).convert("RGB")
    return Photo(color.lightness(pixels), original, alpha)


def _from_image(image: Image.Image, path: Path | None) -> Photo:
    name = path.name if path else "The picture"
    if 0 in image.size:
        raise PhotoError(f"{name} has no pixels: {image.width}x{image.height}")
    image.load()
    exif, xmp = image.getexif(), image.info.get("xmp", b"")
    profile, dpi = image.info.get("icc_profile"), image.info.get("dpi")
    file_format = image.format
    upright = ImageOps.exif_transpose(image)
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
    deep = _deep_grey(upright)
    if deep is not None:
        if profile:
            ramp = _to_srgb(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), profile, name)
            curve = np.asarray(ramp.convert("L"), np.float32)[0] * 257
            deep = np.interp(deep, np.arange(256) * 257, curve).astype(np.uint16)
        original = Image.fromarray((deep // 257).astype(np.uint8)).convert("RGB")
        pixels = deep
    elif upright.mode in ("1", "L") and not profile:
        pixels = np.asarray(upright.convert("L"))
        original = upright.convert("RGB")
    else:
        original = _to_srgb(upright, profile, name)
        pixels = np.asarray(original)
    if isinstance(xmp, str):
        xmp = xmp.encode()
    return Photo(color.lightness(pixels), original, alpha, file_format, path, exif, xmp, dpi)


def _deep_grey(image: Image.Image) -> np.ndarray | None:
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


def format_of(path: Path) -> str:
    """The file type that `path`'s suffix names.

    Raises:
        PhotoError: a type that cannot be written.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = " ".join(SUFFIXES)
        raise PhotoError(
            f"Photos cannot be written as {path.suffix or 'a file without a suffix'}. Use one of {known}. "
            f"Received: {path.name}"
        ) from None


def write_photo(image: Image.Image, path: str | os.PathLike, photo: Photo | None = None) -> None:
    """Writes a coloured picture, whole or not at all.

    EXIF (orientation reset, the stale thumbnail dropped), XMP and print resolution of `photo` come along,
    and the XMP says that the colours were made by a trained network (see `provenance.py`).

    Args:
        image: RGB or RGBA.
        path: its suffix says the file type.
        photo: whose description to take over.

    Raises:
        PhotoError: the suffix names no type that can be written here.
        OSError: the disk says no.
    """
    path = Path(path)
    kind = format_of(path)
    options = dict(WRITERS[kind][1])
    exif = photo.exif if photo else Image.Exif()
    xmp = provenance.mark(photo.xmp if photo else b"")
    if image.mode == "RGBA" and kind not in ALPHA_FORMATS:
        image = image.convert("RGB")
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
    elif kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        options["xmp"] = xmp
        if len(exif):
            options["exif"] = exif.tobytes()
        if kind == "PNG":
            from PIL.PngImagePlugin import PngInfo

            del options["xmp"]
            text = PngInfo()
            text.add_itxt("XML:com.adobe.xmp", xmp.decode())
            options["pnginfo"] = text
    if photo and photo.dpi and kind in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = photo.dpi
    data = io.BytesIO()
    image.save(data, kind, **options)
    replace_file(path, data.getbuffer())
