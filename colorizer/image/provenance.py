"""An honest mark in the file: its light is a photograph's, its colours are a network's.

Nothing is burnt into the picture. The XMP packet carries IPTC's `DigitalSourceType` with the value for
real material combined with what a trained algorithm made; viewers and archives know how to read it.
"""

import warnings
from xml.etree import ElementTree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# Prefixes that readers expect; ElementTree would otherwise number them.
PREFIXES = {
    "x": "adobe:ns:meta/", "rdf": RDF, "Iptc4xmpExt": IPTC_EXT, "tiff": TIFF,
    "exif": "http://ns.adobe.com/exif/1.0/", "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/", "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
}  # fmt: skip
for _prefix, _uri in PREFIXES.items():
    ElementTree.register_namespace(_prefix, _uri)

# Elements within elements: honest packets have about eight. ElementTree writes them by recursion.
DEEPEST = 100
EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'


def mark(xmp: bytes = b"") -> bytes:
    """The XMP packet with the mark set, and its orientation reset as the pixels' was.

    Args:
        xmp: the photo's own packet, whose other properties are kept; empty if it has none.

    Returns:
        A complete packet in UTF-8.
    """
    root = _parse(xmp) if xmp.strip(b"\0 \n\r\t") else None
    if root is None:
        root = ElementTree.fromstring(EMPTY)
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    name, orientation = f"{{{IPTC_EXT}}}DigitalSourceType", f"{{{TIFF}}}Orientation"
    for description in rdf.findall(f"{{{RDF}}}Description"):
        for stale in (name, orientation):
            description.attrib.pop(stale, None)
            for element in description.findall(stale):
                description.remove(element)
    ElementTree.SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": "", name: SOURCE_TYPE})
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="w"?>'.encode()


def _parse(xmp: bytes) -> ElementTree.Element | None:
    """The packet's tree, or None with a warning if it is no valid XMP."""
    try:
        root = ElementTree.fromstring(xmp.decode("utf-8").strip("\0 \n\r\t\ufeff"))
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        warnings.warn(f"The photo's XMP is not valid and is left behind: {error}", stacklevel=3)
        return None
    if root.tag != f"{{{RDF}}}RDF" and root.find(f"{{{RDF}}}RDF") is None:
        warnings.warn("The photo's XMP holds no RDF and is left behind.", stacklevel=3)
        return None
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
    if level:
        warnings.warn(f"The photo's XMP is nested {DEEPEST} deep and is left behind.", stacklevel=3)
        return None
    return root
