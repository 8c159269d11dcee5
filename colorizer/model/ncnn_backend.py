"""The network in ncnn, whose 3x3 convolutions need less than half of the multiplications.

    forward = from_arrays(ARCHITECTURE, weights)                 # or from_keras(network)
    forward = from_arrays(ARCHITECTURE, weights, input_maxima=maxima)    # in 8-bit integers
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

Winograd's method (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks") computes a square
of 4x4 outputs with 36 multiplications where the plain sum needs 144. TensorFlow does not use it: on a
processor without bfloat16 the network needs half the time in ncnn, and its colours stay the same to a
thousandth of a unit. `runtime.py` measures whether to use it. The weights come from the arrays of the weights
file or from a Keras network: there is no conversion step, and one weights file serves all backends.
"""

import ctypes
import io
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from colorizer.cpu import cores
from colorizer.model.spec import NEGATIVE_SLOPE, Conv, Forward

if TYPE_CHECKING:
    import keras
    import ncnn

MAGIC = 7767517  # first line of ncnn's description of a network
# ncnn's code for TensorFlow's padding: the odd element more at the right and at the bottom.
SAME_UPPER = -233
# The mark before a layer's kernels: what follows.
FLOAT32_TAG, INT8_TAG = 0, 0x000D4B38
INT8_MAX = 127
# How many layers stay in float32 at the beginning and at the end: the first and the last need hardly any
# time, and the second alone would make four times the error of all others together.
FLOAT32_FIRST, FLOAT32_LAST = 2, 1


class NcnnLayer(NamedTuple):
    """One layer: its line in ncnn's description of a network, with `{}` for its name, and its weights."""

    line: str
    weights: tuple[bytes, ...] = ()


def available() -> bool:
    """Whether ncnn is installed; without it TensorFlow does the work, in up to twice the time."""
    try:
        import ncnn  # noqa: F401
    except ImportError:
        return False
    return True


def from_arrays(
    architecture: tuple[Conv, ...],
    weights: Sequence[tuple[np.ndarray, np.ndarray]],
    threads: int | None = None,
    input_maxima: Sequence[float] | None = None,
) -> Forward:
    """The network as a function of arrays, without Keras. Safe to share between threads.

    Args:
        architecture: the table of convolutions.
        weights: for each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,).
        threads: the number of cores for one picture; all if None.
        input_maxima: for each convolution its largest usual input, more than 0: then most layers
            compute in 8-bit integers, and larger inputs are clipped. In float32 if None.

    Returns:
        A function of (N, H, W, 1) float32, H and W multiples of 8.

    Raises:
        ImportError: ncnn is not installed.
        ValueError: the numbers of convolutions, of weights and of maxima differ.
    """
    layers = []
    last = len(architecture)
    maxima: Sequence[float | None] = input_maxima or [None] * last
    rows = zip(architecture, weights, maxima, strict=True)
    for number, (conv, (kernel, bias), maximum) in enumerate(rows, 1):
        rounded = FLOAT32_FIRST < number <= last - FLOAT32_LAST
        layers += [_convolution(kernel, bias, (conv.stride, conv.stride), maximum if rounded else None)]
        layers += [_relu(NEGATIVE_SLOPE if number == last else 0)]
        layers += [_upsampling(2, 2)] if conv.upsample else []
    return _compile(layers, threads)


def from_keras(network: "keras.Model", threads: int | None = None) -> Forward:
    """A Keras network as a function of arrays, with the weights it has now. Safe to share between threads.

    Args:
        network: a chain of convolutions, ReLUs and enlargements by repetition, as `build_network` returns it.
        threads: the number of cores for one picture; all if None.

    Returns:
        A function of (N, H, W, C) float32, H and W multiples of the network's stride.

    Raises:
        ImportError: ncnn is not installed.
        ValueError: a layer of another kind.
    """
    return _compile(list(_translate(network)), threads)


def convolution(
    kernel: np.ndarray, bias: np.ndarray, threads: int | None = None, input_maximum: float | None = None
) -> Forward:
    """A single convolution as a function of arrays, for the benchmark."""
    return _compile([_convolution(kernel, bias, (1, 1), input_maximum)], threads)


