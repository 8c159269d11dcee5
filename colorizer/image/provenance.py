"""The mark of provenance in a result: a photograph whose colours a network made, and which photograph.

    packet = mark(photo.xmp, source=digest)     # an XMP packet with the mark
    is_result(path); source_of(path)            # what a file says about itself

Nothing is drawn into the picture. The XMP packet has IPTC's `DigitalSourceType` with the value for a real
picture combined with what a trained algorithm made; viewers and archives can read it. It also has a digest of
the photo, so that the result of one photo is never mistaken for that of another with the same name.
"""

import hashlib
import os
import warnings
from pathlib import Path
from xml.etree import ElementTree

from colorizer.image.decoders import open_image

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
COLORIZER = "urn:colorizer:1.0"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# Prefixes that readers expect; ElementTree would otherwise number them.
PREFIXES = {
    "x": "adobe:ns:meta/", "rdf": RDF, "Iptc4xmpExt": IPTC_EXT, "tiff": TIFF,
    "exif": "http://ns.adobe.com/exif/1.0/", "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/", "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "colorizer": COLORIZER,
}  # fmt: skip
for _prefix, _uri in PREFIXES.items():
    ElementTree.register_namespace(_prefix, _uri)

# Nesting of elements: ordinary packets have about eight levels. ElementTree writes them by recursion.
MAX_DEPTH = 100
# Bytes at the start and at the end of a file that its digest covers, beside its size.
DIGEST_BYTES = 1 << 14
SOURCE = f"{{{COLORIZER}}}Source"
EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'


def mark(xmp: bytes = b"", source: str = "") -> bytes:
    """The XMP packet with the mark, and without the orientation, which the pixels no longer need.

    Args:
        xmp: the photo's own packet, whose other properties are kept; empty if it has none.
        source: the photo's digest, if it came from a file.

    Returns:
        A complete packet in UTF-8.
    """
    root = _parse(xmp) if xmp.strip(b"\0 \n\r\t") else None
    if root is None:
        root = ElementTree.fromstring(EMPTY)
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    own = {f"{{{IPTC_EXT}}}DigitalSourceType": SOURCE_TYPE}
    if source:
        own[SOURCE] = source
    for description in rdf.findall(f"{{{RDF}}}Description"):
        for stale in (*own, SOURCE, f"{{{TIFF}}}Orientation"):
            description.attrib.pop(stale, None)
            for element in description.findall(stale):
                description.remove(element)
    ElementTree.SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""} | own)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="w"?>'.encode()


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
    try:
        with open_image(path) as image:
            packet = image.info.get("xmp", b"")
        text = packet if isinstance(packet, bytes) else packet.encode()
        if SOURCE_TYPE.encode() not in text:
            return None
        root = ElementTree.fromstring(text.strip(b"\0 \n\r\t\xef\xbb\xbf"))
    # A file that cannot be read is not a result. Decoders raise any exception on damaged files.
    except Exception:  # noqa: BLE001
        return None
    return next((element.attrib[SOURCE] for element in root.iter() if SOURCE in element.attrib), "")


def _parse(xmp: bytes) -> ElementTree.Element | None:
    """The packet's tree, or None with a warning if it is not valid XMP."""
    try:
        root = ElementTree.fromstring(xmp.decode("utf-8").strip("\0 \n\r\t\ufeff"))
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        warnings.warn(f"The photo's XMP is not valid and is left behind: {error}", stacklevel=3)
        return None
    if root.tag != f"{{{RDF}}}RDF" and root.find(f"{{{RDF}}}RDF") is None:
        warnings.warn("The photo's XMP holds no RDF and is left behind.", stacklevel=3)
        return None
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        warnings.warn(f"The photo's XMP is nested {MAX_DEPTH} deep and is left behind.", stacklevel=3)
        return None
    return root
