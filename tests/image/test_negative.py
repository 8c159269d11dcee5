"""Negatives are noticed where they are certain, and come out as positives of the same size and depth."""

import numpy as np
import pytest

from colorizer.image.negative import COEFFICIENTS, film_features, invert, is_negative
from colorizer.image.reader import read_photo
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image

PORTRAIT = EXAMPLES / "eileen-collins-nasa.jpg"  # in colour
SCENE = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_an_inverted_grey_photo_is_the_photo():
    positive = invert(read_photo(255 - SCENE))
    assert correlation(np.asarray(positive.image), SCENE) > 0.999
    assert np.asarray(positive.image).min() == 0
    assert np.asarray(positive.image).max() == 255


def test_the_orange_of_the_film_goes():
    negative = np.dstack([(255 - SCENE) * share + 5 for share in (0.95, 0.6, 0.35)]).astype(np.uint8)
    positive = np.asarray(invert(read_photo(negative)).image).astype(int)
    assert np.ptp(positive, axis=-1).max() <= 4  # grey
    assert correlation(positive.mean(-1), SCENE) > 0.999


@pytest.mark.parametrize("shape", [(60, 80), (60, 80, 3)])
def test_16_bits_stay_16_bits(shape):
    negative = np.broadcast_to(
        (40000 - 100 * SCENE.astype(np.uint16)).reshape(60, 80, *(1,) * (len(shape) - 2)), shape
    )
    positive = invert(read_photo(np.ascontiguousarray(negative)))
    assert positive.pixels16.dtype == np.uint16
    assert positive.pixels16.shape == shape
    assert len(np.unique(positive.pixels16)) > 200
    assert correlation(positive.lightness, SCENE) > 0.95


def test_a_few_specks_of_dust_do_not_cost_the_contrast():
    negative = np.clip(255 - SCENE, 60, 180)
    negative[0, :3], negative[1, :3] = 0, 255
    positive = np.asarray(invert(read_photo(negative)).image)
    assert np.quantile(positive, 0.05) < 30
    assert np.quantile(positive, 0.95) > 225


def test_an_even_picture_does_not_fail():
    assert np.asarray(invert(read_photo(np.full((5, 5), 77, np.uint8))).image).shape == (5, 5)


# --- noticing ------------------------------------------------------------------------------------------


def on_orange_film(pixels: np.ndarray, brightness: float = 4) -> np.ndarray:
    """What a scanner sees of a colour negative, (H, W, 3) uint8; clear film has the brightness in red."""
    exposure = np.log10(np.clip(pixels / 255, 0.06, 1) ** 2.2 * 1000)
    density = 0.6 * exposure * (1, 1.05, 1.1) + np.array([0.0, 0.35, 0.65])
    return np.clip(255 * (brightness * 10**-density) ** (1 / 2.2), 0, 255).astype(np.uint8)


def sunset() -> np.ndarray:
    """An orange sky over dark hills, (90, 120, 3) uint8."""
    height = np.linspace(0.35, 1, 60)[:, None, None]
    sky = np.broadcast_to(height * (255, 150, 60), (60, 120, 3))
    hills = SCENE[:30, :40].repeat(3, axis=1)[..., None] * (0.2, 0.12, 0.08)
    return np.concatenate([sky, hills]).astype(np.uint8)


def faded(pixels: np.ndarray) -> np.ndarray:
    """A print of the 1970s: half of its cyan dye is gone, a quarter of the yellow; the paper is yellow."""
    light = (pixels / 255) ** (2.2 * np.array([0.5, 0.95, 0.75])) * (1, 0.95, 0.75)
    return (255 * light ** (1 / 2.2)).astype(np.uint8)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.jpg")), ids=lambda path: path.stem)
def test_no_example_is_taken_for_a_negative_in_grey_or_sepia(path):
    grey = load_image(path).convert("L")
    levels = np.asarray(grey, float) / 255
    sepia = np.dstack([levels**0.8 * 235 + 20, levels * 220 + 12, levels**1.3 * 170 + 8]).astype(np.uint8)
    assert not is_negative(read_photo(grey))
    assert not is_negative(read_photo(sepia))


def test_an_orange_film_is_noticed_and_its_positive_is_none_any_more(color_image):
    scene = np.asarray(color_image(120, 90, seed=3)) // 2 + np.uint8(64)
    negative = read_photo(on_orange_film(scene))
    assert not is_negative(read_photo(scene))
    assert is_negative(negative)
    assert not is_negative(invert(negative))


def test_a_sunset_and_a_faded_print_are_no_negatives(color_image):
    assert not is_negative(read_photo(sunset()))
    assert not is_negative(read_photo(faded(np.asarray(color_image(120, 90, seed=3)))))


@pytest.mark.parametrize("brightness", [1, 1.5, 2])  # twice as much light clips the clear parts
def test_a_portrait_is_told_from_its_negative(brightness):
    scene = np.asarray(load_image(PORTRAIT).convert("RGB"))
    assert not is_negative(read_photo(scene))
    assert not is_negative(read_photo(faded(scene)))
    assert is_negative(read_photo(on_orange_film(scene, brightness)))


def test_without_its_orange_a_colour_negative_is_not_noticed():
    scene = np.asarray(load_image(PORTRAIT).convert("RGB"))
    assert not is_negative(read_photo(255 - scene))


def test_every_feature_has_coefficients(color_image):
    assert film_features(read_photo(np.asarray(color_image(40, 30)))).keys() == COEFFICIENTS.keys()


def test_a_grey_negative_is_noticed_by_its_sky():
    landscape = np.full((90, 120), 200, np.uint8)
    landscape[30:] = SCENE[:60, :40].repeat(3, axis=1) // 2
    assert not is_negative(read_photo(landscape))
    assert is_negative(read_photo(255 - landscape))
