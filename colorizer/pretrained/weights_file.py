"""The weights as a file: plain HDF5, written by Keras, read with or without it.

    save(network, Path("my-weights/"))            # the file and its manifest
    read(path, ARCHITECTURE)                      # [(kernel, bias), ...] as arrays, without Keras
    load(network, path)                           # into any Keras network

Weights are usable for as long as they can be read: the architecture is code (`model/spec.py`), the weights
are plain arrays in a format that many programs know. A weights file may come from a stranger. So every array
is checked to lie in the file itself, to have the expected shape, and to be finite, before Keras sees it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorizer.model import keras_private
from colorizer.model.spec import Conv
from colorizer.pretrained import manifest

if TYPE_CHECKING:
    import h5py
    import keras

# Beside the weights, a file may hold an optimizer's moments: Adam has two per parameter.
MAX_ARRAYS_PER_PARAMETER = 4


def read(path: Path, architecture: tuple[Conv, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reads the arrays of a weights file.

    Args:
        path: of the file.
        architecture: the table of the network that the weights belong to.

    Returns:
        For each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,), float32.

    Raises:
        Exception: whatever HDF5 raises on a file that is damaged or another network's; `locate` makes a
            WeightsError of it.
    """
    import h5py

    result, inputs = [], 1
    with h5py.File(path) as file:
        for number, conv in enumerate(architecture):
            group = keras_private.layer_group(number)
            kernel = _array(file, f"{group}/0", (3, 3, inputs, conv.filters))
            result.append((kernel, _array(file, f"{group}/1", (conv.filters,))))
            inputs = conv.filters
    return result


def load(network: "keras.Model", path: Path) -> None:
    """Loads the arrays of a weights file into a Keras network of any architecture.

    Raises:
        Exception: as `read`.
    """
    import h5py

    # Not while Keras reads: a dataset that points elsewhere crashes the process once TensorFlow is loaded.
    with h5py.File(path) as file:
        _check_datasets(file, MAX_ARRAYS_PER_PARAMETER * network.count_params())
    network.load_weights(path)


def save(network: "keras.Model", folder: Path) -> Path:
    """Writes the weights and their checksum into `folder`; each file appears whole or not at all.

    Raises:
        WeightsError: this version of Keras writes files that `read` would not understand.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / manifest.WEIGHTS_NAME
    partial = folder / f".{os.getpid()}.partial.weights.h5"  # Keras requires this suffix
    try:
        network.save_weights(partial)
        keras_private.check_layout(partial, network)
        digest = manifest.sha256(partial)
        # A reader between the two renames finds checksums that differ, and says so; it never reads half a
        # file.
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    manifest.write(folder, digest, network.count_params())
    return path


def _array(file: "h5py.File", name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One array of the file: floats of this shape, stored in the file itself, all of them finite."""
    dataset = file[name]
    _check_is_plain(file, name, dataset)
    if dataset.shape != shape or dataset.dtype.kind != "f":
        raise ValueError(f"{name} must be floats of shape {shape}. Received: {dataset}")
    return _finite(name, dataset[()].astype(np.float32))


def _check_datasets(file: "h5py.File", max_elements: int) -> None:
    """Checks every dataset of the file, whatever their names and shapes."""
    import h5py

    links: list[tuple[str, object]] = []
    # Only collected here: HDF5 reports no exception of a callback in words.
    file.visititems_links(lambda name, link: links.append((name, link)))
    elements = 0
    for name, link in links:
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} lies in another place. Received: {link}")
        entry = file[name]
        if isinstance(entry, h5py.Group):
            continue
        _check_is_plain(file, name, entry)
        if entry.dtype.kind not in "fiu":
            raise ValueError(f"{name} must be numbers. Received: {entry}")
        elements += entry.size
        if elements > max_elements:
            raise ValueError(f"the file has more than {max_elements} numbers, too many for this network")
        if entry.dtype.kind == "f":
            _finite(name, entry[()].astype(np.float32))


def _check_is_plain(file: "h5py.File", name: str, entry: object) -> None:
    """A file may claim anything: its arrays must be datasets of its own, not of other files."""
    import h5py

    if not isinstance(entry, h5py.Dataset):
        raise ValueError(f"{name} must be numbers. Received: {entry}")
    if entry.file.filename != file.filename or entry.external or entry.is_virtual:
        raise ValueError(f"{name} lies in another file")


def _finite(name: str, array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        count = array.size - np.count_nonzero(np.isfinite(array))
        raise ValueError(f"{name} must be finite numbers. Received: {count} that are infinite or no number")
    return array
