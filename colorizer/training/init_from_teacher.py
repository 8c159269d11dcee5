"""Initial weights from a teacher: the network's first seven layers are fitted to its features.

    python train.py --teacher runs/teacher --init-from-teacher ...

VGG16, on which the teacher is built, and the network halve the size at the same places, and between them have
layers of the same widths. But VGG16 keeps the largest of four elements where the network's convolutions have
a stride of two, and it has two layers more. So each layer is fitted, from the first on: for its input, the
linear map that comes nearest to the output of the teacher's layer on the same photos, and nearest to that
layer's kernel where the photos leave it open (ridge regression; Hoerl and Kennard 1970). Layer by layer, as
Romero et al. 2015 train their "FitNets", but with one system of equations instead of thousands of steps. What
it gains over random weights is in docs/experiments.md.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from colorizer.image import color
from colorizer.training.optimizer import PRETRAINED
from colorizer.training.vgg16 import POOL_BEFORE


class Pair(NamedTuple):
    """A layer of the network and the one it imitates: convolutions counted from 1 there, from 0 in VGG16."""

    layer: int
    source: int
    kernel: int | None  # whose kernel it starts from, of the same shape; None: from zeros


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
# How strongly a kernel is held to the teacher's, as a share of the mean variance of its inputs: enough to
# settle 4,608 unknowns with ten times as many places.
RIDGE = 0.02
PLACES = 45_000
# Photos at a time: half a gigabyte for the largest maps.
BATCH_SIZE = 32


def init_from_teacher(
    network: keras.Model, teacher: keras.Model, photos: np.ndarray, seed: int = 0
) -> list[float]:
    """Sets the first seven layers' weights; the deepest output ends up with a mean square of 1.

    Args:
        network: as `build_network` returns it, in float32.
        teacher: as `teacher.load_teacher` returns it, of the same widths, in float32.
        photos: (N, H, W, 3) uint8 RGB, sides multiples of 16; 300 of 96x96 give enough places.
        seed: of the choice of places.

    Returns:
        For each layer the share of the teacher's output that it explains: 1 all, 0 no more than its mean.

    Raises:
        ValueError: the two networks' widths differ.
    """
    light = np.concatenate([_lightness(batch) for batch in _batches(photos)])
    outputs = [_teacher_outputs(teacher, batch) for batch in _batches(light)]
    random = np.random.default_rng(seed)
    maps, explained = light, []
    for pair in PAIRS:
        layer = network.get_layer(f"conv{pair.layer}")
        wanted = np.concatenate([output[pair.source] for output in outputs])
        if wanted.shape[-1] != layer.filters:
            raise ValueError(
                f"conv{pair.layer} must have as many filters as the teacher, {wanted.shape[-1]}. "
                f"Received: {layer.filters}"
            )
        kernel = np.zeros(layer.kernel.shape, np.float32)
        if pair.kernel is not None:
            kernel = teacher.get_layer(f"{PRETRAINED}{pair.kernel}").get_weights()[0]
        count = int(np.prod(wanted.shape[:3]))
        places = np.unravel_index(random.choice(count, min(count, PLACES), replace=False), wanted.shape[:3])
        inputs = _neighbourhoods(maps, places, layer.strides[0])
        kernel, bias, share = _fit(inputs, wanted[places], kernel)
        layer.set_weights([kernel, bias])
        explained.append(share)
        maps = np.concatenate([np.maximum(ops.convert_to_numpy(layer(batch)), 0) for batch in _batches(maps)])
    size = np.sqrt(np.mean(maps**2))  # the next layers are random, and expect numbers of about 1
    layer.set_weights([weight / size for weight in layer.get_weights()])
    return explained


def _batches(array: np.ndarray) -> list[np.ndarray]:
    return [array[i : i + BATCH_SIZE] for i in range(0, len(array), BATCH_SIZE)]


def _lightness(photos: np.ndarray) -> np.ndarray:
    """L* / 100: (N, H, W, 1)."""
    lab: np.ndarray = color.rgb_to_lab(photos.astype(np.float32) / 255)
    return (lab[..., :1] / 100).astype(np.float32)


def _teacher_outputs(teacher: keras.Model, light: np.ndarray) -> dict[int, np.ndarray]:
    """Each of the teacher's layers' output before the ReLU, pooled where the network's layer has a stride."""
    outputs, x = {}, ops.convert_to_tensor(light)
    wanted = {pair.source for pair in PAIRS}
    for number in range(max(wanted) + 1):
        kernel, bias = teacher.get_layer(f"{PRETRAINED}{number}").get_weights()
        x = ops.conv(x, kernel, padding="same") + bias
        if number + 1 in POOL_BEFORE:
            x = ops.max_pool(x, 2, 2)
        if number in wanted:
            outputs[number] = ops.convert_to_numpy(x)
        x = ops.relu(x)
    return outputs


def _neighbourhoods(maps: np.ndarray, places: tuple[np.ndarray, ...], stride: int) -> np.ndarray:
    """The inputs of a 3x3 convolution at some places of its output: (n, 9 C).

    Args:
        maps: (N, H, W, C).
        places: indices of picture, row and column of the output.
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


def _fit(inputs: np.ndarray, wanted: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Kernel and bias nearest to `wanted` and to `kernel`; the share of ReLU(wanted) that they explain."""
    flat = kernel.reshape(-1, kernel.shape[-1])
    rest = wanted - inputs @ flat
    mean, rest_mean = inputs.mean(axis=0), rest.mean(axis=0)
    centred = inputs - mean
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    flat = flat + np.linalg.solve(gram, centred.T @ (rest - rest_mean))
    bias = rest_mean - mean @ (flat - kernel.reshape(flat.shape))
    positive = np.maximum(wanted, 0)
    error = positive - np.maximum(inputs @ flat + bias, 0)
    share = 1 - np.mean(error**2) / np.mean((positive - positive.mean(axis=0)) ** 2)
    return flat.reshape(kernel.shape), bias, float(share)
