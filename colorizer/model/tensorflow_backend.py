"""The network in TensorFlow, compiled once for pictures of every size, with its weights as constants.

    forward = compile_network(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

A direct call of a Keras model interprets it layer by layer; `model.predict` compiles it, but again for every
new size, and reads the weights again every time. Photos have many sizes: here one compiled function serves
all. TensorFlow is slow to load, so only the functions that need it import it.
"""

import os
import sys
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

from colorizer.model.spec import Forward

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def available() -> bool:
    """Whether TensorFlow is installed; does not load it."""
    return "tensorflow" in sys.modules or find_spec("tensorflow") is not None


def keras_backend() -> str:
    """The name of Keras's backend; does not load Keras."""
    if "keras" in sys.modules:
        return str(sys.modules["keras"].backend.backend())
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def compile_network(network: "keras.Model", threads: int | None = None) -> Forward:
    """The network as a function of arrays, with the weights it has now. Safe to share between threads.

    As constants, the weights are cast and laid out for the processor once. As variables, that is done again
    for every photo and costs nearly half of the time at 72 pixels, a fifth at 128.

    Args:
        network: a Keras model; on another backend than TensorFlow, Keras compiles it itself.
        threads: the number of cores for one photo; None leaves it to TensorFlow.
    """
    if keras_backend() != "tensorflow":
        predict: Forward = network.predict_on_batch
        return predict
    import tensorflow as tf

    set_threads(threads)
    trainable, frozen = (
        [variable.numpy() for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    )

    def run(lightness: "tf.Tensor") -> "tf.Tensor":
        constants = [[tf.constant(weight) for weight in weights] for weights in (trainable, frozen)]
        return network.stateless_call(*constants, lightness, training=False)[0]

    signature = [tf.TensorSpec((None, None, None, 1), tf.float32)]
    compiled = tf.function(run, input_signature=signature, autograph=False).get_concrete_function()
    return lambda lightness: compiled(tf.constant(lightness)).numpy()


def set_threads(threads: int | None) -> None:
    """Sets the number of cores that TensorFlow uses for one photo; None changes nothing.

    TensorFlow accepts the number only before its first computation; later a warning says that it stays.
    """
    if threads is None:
        return
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError as error:  # it has computed already: a program calls this, not our command
        warnings.warn(f"TensorFlow keeps its number of threads: {error}", stacklevel=2)
