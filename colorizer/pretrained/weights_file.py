"""The weights on disk: `colorizer.weights.h5`, and beside it `colorizer.json` with its checksum.

A network lives as long as its weights can be read. The architecture is code (`network.py`), the weights
are plain HDF5, and the sha256 tells a truncated download or a file of another network before Keras
fails in some obscure way.

COLORIZER_WEIGHTS, if set, takes the place of the shipped weights wherever none are named: a file, a folder,
or owner/name@revision on the Hugging Face Hub.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from colorizer.architecture import ARCHITECTURE, Conv
from colorizer.files import replace_file

if TYPE_CHECKING:  # fetching, checking and reading weights needs no Keras
    import h5py
    import keras

FOLDER = Path(__file__).resolve().parent.parent / "weights"
FILE = "colorizer.weights.h5"
MANIFEST = "colorizer.json"
VARIABLE = "COLORIZER_WEIGHTS"
Read = TypeVar("Read")


class WeightsError(ValueError):
    """The weights are missing, damaged, or another network's."""


def address_of(source: str | os.PathLike | None) -> str | None:
    """The repository on the Hub that `source` means, or None if it means a file or folder.

    A local folder wins over a repository of the same name; "hf://owner/name" always means the Hub.
    """
    if source is None:
        source = os.environ.get(VARIABLE) or None
    if not isinstance(source, str) or (not source.startswith("hf://") and Path(source).exists()):
        return None
    from colorizer import hub

    return source if hub.looks_like_address(source) else None


def locate(source: str | os.PathLike | None = None) -> Path:
    """The weights file that `source` means.

    Args:
        source: None for the shipped one (or what COLORIZER_WEIGHTS names), a folder, the file itself, or
            "owner/name" or "owner/name@revision" on the Hub.

    Raises:
        WeightsError: there is no such file.
    """
    if address := address_of(source):
        from colorizer import hub

        return hub.fetch(address)
    path = Path(os.environ.get(VARIABLE) or FOLDER) if source is None else Path(source)
    if path.is_dir():
        path = path / FILE
    if not path.is_file():
        raise WeightsError(
            f"There are no weights at {path}. Give a {FILE} file or a folder that holds one; the shipped "
            "ones come with the repository, and train.py makes new ones."
        )
    return path


def sha256(path: Path) -> str:
    """The file's checksum in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path) -> None:
    """Compares a weights file with the manifest beside it, if there is one that speaks of this file.

    Raises:
        WeightsError: the checksums differ, or the manifest is none.
    """
    manifest = path.with_name(MANIFEST)
    if not manifest.is_file():
        return
    try:
        about = json.loads(manifest.read_text())
        name, expected = about["file"], about["sha256"]
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{manifest} is not a manifest of weights: {error!r}") from error
    if name == path.name and (actual := sha256(path)) != expected:
        raise WeightsError(
            f"{path} is damaged or was changed: its sha256 is {actual}, {manifest.name} says {expected}. "
            "Fetch the file again, or remove the manifest if you made the weights yourself."
        )


def load(network: "keras.Model", source: str | os.PathLike | None = None) -> Path:
    """Loads weights into `network`, after checking them against the checksum beside them, if any.

    Args:
        network: as of `build_network`.
        source: as in `locate`.

    Returns:
        The file that was read.

    Raises:
        WeightsError: no file, a checksum that differs, or weights that do not fit the network.
    """
    return _checked(source, network.load_weights)[1]


def read(
    source: str | os.PathLike | None = None, architecture: tuple[Conv, ...] = ARCHITECTURE
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reads the weights without Keras, which takes some seconds to load.

    Args:
        source: as in `locate`.
        architecture: what network they must be of.

    Returns:
        Of each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,), float32.

    Raises:
        WeightsError: as in `load`.
    """
    return _checked(source, lambda path: _read(path, architecture))[0]


def _read(path: Path, architecture: tuple[Conv, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    import h5py

    result, inputs = [], 1
    with h5py.File(path) as file:
        for number, conv in enumerate(architecture):
            # So Keras names them, in their order.
            place = f"layers/conv2d{f'_{number}' if number else ''}/vars"
            shapes = (3, 3, inputs, conv.filters), (conv.filters,)
            result.append(tuple(_array(file, f"{place}/{i}", shape) for i, shape in enumerate(shapes)))
            inputs = conv.filters
    return result


def _array(file: "h5py.File", name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array out of the file, which may claim anything of itself: numbers of this shape that lie in it."""
    import h5py

    found = file[name]
    if not isinstance(found, h5py.Dataset) or found.shape != shape or found.dtype.kind != "f":
        raise ValueError(f"{name} should be numbers of shape {shape}, and is {found}")
    if found.file.filename != file.filename or found.external or found.is_virtual:
        raise ValueError(f"{name} lies in another file")
    return found[()].astype(np.float32)


def _checked(source: str | os.PathLike | None, take: Callable[[Path], Read]) -> tuple[Read, Path]:
    """What `take` makes of the weights' file, after its checksum has been compared; and the file."""
    address = address_of(source)
    path = locate(address or source)
    check(path)
    try:
        taken = take(path)
    # HDF5 raises what it likes on damaged files: OSError, KeyError, RuntimeError, MemoryError …
    except Exception as error:
        reason = str(error).partition("\n")[0]  # Keras goes on with a list of layers
        raise WeightsError(f"{path} does not hold weights of this network: {reason}") from error
    if address:
        from colorizer import hub

        hub.settle(address, path)
    return taken, path


def save(network: "keras.Model", folder: Path) -> Path:
    """Writes the weights and their checksum into `folder`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    partial = folder / f".{os.getpid()}.partial.weights.h5"  # Keras insists on the ending
    try:
        network.save_weights(partial)
        digest = sha256(partial)
        # Between the two renames a reader would see a mismatch and be told so; it never reads half a file.
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    manifest = {"file": FILE, "sha256": digest, "parameters": network.count_params()}
    replace_file(folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    return path
