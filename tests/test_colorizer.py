"""The promise of the product: the photo comes back in colour, at its own size, with its own lightness."""

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colorizer import Colorizer, PhotoError
from colorizer.colorizer import CHROMA_GAIN, VIEWS, working_size
from colorizer.image.reader import read_photo
from colorizer.prediction import THUMBNAILS, Prediction

RAMP = np.tile(np.linspace(0, 255, 160).astype(np.uint8), (120, 1))


def lightness_of(image: Image.Image) -> np.ndarray:
    return rgb2lab(np.asarray(image.convert("RGB")))[..., 0]


def chroma_of(image: Image.Image) -> np.ndarray:
    return np.hypot(*np.moveaxis(rgb2lab(np.asarray(image.convert("RGB")))[..., 1:], -1, 0))


@pytest.fixture(scope="module")
def shipped() -> Colorizer:
    return Colorizer.from_pretrained()


def vivid(colorizer: Colorizer, photo) -> Prediction:
    """A prediction in colours as strong as they come, whatever the network thinks."""
    prediction = colorizer.predict(photo, size=64)
    waves = np.sin(np.arange(prediction.ab.size).reshape(prediction.ab.shape) / 7) * 90
    return Prediction(prediction.photo, waves.astype(np.float32))


# --- size and lightness --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [(640, 480), (333, 517), (64, 64), (1, 1), (1, 300), (7, 5), (3000, 2), (2, 10000)]
)
def test_a_photo_comes_back_at_exactly_its_own_size(tiny_colorizer, size):
    image = Image.effect_noise(size, 60)
    colored = tiny_colorizer.colorize(image, size=64)
    assert colored.size == size
    assert colored.mode == "RGB"


@pytest.mark.slow
def test_a_photo_of_10000_pixels_a_side_comes_back_whole(tiny_colorizer):
    image = Image.linear_gradient("L").resize((10000, 1200))
    colored = tiny_colorizer.colorize(image, size=64)
    assert colored.size == (10000, 1200)
    part = (4000, 0, 5000, 1200)
    error = np.abs(lightness_of(colored.crop(part)) - lightness_of(image.crop(part)))
    assert np.median(error) <= 0.5


def test_the_lightness_of_the_photo_is_kept_even_under_the_strongest_colors(tiny_colorizer, color_image):
    for photo in (Image.fromarray(RAMP), color_image(200, 150)):
        colored = vivid(tiny_colorizer, photo).render()
        error = np.abs(lightness_of(colored) - lightness_of(photo))
        assert chroma_of(colored).mean() > 15  # there is colour that could have shifted it
        assert np.median(error) <= 0.5
        assert error.max() <= 1.5


def test_the_colored_picture_is_grey_at_strength_0_and_grows_with_strength(shipped):
    prediction = shipped.predict(Image.fromarray(RAMP), size=128)
    chroma = [chroma_of(prediction.render(strength)).mean() for strength in (0, 0.5, 1, 1.5)]
    assert chroma[0] < 0.1
    assert chroma[0] < chroma[1] < chroma[2] < chroma[3]


def test_strength_0_gives_the_grey_picture_back_to_the_letter(tiny_colorizer):
    grey = np.asarray(tiny_colorizer.colorize(RAMP, size=64, strength=0))
    np.testing.assert_array_equal(grey, np.repeat(RAMP[..., None], 3, axis=-1))


def test_the_same_photo_gives_the_same_picture_twice(shipped):
    first, second = (np.asarray(shipped.colorize(RAMP, size=128)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_rendering_again_does_not_run_the_network(tiny_colorizer, monkeypatch):
    prediction = tiny_colorizer.predict(RAMP, size=64)
    monkeypatch.setattr(tiny_colorizer, "forward", None)
    assert prediction.render(0.7).size == (160, 120)


def test_a_colored_edge_of_the_map_is_enlarged_without_steps(tiny_colorizer):
    photo = tiny_colorizer.predict(np.full((400, 400), 120, np.uint8), size=64).photo
    ab = np.zeros((32, 32, 2), np.float32)
    ab[:, 16:, 0] = 30
    a = rgb2lab(np.asarray(Prediction(photo, ab).render()))[..., 1]
    assert np.abs(np.diff(a[200])).max() < 6  # a step of 30 would be a block's edge
    assert np.abs(np.diff(a[:, 300])).max() < 1


# --- input ---------------------------------------------------------------------------------------------


def test_a_path_a_picture_and_an_array_give_the_same(tiny_colorizer, tmp_path):
    image = Image.fromarray(RAMP)
    image.save(tmp_path / "photo.png")
    path = tmp_path / "photo.png"
    pictures = [tiny_colorizer.colorize(x, size=64) for x in (path, str(path), image, RAMP)]
    for picture in pictures[1:]:
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(pictures[0]))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "I", "F", "LAB"])
def test_every_mode_of_picture_is_colored(tiny_colorizer, mode):
    image = Image.fromarray(RAMP)
    if mode in ("YCbCr", "HSV", "CMYK"):
        image = image.convert("RGB")
    image = _lab() if mode == "LAB" else image.convert(mode)
    colored = tiny_colorizer.colorize(image, size=64)
    assert (colored.size, colored.mode) == ((160, 120), "RGB")


