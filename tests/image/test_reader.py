"""Reading and writing photos: every kind of file that people scan, send and keep, one test a case."""

import io
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.color import rgb2lab

from colorizer.errors import PhotoError
from colorizer.image.file_types import suffix_of
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from tests.helpers.photos import RAMP, gamma_profile, saved, true_lightness
from tests.helpers.pictures import load_image

# --- lightness -----------------------------------------------------------------------------------------


def test_an_8_bit_grey_photo_keeps_its_lightness(tmp_path):
    photo = read_photo(saved(tmp_path, Image.fromarray(RAMP), "grey.png"))
    assert photo.lightness.dtype == np.float32
    np.testing.assert_allclose(photo.lightness, true_lightness(RAMP / 255), atol=0.01)


def test_a_true_single_channel_jpeg_is_read(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP), "grey.jpg", quality=100)
    assert load_image(path).mode == "L"
    np.testing.assert_allclose(read_photo(path).lightness, true_lightness(RAMP / 255), atol=1.5)


def test_a_16_bit_grey_photo_keeps_the_steps_between_8_bit_levels(tmp_path):
    deep = np.linspace(20000, 20512, 64).astype(np.uint16)[None].repeat(8, axis=0)
    for name in ("deep.png", "deep.tif"):
        photo = read_photo(saved(tmp_path, Image.fromarray(deep), name))
        assert len(np.unique(photo.lightness)) > 30, name  # 8 bits would leave three
        np.testing.assert_allclose(photo.lightness, true_lightness(deep / 65535), atol=0.01)


def test_a_16_bit_color_array_keeps_the_steps_between_8_bit_levels():
    deep = np.random.default_rng(0).integers(0, 65536, (16, 16, 3)).astype(np.uint16)
    np.testing.assert_allclose(read_photo(deep).lightness, rgb2lab(deep / 65535)[..., 0], atol=0.01)


def test_32_bit_and_floating_point_scans_are_read(tmp_path):
    integers = saved(tmp_path, Image.fromarray((RAMP.astype(np.int32)) * 257), "deep.tif")
    floats = saved(tmp_path, Image.fromarray(RAMP.astype(np.float32) / 255), "float.tif")
    for path in (integers, floats):
        np.testing.assert_allclose(read_photo(path).lightness, true_lightness(RAMP / 255), atol=0.1)


def test_a_1_bit_scan_is_black_and_white(tmp_path):
    photo = read_photo(saved(tmp_path, Image.fromarray(RAMP > 127), "line.png"))
    assert sorted(np.unique(photo.lightness).round(3)) == [0, 100]


def test_a_color_photo_gives_its_true_lightness(tmp_path, color_image):
    image = color_image(40, 30)
    photo = read_photo(saved(tmp_path, image, "color.png"))
    np.testing.assert_allclose(photo.lightness, rgb2lab(np.asarray(image))[..., 0], atol=0.01)


def test_a_palette_photo_is_read_by_its_colors(tmp_path, color_image):
    image = color_image(40, 30).quantize(32)
    for name in ("palette.png", "palette.gif"):
        photo = read_photo(saved(tmp_path, image, name))
        expected = rgb2lab(np.asarray(image.convert("RGB")))[..., 0]
        np.testing.assert_allclose(photo.lightness, expected, atol=0.01, err_msg=name)


def test_a_cmyk_jpeg_is_not_inverted(tmp_path, color_image):
    image = color_image(64, 48)
    path = saved(tmp_path, image.convert("CMYK"), "print.jpg", quality=100, subsampling=0)
    assert load_image(path).mode == "CMYK"
    expected = rgb2lab(np.asarray(image))[..., 0]
    assert np.abs(read_photo(path).lightness - expected).mean() < 1


def test_a_sepia_scan_counts_as_grey_and_a_color_photo_as_color(tmp_path, color_image):
    sepia = np.stack([RAMP * 0.9 + 25, RAMP * 0.8 + 15, RAMP * 0.6 + 10], axis=-1).astype(np.uint8)
    assert not read_photo(sepia).is_color
    assert not read_photo(saved(tmp_path, Image.fromarray(sepia), "sepia.jpg")).is_color
    assert not read_photo(RAMP).is_color
    assert read_photo(color_image(64, 48)).is_color


# --- transparency, orientation, profiles ---------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_set_aside_and_hidden_colors_do_not_appear(tmp_path, mode):
    alpha = Image.fromarray(255 - RAMP)
    image = Image.fromarray(RAMP).convert(mode[:-1])
    image.putalpha(alpha)
    photo = read_photo(saved(tmp_path, image, "clear.png"))
    np.testing.assert_array_equal(photo.alpha, 255 - RAMP)
    np.testing.assert_allclose(photo.lightness, true_lightness(RAMP / 255), atol=0.01)


