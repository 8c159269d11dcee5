"""HEIF, the format of iPhones: upright, in sRGB, in its true depth, in and out."""

from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from colorizer.image.decoders import register_heif
from colorizer.image.reader import read_photo
from tests.helpers.photos import RAMP, gamma_profile, true_lightness


def heic(path: Path, image: Image.Image, **options) -> Path:
    register_heif()
    image.save(path, "HEIF", quality=-1, chroma=444, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_comes_out_upright_whatever_its_exif_says(tmp_path, orientation):
    undo = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}
    stored = Image.fromarray(RAMP)
    for operation in undo.get(orientation, []):
        stored = stored.transpose(Image.Transpose(operation))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "Grandma at the sea"
    photo = read_photo(heic(tmp_path / "a.heic", stored, exif=exif.tobytes()))
    assert photo.size == (64, 48)
    assert np.abs(np.asarray(photo.original)[..., 0].astype(int) - RAMP).max() <= 3
    assert photo.metadata.exif[0x010E] == "Grandma at the sea"


def test_the_profile_of_a_heic_is_converted_to_srgb(tmp_path):
    image = Image.fromarray(np.full((16, 16, 3), 128, np.uint8))
    photo = read_photo(heic(tmp_path / "a.heic", image, icc_profile=gamma_profile(1.0)))
    assert abs(int(np.asarray(photo.original)[0, 0, 1]) - 188) <= 2


@pytest.mark.parametrize("mode", ["I;16", "RGB;16"])
def test_a_heic_of_10_bits_keeps_its_steps(tmp_path, mode):
    deep = np.tile(np.linspace(20000, 24000, 64).astype(np.uint16), (64, 1))
    pixels = deep if mode == "I;16" else np.dstack([deep] * 3)
    file = pillow_heif.from_bytes(mode=mode, size=(64, 64), data=pixels.tobytes())
    file.save(tmp_path / "deep.heic", quality=-1, chroma=444)
    photo = read_photo(tmp_path / "deep.heic")
    assert photo.pixels16 is not None
    assert len(np.unique(photo.lightness.round(2))) > 30  # 8 bits would leave 17
    np.testing.assert_allclose(photo.lightness, true_lightness(deep / 65535), atol=0.5)


def test_a_heic_comes_back_as_a_heic(tmp_path, tiny_colorizer, color_image):
    prediction = tiny_colorizer.predict(heic(tmp_path / "a.HEIC", color_image(64, 48)), size=32)
    assert prediction.suffix == ".HEIC"
    prediction.save(tmp_path / "out.heic")
    written = np.asarray(read_photo(tmp_path / "out.heic").original).astype(int)
    assert np.abs(written - np.asarray(prediction.render()).astype(int)).mean() < 3
