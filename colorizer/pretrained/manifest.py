"""The files in a weights folder, and the manifest that tells whether the weights are complete.

    colorizer.weights.h5    the weights
    colorizer.json          their manifest: name, sha256, number of parameters, `input_maxima`
    training.json           how they were trained    (training writes it, the model card shows it)
    evaluation.json         how good they are        (evaluation writes it, the model card shows it)

The sha256 finds a truncated download or a file of another network, before HDF5 or Keras fails on it with a
message that nobody understands.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colorizer.atomic_write import replace_file
from colorizer.errors import WeightsError
from colorizer.safe_read import read_small

WEIGHTS_NAME = "colorizer.weights.h5"
MANIFEST_NAME = "colorizer.json"
TRAINING_NAME, EVALUATION_NAME = "training.json", "evaluation.json"
RECORD_LIMIT = 1 << 20  # bytes of a JSON record; the largest so far has 5,000
# The range of what can be an input's largest value: trained networks have 0.9 to 3,000.
INPUT_MAXIMA = 1e-6, 1e9
_SHA256 = re.compile(r"[0-9a-f]{64}")


def sha256(path: Path) -> str:
    """The file's checksum in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        OSError: it cannot be read, or is not a small regular file.
        ValueError: it holds no JSON object.
    """
    try:
        record = json.loads(read_small(path, RECORD_LIMIT))
    except RecursionError as error:
        raise ValueError("its JSON is nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError(f"it must hold a JSON object. Received: {type(record).__name__}")
    return record


def verify_checksum(path: Path) -> None:
    """Compares a weights file with the manifest beside it, if there is one.

    A manifest covers the file that it names. A file of the standard name must be covered; one of another
    name, beside the manifest of others, need not be.

    Raises:
        WeightsError: the checksums differ, or the manifest cannot be read or covers another file.
    """
    manifest = path.with_name(MANIFEST_NAME)
    try:
        record = read_record(manifest)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise WeightsError(f"{manifest} is not a manifest of weights: {error}") from error
    name, expected = record.get("file"), record.get("sha256")
    if not (isinstance(name, str) and isinstance(expected, str) and _SHA256.fullmatch(expected)):
        raise WeightsError(
            f"{manifest} is not a manifest of weights: it must have the texts file and sha256. "
            f"Received: {str(record)[:200]}"
        )
    if name != path.name:
        if path.name == WEIGHTS_NAME:
            raise WeightsError(f"{manifest} must name {WEIGHTS_NAME}. Received: {name[:200]!r}")
        return
    if (actual := sha256(path)) != expected:
        raise WeightsError(
            f"{path} is damaged or was changed: its sha256 is {actual}, {manifest.name} says {expected}. "
            "Download the file again, or remove the manifest if you made the weights yourself."
        )


def write(folder: Path, digest: str, parameters: int) -> None:
    """Writes the manifest of a weights file of the standard name.

    Args:
        folder: where the weights are.
        digest: their sha256.
        parameters: how many they are.
    """
    _write(folder, {"file": WEIGHTS_NAME, "sha256": digest, "parameters": parameters})


def add_input_maxima(folder: Path, maxima: Sequence[float]) -> None:
    """Adds to the manifest in a folder what `calibration.measure_input_maxima` found.

    Raises:
        OSError: there is no manifest.
    """
    rounded = [float(f"{maximum:.4g}") for maximum in maxima]
    _write(folder, read_record(folder / MANIFEST_NAME) | {"input_maxima": rounded})


def _write(folder: Path, record: dict[str, Any]) -> None:
    replace_file(folder / MANIFEST_NAME, (json.dumps(record, indent=2) + "\n").encode())


def input_maxima(path: Path, convolutions: int) -> tuple[float, ...] | None:
    """For each convolution the largest input that it usually has, from the manifest beside a weights file.

    Computing in 8-bit integers needs them (`model/ncnn_backend.py`); training measures them
    (`training/calibration.py`).

    Args:
        path: of the weights file, its checksum verified.
        convolutions: how many the network has.

    Returns:
        None if there is no manifest of this file, or the manifest has none.

    Raises:
        WeightsError: they are not that many numbers in `INPUT_MAXIMA`.
    """
    manifest = path.with_name(MANIFEST_NAME)
    if not manifest.exists():
        return None
    record = read_record(manifest)
    maxima = record.get("input_maxima")
    if maxima is None or record.get("file") != path.name:
        return None
    numbers = isinstance(maxima, list) and all(type(number) in (int, float) for number in maxima)
    least, most = INPUT_MAXIMA
    if not numbers or len(maxima) != convolutions or not all(least <= x <= most for x in maxima):
        raise WeightsError(
            f"{manifest} must have {convolutions} input_maxima from {least:g} to {most:g}. "
            f"Received: {str(maxima)[:200]}"
        )
    return tuple(map(float, maxima))
