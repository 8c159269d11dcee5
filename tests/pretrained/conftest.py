"""What the tests of weights share."""

import pytest

from colorizer.model.network import build_network
from colorizer.pretrained import weights_file
from colorizer.pretrained.locate import load_weights, read_weights
from tests.helpers.network import TINY

# Both ways in: into a Keras network, and without Keras.
WAYS = {
    "load": lambda source, table=TINY: load_weights(build_network(table), source),
    "read": lambda source, table=TINY: read_weights(source, table),
}


@pytest.fixture
def saved(tmp_path, tiny_network):
    """A folder with the tiny network's weights and their manifest."""
    weights_file.save(tiny_network, tmp_path)
    return tmp_path


@pytest.fixture(params=WAYS)
def read(request):
    """Reads the tiny network's weights from a source, in either way."""
    return WAYS[request.param]