def _lab() -> Image.Image:
    from PIL import ImageCms

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(Image.fromarray(RAMP).convert("RGB"), srgb, lab, outputMode="LAB")


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_comes_back_as_it_was(tiny_colorizer, mode):
    image = Image.fromarray(RAMP).convert(mode)
    image.putalpha(Image.fromarray(255 - RAMP))
    colored = tiny_colorizer.colorize(image, size=64)
    assert colored.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(colored.getchannel("A")), 255 - RAMP)


def test_the_tone_of_a_scan_is_dropped(shipped):
    # A sepia print and a blue cyanotype of one scene have equal lightness, up to the rounding to 8 bits: the
    # network sees the same. If the tone were kept, the colours would differ by its 13 to 16 on average.
    grey = read_photo(RAMP).lightness
    colored = [shipped.predict(tone(grey, a, b), size=128) for a, b in ((0, 0), (8, 14), (-6, -12))]
    for toned in colored[1:]:
        assert np.abs(toned.photo.lightness - colored[0].photo.lightness).max() < 0.3
        assert np.abs(toned.ab - colored[0].ab).mean() < 0.5


def tone(lightness: np.ndarray, a: float, b: float) -> np.ndarray:
    from skimage.color import lab2rgb

    lab = np.stack(
        [np.clip(lightness, 15, 85), np.full_like(lightness, a), np.full_like(lightness, b)], axis=-1
    )
    return (lab2rgb(lab) * 255 + 0.5).astype(np.uint8)


# --- what is refused -----------------------------------------------------------------------------------


def test_sizes_and_strengths_out_of_range_are_refused_by_name(tiny_colorizer):
    for size in (0, 16, 5000):
        with pytest.raises(ValueError, match=f"size must lie between 32 and 1024. Received: {size}"):
            tiny_colorizer.colorize(RAMP, size=size)
    for strength in (-0.1, 3):
        with pytest.raises(ValueError, match=f"strength must lie between 0 and 2. Received: {strength}"):
            tiny_colorizer.colorize(RAMP, strength=strength)


def test_a_file_that_is_no_photo_is_refused(tiny_colorizer, tmp_path):
    (tmp_path / "text.jpg").write_text("no photo")
    with pytest.raises(PhotoError):
        tiny_colorizer.colorize(tmp_path / "text.jpg")
    with pytest.raises(FileNotFoundError):
        tiny_colorizer.colorize(tmp_path / "nothing.jpg")


# --- the working size ----------------------------------------------------------------------------------


@pytest.mark.parametrize("photo", [(4000, 3000), (3000, 4000), (100, 100), (1000, 200)])
def test_the_network_sees_about_size_squared_pixels_with_the_aspect_kept(photo):
    width, height = working_size(*photo, 256)
    assert width % 8 == height % 8 == 0
    assert width * height == pytest.approx(256**2, rel=0.1)
    assert width / height == pytest.approx(photo[0] / photo[1], rel=0.1)


def resized(ab: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = [Image.fromarray(np.ascontiguousarray(ab[..., n])) for n in (0, 1)]
    return np.stack([np.asarray(plane.resize((width, height), Image.BICUBIC)) for plane in planes], axis=-1)


def test_the_prediction_is_the_mean_of_several_views_mirrored_ones_turned_back(tiny_colorizer, tiny_network):
    light = np.random.default_rng(0).integers(0, 256, (7, 5), dtype=np.uint8)
    photo = read_photo(Image.fromarray(light).resize((250, 350), Image.BICUBIC))
    got = tiny_colorizer.predict_ab(photo, 200)
    outputs = []
    for scale, mirrored in VIEWS:
        view = photo.view(*working_size(250, 350, scale * 200), THUMBNAILS)
        view = view[:, ::-1] if mirrored else view
        ab = np.asarray(tiny_network(view[None, ..., None] / 100))[0] * 255 - 128
        ab = ab[:, ::-1] if mirrored else ab
        outputs.append(resized(ab[::2, ::2], *got.shape[1::-1]))
    assert any(mirrored for _, mirrored in VIEWS)
    np.testing.assert_allclose(got, np.mean(outputs, axis=0) * CHROMA_GAIN, atol=0.05)


def test_the_chroma_that_the_mean_lost_is_restored(tiny_colorizer, monkeypatch):
    photo = read_photo(RAMP)
    restored = tiny_colorizer.predict_ab(photo, 64)
    monkeypatch.setattr(tiny_colorizer, "chroma_gain", 1.0)
    assert CHROMA_GAIN > 1
    np.testing.assert_allclose(restored, tiny_colorizer.predict_ab(photo, 64) * CHROMA_GAIN, atol=1e-3)


def test_the_working_size_of_a_very_thin_photo_is_limited():
    assert working_size(10000, 1, 256) == (4096, 8)
    assert working_size(1, 10000, 256) == (8, 4096)


# --- what the shipped weights know ---------------------------------------------------------------------


def test_the_shipped_network_makes_a_clear_sky_blue_over_green_grass(shipped):
    random = np.random.default_rng(0)
    sky = np.linspace(150, 215, 140)[:, None] + random.normal(0, 1, (140, 256))
    blades = Image.fromarray(random.normal(0, 35, (58, 128)).astype(np.float32))
    grass = 95 + np.asarray(blades.resize((256, 116), Image.BICUBIC))
    scene = np.clip(np.vstack([sky, grass]), 0, 255).astype(np.uint8)
    ab = shipped.predict(scene).ab
    height = ab.shape[0]
    assert ab[: height // 3, :, 1].mean() < -4  # b* below 0 is blue
    assert ab[-height // 4 :, :, 1].mean() > 5  # and above it yellow or green
