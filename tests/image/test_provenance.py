"""The mark in the XMP: set once, beside whatever the photo already says about itself."""

from xml.etree import ElementTree

import pytest

from colorizer.image.provenance import IPTC_EXT, RDF, SOURCE_TYPE, TIFF, mark

NAME = f"{{{IPTC_EXT}}}DigitalSourceType"
OWN = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">
 <rdf:Description rdf:about="" xmlns:tiff="{TIFF}" xmlns:dc="http://purl.org/dc/elements/1.1/"
   tiff:Orientation="6" dc:format="image/jpeg">
  <dc:creator><rdf:Seq><rdf:li>Großmutter</rdf:li></rdf:Seq></dc:creator>
 </rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def values(packet: bytes) -> list[str]:
    return [
        e.attrib[NAME]
        for e in ElementTree.fromstring(packet.decode().lstrip("\ufeff")).iter()
        if NAME in e.attrib
    ]


def test_an_empty_packet_gets_the_mark():
    assert values(mark()) == [SOURCE_TYPE]
    assert mark().startswith(b"<?xpacket begin=")


def test_what_the_photo_says_is_kept_and_its_orientation_dropped():
    packet = mark(OWN).decode()
    assert "Großmutter" in packet
    assert "image/jpeg" in packet
    assert "Orientation" not in packet
    assert values(packet.encode()) == [SOURCE_TYPE]


def test_marking_twice_leaves_one_mark():
    assert values(mark(mark(OWN))) == [SOURCE_TYPE]


@pytest.mark.parametrize("broken", [b"<x:xmpmeta", b"\xff\xfe\x00", b"<html></html>"])
def test_a_broken_packet_is_reported_and_replaced(broken):
    with pytest.warns(UserWarning, match=r"XMP .* left behind"):
        packet = mark(broken)
    assert values(packet) == [SOURCE_TYPE]


def test_a_packet_nested_without_end_is_reported_and_replaced():
    deep = b"<a>" * 20000 + b"</a>" * 20000
    with pytest.warns(UserWarning, match="nested 100 deep"):
        assert values(mark(OWN.replace(b"<dc:creator>", deep + b"<dc:creator>"))) == [SOURCE_TYPE]
