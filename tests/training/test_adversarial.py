"""The discriminator and its losses: which network learns from which, and when."""

import keras
import numpy as np
import pytest

from colorizer.training import adversarial
from colorizer.training.adversarial import Discriminator
from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective
from colorizer.training.optimizer import ConvMuon
from colorizer.training.perceptual import LPIPS, PerceptualLoss
from colorizer.training.trainer import Trainer
from colorizer.training.vgg16 import read_arrays
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


def objective(network, kernels, **weights) -> Objective:
    perceptual = PerceptualLoss(lpips=LPIPS(read_arrays(kernels), "float32"), **weights)
    return Objective(network, color_loss=ColorLoss("mse"), film=FilmLook(share=0), perceptual=perceptual)


def test_it_judges_patches_of_the_colours_and_of_every_map_of_features():
    logits = Discriminator(TAPS)(maps(0))
    assert [v.shape for v in logits] == [
        (2, 4, 4, 1), (2, 16, 16, 1), (2, 8, 8, 1), (2, 4, 4, 1), (2, 2, 2, 1), (2, 1, 1, 1),
    ]  # fmt: skip


def test_the_losses_are_the_hinge_of_the_logits():
    discriminator = Discriminator(TAPS)
    coloured, photos = maps(0), maps(1)

    def mean(values) -> np.ndarray:
        return np.mean([np.asarray(v).mean(axis=(1, 2, 3)) for v in values], axis=0)

    coloured_logits, photo_logits = discriminator(coloured), discriminator(photos)
    generator_loss, discriminator_loss = adversarial.losses(discriminator, coloured, photos)
    assert np.asarray(generator_loss) == pytest.approx(-mean(coloured_logits), abs=1e-5)
    hinge = mean([np.maximum(0, 1 + v) for v in coloured_logits]) + mean(
        [np.maximum(0, 1 - v) for v in photo_logits]
    )
    assert np.asarray(discriminator_loss) == pytest.approx(hinge, abs=1e-5)


@pytest.mark.slow
def test_before_the_adversarial_loss_counts_the_network_learns_as_without_it_and_the_discriminator_learns(
    tiny_network, kernels
):
    before = tiny_network.get_weights()
    after = []
    for options in ({"weight": 10.0}, {"weight": 10.0, "adversarial_weight": 40.0}):
        tiny_network.set_weights(before)
        learner = objective(tiny_network, kernels, **options)
        learner.compile(optimizer=keras.optimizers.SGD(1e-3))
        if learner.discriminator is not None:
            learner.adversarial_enabled.assign(0.0)
            before_training = learner.discriminator.get_weights()
        learner.train_on_batch(PHOTOS)
        after.append(tiny_network.get_weights())
    for without, beside in zip(*after, strict=True):
        np.testing.assert_allclose(without, beside, atol=1e-6)
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(before_training, learner.discriminator.get_weights(), strict=True)
    )


@pytest.mark.slow
def test_once_it_counts_the_colours_change_with_the_weight_of_the_loss(tiny_network, kernels):
    before = tiny_network.get_weights()
    after = []
    for weight in (1e-6, 1e4):
        tiny_network.set_weights(before)
        learner = objective(tiny_network, kernels, adversarial_weight=weight)
        learner.compile(optimizer=keras.optimizers.SGD(1e-4))
        learner.train_on_batch(PHOTOS)
        after.append(np.concatenate([w.ravel() for w in tiny_network.get_weights()]))
    assert np.abs(after[0] - after[1]).max() > 1e-6


def test_the_discriminator_takes_adams_steps_and_the_network_muons(tiny_network, kernels):
    learner = objective(tiny_network, kernels, adversarial_weight=1.0)
    optimizer = ConvMuon(1e-3)
    by_adam = {v.path: optimizer.uses_adam(v) for v in learner.trainable_variables}
    assert all(adam for path, adam in by_adam.items() if path.startswith(adversarial.DISCRIMINATOR))
    assert not all(adam for path, adam in by_adam.items() if not path.startswith(adversarial.DISCRIMINATOR))


@pytest.mark.slow
def test_a_run_keeps_it_in_its_checkpoint_and_continues_with_it(photos, kernels, tmp_path):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "out"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=0.3, loss="mse", precision="float32", perceptual=str(kernels),
        adversarial=20.0, adversarial_after=0.5,
    )  # fmt: skip
    first = Trainer(config, TINY)
    first.run()
    assert float(first.objective.adversarial_enabled.value) == 1.0
    again = Trainer(TrainingConfig(**{**config.__dict__, "resume": True, "epochs": 0.4}), TINY)
    for mine, theirs in zip(
        first.objective.discriminator.get_weights(),
        again.objective.discriminator.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)
    again.run()
