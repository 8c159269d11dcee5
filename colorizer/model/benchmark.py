"""The time of one layer of the network, in each backend and precision: what `runtime.py` chooses by.

    timer = LayerTimer()
    timer.is_faster(Layer("ncnn", "int8"), Layer("tensorflow", "float32"))

One of the network's middle layers stands for all of them: timing it costs some tenths of a second.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from colorizer.model import ncnn_backend
from colorizer.model.spec import INT8

# TensorFlow in float32 is the reference. Another way must need less than this share of its time: a marginal
# gain is not worth a choice that changes from start to start.
MIN_SPEEDUP = 0.8


class Layer(NamedTuple):
    """How the layer is computed."""

    backend: str
    precision: str = "float32"
    training: bool = False  # with its gradients
    threads: int | None = None  # for ncnn; TensorFlow has one number for the whole process


class LayerTimer:
    """Measures every kind of layer at first need, and keeps the seconds and the verdicts."""

    def __init__(self, measure: Callable[[Layer], float] | None = None):
        """Starts without any measurement.

        Args:
            measure: gives the seconds of a layer; `layer_seconds` if None.
        """
        self._measure = measure or layer_seconds
        self._seconds: dict[Layer, float] = {}
        self._verdicts: dict[tuple[Layer, Layer], bool] = {}

    def seconds(self, layer: Layer) -> float:
        """The shortest time measured so far, in seconds."""
        if layer not in self._seconds:
            self._seconds[layer] = self._measure(layer)
        return self._seconds[layer]

    def is_faster(self, candidate: Layer, reference: Layer) -> bool:
        """Whether `candidate` needs less than `MIN_SPEEDUP` of the time of `reference`.

        The reference is measured first, perhaps while other programs kept the processor busy. So a
        candidate that wins must win again after a second measurement of the reference. A verdict stays: two
        colorizers of one process must not choose differently.
        """
        pair = candidate, reference
        if pair not in self._verdicts:
            reference_seconds = self.seconds(reference)
            faster = self.seconds(candidate) < MIN_SPEEDUP * reference_seconds
            if faster:
                self._seconds[reference] = min(reference_seconds, self._measure(reference))
                faster = self.seconds(candidate) < MIN_SPEEDUP * self._seconds[reference]
            self._verdicts[pair] = faster
        return self._verdicts[pair]


def layer_seconds(layer: Layer) -> float:
    """The time of one middle layer of the network on a small picture, in seconds."""
    if layer.backend == "ncnn":
        return _ncnn_seconds(layer.threads, layer.precision)
    return _tensorflow_seconds("bfloat16" if "bfloat16" in layer.precision else "float32", layer.training)


def _tensorflow_seconds(dtype: str, training: bool) -> float:
    import tensorflow as tf

    image, kernel = tf.ones((1, 32, 32, 256), dtype), tf.ones((3, 3, 256, 256), dtype)
    # As in `tensorflow_backend.compile_network`: with oneDNN, float32 needs 3x the time otherwise.
    constant = kernel.numpy()

    def forward(image: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(image, tf.constant(constant), 1, "SAME")

    def gradients(image: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((image, kernel))
            output = tf.nn.conv2d(image, kernel, 1, "SAME")
        return tape.gradient(output, (image, kernel))[1]

    run = tf.function(gradients if training else forward, autograph=False)
    return _best_seconds(lambda: run(image).numpy())


def _ncnn_seconds(threads: int | None, precision: str) -> float:
    kernel, bias = np.ones((3, 3, 256, 256), np.float32), np.zeros(256, np.float32)
    run = ncnn_backend.convolution(kernel, bias, threads, input_maximum=1.0 if precision == INT8 else None)
    image = np.ones((1, 32, 32, 256), np.float32)
    return _best_seconds(lambda: run(image))


def _best_seconds(run: Callable[[], object]) -> float:
    """The shortest of five runs, because other programs use the processor too; on a slow machine of fewer."""
    run()  # the first one compiles
    seconds: list[float] = []
    while len(seconds) < 5 and sum(seconds) < 0.4:
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
