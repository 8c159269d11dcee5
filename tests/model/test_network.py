"""The network, to the letter: the table, the shapes, the number of parameters."""

import keras
import numpy as np
import pytest

from colorizer import build_network
from colorizer.model.spec import NEUTRAL, Conv
from tests.helpers.network import TINY

#        filters, stride, upsampled after
TABLE = [
    (64, 2, False),
    (128, 1, False),
    (128, 2, False),
    (256, 1, False),
    (256, 2, False),
    (512, 1, False),
    (512, 1, False),
    (256, 1, False),
    (128, 1, True),
    (64, 1, True),
    (32, 1, False),
    (16, 1, False),
    (2, 1, True),
]


@pytest.fixture(scope="module")
def network():
    return build_network()


def test_the_layers_are_those_of_the_table(network):
    rows, layers = [], [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers:
        if isinstance(layer, keras.layers.Conv2D):
            assert layer.kernel_size == (3, 3)
            assert layer.padding == "same"
            rows.append([layer.filters, layer.strides[0], False])
        elif isinstance(layer, keras.layers.UpSampling2D):
            assert layer.size == (2, 2)
            rows[-1][2] = True
    assert [tuple(row) for row in rows] == TABLE


def test_every_convolution_is_followed_by_relu_and_the_last_by_leaky_relu(network):
    activations = [layer for layer in network.layers if "ReLU" in type(layer).__name__]
    assert [type(layer).__name__ for layer in activations] == ["ReLU"] * 12 + ["LeakyReLU"]
    assert activations[-1].negative_slope == pytest.approx(0.01)


def test_it_has_6219410_parameters(network):
    assert network.count_params() == 6_219_410


def test_256_by_256_lightness_gives_256_by_256_color(network):
    assert network(np.zeros((1, 256, 256, 1), np.float32)).shape == (1, 256, 256, 2)


@pytest.mark.parametrize("size", [(8, 8), (64, 128), (200, 136)])
def test_any_multiple_of_8_works(tiny_network, size):
    assert tiny_network(np.zeros((2, *size, 1), np.float32)).shape == (2, *size, 2)


def test_an_untrained_network_answers_near_neutral_grey(network):
    answer = np.asarray(network(np.random.default_rng(0).random((1, 64, 64, 1)).astype(np.float32)))
    assert pytest.approx(128 / 255) == NEUTRAL
    assert np.abs(answer - NEUTRAL).mean() < 0.1


def test_the_color_is_computed_in_float32_even_in_bfloat16_training():
    network = build_network(precision="mixed_bfloat16")
    assert network.get_layer("conv12").compute_dtype == "bfloat16"
    assert network.get_layer("conv13").compute_dtype == "float32"
    assert keras.backend.standardize_dtype(network(np.zeros((1, 16, 16, 1), np.float32)).dtype) == "float32"


def test_the_last_enlargement_repeats_so_that_every_second_element_is_all_there_is(tiny_network):
    lightness = np.random.default_rng(0).random((1, 32, 32, 1)).astype(np.float32)
    answer = np.asarray(tiny_network(lightness))
    np.testing.assert_array_equal(answer, answer[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2))


def test_a_seed_makes_the_weights_repeatable():
    table = (Conv(4, stride=2), Conv(2, upsample=True))
    first, second, other = (build_network(table, seed=seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


def test_a_table_that_does_not_end_in_two_filters_is_refused():
    with pytest.raises(ValueError, match=r"must have 2 filters. Received: Conv\(filters=3"):
        build_network((Conv(4), Conv(3)))


def test_a_network_that_weights_are_loaded_into_has_none_of_its_own():
    network = build_network(TINY, fresh=False)
    assert all((weight == 0).all() for weight in network.get_weights()[:-1])
    network.set_weights(build_network(TINY, seed=1).get_weights())
    light = np.full((1, 16, 16, 1), 0.5, np.float32)
    np.testing.assert_array_equal(network(light), build_network(TINY, seed=1)(light))
