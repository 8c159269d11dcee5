"""The network in ncnn, whose 3x3 convolutions need less than half of the products.

    forward = in_ncnn(network)           # or from_table(ARCHITECTURE, read_weights())
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Winograd's way (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks") works out a square
of 4x4 answers with 36 products where the plain sum takes 144. TensorFlow does not know it: on a processor
without bfloat16 the network takes half the time in ncnn, and its colours stay the same to a thousandth of a
unit. Whether it is used is measured in `runtime.py`. The weights are those of a Keras network as it stands,
or come from the file without Keras: nothing is converted beforehand, and one file of weights serves all.
"""

import ctypes
import io
import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from colorizer.cpu import cores
from colorizer.model.spec import SLOPE, Conv

if TYPE_CHECKING:
    import keras
    import ncnn

MAGIC = 7767517  # first line of ncnn's description of a network
# How ncnn is told to pad as TensorFlow does: the odd element more at the right and at the bottom.
SAME_UPPER = -233
PLAIN_FLOATS = 0  # the mark before a layer's kernels: 32-bit floats follow

Words = tuple[str, list[bytes | np.ndarray]]
"""A layer: its line in ncnn's description of a network, with room for its name, and its weights."""


def available() -> bool:
    """Whether ncnn is installed; everything works without it, in up to twice the time."""
    try:
        import ncnn  # noqa: F401
    except ImportError:
        return False
    return True


def in_ncnn(network: "keras.Model", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
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
    return _function(list(_layers(network)), threads)


def from_table(
    architecture: tuple[Conv, ...], weights: list[tuple[np.ndarray, np.ndarray]], threads: int | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """The same without a Keras network, of weights as `read_weights` gives them."""
    layers = []
    for number, (conv, (kernel, bias)) in enumerate(zip(architecture, weights, strict=True), 1):
        layers += [_convolution(kernel, bias, (conv.stride, conv.stride))]
        layers += [_relu(SLOPE if number == len(architecture) else 0)]
        layers += [_repetition(2, 2)] if conv.upsample else []
    return _function(layers, threads)


def _function(layers: list[Words], threads: int | None) -> Callable[[np.ndarray], np.ndarray]:
    import ncnn

    lines = [words.format(f"layer{n} 1 1 layer{n - 1} layer{n}") for n, (words, _) in enumerate(layers, 1)]
    lines = ["Input layer0 0 1 layer0", *lines]
    description = "\n".join([str(MAGIC), f"{len(lines)} {len(lines)}", *lines, ""])
    net = ncnn.Net()
    net.opt.num_threads = threads or cores()
    # The reference is float32; on some processors ncnn would take halves.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    # Squares of 6x6 gain no time over those of 4x4 here, and their kernels take 180 MB.
    net.opt.use_winograd63_convolution = False
    stream = io.BytesIO(b"".join(part for _, weights in layers for part in weights))
    if net.load_param_mem(description) or net.load_model(_reader(stream)):
        raise ValueError(f"ncnn does not take this network:\n{description}")

    def one(picture: np.ndarray) -> np.ndarray:
        extractor = net.create_extractor()
        # Its maps lie one after the other, every one at an address of its liking: hence the copy.
        maps = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
        extractor.input("layer0", ncnn.Mat(maps).clone())
        failed, colors = extractor.extract(f"layer{len(layers)}")
        if failed:
            raise MemoryError(f"ncnn could not work out a picture of {picture.shape}: error {failed}")
        return np.array(colors).transpose(1, 2, 0)

    return lambda seen: np.stack([one(picture) for picture in seen])


def _reader(stream: BinaryIO) -> "ncnn.DataReader":
    """What ncnn reads weights from; otherwise it takes a file, for which a disk may have no room."""
    import ncnn

    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)

    class Reader(ncnn.DataReader):
        def read(self, place: object, size: int) -> int:
            """Fills `size` bytes at a place in memory; tells how many there were."""
            return stream.readinto((ctypes.c_char * size).from_address(address(place, None)))

    return Reader()


def _layers(network: "keras.Model") -> Iterator[Words]:
    """A Keras network's layers in ncnn's words."""
    from keras import activations, layers

    for layer in network.layers:
        match layer:
            case layers.InputLayer():
                continue
            case layers.Conv2D(
                groups=1, padding="same", data_format="channels_last", use_bias=True, dilation_rate=(1, 1)
            ) if layer.activation is activations.linear:
                yield _convolution(*layer.get_weights(), layer.strides)
            case layers.ReLU(max_value=None, threshold=0.0) | layers.LeakyReLU():
                yield _relu(layer.negative_slope)
            case layers.UpSampling2D(interpolation="nearest"):
                yield _repetition(*layer.size)
            case _:
                raise ValueError(f"ncnn is told of no layer of this kind. Received: {layer}")


def _convolution(kernel: np.ndarray, bias: np.ndarray, strides: tuple[int, int]) -> Words:
    height, width, _, filters = kernel.shape
    words = (
        f"Convolution {{}} 0={filters} 1={width} 11={height} 3={strides[1]} 13={strides[0]} "
        f"4={SAME_UPPER} 5=1 6={kernel.size}"
    )
    in_its_order = kernel.transpose(3, 2, 0, 1).astype(np.float32)  # filters, inputs, height, width
    return words, [
        struct.pack("<i", PLAIN_FLOATS),
        np.ascontiguousarray(in_its_order),
        bias.astype(np.float32),
    ]


def _relu(slope: float) -> Words:
    return f"ReLU {{}} 0={float(slope):g}", []


def _repetition(down: int, across: int) -> Words:
    return f"Interp {{}} 0=1 1={down:g} 2={across:g}", []
