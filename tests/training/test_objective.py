"""What training asks of the network: the true colour, from what a film might have seen."""

import keras
import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer.image import color
from colorizer.training.augment import Film, film_lightness
from colorizer.training.objective import BIN, BINS, Answer, Objective, bin_of, rarity_weights

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
LAB = rgb2lab(PHOTOS / 255)


def film(strength: Film, photos: np.ndarray = PHOTOS, seed: int = 0) -> np.ndarray:
    linear = keras.ops.convert_to_tensor(color.linear_from_srgb(photos.astype(np.float32) / 255))
    return np.asarray(film_lightness(linear, strength, keras.random.SeedGenerator(seed)))


def test_untouched_the_grey_side_is_true_lightness():
    np.testing.assert_allclose(film(Film(share=0))[..., 0], LAB[..., 0] / 100, atol=2e-3)


def test_a_film_changes_every_picture_and_stays_in_range():
    seen = film(Film(share=1))
    assert seen.shape == (4, 16, 16, 1)
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert (np.abs(seen[..., 0] - LAB[..., 0] / 100).mean(axis=(1, 2)) > 0.003).all()


def test_half_of_the_pictures_keep_each_kind_of_truth():
    many = np.repeat(PHOTOS[:1], 400, axis=0)[:, :8, :8]
    grain_only = Film(share=0.5, channel_mix=0, contrast=0, fade=0, grain=0.05)
    changed = np.abs(film(grain_only, many) - film(Film(share=0), many)).max(axis=(1, 2, 3)) > 1e-3
    assert 0.4 < changed.mean() < 0.6


def test_another_mix_of_channels_changes_colors_and_leaves_grey_as_it_is():
    grey = np.repeat(PHOTOS[..., :1], 3, axis=-1)
    mixed = Film(share=1, contrast=0, fade=0, grain=0)
    np.testing.assert_allclose(film(mixed, grey), film(Film(share=0), grey), atol=2e-3)
    assert np.abs(film(mixed) - film(Film(share=0))).max() > 0.02


def objective(network, loss: str = "mse", weights=None, **options) -> Objective:
    return Objective(network, loss, Film(share=1), weights, **options)


def loss_of(task: Objective, predicted: np.ndarray, truth: np.ndarray) -> float:
    lightness = np.full((*truth.shape[:-1], 1), 50, np.float32)
    return float(task.compute_loss(y_pred=Answer(predicted, truth, truth, lightness)))


def test_the_color_asked_for_is_the_true_one_whatever_the_film(tiny_network):
    for training in (False, True):
        answer = objective(tiny_network)(PHOTOS, training=training)
        np.testing.assert_allclose(np.asarray(answer.lightness)[..., 0], LAB[..., 0], atol=0.1)
        np.testing.assert_allclose(np.asarray(answer.truth), LAB[..., 1:], atol=0.1)


@pytest.mark.parametrize("loss", ["mse", "huber", "rarity"])
def test_a_perfect_prediction_costs_nothing_and_a_wrong_one_something(tiny_network, loss):
    task = objective(tiny_network, loss, rarity_weights(list(PHOTOS)))
    truth = LAB[..., 1:].astype(np.float32)
    assert loss_of(task, truth, truth) == 0
    assert loss_of(task, truth + 1, truth) > 0.5


def test_mse_is_the_mean_square_in_units_of_a_and_b(tiny_network):
    predicted = np.zeros_like(LAB[..., 1:], dtype=np.float32)
    loss = loss_of(objective(tiny_network), predicted, LAB[..., 1:].astype(np.float32))
    assert loss == pytest.approx(np.mean(LAB[..., 1:] ** 2), rel=1e-4)


def test_huber_turns_from_square_to_straight_at_ten_units(tiny_network):
    task = objective(tiny_network, "huber")
    zero = np.zeros((1, 2, 2, 2), np.float32)
    assert loss_of(task, zero + 10, zero) == pytest.approx(100)
    assert loss_of(task, zero + 20, zero) == pytest.approx(300)


