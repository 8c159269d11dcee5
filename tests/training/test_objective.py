"""A training step: the target is the true colour, from an augmented grey, at one scale or two."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.objective import Objective, StepOutput

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
LAB = rgb2lab(PHOTOS / 255)


def objective(network, film_share: float = 0.0, **options) -> Objective:
    return Objective(network, color_loss=ColorLoss("mse"), film=FilmLook(share=film_share), **options)


def test_the_target_color_is_the_true_one_whatever_the_film(tiny_network):
    for training in (False, True):
        step = objective(tiny_network, film_share=1)(PHOTOS, training=training)
        np.testing.assert_allclose(np.asarray(step.lightness)[..., 0], LAB[..., 0], atol=0.1)
        np.testing.assert_allclose(np.asarray(step.ground_truth), LAB[..., 1:], atol=0.1)
        np.testing.assert_array_equal(np.asarray(step.target), np.asarray(step.ground_truth))


def test_the_loss_is_the_mean_of_the_pictures_color_losses(tiny_network):
    truth = LAB[..., 1:].astype(np.float32)
    step = StepOutput(np.zeros_like(truth), truth, truth, LAB[..., :1].astype(np.float32))
    loss = float(objective(tiny_network).compute_loss(y_pred=step))
    assert loss == pytest.approx(np.mean(LAB[..., 1:] ** 2), rel=1e-4)


def test_dropout_hides_deep_features_in_training_alone(tiny_network):
    task = objective(tiny_network, film_share=1, dropout=0.5)
    hidden, plain = (np.asarray(task(PHOTOS, training=training)[0]) for training in (True, False))
    again = np.asarray(task(PHOTOS, training=True)[0])
    assert np.abs(hidden - again).max() > 1e-3
    np.testing.assert_array_equal(plain, np.asarray(task(PHOTOS, training=False)[0]))


def test_without_dropout_training_predicts_as_the_network_does(tiny_network):
    task = objective(tiny_network)
    predicted, plain = (np.asarray(task(PHOTOS, training=training)[0]) for training in (True, False))
    np.testing.assert_allclose(predicted, plain, atol=1e-3)


def test_at_two_scales_the_answer_is_the_mean_of_those_for_the_picture_and_for_half_of_it(tiny_network):
    task = objective(tiny_network, two_scale=True)
    for training in (False, True):
        step = task(PHOTOS, training=training)
        light = np.asarray(step.lightness) / 100
        small = light.reshape(4, 8, 2, 8, 2, 1).mean(axis=(2, 4))
        large, small = (np.asarray(tiny_network(x)) * 255 - 128 for x in (light, small))
        np.testing.assert_allclose(np.asarray(step.views[0]), large, atol=1e-3)
        assert step.views[1].shape == large.shape
        # Enlarged smoothly, it passes through the small answer, and keeps its mean.
        np.testing.assert_allclose(np.asarray(step.views[1]).mean((1, 2)), small.mean((1, 2)), atol=1e-2)
        mean = (np.asarray(step.views[0]) + np.asarray(step.views[1])) / 2
        np.testing.assert_allclose(np.asarray(step.predicted), mean, atol=1e-4)


def test_at_two_scales_the_mean_counts_as_much_as_both_views_together(tiny_network):
    zero = np.zeros((1, 2, 2, 2), np.float32)
    step = StepOutput(zero + 2, zero, zero, zero[..., :1], views=(zero + 1, zero + 3))
    loss = float(objective(tiny_network, two_scale=True).compute_loss(y_pred=step))
    assert loss == pytest.approx((2**2 + (1**2 + 3**2) / 2) / 2)
