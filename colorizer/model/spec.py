"""The network as a table: thirteen convolutions, and what its numbers mean.

`network.py` makes a Keras model of it, `ncnn_backend.py` a network of ncnn. Nothing here needs a library, so
that the command can do without Keras and TensorFlow where it does not need them to colour a photo.
"""

from dataclasses import dataclass

# The deepest layers work at 1/8 of the input, so both sides must divide by it.
STRIDE = 8
# 8-bit Lab as in (ab + 128) / 255: a* and b* of every sRGB colour lie in [-108, 99].
AB_OFFSET = 128.0
AB_RANGE = 255.0
# a* = b* = 0, where an untrained network starts.
NEUTRAL = AB_OFFSET / AB_RANGE
# Of the last layer's leaky ReLU. Targets lie in [0, 1], where it is the identity; its small slope below only
# keeps a gradient alive for outputs that stray under 0.
SLOPE = 0.01


# What the network can be computed in, as Keras names its dtype policies.
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Conv:
    """One row of the architecture table: a 3x3 convolution and what follows it."""

    filters: int
    stride: int = 1
    upsample: bool = False  # enlarge twofold after the activation


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
