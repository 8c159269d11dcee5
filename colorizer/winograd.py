"""The network in ncnn, whose 3x3 convolutions need less than half of the products.

    forward = in_ncnn(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Winograd's way (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks") works out a square
of 4x4 answers with 36 products where the plain sum takes 144. TensorFlow does not know it: on a processor
without bfloat16 the network takes half the time in ncnn, and its colours stay the same to a thousandth of a
unit. Whether it is used is measured in `forward.py`. The weights are those of a Keras network as it stands:
nothing is converted beforehand, and there is one file of weights for all.
"""

import os
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from colorizer.strips import cores

MAGIC = 7767517  # first line of ncnn's description of a network
# How ncnn is told to pad as TensorFlow does: the odd element more at the right and at the bottom.
SAME_UPPER = -233
PLAIN_FLOATS = 0  # the mark before a layer's kernels: 32-bit floats follow


def available() -> bool:
    """Whether ncnn is installed; everything works without it, in up to twice the time."""
    try:
        import ncnn  # noqa: F401
    except ImportError:
        return False
    return True


def in_ncnn(network: keras.Model, threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function of arrays, with the weights that it has now. Safe to share.

    Args:
        network: a chain of convolutions, ReLUs and enlargements by repetition, as of `build_network`.
        threads: how many cores a picture may take; all of them if None.

    Returns:
        A function of (N, H, W, C) float32, the sides multiples of the network's stride.

    Raises:
        ImportError: ncnn is not installed.
        ValueError: a layer of another kind.
    """
    import ncnn

    description, weights, answer = _describe(network)
    net = ncnn.Net()
    net.opt.num_threads = threads or cores()
    # The reference is float32; on some processors ncnn would take halves.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    # Squares of 6x6 gain no time over those of 4x4 here, and their kernels take 180 MB.
    net.opt.use_winograd63_convolution = False
    # It reads from files alone.
    with tempfile.TemporaryDirectory(prefix="colorizer-") as folder:
        path = Path(folder, "weights")
        with path.open("wb") as file:
            file.writelines(weights)
        if net.load_param_mem(description) or net.load_model(os.fspath(path)):
            raise ValueError(f"ncnn does not take this network:\n{description}")

    def one(picture: np.ndarray) -> np.ndarray:
        extractor = net.create_extractor()
        # Its maps lie one after the other, every one at an address of its liking: hence the copy.
        maps = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
        extractor.input("input", ncnn.Mat(maps).clone())
        failed, colors = extractor.extract(answer)
        if failed:
            raise MemoryError(f"ncnn could not work out a picture of {picture.shape}: error {failed}")
        return np.array(colors).transpose(1, 2, 0)

    return lambda seen: np.stack([one(picture) for picture in seen])


def _describe(network: keras.Model) -> tuple[str, list[bytes | np.ndarray], str]:
    """The network in ncnn's words, its weights piece by piece, and what its answer is called."""
    lines, weights, last = ["Input input 0 1 input"], [], "input"
    for layer in network.layers:
        match layer:
            case keras.layers.InputLayer():
                continue
            case keras.layers.Conv2D(groups=1, padding="same", data_format="channels_last", use_bias=True):
                words, floats = _convolution(layer)
                weights += floats
            case keras.layers.ReLU(max_value=None, threshold=0.0) | keras.layers.LeakyReLU():
                words = f"ReLU {{}} 0={float(layer.negative_slope):g}"
            case keras.layers.UpSampling2D(interpolation="nearest"):
                words = f"Interp {{}} 0=1 1={layer.size[0]:g} 2={layer.size[1]:g}"
            case _:
                raise ValueError(f"ncnn is told of no layer of this kind. Received: {layer}")
        lines.append(words.format(f"{layer.name} 1 1 {last} {layer.name}"))
        last = layer.name
    return "\n".join([str(MAGIC), f"{len(lines)} {len(lines)}", *lines, ""]), weights, last


def _convolution(layer: keras.layers.Conv2D) -> tuple[str, list[bytes | np.ndarray]]:
    """A convolution in ncnn's words, with room for its name, and its weights."""
    if layer.activation is not keras.activations.linear or layer.dilation_rate != (1, 1):
        raise ValueError(f"ncnn is told of plain convolutions alone. Received: {layer}")
    kernel, bias = (np.asarray(weight, np.float32) for weight in layer.get_weights())
    height, width = layer.kernel_size
    words = (
        f"Convolution {{}} 0={layer.filters} 1={width} 11={height} "
        f"3={layer.strides[1]} 13={layer.strides[0]} 4={SAME_UPPER} 5=1 6={kernel.size}"
    )
    in_its_order = kernel.transpose(3, 2, 0, 1)  # filters, inputs, height, width
    return words, [struct.pack("<i", PLAIN_FLOATS), np.ascontiguousarray(in_its_order), bias]