def test_above_the_level_a_picture_counts_by_its_logarithm(tiny_network):
    task = objective(tiny_network, level=30)
    zero = np.zeros((2, 4, 4, 2), np.float32)
    errors = np.array([3.0, 90.0], np.float32)  # squared: 9 and 8100
    expected = np.mean(30 * np.log1p(errors**2 / 30))
    assert loss_of(task, zero + errors[:, None, None, None], zero) == pytest.approx(expected, rel=1e-5)
    assert loss_of(objective(tiny_network, level=1e6), zero + 3, zero) == pytest.approx(9, rel=1e-3)


def test_dropout_hides_deep_features_in_training_alone(tiny_network):
    hidden = objective(tiny_network, dropout=0.5)
    seen, plain = (np.asarray(hidden(PHOTOS, training=training)[0]) for training in (True, False))
    again = np.asarray(hidden(PHOTOS, training=True)[0])
    assert np.abs(seen - again).max() > 1e-3
    np.testing.assert_array_equal(plain, np.asarray(hidden(PHOTOS, training=False)[0]))


def test_without_dropout_training_asks_the_network_itself(tiny_network):
    clean = Objective(tiny_network, "mse", Film(share=0))
    seen, plain = (np.asarray(clean(PHOTOS, training=training)[0]) for training in (True, False))
    np.testing.assert_allclose(seen, plain, atol=1e-3)


def test_halved_the_answer_is_the_mean_of_what_it_says_to_the_picture_and_to_half_of_it(tiny_network):
    task = Objective(tiny_network, "mse", Film(share=0), halved=True)
    for training in (False, True):
        answer = task(PHOTOS, training=training)
        light = np.asarray(answer.lightness) / 100
        small = light.reshape(4, 8, 2, 8, 2, 1).mean(axis=(2, 4))
        large, small = (np.asarray(tiny_network(seen)) * 255 - 128 for seen in (light, small))
        np.testing.assert_allclose(np.asarray(answer.looks[0]), large, atol=1e-3)
        assert answer.looks[1].shape == large.shape
        # Enlarged smoothly, it passes through what was said, and keeps its mean.
        np.testing.assert_allclose(np.asarray(answer.looks[1]).mean((1, 2)), small.mean((1, 2)), atol=1e-2)
        mean = (np.asarray(answer.looks[0]) + np.asarray(answer.looks[1])) / 2
        np.testing.assert_allclose(np.asarray(answer.predicted), mean, atol=1e-4)


def test_halved_the_mean_counts_as_much_as_both_looks_together(tiny_network):
    zero = np.zeros((1, 2, 2, 2), np.float32)
    answer = Answer(zero + 2, zero, zero, zero[..., :1], looks=(zero + 1, zero + 3))
    loss = float(objective(tiny_network, halved=True).compute_loss(y_pred=answer))
    assert loss == pytest.approx((2**2 + (1**2 + 3**2) / 2) / 2)


def test_rare_colors_weigh_more_and_the_average_pixel_weighs_one():
    photo = np.full((64, 64, 3), 120, np.uint8)
    photo[:8] = (255, 0, 0)
    weights = rarity_weights([photo], uniform=0.1)
    lab = rgb2lab(photo[::4, ::4] / 255)
    each = weights[np.asarray(bin_of(lab[..., 1:].astype(np.float32)))]
    assert each.mean() == pytest.approx(1, rel=1e-4)
    assert each[0].mean() > 2 > 1 > each[-1].mean()
    assert weights.shape == (BINS * BINS,)


def test_bins_cover_the_plane_in_squares_of_ten():
    ab = np.array([[0.0, 0.0], [9.9, 9.9], [10.0, 0.0], [-500.0, 500.0]], np.float32)
    zero = BINS // 2 * BINS + BINS // 2
    assert BIN == 10
    assert np.asarray(bin_of(ab)).tolist() == [zero, zero, zero + BINS, BINS - 1]


def test_an_unknown_loss_rarity_without_weights_and_hints_without_a_teacher_are_refused(tiny_network):
    with pytest.raises(ValueError, match=r"one of mse, rarity, huber\. Received: 'l1'"):
        objective(tiny_network, "l1")
    with pytest.raises(ValueError, match=r"need a teacher\. Received: 0\.0, 0\.0 and 50\.0 without"):
        objective(tiny_network, hint=50.0)
    with pytest.raises(ValueError, match="needs the weights"):
        objective(tiny_network, "rarity")
