"""The discriminator and its loss: who learns from which part, and what the network is told."""

import keras
import numpy as np
import pytest

from colorizer.training import adversarial
from colorizer.training.adversarial import Discriminator
from colorizer.training.augment import Film
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective
from colorizer.training.optimizer import ConvMuon
from colorizer.training.perceptual import Teacher, read_arrays
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY
from tests.helpers.vgg import TAPS

RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


def maps(seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    sides = [16, 16, 8, 4, 2, 1]
    return [
        random.random((2, side, side, channels)).astype(np.float32)
        for side, channels in zip(sides, [3, *TAPS], strict=True)
    ]


def objective(network, kernels, **options) -> Objective:
    perceptual = Teacher(read_arrays(kernels), "float32")
    return Objective(network, "mse", Film(share=0), teacher=perceptual, **options)


def test_it_gives_a_verdict_on_patches_of_the_colours_and_of_every_map_of_features():
    verdicts = Discriminator(TAPS)(maps(0))
    assert [v.shape for v in verdicts] == [
        (2, 4, 4, 1), (2, 16, 16, 1), (2, 8, 8, 1), (2, 4, 4, 1), (2, 2, 2, 1), (2, 1, 1, 1),
    ]  # fmt: skip


def test_the_losses_are_the_hinge_of_the_verdicts():
    discriminator = Discriminator(TAPS)
    coloured, photos = maps(0), maps(1)

    def mean(values) -> np.ndarray:
        return np.mean([np.asarray(v).mean(axis=(1, 2, 3)) for v in values], axis=0)

    on_coloured, on_photos = discriminator(coloured), discriminator(photos)
    colouring, telling = adversarial.losses(discriminator, coloured, photos)
    assert np.asarray(colouring) == pytest.approx(-mean(on_coloured), abs=1e-5)
    hinge = mean([np.maximum(0, 1 + v) for v in on_coloured]) + mean(
        [np.maximum(0, 1 - v) for v in on_photos]
    )
    assert np.asarray(telling) == pytest.approx(hinge, abs=1e-5)


@pytest.mark.slow
def test_a_network_that_may_not_fool_it_yet_learns_as_without_it_while_it_learns_already(
    tiny_network, kernels
):
    before = tiny_network.get_weights()
    after = []
    for options in ({"lpips": 10.0}, {"lpips": 10.0, "adversarial": 40.0}):
        tiny_network.set_weights(before)
        learner = objective(tiny_network, kernels, **options)
        learner.compile(optimizer=keras.optimizers.SGD(1e-3))
        if learner.discriminator is not None:
            learner.fooling.assign(0.0)
            judge = learner.discriminator.get_weights()
        learner.train_on_batch(PHOTOS)
        after.append(tiny_network.get_weights())
    for plain, beside in zip(*after, strict=True):
        np.testing.assert_allclose(plain, beside, atol=1e-6)
    assert any(
        not np.array_equal(a, b) for a, b in zip(judge, learner.discriminator.get_weights(), strict=True)
    )


@pytest.mark.slow
def test_once_it_may_its_colours_change_with_the_weight_of_the_loss(tiny_network, kernels):
    before = tiny_network.get_weights()
    after = []
    for weight in (1e-6, 1e4):
        tiny_network.set_weights(before)
        learner = objective(tiny_network, kernels, adversarial=weight)
        learner.compile(optimizer=keras.optimizers.SGD(1e-4))
        learner.train_on_batch(PHOTOS)
        after.append(np.concatenate([w.ravel() for w in tiny_network.get_weights()]))
    assert np.abs(after[0] - after[1]).max() > 1e-6


def test_the_discriminator_takes_adams_steps_and_the_network_muons(tiny_network, kernels):
    learner = objective(tiny_network, kernels, adversarial=1.0)
    optimizer = ConvMuon(1e-3)
    by_adam = {v.path: optimizer._should_use_adamw(v) for v in learner.trainable_variables}
    assert all(adam for path, adam in by_adam.items() if path.startswith(adversarial.NAME))
    assert not all(adam for path, adam in by_adam.items() if not path.startswith(adversarial.NAME))


def test_it_needs_the_features_of_the_perceptual_loss(tiny_network):
    with pytest.raises(ValueError, match=r"adversarial .* Received: 0\.0, 5\.0 and 0\.0 without"):
        Objective(tiny_network, "mse", Film(), adversarial=5.0)


@pytest.mark.slow
def test_a_run_keeps_it_in_its_checkpoint_and_goes_on_with_it(photos, kernels, tmp_path):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "out"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=0.3, loss="mse", precision="float32", teacher=str(kernels),
        adversarial=20.0, adversarial_after=0.5,
    )  # fmt: skip
    first = Trainer(config, TINY)
    first.run()
    assert float(first.objective.fooling.value) == 1.0
    again = Trainer(TrainingConfig(**{**config.__dict__, "resume": True, "epochs": 0.4}), TINY)
    for mine, theirs in zip(
        first.objective.discriminator.get_weights(),
        again.objective.discriminator.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)
    again.run()