def test_a_palette_with_a_transparent_entry_keeps_its_transparency(tmp_path):
    image = Image.fromarray((RAMP // 32).astype(np.uint8), "P")
    image.putpalette([v for i in range(8) for v in (i * 32, 255 - i * 32, 90)])
    photo = read_photo(saved(tmp_path, image, "clear.gif", transparency=3))
    np.testing.assert_array_equal(photo.alpha == 0, RAMP // 32 == 3)


def test_an_opaque_alpha_channel_is_no_transparency():
    assert read_photo(Image.fromarray(RAMP).convert("RGBA")).alpha is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path, orientation):
    upright = Image.fromarray(RAMP)
    # How a camera held that way stores the picture: the inverse of what the tag tells viewers to do.
    undo = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}
    stored = upright
    for operation in undo.get(orientation, []):
        stored = stored.transpose(Image.Transpose(operation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(saved(tmp_path, stored, "camera.png", exif=exif))
    np.testing.assert_array_equal(np.asarray(photo.original)[..., 0], RAMP)
    assert photo.metadata.exif.get(0x0112, 1) == 1


def test_a_color_profile_is_converted_to_srgb(tmp_path):
    # The ramp as linear light: what is 50 % there is 188 of 255 in sRGB.
    profile = gamma_profile(1.0)
    image = Image.fromarray(np.full((8, 8, 3), 128, np.uint8))
    photo = read_photo(saved(tmp_path, image, "linear.png", icc_profile=profile))
    assert abs(int(np.asarray(photo.original)[0, 0, 1]) - 188) <= 1
    plain = read_photo(saved(tmp_path, image, "plain.png"))
    assert photo.lightness.mean() > plain.lightness.mean() + 15


def test_srgb_itself_passes_untouched(tmp_path, color_image):
    image = color_image(20, 20)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = read_photo(saved(tmp_path, image, "srgb.png", icc_profile=profile))
    np.testing.assert_array_equal(np.asarray(photo.original), np.asarray(image))


def test_a_broken_profile_is_reported_and_the_photo_read_all_the_same(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP).convert("RGB"), "odd.png", icc_profile=b"no profile at all")
    photo = read_photo(path)
    assert len(photo.notes) == 1
    assert photo.notes[0].startswith("odd.png: its colour profile does not fit")
    assert photo.notes[0].endswith("read as sRGB")
    np.testing.assert_allclose(photo.lightness, true_lightness(RAMP / 255), atol=0.01)


# --- what is not a photo ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("letter.jpg", b"Dear grandson,\n", "letter.jpg is not a photo"),
        ("empty.png", b"", "empty.png is an empty file"),
        (
            "scan.pdf",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
            "scan.pdf is not a photo but a PDF.*pdftoppm",
        ),
        ("a.jxl", b"\xff\x0a\0\0", "a.jxl is a JPEG XL picture.*djxl"),
        ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n\0", "a.jxl is a JPEG XL picture.*djxl"),
        ("a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\1", "a.cr3 is a camera's RAW file.*darktable"),
        ("a.orf", b"IIRO\x08\0\0\0", "a.orf is a camera's RAW file"),
        ("a.mp4", b"\0\0\0\x18ftypisom", "a.mp4 is a video"),
        ("a.psd", b"8BPS\0\1", "a.psd is a Photoshop document"),
    ],
)
def test_what_is_no_photo_is_answered_with_a_sentence(tmp_path, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PhotoError, match=sentence):
        read_photo(tmp_path / name)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_truncated_photo_is_called_damaged(tmp_path, color_image, suffix):
    whole = saved(tmp_path, color_image(200, 200), f"whole.{suffix}").read_bytes()
    (tmp_path / f"half.{suffix}").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhotoError, match=rf"half\.{suffix} is (damaged|not a photo)"):
        read_photo(tmp_path / f"half.{suffix}")


