"""The network in ncnn: the same colours, from the same weights, on as many threads as are wanted."""

import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from colorizer.model import ncnn_backend
from colorizer.model.ncnn_backend import from_table, in_ncnn
from colorizer.model.network import build_network
from colorizer.model.spec import ARCHITECTURE
from colorizer.pretrained.locate import load_weights, read_weights


def seen(height: int, width: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(height).random((count, height, width, 1), np.float32)


def test_the_shipped_network_says_the_same_to_a_thousandth_of_a_unit():
    network = build_network(precision="float32")
    load_weights(network)
    light = seen(96, 144)
    off = 255 * np.abs(in_ncnn(network)(light) - np.asarray(network(light, training=False)))
    assert off.max() < 1e-3


def test_without_keras_it_is_the_same_network():
    network = build_network(precision="float32", fresh=False)
    load_weights(network)
    light = seen(96, 144)
    np.testing.assert_array_equal(from_table(ARCHITECTURE, read_weights())(light), in_ncnn(network)(light))


@pytest.mark.parametrize("sides", [(32, 48), (64, 64), (8, 200), (8, 8)])
def test_at_any_size_and_on_one_thread_as_on_all(tiny_network, sides):
    light, expected = seen(*sides), np.asarray(tiny_network(seen(*sides)))
    for threads in (1, None):
        np.testing.assert_allclose(in_ncnn(tiny_network, threads)(light), expected, atol=1e-5)


def test_of_several_pictures_each_is_answered(tiny_network):
    light = seen(16, 24, count=3)
    np.testing.assert_allclose(in_ncnn(tiny_network)(light), np.asarray(tiny_network(light)), atol=1e-5)


def test_it_keeps_the_weights_of_the_moment(tiny_network):
    network = keras.models.clone_model(tiny_network)
    forward, light = in_ncnn(network), seen(16, 16)
    before = forward(light)
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    np.testing.assert_array_equal(forward(light), before)
    assert not np.allclose(in_ncnn(network)(light), before)


def test_threads_may_share_it(tiny_network):
    forward, sizes = in_ncnn(tiny_network), [(8 * n, 80 - 8 * n) for n in range(1, 10)] * 5
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sides: forward(seen(*sides)), sizes))
    for sides, answer in zip(sizes, answers, strict=True):
        np.testing.assert_array_equal(answer, forward(seen(*sides)))


def test_strides_on_odd_sides_and_many_channels_are_as_in_keras():
    layers = [
        keras.Input((None, None, 6)),
        keras.layers.Conv2D(5, (3, 5), strides=2, padding="same"),
        keras.layers.LeakyReLU(0.2),
        keras.layers.UpSampling2D((2, 3)),
    ]
    network = keras.Sequential(layers)
    light = np.random.default_rng(0).normal(size=(1, 13, 18, 6)).astype(np.float32)
    np.testing.assert_allclose(in_ncnn(network)(light), np.asarray(network(light)), atol=1e-5)


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
def test_a_layer_it_cannot_say_in_ncnns_words_is_refused_rather_than_left_out(layer):
    with pytest.raises(ValueError, match="ncnn is told of"):
        in_ncnn(keras.Sequential([keras.Input((None, None, 1)), layer]))


def test_it_needs_no_room_on_a_disk(tiny_network, no_room):
    in_ncnn(tiny_network)(seen(16, 16))


def test_without_the_package_it_is_not_available(monkeypatch):
    assert ncnn_backend.available()
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert not ncnn_backend.available()
