"""How long a layer of the network takes here, in each runtime and precision: what `runtime.py` chooses by.

    tensorflow_seconds("bfloat16") < tensorflow_seconds("float32")

One of the network's middle layers stands for all of them: it is timed in some tenths of a second.
"""

import time
from collections.abc import Callable

import numpy as np

from colorizer.model import ncnn_backend


def tensorflow_seconds(dtype: str, learning: bool = False) -> float:
    """How long one of the network's middle layers takes, compiled as the network is, on a small picture."""
    import tensorflow as tf

    image, kernel = tf.ones((1, 32, 32, 256), dtype), tf.ones((3, 3, 256, 256), dtype)
    fixed = (
        kernel.numpy()
    )  # as in `tensorflow_backend.compiled`: with oneDNN, float32 takes thrice the time if it is not

    def forward(image: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(image, tf.constant(fixed), 1, "SAME")

    def learn(image: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((image, kernel))
            answer = tf.nn.conv2d(image, kernel, 1, "SAME")
        return tape.gradient(answer, (image, kernel))[1]

    run = tf.function(learn if learning else forward, autograph=False)
    return _seconds(lambda: run(image).numpy())


def ncnn_seconds() -> float:
    """The same layer in ncnn."""
    import keras

    layer = keras.layers.Conv2D(256, 3, padding="same", dtype="float32")
    run = ncnn_backend.in_ncnn(keras.Sequential([keras.Input((None, None, 256)), layer]))
    image = np.ones((1, 32, 32, 256), np.float32)
    return _seconds(lambda: run(image))


def _seconds(run: Callable[[], object]) -> float:
    """The best of five, because others may use the processor too; where it is that slow, one is enough."""
    run()  # is compiled
    taken: list[float] = []
    while len(taken) < 5 and sum(taken) < 0.4:
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)
