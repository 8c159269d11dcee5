"""What a photo's file says about the photo: captions, people, places, dates, rights, resolution.

    notes = discard_wrong_types(image)                  # before and after its pixels are loaded
    metadata, notes = read_metadata(image, path)        # `image` is open and loaded

docs/metadata.md has a table of what is kept for which file type; `metadata_writer.py` writes it. Only what
describes the photo is read. What describes the file (sizes, structure, colour space, previews) is not true of
the coloured copy, and some of it is dangerous to copy. A photo's metadata can be damaged or hostile: then the
part that cannot be read is left out with a note, and never costs the photo.
"""

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from colorizer.image import iptc, xmp

ORIENTATION = 0x0112
EXIF_IFD, GPS_IFD = 0x8769, 0x8825  # how and when the photo was taken; where
# The main block of EXIF and of TIFF also describes the file's structure; these tags describe the photo:
# DocumentName, ImageDescription, Make, Model, PageName, Software, DateTime, Artist, HostComputer, Rating,
# RatingPercent, Copyright, XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject.
TEXTS = {269, 270, 271, 272, 285, 305, 306, 315, 316, 33432}
RATINGS = {0x4746, 0x4749}
WINDOWS_TEXTS = {40091, 40092, 40093, 40094, 40095}  # UTF-16
# A value of another type is damaged: libtiff would not write it.
DESCRIPTIVE: dict[int, type | tuple[type, ...]] = {
    **dict.fromkeys(TEXTS, (str, bytes)), **dict.fromkeys(RATINGS, int), **dict.fromkeys(WINDOWS_TEXTS, bytes)
}  # fmt: skip
# MakerNote points to places in the old file; the others are true of the grey file alone: ColorSpace,
# PixelXDimension, PixelYDimension, InteroperabilityIFD.
STALE_EXIF = {0x927C, 0xA001, 0xA002, 0xA003, 0xA005}
TIFF_IPTC, TIFF_PHOTOSHOP = 33723, 34377
# Properties of XMP that are true of the grey file alone. Settings of a raw converter describe work that is
# done already, and would be applied a second time.
STALE_XMP = {
    *(f"{{{xmp.TIFF}}}{name}" for name in (
        "Orientation", "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "SamplesPerPixel",
        "PhotometricInterpretation", "PlanarConfiguration",
    )),
    *(f"{{{xmp.EXIF}}}{name}" for name in ("ColorSpace", "PixelXDimension", "PixelYDimension")),
    *(f"{{{xmp.PHOTOSHOP}}}{name}" for name in ("ICCProfile", "ColorMode")),
    f"{{{xmp.BASIC}}}Thumbnails", f"{{{xmp.DC}}}format", "{http://ns.adobe.com/xmp/note/}HasExtendedXMP",
}  # fmt: skip
STALE_NAMESPACES = ("http://ns.adobe.com/camera-raw-settings/1.0/", "http://darktable.sf.net/")
MAX_SIDECAR = 1_000_000  # bytes
MAX_TEXT = 100_000  # characters of one comment or text
MAX_TEXTS = 1_000_000  # of all of them
MAX_TEXT_COUNT = 1000  # a file of 50 MB has room for twelve million empty comments
# Bytes of EXIF, of XMP and of IPTC data each: what people write takes kilobytes. A page keeps many photos in
# memory, and a file of 50 MB could be one tag, which is held three times.
MAX_BLOCK = 4_000_000
# What Pillow's decoders put into `info`, with the types that its other parts expect there, and a name for it.
INFO_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "exif": ((bytes,), "EXIF"),
    "xmp": ((bytes,), "XMP"),
    "icc_profile": ((bytes,), "colour profile"),
    "transparency": ((bytes, int, tuple), "transparency"),
    "dpi": ((tuple,), "resolution"),
}


@dataclass(frozen=True, eq=False)
class Metadata:
    """A photo's metadata, without what is not true of the coloured copy.

    Attributes:
        exif: the descriptive tags, with the EXIF and GPS blocks.
        xmp: XMP packet, sidecar included; or empty.
        iptc: IPTC IIM data; or empty.
        comments: comments of a JPEG, GIF or JPEG 2000 file.
        text: PNG's texts by keyword, such as "Title" and "Author".
        dpi: resolution for printing, if the file has a plausible one.
    """

    exif: Image.Exif = field(default_factory=Image.Exif)
    xmp: bytes = b""
    iptc: bytes = b""
    comments: tuple[str, ...] = ()
    text: dict[str, str] = field(default_factory=dict)
    dpi: tuple[float, float] | None = None


def discard_wrong_types(image: Image.Image) -> list[str]:
    """Removes values of a wrong type from `image.info`, which would end the reading of the pixels.

    A TIFF can have numbers where its XMP should be. In a PNG, a text with the keyword "icc_profile" takes the
    place of the colour profile: Pillow keeps both under one name.

    Args:
        image: open; the texts behind the pixels of a PNG are there when it is loaded.

    Returns:
        What was removed: "its XMP …".
    """
    notes = []
    for key, (types, name) in INFO_TYPES.items():
        value = image.info.get(key)
        if value is not None and not isinstance(value, types):
            del image.info[key]
            notes.append(f"its {name} is damaged and left out")
    return notes


def read_metadata(image: Image.Image, path: Path | None) -> tuple[Metadata, list[str]]:
    """The metadata of a loaded image and of the XMP file beside it.

    Args:
        image: loaded, since PNG has text behind the pixels.
        path: where a sidecar is looked for, `photo.xmp` or `photo.jpg.xmp`; None for nowhere.

    Returns:
        The metadata, and why parts were left out: "its EXIF …".
    """
    notes: list[str] = []
    metadata = Metadata(
        _read_exif(image, notes), _read_xmp(image, path, notes), _read_iptc(image, notes), _comments(image),
        _png_text(image), _plausible(image.info.get("dpi")),
    )  # fmt: skip
    return metadata, notes


