"""The colour loss: known values for known errors, and rare colours that count more."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer.training.color_loss import BIN, BINS, PLAIN_SCALE, ColorLoss, bin_of, rarity_weights

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
AB = rgb2lab(PHOTOS / 255)[..., 1:].astype(np.float32)


@pytest.mark.parametrize("name", ["mse", "rarity"])
def test_a_perfect_prediction_costs_nothing_and_a_wrong_one_something(name):
    loss = ColorLoss(name, rarity=rarity_weights(list(PHOTOS)))
    np.testing.assert_array_equal(np.asarray(loss(AB, AB)), np.zeros(4))
    assert (np.asarray(loss(AB + 1, AB)) > 0.5).all()


def test_mse_is_the_mean_square_of_each_picture_in_units_of_a_and_b():
    loss = np.asarray(ColorLoss("mse")(np.zeros_like(AB), AB))
    np.testing.assert_allclose(loss, np.mean(AB**2, axis=(1, 2, 3)), rtol=1e-4)


def test_above_the_scale_a_picture_counts_by_its_logarithm():
    zero = np.zeros((2, 4, 4, 2), np.float32)
    errors = np.array([3.0, 90.0], np.float32)  # squared: 9 and 8100
    loss = ColorLoss("mse", log_loss_scale=30)(zero + errors[:, None, None, None], zero)
    np.testing.assert_allclose(np.asarray(loss), 30 * np.log1p(errors**2 / 30), rtol=1e-5)
    almost_linear = ColorLoss("mse", log_loss_scale=1e6)(zero + 3, zero)
    np.testing.assert_allclose(np.asarray(almost_linear), 9, rtol=1e-3)


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


def test_a_redescending_loss_is_the_plain_one_until_its_scale_falls():
    plain, redescending = ColorLoss("mse"), ColorLoss("mse", redescending=True)
    assert plain.scale is None
    assert float(redescending.scale.value) == pytest.approx(PLAIN_SCALE)
    np.testing.assert_allclose(
        np.asarray(redescending(np.zeros_like(AB), AB)), np.asarray(plain(np.zeros_like(AB), AB)), rtol=1e-4
    )


def test_a_redescending_loss_is_the_scale_squared_times_one_minus_a_gaussian_of_the_error():
    loss = ColorLoss("mse", redescending=True)
    loss.scale.assign(12)
    zero = np.zeros((3, 4, 4, 2), np.float32)
    for length in (0.1, 12.0, 200.0):  # of the error, in units of a*, b*
        error = np.array([0.6, 0.8], np.float32) * length
        expected = 12**2 * (1 - np.exp(-(length**2) / (2 * 12**2)))
        np.testing.assert_allclose(np.asarray(loss(zero + error, zero)), expected, rtol=1e-3)


def test_the_minimum_of_a_redescending_loss_is_near_the_most_probable_color_and_not_the_mean():
    truth = np.zeros((1, 10, 1, 2), np.float32)
    truth[:, 7:] = (60, 0)  # three pixels in ten are red
    loss = ColorLoss("mse", redescending=True)
    answers = np.arange(0, 61, dtype=np.float32)
    minima = {}
    for scale in (PLAIN_SCALE, 12):
        loss.scale.assign(scale)
        costs = [float(loss(np.zeros_like(truth) + np.array([a, 0], np.float32), truth)[0]) for a in answers]
        minima[scale] = answers[np.argmin(costs)]
    assert minima == {PLAIN_SCALE: 18, 12: 0}


def test_rare_colors_weigh_more_in_a_redescending_loss_too():
    weights = np.full(BINS * BINS, 2, np.float32)
    rare, plain = ColorLoss("rarity", rarity=weights, redescending=True), ColorLoss("mse", redescending=True)
    for loss in (rare, plain):
        loss.scale.assign(20)
    np.testing.assert_allclose(np.asarray(rare(AB + 9, AB)), 2 * np.asarray(plain(AB + 9, AB)), rtol=1e-5)


def test_an_unknown_loss_and_rarity_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"one of mse, rarity\. Received: 'l1'"):
        ColorLoss("l1")
    with pytest.raises(ValueError, match="needs the weights"):
        ColorLoss("rarity")
