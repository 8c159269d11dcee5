"""The network as a table: thirteen convolutions, and what its numbers mean.

`network.py` makes a Keras model of the table, `ncnn_backend.py` a network of ncnn. This file needs no
library, so that the command can colour a photo without Keras and TensorFlow, and `train.py --help` answers at
once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# The deepest layers work at 1/8 of the input, so both sides must be multiples of it.
STRIDE = 8
# 8-bit Lab as in (ab + 128) / 255: a* and b* of every sRGB colour lie in [-108, 99].
AB_OFFSET = 128.0
AB_RANGE = 255.0
# a* = b* = 0, the output of an untrained network.
NEUTRAL = AB_OFFSET / AB_RANGE
# Of the last layer's leaky ReLU. Targets lie in [0, 1], where it is the identity; its small slope below 0
# keeps a gradient alive for outputs that stray there.
NEGATIVE_SLOPE = 0.01

# What can compute the network.
BACKENDS = ("tensorflow", "ncnn")
# In which precision, as Keras names its dtype policies.
PRECISIONS = ("float32", "mixed_bfloat16")
# In ncnn, with 8-bit integers in the layers that need most of the time.
INT8 = "int8"

Forward = Callable[["np.ndarray"], "np.ndarray"]
"""The network as a function: (N, H, W, 1) float32, L* / 100, to (N, H, W, 2) float32, (ab + 128) / 255."""


@dataclass(frozen=True)
class Conv:
    """One row of the architecture table: a 3x3 convolution and what follows it."""

    filters: int
    stride: int = 1
    upsample: bool = False  # repeat every element 2x2 after the activation


ARCHITECTURE = (
    Conv(64, stride=2),
    Conv(128),
    Conv(128, stride=2),
    Conv(256),
    Conv(256, stride=2),
    Conv(512),
    Conv(512),
    Conv(256),
    Conv(128, upsample=True),
    Conv(64, upsample=True),
    Conv(32),
    Conv(16),
    Conv(2, upsample=True),
)
"""The shipped network, 6,219,410 parameters. Tests pass a narrower table of the same shape."""
