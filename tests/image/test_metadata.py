"""Captions, dates and places survive: every cell of the table in docs/metadata.md, and real files."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.image import iptc, xmp
from colorizer.image.metadata import EXIF_IFD, GPS_IFD, Metadata
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from tests.helpers.paths import ROOT

CAPTION = "Aunt Mary, June 1931"
IPTC = iptc.serialize([(1, 90, b"\x1b%G"), (2, 120, CAPTION.encode()), (2, 80, "Großvater".encode())])
PACKET = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{xmp.RDF}">
<rdf:Description rdf:about="" xmlns:xmp="{xmp.BASIC}" xmp:Rating="4" xmlns:dc="{xmp.DC}">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{CAPTION}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


def exif(block: int | None, tag: int, value: object) -> Image.Exif:
    made = Image.Exif()
    (made if block is None else made.get_ifd(block))[tag] = value
    return made


# What a row of the table puts into the photo, in its order.
ROWS = [
    Metadata(exif=exif(None, 315, CAPTION)),
    Metadata(exif=exif(EXIF_IFD, 0x9003, "1931:06:14 12:00:00")),
    Metadata(exif=exif(GPS_IFD, 1, "N")),
    Metadata(xmp=PACKET),
    Metadata(xmp=PACKET),  # a sidecar is merged when the photo is read
    Metadata(iptc=IPTC),
    Metadata(comments=(CAPTION,)),
    Metadata(text={"Title": CAPTION}),
    Metadata(text={"Album": CAPTION}),
    Metadata(dpi=(600, 600)),
]
SUFFIXES = {
    "JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WebP": "webp", "AVIF": "avif", "HEIC": "heic",
    "JPEG 2000": "jp2", "BMP": "bmp", "TGA": "tga",
}  # fmt: skip


def cells() -> list:
    """The cells of the documentation's table: what is put in, the suffix, and the word in the cell."""
    lines = [line for line in (ROOT / "docs/metadata.md").read_text().splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert len(rows) == len(ROWS)
    return [
        pytest.param(metadata, SUFFIXES[kind], word, id=f"{row[0][:24]} in {kind}")
        for metadata, row in zip(ROWS, rows, strict=True)
        for kind, word in zip(head[1:], row[1:], strict=True)
    ]


@pytest.fixture
def picture(color_image) -> Image.Image:
    return color_image(40, 30)


@pytest.mark.parametrize(("metadata", "suffix", "word"), cells())
def test_a_cell_of_the_table(picture, tmp_path, metadata, suffix, word):
    path = tmp_path / f"out.{suffix}"
    notes = write_photo(picture, path, Photo(picture, metadata=metadata))
    read = read_photo(path).metadata
    if word == "no":
        assert CAPTION.encode() not in path.read_bytes()
        assert notes or metadata.dpi
    elif word == "XMP":
        assert CAPTION in read.xmp.decode()
    elif word == "EXIF":
        assert read_exif(path)[282] == 600
    elif word == "comment":
        assert CAPTION in "".join(read.comments) or read_exif(path)[270].endswith(CAPTION)
    else:
        assert word == "own"
        assert_own(metadata, read, path)


def assert_own(metadata: Metadata, read: Metadata, path: Path) -> None:
    """What was put in has come back in the type's own place."""
    if metadata.dpi:
        assert [round(value) for value in read.dpi] == [600, 600]
    elif metadata.xmp:
        assert CAPTION in read.xmp.decode()
        assert 'Rating="4"' in read.xmp.decode()
    elif metadata.iptc:
        assert read.iptc == metadata.iptc
    elif metadata.text:
        assert read.text == metadata.text
    elif metadata.comments and path.suffix == ".tif":
        assert read.exif[270] == CAPTION
    elif metadata.comments:
        assert CAPTION in (read.comments or read.text.values())
    else:
        for block in (None, EXIF_IFD, GPS_IFD):
            put, got = (m.exif if block is None else m.exif.get_ifd(block) for m in (metadata, read))
            assert dict(put).items() <= {tag: text(value) for tag, value in dict(got).items()}.items()


def text(value: object) -> object:
    return value.rstrip("\0") if isinstance(value, str) else value


def read_exif(path: Path) -> Image.Exif:
    with Image.open(path) as image:
        return image.getexif()


# --- how real files carry it ---------------------------------------------------------------------------


def jpeg(*segments: tuple[int, bytes], **options) -> bytes:
    data = io.BytesIO()
    Image.new("L", (16, 16), 99).save(data, "JPEG", **options)
    added = b"".join(
        bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body for marker, body in segments
    )
    return data.getvalue()[:2] + added + data.getvalue()[2:]


def metadata_of(tmp_path: Path, name: str, data: bytes) -> Metadata:
    (tmp_path / name).write_bytes(data)
    return read_photo(tmp_path / name).metadata


def test_the_caption_of_a_scanned_print_comes_out_of_the_command_as_it_went_in(tmp_path, tiny_colorizer):
    block = iptc.PHOTOSHOP + b"8BIM\x04\x0c\0\0\0\0\0\4grey" + iptc.to_photoshop(IPTC)
    (tmp_path / "in.jpg").write_bytes(jpeg((0xED, block), (0xFE, b"bought in Leeds"), (0xFE, b"1931?")))
    tiny_colorizer.predict(tmp_path / "in.jpg", size=32).save(tmp_path / "out.jpg")
    read = read_photo(tmp_path / "out.jpg").metadata
    assert iptc.texts(iptc.parse(read.iptc)) == {120: [CAPTION], 80: ["Großvater"]}
    assert read.comments == ("bought in Leeds", "1931?")
    assert b"grey" not in (tmp_path / "out.jpg").read_bytes()  # Photoshop's thumbnail of the grey photo


@pytest.mark.parametrize("tag", [33723, 34377])
def test_a_tiff_has_iptc_by_itself_or_among_photoshops_resources(tmp_path, tag):
    tags = Image.Exif()
    tags[tag] = IPTC if tag == 33723 else iptc.to_photoshop(IPTC)
    data = io.BytesIO()
    Image.new("L", (16, 16)).save(data, "TIFF", exif=tags)
    assert metadata_of(tmp_path, "scan.tif", data.getvalue()).iptc == IPTC


def test_a_gif_has_a_comment(tmp_path):
    data = io.BytesIO()
    Image.new("L", (16, 16)).save(data, "GIF", comment=CAPTION.encode())
    assert metadata_of(tmp_path, "a.gif", data.getvalue()).comments == (CAPTION,)


def test_text_behind_the_pixels_of_a_png_is_read_too(tmp_path):
    data = io.BytesIO()
    Image.new("L", (16, 16)).save(data, "PNG")
    body = b"tEXtTitle\0" + CAPTION.encode()
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    whole = data.getvalue()
    assert metadata_of(tmp_path, "a.png", whole[:-12] + chunk + whole[-12:]).text == {"Title": CAPTION}


@pytest.mark.parametrize("name", ["a.xmp", "a.jpg.xmp"])
def test_a_sidecars_rating_counts_more_than_the_files_own(tmp_path, name):
    (tmp_path / name).write_bytes(PACKET.replace(b'Rating="4"', b'Rating="5"'))
    own = PACKET.replace(CAPTION.encode(), b"another title")
    read = metadata_of(tmp_path, "a.jpg", jpeg(xmp=own))
    assert 'Rating="5"' in read.xmp.decode()
    assert CAPTION in read.xmp.decode()
    assert "another title" not in read.xmp.decode()


def test_captions_of_a_jpeg_become_properties_of_a_webp(tmp_path, picture):
    datasets = [(2, 120, CAPTION.encode()), (2, 25, b"aunt"), (2, 25, b"summer"), (2, 90, b"Leeds")]
    photo = Photo(picture, metadata=Metadata(iptc=iptc.serialize(datasets)))
    write_photo(picture, tmp_path / "a.webp", photo)
    root = xmp.parse(read_photo(tmp_path / "a.webp").metadata.xmp)
    assert {f"{{{xmp.DC}}}description", f"{{{xmp.DC}}}subject", f"{{{xmp.PHOTOSHOP}}}City"} <= xmp.names(root)
    assert [li.text for li in root.iter(f"{{{xmp.RDF}}}li")] == [CAPTION, "aunt", "summer"]


# --- what became false -----------------------------------------------------------------------------------


def test_what_is_true_of_the_grey_file_alone_does_not_come_along(tmp_path, picture):
    made = Image.Exif()
    made[0x0112], made[0x0100], made[0x0132] = 6, 9999, "1931:06:14 12:00:00"
    made.get_ifd(EXIF_IFD).update(
        {0xA001: 65535, 0xA002: 9999, 0xA003: 9999, 0x927C: b"maker", 0x9003: "1931"}
    )
    properties = (
        f'xmlns:tiff="{xmp.TIFF}" tiff:Orientation="6" tiff:ImageWidth="9999" '
        f'xmlns:exif="{xmp.EXIF}" exif:PixelXDimension="9999" '
        'xmlns:dt="http://darktable.sf.net/" dt:history="x" '
        'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+1" '
    )
    false = PACKET.replace(b"xmp:Rating", properties.encode() + b"xmp:Rating")
    data = io.BytesIO()
    picture.save(data, "JPEG", exif=made, xmp=false)
    (tmp_path / "a.jpg").write_bytes(data.getvalue())
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.size == (30, 40)
    write_photo(photo.original, tmp_path / "b.jpg", photo)
    written = read_exif(tmp_path / "b.jpg")
    assert written.get(0x0112, 1) == 1
    assert 0x0100 not in written
    assert written[0x0132] == "1931:06:14 12:00:00"
    block = written.get_ifd(EXIF_IFD)
    assert {tag: block.get(tag) for tag in (0xA001, 0xA002, 0xA003)} == {0xA001: 1, 0xA002: 30, 0xA003: 40}
    assert 0x927C not in block
    packet = read_photo(tmp_path / "b.jpg").metadata.xmp.decode()
    for stale in ("9999", "Orientation", "history", "Exposure2012"):
        assert stale not in packet
    assert 'Rating="4"' in packet


def test_the_grey_thumbnail_goes(tmp_path):
    thumbnail = jpeg()
    head = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x0e\x01\x02\0\x04\0\0\0abc\0" + (26).to_bytes(4, "little")
    entries = [(0x0103, 3, 6), (0x0201, 4, 8 + 18 + 2 + 36 + 4), (0x0202, 4, len(thumbnail))]
    ifd = b"\x03\0" + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    ifd += bytes(4)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg((0xE1, b"Exif\0\0" + head + ifd + thumbnail)))
    assert path.read_bytes().count(b"\xff\xd8") == 2
    photo = read_photo(path)
    write_photo(photo.original, tmp_path / "b.jpg", photo)
    assert (tmp_path / "b.jpg").read_bytes().count(b"\xff\xd8") == 1
    assert read_exif(tmp_path / "b.jpg")[0x010E] == "abc"


