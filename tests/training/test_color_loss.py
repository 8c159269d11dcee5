"""The colour loss: known values for known errors, and rare colours that count more."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer.training.color_loss import BIN, BINS, ColorLoss, bin_of, rarity_weights

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


def test_an_unknown_loss_and_rarity_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"one of mse, rarity\. Received: 'l1'"):
        ColorLoss("l1")
    with pytest.raises(ValueError, match="needs the weights"):
        ColorLoss("rarity")
