"""The weights as a file: plain HDF5, written by Keras, read with or without it.

    save(network, Path("my-weights/"))            # the file and its manifest
    read(path, ARCHITECTURE)                      # [(kernel, bias), ...] as arrays, without Keras

A network lives as long as its weights can be read: the architecture is code (`model/spec.py`), the weights
are plain arrays in a format that many programs know.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorizer.atomic_write import replace_file
from colorizer.model.spec import Conv
from colorizer.pretrained import manifest

if TYPE_CHECKING:
    import h5py
    import keras


def read(path: Path, architecture: tuple[Conv, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reads the arrays out of a weights file.

    Args:
        path: of the file.
        architecture: what network they must be of.

    Returns:
        Of each convolution its kernel, (3, 3, inputs, filters), and its bias, (filters,), float32.

    Raises:
        Exception: whatever HDF5 raises on a file that is damaged or another network's; `locate` makes a
            WeightsError of it.
    """
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


def save(network: "keras.Model", folder: Path) -> Path:
    """Writes the weights and their checksum into `folder`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / manifest.FILE
    partial = folder / f".{os.getpid()}.partial.weights.h5"  # Keras insists on the ending
    try:
        network.save_weights(partial)
        digest = manifest.sha256(partial)
        # Between the two renames a reader would see a mismatch and be told so; it never reads half a file.
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    about = {"file": manifest.FILE, "sha256": digest, "parameters": network.count_params()}
    replace_file(folder / manifest.MANIFEST, (json.dumps(about, indent=2) + "\n").encode())
    return path