def test_a_missing_file_a_folder_and_wrong_arrays_say_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_photo(tmp_path / "nothing.jpg")
    with pytest.raises(PhotoError, match="is a folder"):
        read_photo(tmp_path)
    for array in (np.zeros((4, 4)), np.zeros((4, 4, 5), np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(PhotoError, match=r"uint8 or uint16.*Received"):
            read_photo(array)


@pytest.mark.parametrize("tags", [{50706: bytes((1, 4, 0, 0))}, {254: 1, 330: (8,)}], ids=["DNG", "NEF"])
def test_a_raw_file_is_not_coloured_by_its_small_preview(tmp_path, tags):
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    path = saved(tmp_path, Image.new("RGB", (16, 12)), "a.tif", exif=exif)
    with pytest.raises(PhotoError, match=r"a\.tif is a camera's RAW file"):
        read_photo(path)


# --- writing -------------------------------------------------------------------------------------------


def described(tmp_path: Path, image: Image.Image, name: str) -> Path:
    """A photo with the EXIF, XMP and resolution that a scanner writes, held sideways."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Grandma at the sea"
    exif[0x013B] = "Grandpa"
    exif.get_ifd(0x8769)[0x9003] = "1951:07:14 12:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    if name.endswith("tif"):  # Pillow writes a TIFF's sub-blocks only if the main block names them
        exif[0x8769] = exif[0x8825] = 0
    return saved(tmp_path, image, name, exif=exif, dpi=(600, 600))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_the_description_of_the_photo_is_kept_and_its_orientation_reset(tmp_path, color_image, suffix):
    photo = read_photo(described(tmp_path, color_image(32, 24), f"in.{suffix}"))
    assert photo.size == (24, 32)
    write_photo(photo.original, tmp_path / f"out.{suffix}", photo)
    with Image.open(tmp_path / f"out.{suffix}") as image:
        exif = image.getexif()
        assert image.size == (24, 32)
        assert exif.get(0x0112, 1) == 1
        assert exif[0x010E] == "Grandma at the sea"
        assert exif[0x013B] == "Grandpa"
        assert exif.get_ifd(0x8769)[0x9003] == "1951:07:14 12:00:00"
        assert exif.get_ifd(0x8825)[1] == "N"
        if suffix in ("jpg", "png", "tif"):
            assert round(float(image.info["dpi"][0])) == 600


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_the_file_says_that_its_colors_were_made_by_a_trained_network(tmp_path, color_image, suffix):
    path = tmp_path / f"out.{suffix}"
    write_photo(color_image(32, 24), path)
    with Image.open(path) as image:
        packet = image.info["xmp"]
    text = packet if isinstance(packet, str) else packet.decode()
    root = ElementTree.fromstring(text.lstrip("\ufeff"))
    mark = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    assert [element.attrib[mark] for element in root.iter() if mark in element.attrib] == [
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    ]


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "avif"])
def test_transparency_survives_where_the_type_can_hold_it(tmp_path, color_image, suffix):
    image = color_image(64, 48)
    image.putalpha(Image.fromarray(RAMP))
    write_photo(image, tmp_path / f"out.{suffix}")
    with Image.open(tmp_path / f"out.{suffix}") as read:
        assert np.abs(np.asarray(read.getchannel("A")).astype(int) - RAMP).mean() < 3


def test_a_type_that_cannot_be_written_is_refused_by_name(tmp_path, color_image):
    for name in ("out.gif", "out.pdf", "out"):
        with pytest.raises(PhotoError, match=r"cannot be written as .*Received: out"):
            write_photo(color_image(8, 8), tmp_path / name)
    for kind in ("GIF", "jpeg"):  # as Pillow names it: in capitals
        with pytest.raises(PhotoError, match=f"cannot be written as {kind}. Use one of JPEG, PNG"):
            write_photo(color_image(8, 8), io.BytesIO(), kind=kind)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, color_image, monkeypatch):
    path = tmp_path / "out.png"
    path.write_bytes(b"what was there")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_photo(color_image(8, 8), path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.JPG", ".JPG"), ("a.jpeg", ".jpeg"), ("a.tiff", ".tiff"), ("a.gif", ".png"), ("a.ppm", ".png")],
)
def test_a_colored_copy_takes_the_suffix_of_the_photo_or_png(tmp_path, color_image, name, suffix):
    assert suffix_of(read_photo(saved(tmp_path, color_image(8, 8), name))) == suffix


def test_a_wrong_suffix_does_not_decide_the_type(tmp_path, color_image):
    data = io.BytesIO()
    color_image(8, 8).save(data, "PNG")
    (tmp_path / "really-a-png.jpg").write_bytes(data.getvalue())
    assert suffix_of(read_photo(tmp_path / "really-a-png.jpg")) == ".png"


@pytest.mark.slow
def test_a_photo_of_90_megapixels_is_welcome_without_a_warning(tmp_path):
    path = saved(tmp_path, Image.new("1", (10000, 9000)), "large.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning, module="PIL")
        assert read_photo(path).size == (10000, 9000)
