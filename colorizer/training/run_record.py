"""What a training run says of itself, for the model card: `training.json`, beside its weights.

    write(folder, config, row, photos)

A run may stand on earlier ones: on weights that it starts from, on a mentor that it learns from. Their
commands come first, so that the record of the last stage is the recipe of all.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import keras

from colorizer.atomic_write import replace_file
from colorizer.pretrained import hub_download, manifest
from colorizer.training import hub_dataset
from colorizer.training.config import TrainingConfig

# Options that change where things lie, not what is done. Of other paths the names alone are kept: the rest
# may tell more of somebody's machine than they want to tell.
LEFT_OUT = ("cache", "publish", "resume", "rows", "checkpoint_seconds")
PATHS = ("photos", "val", "init", "mentor", "teacher", "out")


def write(folder: Path, config: TrainingConfig, row: dict[str, Any], photos: int) -> None:
    """Writes the record.

    Args:
        folder: where to.
        config: of the run.
        row: of its history, as far as it has come.
        photos: how many it learns from.
    """
    taught = [_read(path) for path in config.mentor]
    started = _read(config.init) if config.init else {}
    commands = [earlier["command"] for earlier in (*taught, started) if "command" in earlier]
    record = {
        # A mentor may have taught more than one stage: its command is told once.
        "command": "\n".join(dict.fromkeys("\n".join([*commands, command(config)]).split("\n"))),
        "photos": photos,
        # What the weights themselves have seen, in the stages before this one as well; not what a mentor saw.
        "crops": row["crops"] + started.get("crops", 0),
        "minutes": round(row["minutes"] + started.get("minutes", 0), 2),
        "backend": keras.backend.backend(),
    }
    addresses = [path for path in config.photos if path.startswith(hub_dataset.DATASETS)]
    if addresses:
        record["datasets"] = [
            hub_download.Address.parse(path[len(hub_dataset.DATASETS) :]).repo for path in addresses
        ]
    replace_file(folder / manifest.TRAINING_NAME, (json.dumps(record, indent=2) + "\n").encode())


def command(config: TrainingConfig) -> str:
    """The command line of a run, without what is as it always is."""
    words = ["python train.py"]
    for option in fields(config):
        value = getattr(config, option.name)
        if value == option.default or option.name in LEFT_OUT:
            continue
        values = value if isinstance(value, tuple) else (value,)
        if option.name in PATHS:
            values = [value if value.startswith("hf://") else Path(value).name for value in values]
        flag = "--" + option.name.replace("_", "-")
        words.append(" ".join([flag, *(str(value) for value in values if value is not True)]))
    return " ".join(words)


def _read(source: str) -> dict[str, Any]:
    """The record of an earlier run; empty where weights came without one."""
    path = Path(source) / manifest.TRAINING_NAME
    return json.loads(path.read_text()) if path.is_file() else {}
