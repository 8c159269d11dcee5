"""The mentor: VGG16's features of the same grey, a way up that learns, and a network that learns from it."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from colorizer.errors import WeightsError
from colorizer.model.network import build_network
from colorizer.pretrained.locate import load_weights
from colorizer.pretrained.weights_file import save
from colorizer.training.augment import Film
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective
from colorizer.training.optimizer import BORROWED, ConvMuon
from colorizer.training.perceptual import Teacher, read_arrays
from colorizer.training.teacher import FROZEN, build_mentor, load_mentor, load_mentors
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY
from tests.helpers.vgg import FILTERS

PHOTOS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def mentor(kernels) -> keras.Model:
    """One that is to learn yet."""
    return build_mentor(read_arrays(kernels), "float32", seed=0)


@pytest.fixture
def learnt(mentor, kernels, tmp_path) -> keras.Model:
    """The same as the network meets it."""
    save(mentor, tmp_path / "mentor")
    return load_mentor(tmp_path / "mentor", read_arrays(kernels), "float32")


def test_it_answers_as_the_network_does_and_starts_about_grey(mentor):
    light = np.random.default_rng(0).random((2, 32, 48, 1)).astype(np.float32)
    answer = np.asarray(mentor(light))
    assert answer.shape == (2, 32, 48, 2)
    units = answer * 255 - 128
    assert np.abs(units).max() < 10
    assert units.std() < 3


def test_of_a_grey_picture_it_sees_what_vgg16_sees_of_its_three_channels(kernels, mentor):
    arrays = read_arrays(kernels)
    seen = np.random.default_rng(0).random((1, 32, 32, 1)).astype(np.float32)
    deepest = mentor.get_layer(f"{BORROWED}{len(FILTERS) - 1}")
    mine = np.asarray(keras.Model(mentor.input, deepest.output)(seen))
    three = (np.repeat(seen, 3, axis=-1) * 2 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
    theirs = np.asarray(Teacher(arrays, "float32").vgg(three.astype(np.float32))[-1])
    # Beyond the border VGG16 sees its mean colour, which is no grey: only there they differ.
    assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.95


def test_edges_stay_as_they_are_what_is_borrowed_learns_slowly_and_the_rest_at_full_rate(mentor):
    task = Objective(mentor, "mse", Film(share=0))
    task.compile(optimizer=ConvMuon(0.01))
    before = {v.path: np.array(v) for v in mentor.variables}
    task.train_on_batch(PHOTOS)
    moved = {v.path: np.abs(np.array(v) - before[v.path]).mean() for v in mentor.variables}
    frozen = [moved[f"{BORROWED}{n}/kernel"] for n in range(FROZEN)]
    borrowed = [moved[f"{BORROWED}{n}/kernel"] for n in range(FROZEN, len(FILTERS))]
    fresh = moved["scene/bias"]
    assert frozen == [0] * FROZEN
    assert min(borrowed) > 0
    assert max(borrowed) < 0.2 * fresh


def test_the_color_asked_for_lies_between_the_truth_and_its_answer(tiny_network, mentor, learnt):
    answers = {
        trust: Objective(tiny_network, "mse", Film(share=1), mentor=learnt, trust=trust)(
            PHOTOS, training=True
        )
        for trust in (0.0, 0.25, 1.0)
    }
    truth, opinion = (np.asarray(answers[trust].asked) for trust in (0.0, 1.0))
    np.testing.assert_array_equal(truth, answers[0.0].truth)
    clean = np.asarray(answers[0.0].lightness) / 100  # whatever the film has made of what the network sees
    np.testing.assert_allclose(opinion, np.asarray(mentor(clean)) * 255 - 128, atol=1e-2)
    np.testing.assert_allclose(np.asarray(answers[0.25].asked), 0.75 * truth + 0.25 * opinion, atol=1e-2)


def test_outside_of_training_nobody_asks_it(tiny_network, learnt):
    answer = Objective(tiny_network, "mse", Film(share=1), mentor=learnt, trust=1.0, hint=1.0)(PHOTOS)
    np.testing.assert_array_equal(np.asarray(answer.asked), np.asarray(answer.truth))
    assert answer.seen == ()


def test_its_hint_is_what_it_sees_of_the_lightness_at_an_eighth_of_the_size(tiny_network, learnt):
    task = Objective(tiny_network, "mse", Film(share=1), mentor=learnt, hint=1.0)
    answer = task(PHOTOS, training=True)
    features = np.asarray(learnt(np.asarray(answer.lightness) / 100)[1])
    assert features.shape == (2, 4, 4, FILTERS[9])
    expected = features / np.sqrt((features**2).sum(-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(np.asarray(answer.seen), expected, atol=1e-3)
    assert answer.told.shape == answer.seen.shape


def test_it_can_be_shown_the_pictures_in_a_size_of_its_own(tiny_network, mentor, learnt):
    even = np.random.default_rng(0).integers(0, 256, (2, 1, 1, 3), np.uint8)
    photos = np.broadcast_to(even, (2, 48, 48, 3))  # one colour each, which no scaling changes
    asked = [
        Objective(tiny_network, "mse", Film(share=0), mentor=learnt, trust=1.0, hint=1.0, mentor_size=size)(
            photos, training=True
        )
        for size in (0, 32)
    ]
    assert asked[1].asked.shape == (2, 48, 48, 2)
    assert asked[1].seen.shape == (2, 6, 6, FILTERS[9])
    light = np.asarray(asked[0].lightness)[:, :32, :32] / 100
    smaller = np.asarray(mentor(light)) * 255 - 128
    # Its answers lie in squares of two by two; the middle of four of them is their mean in both sizes.
    np.testing.assert_allclose(
        np.asarray(asked[1].asked)[:, 23:25, 23:25].mean(axis=(1, 2)),
        smaller[:, 15:17, 15:17].mean(axis=(1, 2)),
        atol=1e-2,
    )
    assert np.abs(np.asarray(asked[1].asked) - np.asarray(asked[0].asked)).max() > 0.01


def test_several_answer_with_their_mean_and_the_first_says_what_it_sees(kernels, tmp_path):
    arrays, alone = read_arrays(kernels), []
    light = np.random.default_rng(0).random((2, 32, 48, 1)).astype(np.float32)
    for seed, name in enumerate(("one", "other")):
        learnt = build_mentor(arrays, "float32", seed=seed)
        learnt.get_layer("ab").bias.assign([0.2 * seed, 0.5])
        save(learnt, tmp_path / name)
        alone.append(load_mentor(tmp_path / name, arrays, "float32")(light))
    both = load_mentors([tmp_path / "one", tmp_path / "other"], arrays, "float32")
    answer, seen = both(light)
    np.testing.assert_allclose(answer, (np.asarray(alone[0][0]) + np.asarray(alone[1][0])) / 2, atol=1e-6)
    np.testing.assert_array_equal(seen, alone[0][1])
    assert np.abs(np.asarray(alone[0][0]) - np.asarray(alone[1][0])).max() > 0.1
    assert both.trainable_variables == []


def test_it_is_trained_by_the_same_command_and_a_network_from_it(photos, kernels, tmp_path):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "mentor"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=2, lr=5e-3, loss="mse", precision="float32", network="mentor", dropout=0.1,
        teacher=str(kernels),
    )  # fmt: skip
    Trainer(config).run()
    mentor = load_mentor(tmp_path / "mentor", read_arrays(kernels), "float32")
    assert mentor.trainable_variables == []
    config = replace(
        config, network="colorizer", mentor=(str(tmp_path / "mentor"),), trust=0.9, out=str(tmp_path / "out")
    )
    trainer = Trainer(config, TINY)
    before = [w.copy() for w in trainer.objective.mentor.get_weights()]
    trainer.run()
    for was, now in zip(before, trainer.objective.mentor.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    load_weights(build_network(TINY), tmp_path / "out")
    words = json.loads((tmp_path / "out" / "training.json").read_text())["command"]
    assert "--mentor mentor --trust 0.9" in words
    assert str(tmp_path) not in words


def test_weights_of_another_network_are_no_mentors(tiny_network, kernels, tmp_path):
    save(tiny_network, tmp_path)
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        load_mentor(tmp_path, read_arrays(kernels))
