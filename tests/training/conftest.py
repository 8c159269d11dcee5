"""What the tests of training share."""

import keras
import pytest

from colorizer.model.network import build_network
from colorizer.training.config import TrainingConfig
from tests.helpers.network import TINY


@pytest.fixture
def tiny_network() -> keras.Model:
    """A network of the test's own, since training changes it."""
    return build_network(TINY, precision="float32", seed=0)


@pytest.fixture(scope="module")
def config(photos, tmp_path_factory) -> TrainingConfig:
    """Three passes over 120 small photos, of which the last is held out, in a few seconds."""
    folder = tmp_path_factory.mktemp("training")
    return TrainingConfig(
        photos=(str(photos),),
        out=str(folder / "out"),
        cache=str(folder / "cache"),
        size=(16, 32),
        batch=8,
        epochs=3,
        lr=5e-3,
        loss="mse",
        eval_every=100,
        precision="float32",
    )