def _read_exif(image: Image.Image, notes: list[str]) -> Image.Exif:
    kept = Image.Exif()
    # Pillow raises any exception on tags of the wrong type, as decoders do on damaged pixels.
    try:
        exif = image.getexif()
        tags = {tag: exif[tag] for tag in DESCRIPTIVE.keys() & set(exif)}
        blocks: dict[int | None, dict[int, Any]] = {None: tags}
        blocks |= {block: dict(exif.get_ifd(block)) for block in (EXIF_IFD, GPS_IFD)}
    except Exception as error:  # noqa: BLE001
        notes.append(f"its EXIF is damaged and left out ({error})")
        return kept
    lost = large = size = 0
    for block, entries in blocks.items():
        for tag, value in entries.items():
            if block == EXIF_IFD and tag in STALE_EXIF:
                continue
            if block is None and not isinstance(value, DESCRIPTIVE[tag]):
                lost += 1
                continue
            single = Image.Exif()
            (single if block is None else single.get_ifd(block))[tag] = value
            try:
                length = len(single.tobytes())
            except Exception:  # noqa: BLE001
                lost += 1
                continue
            if size + length > MAX_BLOCK:
                large += 1
            else:
                size += length
                (kept if block is None else kept.get_ifd(block))[tag] = value
    if lost:
        notes.append(f"{lost} of its EXIF tags are damaged and left out")
    if large:
        notes.append(f"{large} of its EXIF tags are too large and left out")
    return kept


def _read_xmp(image: Image.Image, path: Path | None, notes: list[str]) -> bytes:
    packet = image.info.get("xmp", b"")
    packets = [packet.encode() if isinstance(packet, str) else packet]
    if path is not None:
        for sidecar in (path.with_suffix(".xmp"), path.with_name(f"{path.name}.xmp")):
            if sidecar.is_file() and sidecar.stat().st_size <= MAX_SIDECAR:
                packets.append(sidecar.read_bytes())
    root = None
    for each in packets:
        if len(each) > MAX_BLOCK:
            notes.append("its XMP is too large and left out")
        elif each.strip(b"\0 \n\r\t"):
            try:
                other = xmp.parse(each)
            except xmp.XmpError as error:
                notes.append(f"{error}; it is left out")
                continue
            if root is None:
                root = other
            else:
                xmp.merge(root, other)
    if root is None:
        return b""
    xmp.remove(root, STALE_XMP | {n for n in xmp.names(root) if n[1:].startswith(STALE_NAMESPACES)})
    return xmp.serialize(root)


def _read_iptc(image: Image.Image, notes: list[str]) -> bytes:
    data = b""
    resources = image.info.get("photoshop")
    if isinstance(resources, dict) and isinstance(resources.get(iptc.RESOURCE), bytes):
        data = resources[iptc.RESOURCE]
    elif image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]  # a TIFF has it
        block = tags.get(TIFF_PHOTOSHOP)
        value = tags.get(TIFF_IPTC) or (iptc.from_photoshop(block) if isinstance(block, bytes) else b"")
        if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
            # Some programs write it as 32-bit numbers.
            value = b"".join((part % (1 << 32)).to_bytes(4, "little") for part in value)
        data = value if isinstance(value, bytes) else b""
    elif image.format == "PNG":
        for name in ("iptc", "8bim"):  # as ImageMagick and ExifTool write it: lines of hexadecimal digits
            raw = getattr(image, "text", {}).get(f"Raw profile type {name}")
            if raw and re.fullmatch(r"[0-9a-f]*", digits := "".join(str(raw).lower().split()[2:])):
                block = bytes.fromhex(digits[: len(digits) // 2 * 2])
                data = iptc.from_photoshop(block) or (block if block[:1] == b"\x1c" else data)
    if len(data) > MAX_BLOCK:
        notes.append("its IPTC data is too large and left out")
        return b""
    return iptc.serialize(iptc.parse(data))


def _comments(image: Image.Image) -> tuple[str, ...]:
    if image.format == "PNG":  # which has texts
        return ()
    raw = [data for name, data in getattr(image, "applist", []) if name == "COM"]
    other = image.info.get("comment") or image.info.get("id_section")  # the latter of TGA
    if not raw and other:
        raw = [other]
    texts: list[str] = []
    length = 0
    for data in raw[:MAX_TEXT_COUNT]:
        text = data
        if isinstance(data, bytes):
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text = data.decode("latin-1")
        if text := _printable(text):
            texts.append(text)
        length += len(text)
        if length > MAX_TEXTS:
            break
    return tuple(texts)


def _png_text(image: Image.Image) -> dict[str, str]:
    if image.format != "PNG":
        return {}
    texts: dict[str, str] = {}
    length = 0
    for keyword, value in itertools.islice(getattr(image, "text", {}).items(), MAX_TEXT_COUNT):
        key, text = _printable(keyword), _printable(value)
        if text and not key.startswith(("Raw profile type", "XML:com.adobe.xmp")):
            texts[key] = text
            length += len(text)
        if length > MAX_TEXTS:
            break
    return texts


def _printable(text: object) -> str:
    """A text without control characters, which neither XML nor a terminal accepts."""
    return xmp.printable(str(text)).strip()[:MAX_TEXT]


def _plausible(dpi: Any) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in dpi)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (x, y) if 1 <= x <= 65535 and 1 <= y <= 65535 else None
