"""A checkpoint brings back everything that the next step depends on."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from colorizer.training import checkpoint
from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective
from colorizer.training.teacher import build_teacher
from colorizer.training.vgg16 import read_arrays

PHOTOS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
CONFIG = TrainingConfig(photos=("p",))


@pytest.fixture
def teacher(kernels) -> Objective:
    """A network with dropout layers of its own, built for training."""
    network = build_teacher(read_arrays(kernels), "float32", dropout=0.5, seed=0)
    objective = Objective(network, color_loss=ColorLoss("mse"), film=FilmLook(share=1))
    objective.compile(optimizer=keras.optimizers.SGD(1e-3))
    objective.optimizer.build(objective.trainable_variables)
    return objective


def predict(objective: Objective) -> np.ndarray:
    return np.asarray(objective(PHOTOS, training=True).predicted)


def test_a_restored_run_draws_the_same_random_numbers_dropout_in_the_network_included(teacher, tmp_path):
    average = [w + 1 for w in teacher.network.get_weights()]
    checkpoint.save(tmp_path, teacher, average, {"crops": 7, "evaluations": []}, CONFIG)
    following = [predict(teacher) for _ in range(2)]
    assert np.abs(following[0] - following[1]).max() > 1e-3
    teacher.network.set_weights([w + 5 for w in teacher.network.get_weights()])
    restored = [np.zeros_like(w) for w in average]
    assert checkpoint.restore(tmp_path, teacher, restored, CONFIG) == {"crops": 7, "evaluations": []}
    np.testing.assert_array_equal(predict(teacher), following[0])
    np.testing.assert_array_equal(predict(teacher), following[1])
    for mine, theirs in zip(restored, average, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_another_schedule_and_a_missing_checkpoint_are_refused(teacher, tmp_path):
    average = teacher.network.get_weights()
    with pytest.raises(FileNotFoundError, match=r"Received: .* without checkpoint\.npz"):
        checkpoint.restore(tmp_path, teacher, average, CONFIG)
    checkpoint.save(tmp_path, teacher, average, {}, CONFIG)
    with pytest.raises(ValueError, match=r"same schedule: batch was 32\. Received: 8"):
        checkpoint.restore(tmp_path, teacher, average, replace(CONFIG, batch=8))
