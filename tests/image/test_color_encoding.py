"""How a file encodes its light: PNG's gamma and primaries, grey profiles, Lab, white as zero."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorizer.image.color import linear_from_srgb, srgb_from_linear
from colorizer.image.reader import read_photo
from tests.helpers.photos import RAMP, saved, true_lightness


def png(image: Image.Image, **chunks: bytes) -> bytes:
    """A PNG with chunks before its pixels, such as gAMA."""
    data = io.BytesIO()
    image.save(data, "PNG")
    added = b"".join(
        len(body).to_bytes(4, "big") + (part := name.encode() + body) + zlib.crc32(part).to_bytes(4, "big")
        for name, body in chunks.items()
    )
    return data.getvalue()[:33] + added + data.getvalue()[33:]


def gamma(value: float) -> bytes:
    return round(value * 100_000).to_bytes(4, "big")


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_a_png_with_linear_light_is_read_as_that(tmp_path, mode):
    # What is 50 % of linear light is 188 of 255 in sRGB.
    image = (
        Image.fromarray(np.full((8, 8), 128 * 257, np.uint16))
        if mode == "I;16"
        else Image.new("L", (8, 8), 128).convert(mode)
    )
    (tmp_path / "linear.png").write_bytes(png(image, gAMA=gamma(1.0)))
    photo = read_photo(tmp_path / "linear.png")
    assert abs(int(np.asarray(photo.original)[0, 0, 1]) - 188) <= 1
    np.testing.assert_allclose(photo.lightness, 76.2, atol=0.2)


# White, red, green and blue, as cHRM has them.
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": gamma(0.45455)},
        {"gAMA": gamma(0.45455), "cHRM": b"".join(map(gamma, SRGB))},
        {"sRGB": b"\0", "gAMA": gamma(1.0)},
        {"cICP": bytes((1, 13, 0, 1)), "gAMA": gamma(1.0)},
        {"gAMA": gamma(0)},
        {"gAMA": gamma(0.45455), "cHRM": bytes(32)},
    ],
    ids=["gamma of sRGB", "primaries of sRGB", "sRGB first", "cICP first", "gamma 0", "no primaries"],
)  # fmt: skip
def test_a_png_that_says_srgb_or_nonsense_passes_untouched(tmp_path, color_image, chunks):
    image = color_image(20, 20)
    (tmp_path / "a.png").write_bytes(png(image, **chunks))
    photo = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(photo.original), np.asarray(image))
    nonsense = chunks["gAMA"] == gamma(0) or chunks.get("cHRM") == bytes(32)
    assert len(photo.notes) == nonsense


def test_a_png_in_display_p3_has_the_colours_that_its_profile_would_give(tmp_path):
    # Values of the W3C's CSS Color Module, level 4: color(display-p3 1 0 0) lies outside sRGB, this within.
    image = Image.new("RGB", (8, 8), (160, 130, 110))
    (tmp_path / "p3.png").write_bytes(png(image, cICP=bytes((12, 13, 0, 1))))
    got = np.asarray(read_photo(tmp_path / "p3.png").original)[0, 0]
    srgb = linear_from_srgb(np.array([160, 130, 110]) / 255)
    to_srgb = np.array([[1.2249, -0.2249, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    expected = srgb_from_linear(to_srgb @ srgb) * 255
    np.testing.assert_allclose(got, expected, atol=1)


def test_an_hdr_png_is_read_with_a_note(tmp_path, color_image):
    (tmp_path / "hdr.png").write_bytes(png(color_image(8, 8), cICP=bytes((9, 16, 0, 1))))
    assert "it is HDR (PQ)" in read_photo(tmp_path / "hdr.png").notes[0]


def test_a_grey_profile_is_honoured(tmp_path):
    # A grey profile of gamma 1, made by hand: header, white point, curve.
    tags = [(b"wtpt", b"XYZ \0\0\0\0\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d"), (b"kTRC", b"curv\0\0\0\0\0\0\0\0")]
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags:
        table += name + (place + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    rest = len(tags).to_bytes(4, "big") + table + body
    head = (
        (128 + len(rest)).to_bytes(4, "big")
        + b"\0\0\0\0\2\x40\0\0mntrGRAYXYZ "
        + bytes(12)
        + b"acsp"
        + bytes(28)
    )
    profile = head.ljust(68, b"\0") + b"\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d" + bytes(48) + rest
    photo = read_photo(saved(tmp_path, Image.new("L", (8, 8), 128), "grey.png", icc_profile=profile))
    assert photo.notes == ()
    assert abs(int(np.asarray(photo.original)[0, 0, 1]) - 188) <= 1


def test_a_tiff_whose_zero_is_white_is_not_inverted(tmp_path):
    path = saved(tmp_path, Image.fromarray(255 - RAMP), "white-is-zero.tif")
    data = bytearray(path.read_bytes())
    place = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01")  # PhotometricInterpretation: 1, black is zero
    data[place + 8] = 0
    path.write_bytes(bytes(data))
    np.testing.assert_allclose(read_photo(path).lightness, true_lightness(RAMP / 255), atol=0.01)


def test_a_lab_tiff_is_read_by_its_lightness(tmp_path):
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(RAMP).convert("RGB"), srgb, lab, outputMode="LAB")
    photo = read_photo(saved(tmp_path, image, "lab.tif"))
    np.testing.assert_allclose(photo.lightness, true_lightness(RAMP / 255), atol=1)
