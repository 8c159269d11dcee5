"""The network's forward pass, compiled once for every size, in the precision this processor does faster.

    forward = compiled(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Calling a Keras model directly interprets it layer by layer; `model.predict` compiles it, but again for new
sizes, and reads its weights anew every time. Photos have many sizes: here one compiled function takes them
all, with the weights inside it.

bfloat16 halves the time on processors that multiply it (AVX512-BF16, AMX); on others it gains nothing, and
its gradients take twenty times as long. Which is which is measured, not looked up, when the weights are
loaded and when training begins. COLORIZER_PRECISION=float32 switches it off.
"""

import os
import time
from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np

PRECISIONS = ("float32", "mixed_bfloat16")
# Not for a hair's breadth: float32 is the reference, and bfloat16 must take less than this share of its time.
CLEARLY = 0.8


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
def fastest_precision(learning: bool = False) -> str:
    """What this processor does faster: "float32" or "mixed_bfloat16"; COLORIZER_PRECISION decides if set.

    Args:
        learning: whether gradients are to be worked out as well. On a processor with AVX2 alone, a forward
            pass in bfloat16 takes about as long as in float32, and the gradients twenty times as long.

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
    float32, bfloat16 = (_layer_seconds(dtype, learning) for dtype in ("float32", "bfloat16"))
    if bfloat16 < CLEARLY * float32:
        # What else the processor did meanwhile must not decide: float32 came first, and has another try.
        float32 = min(float32, _layer_seconds("float32", learning))
    return "mixed_bfloat16" if bfloat16 < CLEARLY * float32 else "float32"


def _layer_seconds(dtype: str, learning: bool) -> float:
    """How long one of the network's middle layers takes, compiled as the network is, on a small picture."""
    import tensorflow as tf

    image, kernel = tf.ones((1, 32, 32, 256), dtype), tf.ones((3, 3, 256, 256), dtype)
    fixed = kernel.numpy()  # as in `compiled`: with oneDNN, float32 takes thrice the time if it is not

    def forward(image: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(image, tf.constant(fixed), 1, "SAME")

    def learn(image: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((image, kernel))
            answer = tf.nn.conv2d(image, kernel, 1, "SAME")
        return tape.gradient(answer, (image, kernel))[1]

    run = tf.function(learn if learning else forward, autograph=False)
    run(image).numpy()  # is compiled
    taken: list[float] = []
    # The best of five, because others may use the processor too; where it is that slow, one is enough.
    while len(taken) < 5 and sum(taken) < 0.4:
        start = time.perf_counter()
        run(image).numpy()
        taken.append(time.perf_counter() - start)
    return min(taken)
