"""XMP packets: a photo's captions, ratings and rights as XML that every file type but the oldest can hold.

    root = parse(packet)                     # XmpError if it is not valid XMP
    merge(root, parse(sidecar))              # properties of the second replace those of the first
    set_alternative(root, TITLE, "Aunt Mary")
    packet = serialize(root)

A property can be an attribute of an rdf:Description or an element in it, with the same meaning (ISO 16684-1,
7.4). The functions here treat both alike.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
EXIF = "http://ns.adobe.com/exif/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
BASIC = "http://ns.adobe.com/xap/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
# Prefixes that readers expect; ElementTree would number them otherwise.
PREFIXES = {
    "x": "adobe:ns:meta/", "rdf": RDF, "Iptc4xmpExt": IPTC_EXT, "Iptc4xmpCore": IPTC_CORE, "tiff": TIFF,
    "exif": EXIF, "xmp": BASIC, "dc": DC, "photoshop": PHOTOSHOP, "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}  # fmt: skip
for _prefix, _uri in PREFIXES.items():
    ElementTree.register_namespace(_prefix, _uri)

EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'
# Nesting of elements: ordinary packets have about eight levels. ElementTree writes them by recursion.
MAX_DEPTH = 100
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# XML 1.0, 2.2 "Characters", allows none of these but \x7f, which no terminal should get.
NOT_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class XmpError(ValueError):
    """A packet that is not valid XMP; the text says why."""


def parse(packet: bytes) -> Element:
    """The tree of a packet; an empty one for no packet.

    Raises:
        XmpError: it is not valid XMP, or nested too deeply.
    """
    packet = packet.strip(b"\0 \n\r\t")
    try:
        root = ElementTree.fromstring(packet.decode("utf-8").strip("\ufeff") if packet else EMPTY)
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise XmpError(f"its XMP is not valid: {error}") from error
    _rdf(root)
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise XmpError(f"its XMP is nested more than {MAX_DEPTH} deep")
    return root


def serialize(root: Element) -> bytes:
    """The packet of a tree, in UTF-8."""
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="w"?>'.encode()


def _rdf(root: Element) -> Element:
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    if rdf is None:
        raise XmpError("its XMP holds no RDF")
    return rdf


def _descriptions(root: Element) -> list[Element]:
    return _rdf(root).findall(f"{{{RDF}}}Description")


def names(root: Element) -> set[str]:
    """The names of all properties, as "{namespace}name"."""
    found: set[str] = set()
    for description in _descriptions(root):
        found.update(name for name in description.attrib if not name.startswith(f"{{{RDF}}}"))
        found.update(element.tag for element in description)
    return found


def remove(root: Element, properties: Iterable[str]) -> None:
    """Removes properties, wherever they are."""
    properties = set(properties)
    for description in _descriptions(root):
        for name in properties & set(description.attrib):
            del description.attrib[name]
        for element in [element for element in description if element.tag in properties]:
            description.remove(element)


def merge(root: Element, other: Element) -> None:
    """Adds the properties of another packet; where both have one, the other's counts."""
    remove(root, names(other))
    _rdf(root).extend(_descriptions(other))


def _new_description(root: Element) -> Element:
    return SubElement(_rdf(root), f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})


def printable(text: str) -> str:
    """The text without the characters that XML cannot hold, not even escaped."""
    return NOT_PRINTABLE.sub("", text)


def set_text(root: Element, values: dict[str, str]) -> None:
    """Sets simple properties, all in one rdf:Description."""
    remove(root, values)
    _new_description(root).attrib.update({name: printable(text) for name, text in values.items()})


def set_alternative(root: Element, name: str, text: str) -> None:
    """Sets a property that may have a text for each language, such as dc:title, for the default language."""
    _set_list(root, name, "Alt", [text], {LANGUAGE: "x-default"})


def set_list(root: Element, name: str, kind: str, texts: list[str]) -> None:
    """Sets a property that is a list: `kind` is "Seq" (ordered, dc:creator) or "Bag" (dc:subject)."""
    _set_list(root, name, kind, texts, {})


def _set_list(root: Element, name: str, kind: str, texts: list[str], attributes: dict[str, str]) -> None:
    remove(root, [name])
    container = SubElement(SubElement(_new_description(root), name), f"{{{RDF}}}{kind}")
    for text in texts:
        SubElement(container, f"{{{RDF}}}li", attributes).text = printable(text)
