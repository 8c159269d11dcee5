"""Augmented lightness: true where it is untouched, within range and varied where it looks like old film."""

import keras
import numpy as np
from skimage.color import rgb2lab

from colorizer.image import color
from colorizer.training.augment import FilmLook, augment_lightness

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
LAB = rgb2lab(PHOTOS / 255)
NONE = FilmLook(share=0)


def augmented(film: FilmLook, photos: np.ndarray = PHOTOS, seed: int = 0) -> np.ndarray:
    linear = keras.ops.convert_to_tensor(color.linear_from_srgb(photos.astype(np.float32) / 255))
    return np.asarray(augment_lightness(linear, film, keras.random.SeedGenerator(seed)))


def test_untouched_the_grey_side_is_true_lightness():
    np.testing.assert_allclose(augmented(NONE)[..., 0], LAB[..., 0] / 100, atol=2e-3)


def test_a_film_look_changes_every_picture_and_stays_in_range():
    lightness = augmented(FilmLook(share=1))
    assert lightness.shape == (4, 16, 16, 1)
    assert lightness.min() >= 0
    assert lightness.max() <= 1
    assert (np.abs(lightness[..., 0] - LAB[..., 0] / 100).mean(axis=(1, 2)) > 0.003).all()


def test_each_kind_of_change_spares_half_of_the_pictures():
    many = np.repeat(PHOTOS[:1], 400, axis=0)[:, :8, :8]
    grain_only = FilmLook(share=0.5, channel_mix=0, contrast=0, fade=0, grain=0.05)
    changed = np.abs(augmented(grain_only, many) - augmented(NONE, many)).max(axis=(1, 2, 3)) > 1e-3
    assert 0.4 < changed.mean() < 0.6


def test_another_mix_of_channels_changes_colors_and_leaves_grey_as_it_is():
    grey = np.repeat(PHOTOS[..., :1], 3, axis=-1)
    mixed = FilmLook(share=1, contrast=0, fade=0, grain=0)
    np.testing.assert_allclose(augmented(mixed, grey), augmented(NONE, grey), atol=2e-3)
    assert np.abs(augmented(mixed) - augmented(NONE)).max() > 0.02
