"""The mark in the XMP: set once, beside whatever the photo already says about itself."""

from xml.etree import ElementTree

import numpy as np
import pytest

from colorizer.image.provenance import DIGEST_BYTES, SOURCE_TYPE, digest, digest_of_file, mark, source_of
from colorizer.image.xmp import IPTC_EXT, RDF, TIFF, XmpError

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


def test_what_the_photo_says_is_kept():
    packet = mark(OWN).decode()
    assert "Großmutter" in packet
    assert "image/jpeg" in packet
    assert values(packet.encode()) == [SOURCE_TYPE]


def test_marking_twice_leaves_one_mark():
    assert values(mark(mark(OWN))) == [SOURCE_TYPE]


@pytest.mark.parametrize("broken", [b"<x:xmpmeta", b"\xff\xfe\x00", b"<html></html>"])
def test_a_broken_packet_is_an_error_that_says_why(broken):
    with pytest.raises(XmpError, match="its XMP"):
        mark(broken)


def test_a_packet_nested_without_end_is_an_error():
    deep = b"<a>" * 20000 + b"</a>" * 20000
    with pytest.raises(XmpError, match="nested more than 100 deep"):
        mark(OWN.replace(b"<dc:creator>", deep + b"<dc:creator>"))


def test_a_result_says_from_which_photo_it_was_made(tmp_path, tiny_colorizer, color_image):
    photo, other, result = (tmp_path / name for name in ("a.png", "b.png", "out.png"))
    color_image(40, 30).save(photo)
    color_image(40, 30, 1).save(other)
    tiny_colorizer.predict(photo, size=32).save(result)
    assert source_of(result) == digest_of_file(photo) == digest(photo.read_bytes())
    assert source_of(result) != digest_of_file(other)
    assert source_of(photo) is None
    assert source_of(tmp_path / "nothing.png") is None


@pytest.mark.parametrize("size", [0, 1, DIGEST_BYTES, 2 * DIGEST_BYTES, 3 * DIGEST_BYTES + 1])
def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path, size):
    data = np.random.default_rng(0).bytes(size)
    (tmp_path / "a").write_bytes(data)
    assert digest_of_file(tmp_path / "a") == digest(data)
    (tmp_path / "a").write_bytes(data + b"x")
    assert digest_of_file(tmp_path / "a") != digest(data)
