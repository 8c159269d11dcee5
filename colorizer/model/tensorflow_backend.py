"""The network in TensorFlow, compiled once for pictures of every size, with its weights inside.

    forward = compiled(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Calling a Keras model directly interprets it layer by layer; `model.predict` compiles it, but again for new
sizes, and reads its weights anew every time. Photos have many sizes: here one compiled function takes them
all. TensorFlow is slow to load, so it is imported only by what needs it.
"""

import os
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def available() -> bool:
    """Whether TensorFlow is installed, without loading it; where ncnn does the work it is not needed."""
    return "tensorflow" in sys.modules or find_spec("tensorflow") is not None


def keras_backend() -> str:
    """Keras's backend, without loading it."""
    if "keras" in sys.modules:
        return sys.modules["keras"].backend.backend()
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def compiled(network: "keras.Model") -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function of arrays in TensorFlow, with the weights it has now. Safe to share.

    As constants the weights are cast and laid out for the processor once. As variables, that is done again
    for every photo, which takes nearly half of the time at 72 pixels, and a fifth at 128.
    """
    if keras_backend() != "tensorflow":  # Keras compiles for the others itself
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


def use_threads(number: int) -> None:
    """How many threads TensorFlow takes for one photo; it can be told only before it first works."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(number)
    except RuntimeError as error:  # it is at work already: this command was called from a program
        warnings.warn(f"TensorFlow keeps its number of threads: {error}", stacklevel=2)
