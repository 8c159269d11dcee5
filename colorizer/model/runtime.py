"""Chooses, in one place, what computes the network: the runtime and precision this processor does faster.

    forward = fastest(network)
    ab01 = forward(lightness01)          # (N, H, W, 1) float32  ->  (N, H, W, 2) float32

bfloat16 halves the time on processors that multiply it (AVX512-BF16, AMX); on others it gains nothing, its
gradients take twenty times as long, and ncnn halves the time instead (`ncnn_backend.py`). Which is which is
measured, not looked up, when the weights are loaded and when training begins. Only that ncnn was the faster
is remembered: TensorFlow need not be loaded at all then. COLORIZER_PRECISION=float32 switches bfloat16 off,
COLORIZER_RUNTIME=tensorflow ncnn.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorizer.atomic_write import replace_file
from colorizer.cpu import cores
from colorizer.model import benchmark, ncnn_backend, tensorflow_backend
from colorizer.model.spec import PRECISIONS
from colorizer.model.tensorflow_backend import keras_backend

if TYPE_CHECKING:
    import keras

RUNTIMES = ("tensorflow", "ncnn")
# Not for a hair's breadth: TensorFlow in float32 is the reference, and another way must take less than this
# share of its time.
CLEARLY = 0.8
# Where it is kept that ncnn was the faster, and of which processor and libraries that is true.
MEMORY = Path(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "colorizer", "ncnn-is-faster"
)


def fastest(network: "keras.Model", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function of arrays, in what this processor does faster. Safe to share.

    Args:
        network: with the weights that count; one in bfloat16 is TensorFlow's.
        threads: how many cores ncnn may take; all of them if None. TensorFlow's are told otherwise.

    Raises:
        ValueError: as `fastest_runtime`.
    """
    if fastest_runtime() == "ncnn" and all(layer.compute_dtype == "float32" for layer in network.layers):
        return ncnn_backend.in_ncnn(network, threads)
    return tensorflow_backend.compiled(network)


@lru_cache
def fastest_precision(learning: bool = False) -> str:
    """What this processor does faster: "float32" or "mixed_bfloat16"; COLORIZER_PRECISION decides if set.

    Args:
        learning: whether gradients are to be worked out as well. On a processor with AVX2 alone, a forward
            pass in bfloat16 takes about as long as in float32, and the gradients twenty times as long.

    Raises:
        ValueError: COLORIZER_PRECISION is neither.
    """
    if chosen := os.environ.get("COLORIZER_PRECISION"):
        if chosen not in PRECISIONS:
            raise ValueError(
                f"COLORIZER_PRECISION must be one of {', '.join(PRECISIONS)}. Received: {chosen!r}"
            )
        return chosen
    if keras_backend() != "tensorflow":  # chosen for the sake of a GPU, and those have bfloat16
        return "mixed_bfloat16"
    float32, bfloat16 = (_first_seconds(dtype, learning) for dtype in ("float32", "bfloat16"))
    if bfloat16 < CLEARLY * float32:
        # What else the processor did meanwhile must not decide: float32 came first, and has another try.
        float32 = min(float32, benchmark.tensorflow_seconds("float32", learning))
    return "mixed_bfloat16" if bfloat16 < CLEARLY * float32 else "float32"


@lru_cache
def fastest_runtime() -> str:
    """What works the network out faster here: "tensorflow" or "ncnn"; COLORIZER_RUNTIME decides if set.

    Where bfloat16 is the faster precision, or the one that is asked for, that is TensorFlow.

    Raises:
        ValueError: COLORIZER_RUNTIME is neither, or ncnn without being installed.
    """
    if chosen := os.environ.get("COLORIZER_RUNTIME"):
        if chosen not in RUNTIMES:
            raise ValueError(f"COLORIZER_RUNTIME must be one of {', '.join(RUNTIMES)}. Received: {chosen!r}")
        if chosen == "ncnn" and not ncnn_backend.available():
            raise ValueError("COLORIZER_RUNTIME=ncnn needs the package ncnn. Received: no such package")
        return chosen
    if keras_backend() != "tensorflow" or not ncnn_backend.available():
        return "tensorflow"
    if surely_ncnn():
        return "ncnn"
    if fastest_precision() != "float32":
        return "tensorflow"
    # As above: TensorFlow must not lose by a slow moment.
    tensorflow, ncnn = _first_seconds("float32", False), benchmark.ncnn_seconds()
    if ncnn < CLEARLY * tensorflow:
        tensorflow = min(tensorflow, benchmark.tensorflow_seconds("float32"))
    if ncnn >= CLEARLY * tensorflow:
        return "tensorflow"
    if not os.environ.get("COLORIZER_PRECISION"):
        _remember()
    return "ncnn"


def surely_ncnn(soon: bool = False) -> bool:
    """Whether ncnn is to be taken, as far as that can be said without TensorFlow, which is slow to load.

    It is if it was asked for, and if it was the faster when this processor last timed these libraries.

    Args:
        soon: whether there is so little to do that being ready soon counts for more than a faster network.
    """
    chosen = os.environ.get("COLORIZER_RUNTIME")
    if chosen or not ncnn_backend.available() or keras_backend() != "tensorflow":
        return chosen == "ncnn" and ncnn_backend.available()
    if os.environ.get("COLORIZER_PRECISION") not in (None, "", "float32"):
        return False
    if soon or not tensorflow_backend.available():
        return True
    try:
        return MEMORY.read_text() == _circumstances()
    except (OSError, UnicodeDecodeError):
        return False


def _remember() -> None:
    try:
        MEMORY.parent.mkdir(parents=True, exist_ok=True)
        replace_file(MEMORY, _circumstances().encode())
    except OSError:  # it is timed again at the next start
        pass


@lru_cache
def _circumstances() -> str:
    """What decides which runtime is the faster."""
    from llvmlite import binding

    versions = []
    for package in ("ncnn", "tensorflow", "tensorflow-cpu"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    return "\n".join([*processor, f"{cores()} cores", *versions])


def best_precision() -> str:
    """The precision to build a network in that `fastest` is to run: ncnn works in float32.

    Raises:
        ValueError: as `fastest_precision` and `fastest_runtime`.
    """
    return "float32" if fastest_runtime() == "ncnn" else fastest_precision()


@lru_cache
def _first_seconds(dtype: str, learning: bool) -> float:
    """`benchmark.tensorflow_seconds`, taken once: both choices begin with it."""
    return benchmark.tensorflow_seconds(dtype, learning)
