"""The files in a folder of weights, and the manifest that tells whether the weights are whole.

    colorizer.weights.h5    the weights
    colorizer.json          their manifest: checksum and number of parameters
    training.json           how they came about      (training writes it, the model card shows it)
    evaluation.json         how good they are        (evaluation writes it, the model card shows it)

The sha256 tells a truncated download or a file of another network before Keras fails in some obscure way.
"""

import hashlib
import json
from pathlib import Path

from colorizer.errors import WeightsError

FILE = "colorizer.weights.h5"
MANIFEST = "colorizer.json"
TRAINING, EVALUATION = "training.json", "evaluation.json"


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
