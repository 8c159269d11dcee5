"""Puts a photo's metadata into the file of its coloured copy, as much as the file type can hold.

    options, notes = save_options(metadata, "JPEG", (width, height), digest, hints)
    image.save(file, "JPEG", **options)

Where a type has no place for something, it goes into the XMP: the IPTC captions of a JPEG become Dublin Core
in a WebP, and PNG's "Title" becomes dc:title in a JPEG. docs/metadata.md has the table.
"""

import re
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.image import iptc, provenance, xmp
from colorizer.image.metadata import EXIF_IFD, GPS_IFD, INFO_TYPES, ORIENTATION, TIFF_IPTC, Metadata

XMP_FORMATS = {"JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"}
EXIF_FORMATS = {"JPEG", "PNG", "WEBP", "AVIF", "HEIF"}  # TIFF has the same tags in a structure of its own
MAX_SEGMENT = 65000  # bytes in one segment of a JPEG, less its heading
MAX_TGA_ID = 255  # bytes
MAX_JPEG_2000_COMMENT = 65531  # bytes, as its marker segment can hold
TIFF_XMP = 700
# IPTC's properties in XMP, from "IPTC Photo Metadata Standard 2022.1", with the kind of their value.
IPTC_IN_XMP = {
    5: (xmp.DC, "title", "Alt"), 120: (xmp.DC, "description", "Alt"), 116: (xmp.DC, "rights", "Alt"),
    80: (xmp.DC, "creator", "Seq"), 25: (xmp.DC, "subject", "Bag"),
    105: (xmp.PHOTOSHOP, "Headline", ""), 90: (xmp.PHOTOSHOP, "City", ""), 95: (xmp.PHOTOSHOP, "State", ""),
    101: (xmp.PHOTOSHOP, "Country", ""), 110: (xmp.PHOTOSHOP, "Credit", ""),
    115: (xmp.PHOTOSHOP, "Source", ""), 40: (xmp.PHOTOSHOP, "Instructions", ""),
    122: (xmp.PHOTOSHOP, "CaptionWriter", ""), 92: (xmp.IPTC_CORE, "Location", ""),
}  # fmt: skip
PNG_IN_XMP = {
    "Title": (xmp.DC, "title", "Alt"), "Description": (xmp.DC, "description", "Alt"),
    "Copyright": (xmp.DC, "rights", "Alt"), "Author": (xmp.DC, "creator", "Seq"),
    "Source": (xmp.DC, "source", ""),
}  # fmt: skip
COMMENT = f"{{{xmp.EXIF}}}UserComment"


