"""Negatives come out as positives, at the same size and depth, without the orange of their film."""

import numpy as np
import pytest

from colorizer.image.negative import invert
from colorizer.image.reader import read_photo

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
