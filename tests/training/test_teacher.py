"""The teacher: VGG16's features of the same grey, a way up that learns, and a network that learns from it."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from colorizer.errors import WeightsError
from colorizer.model.network import build_network
from colorizer.pretrained.locate import load_weights
from colorizer.pretrained.weights_file import save
from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.config import TrainingConfig
from colorizer.training.distillation import Distillation
from colorizer.training.objective import DEEPEST, Objective
from colorizer.training.optimizer import PRETRAINED, ConvMuon
from colorizer.training.perceptual import LPIPS
from colorizer.training.teacher import FROZEN_CONVOLUTIONS, build_teacher, load_ensemble, load_teacher
from colorizer.training.trainer import Trainer
from colorizer.training.vgg16 import read_arrays
from tests.helpers.network import TINY
from tests.helpers.vgg import FILTERS

PHOTOS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def teacher(kernels) -> keras.Model:
    """An untrained one."""
    return build_teacher(read_arrays(kernels), "float32", seed=0)


@pytest.fixture
def loaded(teacher, kernels, tmp_path) -> keras.Model:
    """The same as the network learns from it."""
    save(teacher, tmp_path / "teacher")
    return load_teacher(tmp_path / "teacher", read_arrays(kernels), "float32")


def objective(network, distillation: Distillation | None = None, film_share: float = 1.0) -> Objective:
    return Objective(
        network, color_loss=ColorLoss("mse"), film=FilmLook(share=film_share), distillation=distillation
    )


def test_it_answers_as_the_network_does_and_starts_about_grey(teacher):
    light = np.random.default_rng(0).random((2, 32, 48, 1)).astype(np.float32)
    answer = np.asarray(teacher(light))
    assert answer.shape == (2, 32, 48, 2)
    units = answer * 255 - 128
    assert np.abs(units).max() < 10
    assert units.std() < 3


def test_its_features_of_a_grey_picture_are_those_of_vgg16_for_three_equal_channels(kernels, teacher):
    arrays = read_arrays(kernels)
    light = np.random.default_rng(0).random((1, 32, 32, 1)).astype(np.float32)
    deepest = teacher.get_layer(f"{PRETRAINED}{len(FILTERS) - 1}")
    mine = np.asarray(keras.Model(teacher.input, deepest.output)(light))
    three = (np.repeat(light, 3, axis=-1) * 2 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
    theirs = np.asarray(LPIPS(arrays, "float32").vgg(three.astype(np.float32))[-1])
    # Beyond the border VGG16 assumes its mean colour, which is not grey: only there do they differ.
    assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.95


def test_first_layers_are_frozen_pretrained_ones_learn_slowly_and_the_rest_at_full_rate(teacher):
    task = objective(teacher, film_share=0)
    task.compile(optimizer=ConvMuon(0.01))
    before = {v.path: keras.ops.convert_to_numpy(v) for v in teacher.variables}
    task.train_on_batch(PHOTOS)
    moved = {v.path: np.abs(keras.ops.convert_to_numpy(v) - before[v.path]).mean() for v in teacher.variables}
    frozen = [moved[f"{PRETRAINED}{n}/kernel"] for n in range(FROZEN_CONVOLUTIONS)]
    pretrained = [moved[f"{PRETRAINED}{n}/kernel"] for n in range(FROZEN_CONVOLUTIONS, len(FILTERS))]
    fresh = moved["scene/bias"]
    assert frozen == [0] * FROZEN_CONVOLUTIONS
    assert min(pretrained) > 0
    assert max(pretrained) < 0.2 * fresh


def test_the_target_color_lies_between_the_truth_and_its_answer(tiny_network, teacher, loaded):
    steps = {
        weight: objective(tiny_network, Distillation(teacher=loaded, weight=weight))(PHOTOS, training=True)
        for weight in (0.0, 0.25, 1.0)
    }
    truth, answer = (np.asarray(steps[weight].target) for weight in (0.0, 1.0))
    np.testing.assert_array_equal(truth, steps[0.0].ground_truth)
    clean = np.asarray(steps[0.0].lightness) / 100  # however augmented the network's own input is
    np.testing.assert_allclose(answer, np.asarray(teacher(clean)) * 255 - 128, atol=1e-2)
    np.testing.assert_allclose(np.asarray(steps[0.25].target), 0.75 * truth + 0.25 * answer, atol=1e-2)


def test_only_training_uses_it(tiny_network, loaded):
    step = objective(tiny_network, Distillation(teacher=loaded, weight=1.0, feature_weight=1.0))(PHOTOS)
    np.testing.assert_array_equal(np.asarray(step.target), np.asarray(step.ground_truth))
    assert step.teacher_features == ()


def test_the_network_learns_to_predict_its_features_at_an_eighth_of_the_size(tiny_network, loaded):
    task = objective(tiny_network, Distillation(teacher=loaded, feature_weight=1.0))
    step = task(PHOTOS, training=True)
    features = np.asarray(loaded(np.asarray(step.lightness) / 100)[1])
    assert features.shape == (2, 4, 4, FILTERS[9])
    expected = features / np.sqrt((features**2).sum(-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(np.asarray(step.teacher_features), expected, atol=1e-3)
    assert step.projected.shape == step.teacher_features.shape


def test_the_projection_starts_from_the_seed(tiny_network, loaded):
    distillation = Distillation(teacher=loaded, feature_weight=1.0)
    first, again, other = (
        np.asarray(distillation.build_projection(tiny_network.get_layer(DEEPEST).output, seed).kernel)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_can_see_the_pictures_at_a_size_of_its_own(tiny_network, teacher, loaded):
    even = np.random.default_rng(0).integers(0, 256, (2, 1, 1, 3), np.uint8)
    photos = np.broadcast_to(even, (2, 48, 48, 3))  # one colour each, which no scaling changes
    steps = [
        objective(
            tiny_network,
            Distillation(teacher=loaded, weight=1.0, feature_weight=1.0, teacher_size=size),
            film_share=0,
        )(photos, training=True)
        for size in (0, 32)
    ]
    assert steps[1].target.shape == (2, 48, 48, 2)
    assert steps[1].teacher_features.shape == (2, 6, 6, FILTERS[9])
    light = np.asarray(steps[0].lightness)[:, :32, :32] / 100
    smaller = np.asarray(teacher(light)) * 255 - 128
    # Its answers lie in squares of two by two; the middle of four of them is their mean in both sizes.
    np.testing.assert_allclose(
        np.asarray(steps[1].target)[:, 23:25, 23:25].mean(axis=(1, 2)),
        smaller[:, 15:17, 15:17].mean(axis=(1, 2)),
        atol=1e-2,
    )
    assert np.abs(np.asarray(steps[1].target) - np.asarray(steps[0].target)).max() > 0.01


def test_features_need_a_teacher_or_vgg16():
    with pytest.raises(ValueError, match=r"needs a teacher or VGG16\. Received: 50\.0 without"):
        Distillation(feature_weight=50.0)


def test_several_answer_with_their_mean_and_with_the_features_of_the_first(kernels, tmp_path):
    arrays, alone = read_arrays(kernels), []
    light = np.random.default_rng(0).random((2, 32, 48, 1)).astype(np.float32)
    for seed, name in enumerate(("one", "other")):
        built = build_teacher(arrays, "float32", seed=seed)
        built.get_layer("ab").bias.assign([0.2 * seed, 0.5])
        save(built, tmp_path / name)
        alone.append(load_teacher(tmp_path / name, arrays, "float32")(light))
    both = load_ensemble([tmp_path / "one", tmp_path / "other"], arrays, "float32")
    answer, features = both(light)
    np.testing.assert_allclose(answer, (np.asarray(alone[0][0]) + np.asarray(alone[1][0])) / 2, atol=1e-6)
    np.testing.assert_array_equal(features, alone[0][1])
    assert np.abs(np.asarray(alone[0][0]) - np.asarray(alone[1][0])).max() > 0.1
    assert both.trainable_variables == []


def test_it_is_trained_by_the_same_command_and_a_network_from_it(photos, kernels, tmp_path):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "teacher"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=2, lr=5e-3, loss="mse", precision="float32", network="teacher", dropout=0.1,
        perceptual=str(kernels),
    )  # fmt: skip
    Trainer(config).run()
    teacher = load_teacher(tmp_path / "teacher", read_arrays(kernels), "float32")
    assert teacher.trainable_variables == []
    config = replace(
        config,
        network="colorizer",
        teacher=(str(tmp_path / "teacher"),),
        distillation_weight=0.9,
        out=str(tmp_path / "out"),
    )
    trainer = Trainer(config, TINY)
    before = [w.copy() for w in trainer.objective.teacher.get_weights()]
    trainer.run()
    for was, now in zip(before, trainer.objective.teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    load_weights(build_network(TINY), tmp_path / "out")
    words = json.loads((tmp_path / "out" / "training.json").read_text())["command"]
    assert "--teacher teacher --distillation-weight 0.9" in words
    assert str(tmp_path) not in words


def test_weights_of_another_network_are_refused(tiny_network, kernels, tmp_path):
    save(tiny_network, tmp_path)
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        load_teacher(tmp_path, read_arrays(kernels))
