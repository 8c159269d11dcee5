"""A start for the network: its first seven layers are made to see what a mentor sees.

    python train.py --mentor runs/mentor --inherit ...

VGG16, on which the mentor stands, and the network halve the size at the same places, and between them have
layers of the same widths; but VGG16 keeps the largest of four elements where the network's convolutions step
by two, and it has two layers more. So each layer is fitted, from the first on: to what it is shown by the one
below, the linear map that comes nearest to what the mentor's layer says of the same photos, and nearest to
that one's kernel where the photos leave it open (ridge regression; Hoerl and Kennard 1970). Layer by layer,
as Romero et al. 2015 teach their "FitNets", but with one solution of equations instead of thousands of steps.
What it gains over random weights is in docs/experiments.md.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from colorizer.image import color
from colorizer.training.optimizer import BORROWED
from colorizer.training.perceptual import POOL_BEFORE


class Pair(NamedTuple):
    """A layer of the network and what it is to say: convolutions counted from 1 there, from 0 in VGG16."""

    layer: int
    told_by: int
    kernel: int | None  # whose kernel it begins with, of the same shape; None: with nothing


# Where VGG16 halves the size after a layer, the network halves it in this one.
PAIRS = (
    Pair(1, 1, None),
    Pair(2, 2, 2),
    Pair(3, 3, 3),
    Pair(4, 4, 4),
    Pair(5, 6, 5),
    Pair(6, 7, 7),
    Pair(7, 8, 8),
)
# How strongly a kernel is held to the mentor's, as a share of the mean variance of what it is shown: enough
# to settle 4,608 unknowns by ten times as many places.
HOLD = 0.02
PLACES = 45_000
# Photos at a time: a half of a gigabyte for the largest maps.
TOGETHER = 32


def inherit(network: keras.Model, mentor: keras.Model, photos: np.ndarray, seed: int = 0) -> list[float]:
    """Sets the first seven layers' weights; the deepest answer ends up of size 1 on average.

    Args:
        network: as of `build_network`, in float32.
        mentor: as of `mentor.load_mentor`, of the same widths, in float32.
        photos: (N, H, W, 3) uint8 RGB, sides multiples of 16; 300 of 96x96 give the places that are needed.
        seed: of the choice of places.

    Returns:
        For each layer how much of the mentor's answer it gives back: 1 all, 0 no more than its mean.

    Raises:
        ValueError: the two networks' widths differ.
    """
    light = np.concatenate([_lightness(photos[i : i + TOGETHER]) for i in range(0, len(photos), TOGETHER)])
    answers = [_answers(mentor, light[i : i + TOGETHER]) for i in range(0, len(light), TOGETHER)]
    random = np.random.default_rng(seed)
    shown, explained = light, []
    for pair in PAIRS:
        layer = network.get_layer(f"conv{pair.layer}")
        wanted = np.concatenate([answer[pair.told_by] for answer in answers])
        if wanted.shape[-1] != layer.filters:
            raise ValueError(
                f"conv{pair.layer} must have as many filters as the mentor, {wanted.shape[-1]}. "
                f"Received: {layer.filters}"
            )
        kernel = np.zeros(layer.kernel.shape, np.float32)
        if pair.kernel is not None:
            kernel = mentor.get_layer(f"{BORROWED}{pair.kernel}").get_weights()[0]
        count = int(np.prod(wanted.shape[:3]))
        places = np.unravel_index(random.choice(count, min(count, PLACES), replace=False), wanted.shape[:3])
        seen = _neighbourhoods(shown, places, layer.strides[0])
        kernel, bias, share = _fit(seen, wanted[places], kernel)
        layer.set_weights([kernel, bias])
        explained.append(share)
        shown = np.concatenate(
            [
                np.maximum(ops.convert_to_numpy(layer(shown[i : i + TOGETHER])), 0)
                for i in range(0, len(shown), TOGETHER)
            ]
        )
    size = np.sqrt(np.mean(shown**2))  # what follows begins at random, and expects numbers of about 1
    layer.set_weights([weight / size for weight in layer.get_weights()])
    return explained


def _lightness(photos: np.ndarray) -> np.ndarray:
    """L* / 100: (N, H, W, 1)."""
    return (color.rgb_to_lab(photos.astype(np.float32) / 255)[..., :1] / 100).astype(np.float32)


def _answers(mentor: keras.Model, light: np.ndarray) -> dict[int, np.ndarray]:
    """What each of the mentor's layers says before the negative is cut off, halved where its size is."""
    answers, x = {}, ops.convert_to_tensor(light)
    wanted = {pair.told_by for pair in PAIRS}
    for number in range(max(wanted) + 1):
        kernel, bias = mentor.get_layer(f"{BORROWED}{number}").get_weights()
        x = ops.conv(x, kernel, padding="same") + bias
        if number + 1 in POOL_BEFORE:
            x = ops.max_pool(x, 2, 2)
        if number in wanted:
            answers[number] = ops.convert_to_numpy(x)
        x = ops.relu(x)
    return answers


def _neighbourhoods(maps: np.ndarray, places: tuple[np.ndarray, ...], stride: int) -> np.ndarray:
    """What a 3x3 convolution is shown at some places of its answer: (n, 9 C).

    Args:
        maps: (N, H, W, C).
        places: indices of picture, row and column of the answer.
        stride: of the convolution; padded as Keras does for "same".
    """
    before = 0 if stride == 2 else 1
    padded = np.pad(maps, [(0, 0), (before, 1), (before, 1), (0, 0)])
    picture, row, column = places
    return np.concatenate(
        [
            padded[picture, row * stride + down, column * stride + right]
            for down in range(3)
            for right in range(3)
        ],
        axis=-1,
    )


def _fit(seen: np.ndarray, wanted: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Kernel and bias that come nearest to `wanted` and to `kernel`; and how near to the former, by ReLU."""
    flat = kernel.reshape(-1, kernel.shape[-1])
    rest = wanted - seen @ flat
    mean, rest_mean = seen.mean(axis=0), rest.mean(axis=0)
    centred = seen - mean
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += HOLD * np.trace(gram) / len(gram)
    flat = flat + np.linalg.solve(gram, centred.T @ (rest - rest_mean))
    bias = rest_mean - mean @ (flat - kernel.reshape(flat.shape))
    positive = np.maximum(wanted, 0)
    error = positive - np.maximum(seen @ flat + bias, 0)
    share = 1 - np.mean(error**2) / np.mean((positive - positive.mean(axis=0)) ** 2)
    return flat.reshape(kernel.shape), bias, float(share)
