"""No photo fails because of its metadata: wrong types, characters that XML has not, masses of comments."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.image import xmp
from colorizer.image.metadata import Metadata
from colorizer.image.photo import Photo
from colorizer.image.provenance import is_result
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from tests.helpers.hostile import png
from tests.helpers.odd_metadata import odd_photo

PIXELS = zlib.compress(bytes(9 * 8))
SUFFIXES = ("jpg", "png", "tif", "webp", "avif", "heic", "jp2", "bmp", "tga")


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 11, 12])
def test_a_tiff_with_numbers_or_text_in_place_of_its_xmp_is_read(kind):
    data = io.BytesIO()
    Image.new("L", (8, 8), 90).save(data, "TIFF", tiffinfo={700: b"<x:xmpmeta"})
    made = data.getvalue()
    place = made.find(struct.pack("<H", 700))
    wrong = made[:place] + struct.pack("<HHI", 700, kind, 1) + made[place + 8 :]
    photo = read_photo(io.BytesIO(wrong))
    assert photo.size == (8, 8)
    assert photo.notes == ("The picture: its XMP is damaged and left out",)


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        (b"xmp", "XMP"),
        (b"icc_profile", "colour profile"),
        (b"transparency", "transparency"),
        (b"dpi", "resolution"),
    ],
)
@pytest.mark.parametrize("behind", [False, True], ids=["before the pixels", "behind the pixels"])
def test_a_text_with_one_of_pillows_own_keywords_is_no_more_than_a_text(tmp_path, keyword, name, behind):
    text = (b"tEXt", keyword + b"\0(72, 72)")
    data = png(8, 8, PIXELS, text)
    if behind:
        size = 12 + len(text[1])
        data = data[:33] + data[33 + size : -12] + data[33 : 33 + size] + data[-12:]
    photo = read_photo(io.BytesIO(data))
    assert photo.notes == (f"The picture: its {name} is damaged and left out",)
    write_photo(photo.original.convert("RGB"), tmp_path / "b.png", photo)
    assert is_result(tmp_path / "b.png")  # its own XMP is found, not the text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_characters_that_xml_has_not_cost_nothing_but_themselves(tmp_path, suffix):
    odd = "a\x01b\ufffec"
    metadata = Metadata(comments=(odd,), text={"Al\x02bum": odd, "Title": odd})
    photo = Photo(Image.new("L", (8, 8)), format="PNG", metadata=metadata)
    write_photo(photo.original, tmp_path / f"b.{suffix}", photo, hints='[{"x": "\x03"}]')


def test_printable_text_holds_what_xml_can_hold():
    assert xmp.printable("a\x00\x1b\x7f\ufffe\uffff\ud800b\t\n\r\xe4\U0001f600") == "ab\t\n\r\xe4\U0001f600"


def test_a_long_comment_is_cut_to_what_a_jpeg_2000_can_hold(tmp_path):
    photo = Photo(Image.new("L", (8, 8)), format="JPEG", metadata=Metadata(comments=("ä" * 60_000,)))
    write_photo(photo.original, tmp_path / "b.jp2", photo)
    with Image.open(tmp_path / "b.jp2") as written:
        assert written.info["comment"].decode() == "ä" * 32_765


def test_masses_of_comments_and_texts_cost_no_more_time_than_their_bytes():
    data = io.BytesIO()
    Image.new("L", (8, 8)).save(data, "JPEG")
    made = data.getvalue()
    comments = made[:2] + b"\xff\xfe\0\3x" * 50_000 + made[2:]
    texts = png(8, 8, PIXELS, *[(b"tEXt", b"%d\0x" % number) for number in range(20_000)])
    start = time.process_time()
    assert len(read_photo(io.BytesIO(comments)).metadata.comments) == 1000
    assert len(read_photo(io.BytesIO(texts)).metadata.text) == 1000
    assert time.process_time() - start < 5  # it was minutes: each text was added to the sum of all before it


def test_an_own_text_of_a_png_survives_beside_the_others(tmp_path):
    info = PngInfo()
    info.add_text("Album", "Summer")
    info.add_text("comment", "in small letters")
    Image.new("L", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    photo = read_photo(tmp_path / "a.png")
    assert photo.metadata.text == {"Album": "Summer", "comment": "in small letters"}
    assert photo.metadata.comments == ()


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # about such tags
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_photos_with_odd_tags_are_read_and_written_as_every_type(tmp_path, suffix):
    for seed in range(SUFFIXES.index(suffix), 200, len(SUFFIXES)):
        name, data = odd_photo(seed)
        photo = read_photo(io.BytesIO(data))
        try:
            write_photo(photo.original.convert("RGB"), tmp_path / f"b.{suffix}", photo)
        except Exception as error:
            error.add_note(f"odd_photo({seed}), {name}")
            raise
        assert read_photo(tmp_path / f"b.{suffix}").size == photo.size
