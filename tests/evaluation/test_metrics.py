"""The figures against scikit-image and against published values."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000
from skimage.metrics import peak_signal_noise_ratio

from colorizer.evaluation import metrics

RANDOM = np.random.default_rng(0)
FIRST = RANDOM.integers(0, 256, (32, 40, 3), dtype=np.uint8)
SECOND = np.clip(FIRST + RANDOM.normal(0, 20, FIRST.shape), 0, 255).astype(np.uint8)


def test_psnr_agrees_with_scikit_image():
    expected = peak_signal_noise_ratio(FIRST, SECOND, data_range=255)
    assert metrics.psnr(SECOND, FIRST) == pytest.approx(expected, abs=1e-3)


def test_equal_pictures_have_the_highest_psnr_and_ssim():
    assert metrics.psnr(FIRST, FIRST) == pytest.approx(100)
    assert metrics.ssim(FIRST, FIRST) == pytest.approx(1)
    assert metrics.ssim(SECOND, FIRST) < 0.99


@pytest.mark.parametrize(
    ("lab1", "lab2", "difference"),
    [  # Sharma, Wu and Dalal 2005, table 1, pairs 1, 7, 13, 16, 17, 25
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_ciede2000_gives_the_published_differences(lab1, lab2, difference):
    assert metrics.ciede2000(np.array(lab1), np.array(lab2)) == pytest.approx(difference, abs=1e-4)


def test_ciede2000_agrees_with_scikit_image_on_random_colors():
    lab1, lab2 = (RANDOM.uniform((0, -100, -100), (100, 100, 100), (500, 3)) for _ in range(2))
    np.testing.assert_allclose(metrics.ciede2000(lab1, lab2), deltaE_ciede2000(lab1, lab2), atol=1e-6)


def test_grey_has_no_colorfulness_and_pure_colors_much():
    grey = np.repeat(FIRST[..., :1], 3, axis=-1)
    halves = np.zeros((10, 10, 3), np.uint8)
    halves[:, :5, 0], halves[:, 5:, 2] = 255, 255
    assert metrics.colorfulness(grey) == 0
    # By hand: rg is 255 and 0, yb 127.5 and -255; spreads 127.5 and 191.25, means 127.5 and -63.75.
    assert metrics.colorfulness(halves) == pytest.approx(
        np.hypot(127.5, 191.25) + 0.3 * np.hypot(127.5, 63.75), rel=1e-5
    )
