"""The network's forward pass, compiled once for every size, in the precision this processor does faster.

    forward = compiled(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Calling a Keras model directly interprets it layer by layer; `model.predict` compiles it, but again for new
sizes, and reads its weights anew every time. Photos have many sizes: here one compiled function takes them
all, with the weights inside it.

bfloat16 halves the time on processors that multiply it (AVX512-BF16, AMX) and multiplies it by ten on
others. Which is which is measured, not looked up, when the weights are loaded and when training begins.
COLORIZER_PRECISION=float32 switches it off.
"""

import os
import time
from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np

PRECISIONS = ("float32", "mixed_bfloat16")


def compiled(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function of arrays, with the weights that it has now. Safe to share.

    As constants the weights are cast and laid out for the processor once. As variables, that is done again
    for every photo, which takes nearly half of the time at 72 pixels, and a fifth at 128.
    """
    if keras.backend.backend() != "tensorflow":  # Keras compiles for the others itself
        return network.predict_on_batch
    import tensorflow as tf

    learnt, fixed = (
        [variable.numpy() for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    )

    def run(seen: tf.Tensor) -> tf.Tensor:
        constants = [[tf.constant(weight) for weight in weights] for weights in (learnt, fixed)]
        return network.stateless_call(*constants, seen, training=False)[0]

    shapes = tf.TensorSpec((None, None, None, 1), tf.float32)
    frozen = tf.function(run, input_signature=[shapes], autograph=False).get_concrete_function()
    return lambda seen: frozen(tf.constant(seen)).numpy()


@lru_cache
def fastest_precision() -> str:
    """What this processor does faster: "float32" or "mixed_bfloat16"; COLORIZER_PRECISION decides if set.

    Raises:
        ValueError: COLORIZER_PRECISION is neither.
    """
    if chosen := os.environ.get("COLORIZER_PRECISION"):
        if chosen not in PRECISIONS:
            raise ValueError(
                f"COLORIZER_PRECISION must be one of {', '.join(PRECISIONS)}. Received: {chosen!r}"
            )
        return chosen
    if keras.backend.backend() != "tensorflow":  # chosen for the sake of a GPU, and those have bfloat16
        return "mixed_bfloat16"
    import tensorflow as tf

    # One of the network's middle layers, small: the first bfloat16 pass where it has to be emulated still
    # takes less than a tenth of a second. The best of five, because others may use the processor too.
    seconds = {}
    for precision, dtype in zip(PRECISIONS, (tf.float32, tf.bfloat16), strict=True):
        image, kernel = tf.ones((1, 32, 32, 256), dtype), tf.ones((3, 3, 256, 256), dtype)
        taken = []
        for _ in range(6):
            start = time.perf_counter()
            tf.nn.conv2d(image, kernel, 1, "SAME").numpy()
            taken.append(time.perf_counter() - start)
        seconds[precision] = min(taken[1:])
    # Not for a hair's breadth: float32 is the reference.
    return "mixed_bfloat16" if seconds["mixed_bfloat16"] < 0.8 * seconds["float32"] else "float32"