# --- damaged and dangerous -------------------------------------------------------------------------------


DEEP = PACKET.replace(b"<dc:title>", b"<dc:a>" * 3000 + b"</dc:a>" * 3000 + b"<dc:title>")


@pytest.mark.parametrize("broken", [b"<x:xmpmeta", b"\xff\xfe\x00", b"<html></html>", DEEP])
def test_a_broken_xmp_packet_is_left_out_with_one_line(tmp_path, broken):
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=broken))
    photo = read_photo(tmp_path / "a.jpg")
    assert len(photo.notes) == 1
    assert photo.notes[0].startswith("a.jpg: its XMP")
    assert "\n" not in photo.notes[0]
    write_photo(photo.original, tmp_path / "b.jpg", photo)


def test_one_damaged_exif_tag_does_not_cost_the_others(tmp_path, picture, monkeypatch):
    made = exif(None, 270, CAPTION)
    made.get_ifd(EXIF_IFD)[0x9003] = "1931:06:14 12:00:00"
    picture.save(tmp_path / "a.jpg", exif=made)
    real = Image.Exif.get_ifd

    def damaged(self, tag):
        block = real(self, tag)
        if tag == GPS_IFD and not block and len(self):
            block[2] = object()
        return block

    monkeypatch.setattr(Image.Exif, "get_ifd", damaged)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.notes == ("a.jpg: 1 of its EXIF tags are damaged and left out",)
    assert photo.metadata.exif[270] == CAPTION
    assert photo.metadata.exif.get_ifd(EXIF_IFD)[0x9003] == "1931:06:14 12:00:00"


