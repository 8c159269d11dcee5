"""Finds weights wherever they are, checks them, and loads them: the shipped ones, a file, a folder, the Hub.

    find_weights()                          # the path of the shipped weights
    load_forward(runtime)                   # the network with these weights, as a function of arrays
    load_weights(network, "my-weights/")    # into a Keras network
    read_weights("owner/name@revision")     # as arrays, without Keras, which needs some seconds to load

COLORIZER_WEIGHTS, if set, replaces the shipped weights wherever none are named: a file, a folder, or
owner/name@revision on the Hugging Face Hub.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from colorizer import resources
from colorizer.errors import WeightsError
from colorizer.model.runtime import Runtime
from colorizer.model.spec import ARCHITECTURE, Conv, Forward
from colorizer.pretrained import hub_download, manifest, weights_file
from colorizer.pretrained.sanity_check import check_colors

if TYPE_CHECKING:
    import keras

SHIPPED = resources.WEIGHTS
VARIABLE = "COLORIZER_WEIGHTS"
Result = TypeVar("Result")


def hub_address(source: str | os.PathLike[str] | None) -> str | None:
    """The repository on the Hub that `source` means, or None if it means a file or folder.

    A local folder wins over a repository of the same name; "hf://owner/name" always means the Hub.
    """
    if source is None:
        source = os.environ.get(VARIABLE) or None
    if not isinstance(source, str) or (not source.startswith("hf://") and os.path.exists(source)):
        return None
    return source if hub_download.looks_like_address(source) else None


def find_weights(source: str | os.PathLike[str] | None = None) -> Path:
    """The weights file that `source` means; from the Hub it is downloaded first, unless it is in the cache.

    Args:
        source: None for the shipped one (or what COLORIZER_WEIGHTS names), a folder, the file itself, or
            "owner/name" or "owner/name@revision" on the Hub.

    Raises:
        WeightsError: there is no such file.
    """
    if address := hub_address(source):
        return hub_download.fetch(address)
    path = Path(os.environ.get(VARIABLE) or SHIPPED) if source is None else Path(source)
    if os.path.isdir(path):
        path = path / manifest.WEIGHTS_NAME
    if not os.path.isfile(path):  # unlike Path.is_file, it accepts names of any length
        raise WeightsError(
            f"There are no weights at {hub_download.shorten(path)}. Give a {manifest.WEIGHTS_NAME} file or a "
            "folder that holds one; the shipped ones come with the package, and train.py makes new ones."
        )
    return path


def load_forward(runtime: Runtime, source: str | os.PathLike[str] | None = None) -> Forward:
    """The shipped network with weights from `source`, as a function of arrays.

    Args:
        runtime: what computes the network.
        source: as in `find_weights`.

    Raises:
        WeightsError: no file, a checksum that differs, weights that do not fit the network, or weights that
            do not colour a known picture plausibly.
    """
    with _verified(source) as path:
        weights = _read(path, lambda: weights_file.read(path, ARCHITECTURE))
        maxima = manifest.input_maxima(path, len(ARCHITECTURE))
        forward = runtime.load(weights, input_maxima=maxima)
        check_colors(forward, path)
    return forward


def load_weights(network: "keras.Model", source: str | os.PathLike[str] | None = None) -> Path:
    """Loads weights into `network`, after a comparison with the checksum beside them, if there is one.

    Args:
        network: a Keras model, as `build_network` returns it.
        source: as in `find_weights`.

    Returns:
        The path of the file.

    Raises:
        WeightsError: no file, a checksum that differs, or weights that do not fit the network.
    """
    with _verified(source) as path:
        _read(path, lambda: weights_file.load(network, path))
    return path


def read_weights(
    source: str | os.PathLike[str] | None = None, architecture: tuple[Conv, ...] = ARCHITECTURE
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reads the weights without Keras, which needs some seconds to load.

    Args:
        source: as in `find_weights`.
        architecture: the table of the network that the weights belong to.

    Returns:
        For each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,), float32.

    Raises:
        WeightsError: as in `load_weights`.
    """
    with _verified(source) as path:
        return _read(path, lambda: weights_file.read(path, architecture))


@contextmanager
def _verified(source: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The weights file, its checksum compared; once it is in use, the Hub's cache notes its commit."""
    address = hub_address(source)
    path = find_weights(address or source)
    manifest.verify_checksum(path)
    yield path
    if address:
        hub_download.record_commit(address, path)


def _read(path: Path, read: Callable[[], Result]) -> Result:
    try:
        return read()
    # HDF5 raises anything on damaged files: OSError, KeyError, RuntimeError, MemoryError …
    except Exception as error:
        reason = str(error).partition("\n")[0]  # Keras goes on with a list of layers
        raise WeightsError(f"{path} does not hold weights of this network: {reason}") from error
