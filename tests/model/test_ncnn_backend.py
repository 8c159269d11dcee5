"""The network in ncnn: the same colours, from the same weights, on any number of threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from colorizer.model import ncnn_backend
from colorizer.model.ncnn_backend import from_arrays, from_keras
from colorizer.model.network import build_network
from colorizer.model.spec import ARCHITECTURE, Conv, Forward
from colorizer.pretrained.locate import load_weights, read_weights


def lightness(height: int, width: int, count: int = 1) -> np.ndarray:
    """Random pictures: (N, H, W, 1), in [0, 1]."""
    return np.random.default_rng(height).random((count, height, width, 1), np.float32)


@pytest.mark.slow
def test_the_shipped_network_gives_the_same_colors_to_a_thousandth_of_a_unit():
    network = build_network(precision="float32")
    load_weights(network)
    pictures = lightness(96, 144)
    difference = 255 * np.abs(from_keras(network)(pictures) - np.asarray(network(pictures, training=False)))
    assert difference.max() < 1e-3


@pytest.mark.slow
def test_without_keras_it_is_the_same_network():
    network = build_network(precision="float32", fresh=False)
    load_weights(network)
    pictures = lightness(96, 144)
    np.testing.assert_array_equal(
        from_arrays(ARCHITECTURE, read_weights())(pictures), from_keras(network)(pictures)
    )


@pytest.mark.parametrize("sides", [(32, 48), (64, 64), (8, 200), (8, 8)])
def test_at_any_size_and_on_one_thread_as_on_all(tiny_network, sides):
    pictures, expected = lightness(*sides), np.asarray(tiny_network(lightness(*sides)))
    for threads in (1, None):
        np.testing.assert_allclose(from_keras(tiny_network, threads)(pictures), expected, atol=1e-5)


def test_each_of_several_pictures_has_its_output(tiny_network):
    pictures = lightness(16, 24, count=3)
    np.testing.assert_allclose(
        from_keras(tiny_network)(pictures), np.asarray(tiny_network(pictures)), atol=1e-5
    )


@pytest.mark.slow
def test_it_keeps_the_weights_of_the_moment(tiny_network):
    network = keras.models.clone_model(tiny_network)
    forward, pictures = from_keras(network), lightness(16, 16)
    before = forward(pictures)
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    np.testing.assert_array_equal(forward(pictures), before)
    assert not np.allclose(from_keras(network)(pictures), before)


@pytest.mark.slow
def test_threads_may_share_it(tiny_network):
    forward, sizes = from_keras(tiny_network), [(8 * n, 80 - 8 * n) for n in range(1, 10)] * 5
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sides: forward(lightness(*sides)), sizes))
    for sides, answer in zip(sizes, answers, strict=True):
        np.testing.assert_array_equal(answer, forward(lightness(*sides)))


def test_strides_on_odd_sides_and_many_channels_are_as_in_keras():
    layers = [
        keras.Input((None, None, 6)),
        keras.layers.Conv2D(5, (3, 5), strides=2, padding="same"),
        keras.layers.LeakyReLU(0.2),
        keras.layers.UpSampling2D((2, 3)),
    ]
    network = keras.Sequential(layers)
    pictures = np.random.default_rng(0).normal(size=(1, 13, 18, 6)).astype(np.float32)
    np.testing.assert_allclose(from_keras(network)(pictures), np.asarray(network(pictures)), atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(2, 3),
        keras.layers.Conv2D(2, 3, padding="same", activation="sigmoid"),
        keras.layers.Conv2D(2, 3, padding="same", dilation_rate=2),
        keras.layers.UpSampling2D(2, interpolation="bilinear"),
        keras.layers.BatchNormalization(),
    ],
)
def test_a_layer_of_another_kind_is_refused(layer):
    with pytest.raises(ValueError, match="The ncnn backend knows no layer of this kind"):
        from_keras(keras.Sequential([keras.Input((None, None, 1)), layer]))


# --- 8-bit integers ------------------------------------------------------------------------------------

# Of four layers, the third is computed in 8-bit integers; here the others pass on what they get.
FOUR = (Conv(1), Conv(16), Conv(8), Conv(8))


def four_weights() -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights of `FOUR`: the second layer repeats the picture 16 times, the third is random."""

    def passing(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        spatial = np.zeros((3, 3, *kernel.shape), np.float32)
        spatial[1, 1] = kernel
        return spatial, np.zeros(kernel.shape[1], np.float32)

    random = np.random.default_rng(0).normal(size=(3, 3, 16, 8)).astype(np.float32)
    third = random, np.arange(8, dtype=np.float32)
    return [passing(np.eye(1)), passing(np.ones((1, 16))), third, passing(np.eye(8))]


def in_8_bits(weights: list[tuple[np.ndarray, np.ndarray]], largest_input: float) -> Forward:
    return from_arrays(FOUR, weights, input_maxima=[1, 1, largest_input, 1])


def test_in_8_bit_integers_a_layer_is_as_exact_as_127_steps_allow():
    pictures, weights = lightness(16, 24), four_weights()
    exact = from_arrays(FOUR, weights)(pictures)
    relative = np.sqrt(np.mean((in_8_bits(weights, 1)(pictures) - exact) ** 2) / np.mean(exact**2))
    assert 0 < relative < 0.02


def test_in_8_bit_integers_inputs_beyond_the_largest_are_clipped():
    forward = in_8_bits(four_weights(), 0.5)
    grey, white = np.full((1, 16, 16, 1), 0.5, np.float32), np.ones((1, 16, 16, 1), np.float32)
    np.testing.assert_allclose(forward(white), forward(grey), rtol=1e-5, atol=1e-4)


def test_the_first_two_layers_and_the_last_stay_in_float32():
    pictures, weights = lightness(16, 24), four_weights()
    weights[2] = np.zeros_like(weights[2][0]), weights[2][1]
    expected = from_arrays(FOUR, weights)(pictures)
    tiny_steps = from_arrays(FOUR, weights, input_maxima=[1e-3, 1e-3, 1, 1e-3])
    np.testing.assert_array_equal(tiny_steps(pictures), expected)


def test_a_filter_of_zeros_gives_its_bias_in_8_bit_integers():
    weights = four_weights()
    weights[2] = np.zeros_like(weights[2][0]), weights[2][1]
    output = in_8_bits(weights, 1)(lightness(8, 8))
    np.testing.assert_allclose(output, np.broadcast_to(weights[2][1], output.shape), atol=1e-6)


def test_every_layer_needs_its_largest_input():
    with pytest.raises(ValueError, match="zip"):
        from_arrays(FOUR, four_weights(), input_maxima=[1])


def test_it_needs_no_space_on_a_disk(tiny_network, no_room):
    from_keras(tiny_network)(lightness(16, 16))


def test_without_the_package_it_is_not_available(monkeypatch):
    assert ncnn_backend.available()
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert not ncnn_backend.available()