def test_a_camera_model_that_is_a_number_is_left_out_of_a_tiff(tmp_path, picture):
    # TIFF's own structure with two tags: Make is text, Model the number 6.
    make = (271).to_bytes(2, "big") + b"\0\2" + b"\0\0\0\4" + b"ABC\0"
    model = (272).to_bytes(2, "big") + b"\0\3" + b"\0\0\0\1" + b"\0\6\0\0"
    picture.save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\2" + make + model + b"\0\0\0\0")
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.notes == ("a.jpg: 1 of its EXIF tags are damaged and left out",)
    write_photo(photo.original, tmp_path / "b.tif", photo)
    with Image.open(tmp_path / "b.tif") as written:
        assert written.tag_v2[271] == "ABC"
        assert 272 not in written.tag_v2


def test_a_picture_within_iptc_is_not_copied():
    datasets = [(2, 120, b"a"), (2, 202, b"preview"), (3, 20, b"\0\0"), (8, 10, b"%!PS-Adobe-3.0 EPSF-3.0")]
    data = b"".join(b"\x1c" + bytes(d[:2]) + len(d[2]).to_bytes(2, "big") + d[2] for d in datasets)
    assert iptc.parse(data) == [(2, 120, b"a")]


@pytest.mark.parametrize("end", range(1, 60, 7))
def test_iptc_that_ends_early_gives_what_is_whole(end):
    assert [d for d in iptc.parse(IPTC[:end]) if d not in iptc.parse(IPTC)] == []


