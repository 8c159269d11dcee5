"""The network in TensorFlow: one compilation for every size, with the weights of the moment."""

import numpy as np
import pytest

from colorizer.model.tensorflow_backend import compile_network, set_threads


def test_the_compiled_network_gives_what_keras_gives_at_any_size(tiny_network):
    forward = compile_network(tiny_network)
    for height, width in ((32, 48), (64, 64), (8, 200)):
        lightness = np.random.default_rng(height).random((1, height, width, 1), np.float32)
        np.testing.assert_allclose(forward(lightness), np.asarray(tiny_network(lightness)), atol=1e-5)


@pytest.mark.slow
def test_it_keeps_the_weights_of_the_moment_it_was_compiled(tiny_network):
    from keras.models import clone_model

    network = clone_model(tiny_network)
    forward, lightness = compile_network(network), np.ones((1, 16, 16, 1), np.float32)
    before = forward(lightness)
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    np.testing.assert_array_equal(forward(lightness), before)
    assert not np.allclose(compile_network(network)(lightness), before)


def test_a_number_of_threads_that_comes_too_late_is_a_warning(tiny_network):
    compile_network(tiny_network)(np.ones((1, 16, 16, 1), np.float32))
    set_threads(None)
    with pytest.warns(UserWarning, match="TensorFlow keeps its number of threads"):
        set_threads(61)
