"""Colour spaces against scikit-image, known values and round trips; in NumPy and inside Keras."""

import numpy as np
import pytest
from keras import ops
from skimage.color import lab2rgb, rgb2lab

from colorizer.image import color

GRID = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(-1, 3) / 255


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 255, 255), (100, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_known_colors_have_their_known_lab(rgb, lab):
    np.testing.assert_allclose(color.rgb_to_lab(np.array(rgb) / 255), lab, atol=0.02)


def test_lab_agrees_with_scikit_image_over_the_whole_of_srgb():
    np.testing.assert_allclose(color.rgb_to_lab(GRID), rgb2lab(GRID), atol=0.01)


def test_lab_inside_a_training_step_agrees_with_scikit_image_to_a_tenth():
    lab = ops.convert_to_numpy(color.rgb_to_lab(ops.convert_to_tensor(GRID.astype(np.float32)), ops))
    assert np.abs(lab - rgb2lab(GRID)).max() < 0.1


def test_lab_and_back_is_the_same_color():
    np.testing.assert_allclose(color.lab_to_rgb(color.rgb_to_lab(GRID)), GRID, atol=1e-4)


def test_rgb_of_lab_agrees_with_scikit_image():
    np.testing.assert_allclose(color.lab_to_rgb(rgb2lab(GRID)), lab2rgb(rgb2lab(GRID)), atol=1e-3)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_the_lightness_of_a_photo_agrees_with_scikit_image(kind, white):
    pixels = np.random.default_rng(0).integers(0, white + 1, (60, 50, 3)).astype(kind)
    np.testing.assert_allclose(color.lightness(pixels), rgb2lab(pixels / white)[..., 0], atol=0.01)
    grey = pixels[..., 0]
    expected = rgb2lab(np.repeat(grey[..., None], 3, -1) / white)[..., 0]
    np.testing.assert_allclose(color.lightness(grey), expected, atol=0.01)
