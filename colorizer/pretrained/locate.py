"""Finds weights wherever they are, checks them, and loads them: the shipped ones, a file, a folder, the Hub.

    find_weights()                          # the file of the shipped weights
    load_weights(network, "my-weights/")    # into a Keras network
    read_weights("owner/name@revision")     # as arrays, without Keras, which takes some seconds to load

COLORIZER_WEIGHTS, if set, takes the place of the shipped weights wherever none are named: a file, a folder,
or owner/name@revision on the Hugging Face Hub.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from colorizer import resources
from colorizer.errors import WeightsError
from colorizer.model.spec import ARCHITECTURE, Conv
from colorizer.pretrained import hub_download, manifest, weights_file

if TYPE_CHECKING:
    import keras

SHIPPED = resources.WEIGHTS
VARIABLE = "COLORIZER_WEIGHTS"
Read = TypeVar("Read")


def hub_address(source: str | os.PathLike | None) -> str | None:
    """The repository on the Hub that `source` means, or None if it means a file or folder.

    A local folder wins over a repository of the same name; "hf://owner/name" always means the Hub.
    """
    if source is None:
        source = os.environ.get(VARIABLE) or None
    if not isinstance(source, str) or (not source.startswith("hf://") and Path(source).exists()):
        return None
    return source if hub_download.looks_like_address(source) else None


def find_weights(source: str | os.PathLike | None = None) -> Path:
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
    if path.is_dir():
        path = path / manifest.FILE
    if not path.is_file():
        raise WeightsError(
            f"There are no weights at {path}. Give a {manifest.FILE} file or a folder that holds one; the "
            "shipped ones come with the repository, and train.py makes new ones."
        )
    return path


def load_weights(network: "keras.Model", source: str | os.PathLike | None = None) -> Path:
    """Loads weights into `network`, after checking them against the checksum beside them, if any.

    Args:
        network: as of `build_network`.
        source: as in `find_weights`.

    Returns:
        The file that was read.

    Raises:
        WeightsError: no file, a checksum that differs, or weights that do not fit the network.
    """
    return _checked(source, network.load_weights)[1]


def read_weights(
    source: str | os.PathLike | None = None, architecture: tuple[Conv, ...] = ARCHITECTURE
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reads the weights without Keras, which takes some seconds to load.

    Args:
        source: as in `find_weights`.
        architecture: what network they must be of.

    Returns:
        Of each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,), float32.

    Raises:
        WeightsError: as in `load_weights`.
    """
    return _checked(source, lambda path: weights_file.read(path, architecture))[0]


def _checked(source: str | os.PathLike | None, take: Callable[[Path], Read]) -> tuple[Read, Path]:
    """What `take` makes of the weights' file, after its checksum has been compared; and the file."""
    address = hub_address(source)
    path = find_weights(address or source)
    manifest.check(path)
    try:
        taken = take(path)
    # HDF5 raises what it likes on damaged files: OSError, KeyError, RuntimeError, MemoryError …
    except Exception as error:
        reason = str(error).partition("\n")[0]  # Keras goes on with a list of layers
        raise WeightsError(f"{path} does not hold weights of this network: {reason}") from error
    if address:
        hub_download.settle(address, path)
    return taken, path
