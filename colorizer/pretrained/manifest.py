"""The files in a weights folder, and the manifest that tells whether the weights are complete.

    colorizer.weights.h5    the weights
    colorizer.json          their manifest: name, sha256 and number of parameters
    training.json           how they were trained    (training writes it, the model card shows it)
    evaluation.json         how good they are        (evaluation writes it, the model card shows it)

The sha256 finds a truncated download or a file of another network, before HDF5 or Keras fails on it with a
message that nobody understands.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from colorizer.errors import WeightsError
from colorizer.safe_read import read_small

WEIGHTS_NAME = "colorizer.weights.h5"
MANIFEST_NAME = "colorizer.json"
TRAINING_NAME, EVALUATION_NAME = "training.json", "evaluation.json"
RECORD_LIMIT = 1 << 20  # bytes of a JSON record; the largest so far has 5,000
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