def save_options(
    metadata: Metadata, kind: str, size: tuple[int, int], digest: str = "", hints: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """Options for Pillow's writer.

    Args:
        metadata: of the photo.
        kind: the file type, as Pillow names it.
        size: width and height of the picture.
        digest: of the photo's file, for the mark of provenance.
        hints: with which the colours were corrected, as JSON, for the same mark.

    Returns:
        The options, and what the type cannot hold: "its captions …".
    """
    notes: list[str] = []
    options: dict[str, Any] = {}
    comments = list(metadata.comments)
    captions = bool(metadata.iptc or metadata.xmp or _has_tags(metadata.exif))
    if kind != "PNG":
        comments += [f"{key}: {text}" for key, text in metadata.text.items() if key not in PNG_IN_XMP]
    if kind in XMP_FORMATS:
        own = _packet(metadata, kind, comments)
        packet = provenance.mark(own, digest, hints)
        if kind == "JPEG" and len(packet) > MAX_SEGMENT and hints:
            notes.append("its hints are too long for a JPEG and left out: keep them in a file of their own")
            packet = provenance.mark(own, digest)
        if kind == "JPEG" and len(packet) > MAX_SEGMENT:
            notes.append("its XMP is too long for a JPEG and left out")
            packet = provenance.mark(source=digest)
    elif hints:
        notes.append(
            f"{kind} has no place for its hints, which are left out: keep them in a file of their own"
        )
    if kind == "TIFF":
        options |= _tiff_options(metadata, packet, comments)
    elif kind in XMP_FORMATS - {"PNG"}:
        options["xmp"] = packet
    if kind in EXIF_FORMATS:
        block = _exif_block(metadata, kind, size)
        if kind == "JPEG" and len(block) > MAX_SEGMENT:
            notes.append("its EXIF is too long for a JPEG and left out")
        elif block:
            options["exif"] = block
    if kind == "PNG":
        options["pnginfo"] = _png_chunks(metadata, packet)
    elif kind == "JPEG":
        options["extra"] = _jpeg_segments(metadata, comments, notes)
    elif kind in ("JPEG2000", "TGA"):
        _short_comment(metadata, kind, comments, options)
        if captions or metadata.text:
            name = "JPEG 2000" if kind == "JPEG2000" else kind
            notes.append(f"{name} has a place for a comment alone; other captions and dates are left out")
    elif kind == "BMP" and (captions or comments or metadata.text):
        notes.append("BMP has no place for its captions and dates, which are left out")
    if metadata.dpi and kind in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = metadata.dpi
    return options, notes


def _packet(metadata: Metadata, kind: str, comments: list[str]) -> bytes:
    """The photo's XMP, with what this type has no other place for."""
    root = xmp.parse(metadata.xmp)
    present = xmp.names(root)

    def add(place: tuple[str, str, str], texts: list[str]) -> None:
        namespace, name, container = place
        name = f"{{{namespace}}}{name}"
        if name in present:
            return
        present.add(name)
        if container == "Alt":
            xmp.set_alternative(root, name, "\n".join(texts))
        elif container:
            xmp.set_list(root, name, container, texts)
        else:
            xmp.set_text(root, {name: ", ".join(texts)})

    if kind not in ("JPEG", "TIFF", "PNG"):
        for number, texts in iptc.texts(iptc.parse(metadata.iptc)).items():
            if number in IPTC_IN_XMP:
                add(IPTC_IN_XMP[number], texts)
    if kind != "PNG":
        for key, place in PNG_IN_XMP.items():
            if key in metadata.text:
                add(place, [metadata.text[key]])
    if kind not in ("PNG", "JPEG") and comments and COMMENT not in present:
        xmp.set_alternative(root, COMMENT, "\n".join(comments))
    return xmp.serialize(root)


def _exif_block(metadata: Metadata, kind: str, size: tuple[int, int]) -> bytes:
    exif = _copy(metadata.exif)
    if metadata.dpi and (len(exif) or kind not in ("JPEG", "PNG")):  # the others have no other place for it
        exif[282], exif[283], exif[296] = *metadata.dpi, 2
    if _has_tags(exif):
        exif[ORIENTATION] = 1
    if exif.get_ifd(EXIF_IFD):
        exif.get_ifd(EXIF_IFD).update({0xA001: 1, 0xA002: size[0], 0xA003: size[1]})  # 1: sRGB
    return exif.tobytes() if _has_tags(exif) else b""


def _has_tags(exif: Image.Exif) -> bool:
    return bool(len(exif) or exif.get_ifd(EXIF_IFD) or exif.get_ifd(GPS_IFD))


def _copy(exif: Image.Exif) -> Image.Exif:
    copy = Image.Exif()
    copy.update({tag: exif[tag] for tag in exif if tag not in (EXIF_IFD, GPS_IFD)})
    for block in (EXIF_IFD, GPS_IFD):
        if entries := exif.get_ifd(block):
            copy.get_ifd(block).update(entries)
    return copy


def _tiff_options(metadata: Metadata, packet: bytes, comments: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    exif = _copy(metadata.exif)
    for block in (EXIF_IFD, GPS_IFD):
        if exif.get_ifd(block):
            exif[block] = 0  # its place in the file, which Pillow fills in; without, it is not written
            options["compression"] = "raw"  # libtiff, which compresses, cannot write these blocks
    if comments and 270 not in exif:
        exif[270] = "\n".join(comments)
    if metadata.iptc:
        exif[TIFF_IPTC] = metadata.iptc
    exif[TIFF_XMP] = packet
    return options | {"exif": exif}


def _png_chunks(metadata: Metadata, packet: bytes) -> PngInfo:
    chunks = PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
    text = dict(metadata.text)
    if metadata.comments:
        text.setdefault("Comment", "\n".join(metadata.comments))
    for key, value in text.items():
        # As PNG defines a keyword; Pillow would take a text with one of its own names for something else.
        if re.fullmatch(r"[ -~\xa1-\xff]{1,79}", key) and key not in INFO_TYPES:
            chunks.add_text(key, value)  # becomes an international text where Latin-1 is not enough
    if metadata.iptc:
        block = iptc.to_photoshop(metadata.iptc).hex()
        lines = "\n".join(block[place : place + 72] for place in range(0, len(block), 72))
        chunks.add_text("Raw profile type iptc", f"\niptc\n{len(block) // 2:8}\n{lines}\n", zip=True)
    return chunks


def _jpeg_segments(metadata: Metadata, comments: list[str], notes: list[str]) -> bytes:
    segments = []
    if metadata.iptc:
        block = iptc.PHOTOSHOP + iptc.to_photoshop(metadata.iptc)
        if len(block) > MAX_SEGMENT:
            notes.append("its IPTC captions are too long for a JPEG and left out")
        else:
            segments.append((0xED, block))
    for comment in comments:
        data = comment.encode()
        if len(data) > MAX_SEGMENT:
            notes.append("one of its comments is too long for a JPEG and left out")
        else:
            segments.append((0xFE, data))
    return b"".join(
        bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data for marker, data in segments
    )


def _short_comment(metadata: Metadata, kind: str, comments: list[str], options: dict[str, Any]) -> None:
    """The comment of a JPEG 2000 or TGA file, or else its caption; neither has a place for more."""
    captions = iptc.texts(iptc.parse(metadata.iptc)).get(120, [])
    description = metadata.exif.get(270)
    text = "\n".join(comments or captions or ([description] if isinstance(description, str) else []))
    if text and kind == "JPEG2000":
        options["comment"] = _cut(text, MAX_JPEG_2000_COMMENT)
    elif text:
        options["id_section"] = _cut(text, MAX_TGA_ID)


def _cut(text: str, length: int) -> bytes:
    """As many of a text's characters as have room in so many bytes of UTF-8."""
    return text.encode()[:length].decode("utf-8", "ignore").encode()