def _compile(layers: list[NcnnLayer], threads: int | None) -> Forward:
    import ncnn

    lines = [layer.line.format(f"layer{n} 1 1 layer{n - 1} layer{n}") for n, layer in enumerate(layers, 1)]
    lines = ["Input layer0 0 1 layer0", *lines]
    description = "\n".join([str(MAGIC), f"{len(lines)} {len(lines)}", *lines, ""])
    net = ncnn.Net()
    net.opt.num_threads = threads or cores()
    # The reference is float32; on some processors ncnn would use 16-bit floats.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    # Tiles of 6x6 are no faster than tiles of 4x4 here, and their kernels need 180 MB.
    net.opt.use_winograd63_convolution = False
    parts = (part for layer in layers for part in layer.weights)
    stream = io.BytesIO(b"".join(parts))
    if net.load_param_mem(description) or net.load_model(_reader(stream)):
        raise ValueError(f"ncnn refuses this network. Received:\n{description}")

    def run_one(picture: np.ndarray) -> np.ndarray:
        extractor = net.create_extractor()
        # ncnn aligns every channel to an address of its own choice, so it needs a copy.
        channels = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
        extractor.input("layer0", ncnn.Mat(channels).clone())
        error, output = extractor.extract(f"layer{len(layers)}")
        if error:
            raise MemoryError(f"ncnn could not compute a picture of shape {picture.shape}: error {error}")
        return np.array(output).transpose(1, 2, 0)

    return lambda pictures: np.stack([run_one(picture) for picture in pictures])


def _reader(stream: io.BytesIO) -> "ncnn.DataReader":
    """A source of weights for ncnn that needs no file, for which a disk may have no room.

    `Net.load_model_mem` looks simpler and is wrong here: ncnn goes on using the memory that it was given, and
    once Python reuses the buffer, the network's output changes.
    """
    import ncnn

    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)

    class Reader(ncnn.DataReader):  # type: ignore[misc]  # ncnn has no types
        def read(self, destination: object, size: int) -> int:
            """Fills `size` bytes at an address in memory; returns how many there were."""
            return stream.readinto((ctypes.c_char * size).from_address(address(destination, None)))

    return Reader()


def _translate(network: "keras.Model") -> Iterator[NcnnLayer]:
    """The layers of a Keras network as ncnn describes them."""
    from keras import activations, layers

    for layer in network.layers:
        match layer:
            case layers.InputLayer():
                continue
            case layers.Conv2D(
                groups=1, padding="same", data_format="channels_last", use_bias=True, dilation_rate=(1, 1)
            ) if layer.activation is activations.linear:
                kernel, bias = layer.get_weights()
                yield _convolution(kernel, bias, layer.strides)
            case layers.ReLU(max_value=None, threshold=0.0) | layers.LeakyReLU():
                yield _relu(layer.negative_slope)
            case layers.UpSampling2D(interpolation="nearest"):
                yield _upsampling(*layer.size)
            case _:
                raise ValueError(f"The ncnn backend knows no layer of this kind. Received: {layer}")


def _convolution(
    kernel: np.ndarray, bias: np.ndarray, strides: tuple[int, int], input_maximum: float | None = None
) -> NcnnLayer:
    height, width, _, filters = kernel.shape
    line = (
        f"Convolution {{}} 0={filters} 1={width} 11={height} 3={strides[1]} 13={strides[0]} "
        f"4={SAME_UPPER} 5=1 6={kernel.size}"
    )
    ordered = kernel.transpose(3, 2, 0, 1).astype(np.float32)  # filters, inputs, height, width
    bias = bias.astype(np.float32)
    if input_maximum is None:
        return NcnnLayer(line, (struct.pack("<I", FLOAT32_TAG), ordered.tobytes(), bias.tobytes()))
    scales, integers = _quantized(ordered)
    padding = bytes(-integers.size % 4)  # ncnn reads whole words
    weights = struct.pack("<I", INT8_TAG), integers.tobytes(), padding, bias.tobytes()
    input_scale = np.float32(INT8_MAX / input_maximum)
    return NcnnLayer(f"{line} 8=1", (*weights, scales.tobytes(), input_scale.tobytes()))


def _quantized(kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each filter's scale, (filters,) float32, and its kernel times that scale, int8, in [-127, 127]."""
    largest = np.abs(kernels).max(axis=(1, 2, 3))
    scales = np.float32(INT8_MAX) / np.where(largest > 0, largest, 1)
    return scales, np.rint(kernels * scales[:, None, None, None]).astype(np.int8)


def _relu(slope: float) -> NcnnLayer:
    return NcnnLayer(f"ReLU {{}} 0={float(slope):g}")


def _upsampling(vertical: int, horizontal: int) -> NcnnLayer:
    return NcnnLayer(f"Interp {{}} 0=1 1={vertical:g} 2={horizontal:g}")
