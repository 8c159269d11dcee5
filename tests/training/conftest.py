"""What the tests of training share."""

import keras
import pytest

from colorizer.model.network import build_network
from tests.helpers.network import TINY


@pytest.fixture
def tiny_network() -> keras.Model:
    """A network of the test's own, since training changes it."""
    return build_network(TINY, precision="float32", seed=0)
