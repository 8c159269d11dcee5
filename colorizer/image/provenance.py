"""The mark of provenance in a result: a photograph whose colours a network made, and which photograph.

    packet = mark(photo.xmp, source=digest)             # an XMP packet with the mark
    is_result(path); source_of(path); hints_of(path)    # what a file says about itself

Nothing is drawn into the picture. The XMP packet has IPTC's `DigitalSourceType` with the value for a real
picture combined with what a trained algorithm made; viewers and archives can read it. It also has a digest of
the photo, so that the result of one photo is never mistaken for that of another with the same name, and the
hints by which its colours were corrected, so that the work can go on from the result.
"""

import hashlib
import os
from pathlib import Path
from xml.etree import ElementTree

from colorizer.image import xmp
from colorizer.image.decoders import open_image

COLORIZER = "urn:colorizer:1.0"
ElementTree.register_namespace("colorizer", COLORIZER)
SOURCE = f"{{{COLORIZER}}}Source"
HINTS = f"{{{COLORIZER}}}Hints"
DIGITAL_SOURCE_TYPE = f"{{{xmp.IPTC_EXT}}}DigitalSourceType"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
# Bytes at the start and at the end of a file that its digest covers, beside its size.
DIGEST_BYTES = 1 << 14


def mark(packet: bytes = b"", source: str = "", hints: str = "") -> bytes:
    """The XMP packet with the mark.

    Args:
        packet: the photo's own packet, whose other properties are kept; empty if it has none.
        source: the photo's digest, if it came from a file.
        hints: the hints as JSON, if there are any.

    Returns:
        A complete packet in UTF-8.

    Raises:
        XmpError: the packet is not valid XMP.
    """
    root = xmp.parse(packet)
    xmp.remove(root, [SOURCE, HINTS])
    own = {name: value for name, value in ((SOURCE, source), (HINTS, hints)) if value}
    xmp.set_text(root, {DIGITAL_SOURCE_TYPE: SOURCE_TYPE} | own)
    return xmp.serialize(root)


def digest(data: bytes) -> str:
    """Identifies a photo's file: 32 hexadecimal digits of its size, its start and its end.

    Not of the whole file: an interrupted run of 50,000 photos would have to read them all again.
    """
    return _digest(len(data), data[:DIGEST_BYTES], data[-DIGEST_BYTES:])


def digest_of_file(path: Path) -> str:
    """The `digest` of a file, without reading all of it."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(DIGEST_BYTES)
        file.seek(max(0, size - DIGEST_BYTES))
        return _digest(size, start, file.read(DIGEST_BYTES))


def _digest(size: int, start: bytes, end: bytes) -> str:
    return hashlib.sha256(b"%d " % size + start + end).hexdigest()[:32]


def is_result(path: Path) -> bool:
    """Whether the file says that it was coloured here."""
    return source_of(path) is not None


def source_of(path: Path) -> str | None:
    """The digest of the photo that a result was made from.

    Returns:
        32 hexadecimal digits; "" if the file is a result that does not say which photo; None if it is not a
        result, or of a type without XMP.
    """
    return _property(path, SOURCE)


def hints_of(path: Path) -> str | None:
    """The hints that a result was made with, as JSON; "" without hints; None if it is not a result."""
    return _property(path, HINTS)


def _property(path: Path, name: str) -> str | None:
    try:
        with open_image(path) as image:
            packet = image.info.get("xmp", b"")
        data = packet if isinstance(packet, bytes) else packet.encode()
        if SOURCE_TYPE.encode() not in data:
            return None
        root = xmp.parse(data)
    # A file that cannot be read is not a result. Decoders raise any exception on damaged files.
    except Exception:  # noqa: BLE001
        return None
    for element in root.iter():  # other programs write a property as an element, with the same meaning
        if name in element.attrib or element.tag == name:
            return element.attrib.get(name, element.text or "")
    return ""
