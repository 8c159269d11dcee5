"""Chooses what computes the network, in one place and once: backend, precision and number of threads.

    runtime = select_runtime()              # Runtime(backend="ncnn", precision="int8", threads=None)
    forward = runtime.load(weights, input_maxima=maxima)    # arrays, or runtime.compile(network)
    ab01 = forward(lightness01)             # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

ncnn computes in 8-bit integers, in a third of the time that TensorFlow needs in float32. bfloat16 is faster
still on processors that multiply matrices of it (AMX). On others it gains nothing, and its gradients need 20x
the time. A measurement at load and at the start of training decides, not a list of processors. One result is
cached: that ncnn was faster, because TensorFlow then need not be loaded at all. Two environment variables
decide instead of the measurement: COLORIZER_RUNTIME=tensorflow or ncnn, and COLORIZER_PRECISION=float32,
mixed_bfloat16 or int8.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorizer.atomic_write import replace_file
from colorizer.cpu import cores
from colorizer.model import ncnn_backend, tensorflow_backend
from colorizer.model.benchmark import Layer, LayerTimer
from colorizer.model.spec import ARCHITECTURE, BACKENDS, INT8, PRECISIONS, Conv, Forward
from colorizer.safe_read import read_small

if TYPE_CHECKING:
    import keras

# What was measured in this process; a second colorizer does not measure again.
_TIMER = LayerTimer()
CACHE_LIMIT = 65536  # bytes; the cached choice has about 2,000
RUNTIME_PRECISIONS = (*PRECISIONS, INT8)
# Which precisions each backend has.
PRECISIONS_OF = {"tensorflow": PRECISIONS, "ncnn": ("float32", INT8)}


@dataclass(frozen=True)
class Runtime:
    """What computes the network.

    Attributes:
        backend: "tensorflow" or "ncnn". On another Keras backend, "tensorflow" means that one.
        precision: "float32"; TensorFlow has "mixed_bfloat16" as well, and ncnn "int8".
        threads: the number of cores for one photo; all if None.

    Raises:
        ValueError: an unknown backend or precision, a pair that does not exist, or fewer threads than 1.
    """

    backend: str
    precision: str = "float32"
    threads: int | None = None

    def __post_init__(self) -> None:
        _check_choice("backend", self.backend, BACKENDS)
        _check_choice("precision", self.precision, RUNTIME_PRECISIONS)
        if self.precision not in (known := PRECISIONS_OF[self.backend]):
            raise ValueError(f"{self.backend} computes in {' or '.join(known)}. Received: {self.precision!r}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, or None. Received: {self.threads}")

    def load(
        self,
        weights: Sequence[tuple[np.ndarray, np.ndarray]],
        architecture: tuple[Conv, ...] = ARCHITECTURE,
        input_maxima: Sequence[float] | None = None,
    ) -> Forward:
        """The network with these weights as a function of arrays. Safe to share between threads.

        Args:
            weights: the kernel and the bias of each convolution, as `read_weights` returns them.
            architecture: the network's table.
            input_maxima: for each convolution its largest usual input, as `manifest.input_maxima` reads them.
                8-bit integers need them: weights without are computed in float32.
        """
        if self.backend == "ncnn":
            maxima = input_maxima if self.precision == INT8 else None
            return ncnn_backend.from_arrays(architecture, weights, self.threads, maxima)
        from colorizer.model.network import build_network  # with Keras and TensorFlow: some seconds

        network = build_network(architecture, self.precision, fresh=False)
        network.set_weights([array for layer in weights for array in layer])
        return tensorflow_backend.compile_network(network, self.threads)

    def compile(self, network: "keras.Model") -> Forward:
        """A Keras network, with the weights it has now, as a function of arrays. Safe to share as well.

        Args:
            network: as `build_network` returns it; for ncnn, in float32. It says nothing of its largest
                inputs, so ncnn computes it in float32.

        Raises:
            ValueError: the network has layers or a precision that the backend does not know.
        """
        if self.backend == "ncnn":
            if (precision := precision_of(network)) != "float32":
                raise ValueError(f"ncnn computes in float32 only. Received: a network in {precision}")
            return ncnn_backend.from_keras(network, self.threads)
        return tensorflow_backend.compile_network(network, self.threads)


def select_runtime(
    precision: str | None = None,
    threads: int | None = None,
    fast_start: bool = False,
    timer: LayerTimer = _TIMER,
) -> Runtime:
    """The runtime that computes the network fastest on this processor.

    Args:
        precision: the precision that it must have; COLORIZER_PRECISION or the faster one if None.
        threads: the number of cores for one photo; all if None.
        fast_start: whether there is so little work that an early start matters more than a fast network: then
            nothing is measured, and TensorFlow is not loaded.
        timer: measures the backends.

    Raises:
        ValueError: an environment variable has a value that it cannot have.
        ImportError: neither TensorFlow nor ncnn is installed.
    """
    backend = _from_environment("COLORIZER_RUNTIME", BACKENDS)
    if precision == "mixed_bfloat16":
        return Runtime("tensorflow", precision, threads)
    required = precision or _from_environment("COLORIZER_PRECISION", RUNTIME_PRECISIONS)
    in_ncnn = Runtime("ncnn", "float32" if required == "float32" else INT8, threads)
    if backend == "ncnn" or required == INT8:
        if not ncnn_backend.available():
            raise ValueError(f"ncnn is required, for {in_ncnn.precision}. Received: no such package")
        return in_ncnn
    ncnn_allowed = (
        backend is None
        and required != "mixed_bfloat16"
        and tensorflow_backend.keras_backend() == "tensorflow"
        and ncnn_backend.available()
    )
    if ncnn_allowed and (fast_start or not tensorflow_backend.available() or _cached_choice_is_ncnn()):
        return in_ncnn
    if not tensorflow_backend.available() and tensorflow_backend.keras_backend() == "tensorflow":
        raise ImportError("The network needs the package ncnn or TensorFlow, and neither is available.")
    if tensorflow_backend.keras_backend() == "tensorflow":
        tensorflow_backend.set_threads(threads)  # before the first measurement; later it is too late
    in_tensorflow = Runtime("tensorflow", required or fastest_precision(timer=timer), threads)
    if not ncnn_allowed or not timer.is_faster(
        Layer("ncnn", in_ncnn.precision, threads=threads), Layer("tensorflow", in_tensorflow.precision)
    ):
        return in_tensorflow
    if required is None:
        _cache_choice_of_ncnn()
    return in_ncnn


def fastest_precision(training: bool = False, timer: LayerTimer = _TIMER) -> str:
    """The precision that Keras computes faster on this processor, "float32" or "mixed_bfloat16".

    Args:
        training: whether gradients are computed as well. On a processor with AVX2 alone, a forward pass in
            bfloat16 needs about as long as in float32, and its gradients 20x as long.
        timer: measures both.

    Raises:
        ValueError: COLORIZER_PRECISION has a value that it cannot have.
    """
    required = _from_environment("COLORIZER_PRECISION", RUNTIME_PRECISIONS)
    if required in PRECISIONS:
        return required
    if tensorflow_backend.keras_backend() != "tensorflow":  # chosen for a GPU, which has bfloat16
        return "mixed_bfloat16"
    float32, bfloat16 = (Layer("tensorflow", precision, training) for precision in PRECISIONS)
    return bfloat16.precision if timer.is_faster(bfloat16, float32) else float32.precision


def precision_of(network: "keras.Model") -> str:
    """The precision in which a Keras network computes."""
    uses_bfloat16 = any(layer.compute_dtype == "bfloat16" for layer in network.layers)
    return "mixed_bfloat16" if uses_bfloat16 else "float32"


def _from_environment(name: str, choices: tuple[str, ...]) -> str | None:
    value = os.environ.get(name) or None
    if value is not None:
        _check_choice(name, value, choices)
    return value


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Received: {value!r}")


# --- the cached choice -----------------------------------------------------------------------------------


def cache_file() -> Path:
    """The file that says on which processor, with which libraries, ncnn was faster."""
    folder = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(folder, "colorizer", "ncnn-is-faster")


def _cached_choice_is_ncnn() -> bool:
    try:
        return read_small(cache_file(), CACHE_LIMIT, own=True) == _fingerprint()
    except OSError:
        return False


def _cache_choice_of_ncnn() -> None:
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, _fingerprint())
    except OSError:  # the next start measures again
        pass


def _fingerprint() -> bytes:
    """What the choice depends on: the processor and the versions of the libraries."""
    from llvmlite import binding

    versions = []
    for package in ("ncnn", "tensorflow", "tensorflow-cpu"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    return "\n".join([*processor, f"{cores()} cores", *versions]).encode()
