"""Colour spaces against scikit-image, known values and round trips; in NumPy and inside Keras."""

import numpy as np
import pytest
from keras import ops
from skimage.color import lab2rgb, rgb2lab

from colorizer import color

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


def compose(lab: np.ndarray) -> np.ndarray:
    lab = lab.astype(np.float32)
    return color.compose(lab[..., 0], lambda band: (lab[band, :, 1], lab[band, :, 2]))


def test_composing_a_photos_own_lab_gives_the_photo():
    photo = np.random.default_rng(0).integers(0, 256, (700, 900, 3), dtype=np.uint8)  # more than one band
    assert np.abs(compose(rgb2lab(photo)).astype(int) - photo).max() <= 1


@pytest.mark.parametrize("ab", [(120, 0), (-120, 20), (0, 120), (60, -120)])
def test_a_color_that_srgb_cannot_show_keeps_lightness_and_hue_and_loses_chroma(ab):
    lightness = np.linspace(5, 95, 64, dtype=np.float32).reshape(1, -1)
    lab = np.stack([lightness, np.full_like(lightness, ab[0]), np.full_like(lightness, ab[1])], axis=-1)
    shown = rgb2lab(compose(lab))
    assert np.abs(shown[..., 0] - lightness).max() <= 0.5
    chroma = np.hypot(shown[..., 1], shown[..., 2])
    assert (chroma < np.hypot(*ab)).all()
    seen = chroma > 15  # nearer to grey, rounding to 8 bits alone turns the hue
    turn = np.arctan2(shown[..., 2], shown[..., 1]) - np.arctan2(ab[1], ab[0])
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    assert np.degrees(turn[seen]).max() < 4


def test_black_and_white_stay_black_and_white_under_any_color():
    lab = np.zeros((2, 2, 3))
    lab[1, :, 0], lab[..., 1], lab[..., 2] = 100, 90, -90
    np.testing.assert_array_equal(compose(lab), [[[0] * 3] * 2, [[255] * 3] * 2])