def test_captions_too_long_for_a_jpeg_are_left_out_with_a_note(tmp_path, picture):
    long = iptc.serialize([(2, 120, b"x" * 30000)] * 3)
    photo = replace(Photo(picture), metadata=Metadata(iptc=long, comments=("y" * 70000, CAPTION)))
    notes = write_photo(picture, tmp_path / "a.jpg", photo)
    assert len(notes) == 2
    assert all("too long for a JPEG" in note for note in notes)
    assert read_photo(tmp_path / "a.jpg").metadata.comments == (CAPTION,)


def test_control_characters_of_a_comment_are_dropped(tmp_path):
    info = PngInfo()
    info.add_itxt("Title", "Aunt\x1b[31m Mary\x07")
    data = io.BytesIO()
    Image.new("L", (16, 16)).save(data, "PNG", pnginfo=info)
    assert metadata_of(tmp_path, "a.png", data.getvalue()).text == {"Title": "Aunt[31m Mary"}


# --- what is too large ---------------------------------------------------------------------------------


def test_blocks_beyond_all_measure_are_left_out_with_a_note_and_the_rest_stays(tmp_path):
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = "x" * 10_000_000, "Aunt Mary"
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 10_000_000 + b"</x:xmpmeta>"
    path = tmp_path / "large.webp"
    Image.linear_gradient("L").convert("RGB").save(path, exif=exif, xmp=packet)
    photo = read_photo(path)
    assert photo.notes == (
        "large.webp: 1 of its EXIF tags are too large and left out",
        "large.webp: its XMP is too large and left out",
    )
    assert dict(photo.metadata.exif) == {0x013B: "Aunt Mary"}
    assert photo.metadata.xmp == b""


def test_all_texts_together_are_limited(tmp_path):
    info = PngInfo()
    for number in range(100):
        info.add_text(f"text {number}", "x" * 90_000, zip=True)
    Image.linear_gradient("L").save(tmp_path / "texts.png", pnginfo=info)
    texts = read_photo(tmp_path / "texts.png").metadata.text
    assert 1_000_000 <= sum(map(len, texts.values())) < 1_200_000


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_nothing_of_the_file_hangs_on_the_pixels(tmp_path, suffix):
    path, exif = tmp_path / f"small.{suffix}", Image.Exif()
    exif[0x010E] = "x" * 10_000
    Image.linear_gradient("L").save(path, exif=exif)
    image = read_photo(path).image
    assert type(image) is Image.Image
    assert image.info == {}
    assert not any(len(repr(value)) > 1000 for value in vars(image).values())
