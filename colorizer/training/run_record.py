"""The record of a training run for the model card: `training.json`, beside its weights.

    write(folder, config, evaluation, photos)

A run may build on earlier ones: on its initial weights, on its teachers. Their commands come first, so that
the record of the last stage is the recipe of all.
"""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import keras

from colorizer.atomic_write import replace_file
from colorizer.pretrained import hub_download, manifest
from colorizer.training import hub_dataset, legacy_names
from colorizer.training.config import TrainingConfig

# Options that change where files are, not what is trained. Of other paths the record keeps the last part
# alone: the rest may reveal more about somebody's machine than they want.
LEFT_OUT = (
    "cache", "publish", "resume", "eval_every", "checkpoint_seconds",
    "distribute", "processes", "process", "coordinator",
)  # fmt: skip
PATHS = ("photos", "val", "init", "teacher", "perceptual", "out")


def write(folder: Path, config: TrainingConfig, evaluation: dict[str, Any], photos: int) -> None:
    """Writes the record.

    Args:
        folder: receives the record.
        config: of the run.
        evaluation: the last row of its history.
        photos: how many it learns from.
    """
    teachers = [_read(path) for path in config.teacher]
    started = _read(config.init) if config.init else {}
    commands = [earlier["command"] for earlier in (*teachers, started) if "command" in earlier]
    record = {
        # A teacher may have taught more than one stage: its command appears once.
        "command": "\n".join(dict.fromkeys("\n".join([*commands, command(config)]).split("\n"))),
        "photos": photos,
        # Of the weights themselves, in earlier stages as well; without those of a teacher.
        "crops": evaluation["crops"] + started.get("crops", 0),
        "minutes": round(evaluation["minutes"] + started.get("minutes", 0), 2),
        "backend": keras.backend.backend(),
    }
    addresses = [path for path in config.photos if path.startswith(hub_dataset.DATASETS)]
    if addresses:
        record["datasets"] = [
            hub_download.Address.parse(path[len(hub_dataset.DATASETS) :]).repo for path in addresses
        ]
    replace_file(folder / manifest.TRAINING_NAME, (json.dumps(record, indent=2) + "\n").encode())


def command(config: TrainingConfig) -> str:
    """The command line of a run, without options that have their default."""
    words = ["python train.py"]
    for option in fields(config):
        value = getattr(config, option.name)
        if value == option.default or option.name in LEFT_OUT:
            continue
        values = list(value) if isinstance(value, tuple) else [value]
        if option.name in PATHS:
            values = [value if value.startswith("hf://") else Path(value).name for value in values]
        flag = "--" + option.name.replace("_", "-")
        words.append(" ".join([flag, *(str(value) for value in values if value is not True)]))
    return " ".join(words)


def _read(source: str) -> dict[str, Any]:
    """The record of an earlier run, in today's names; empty where weights came without one."""
    weights = Path(source)  # a folder, or the file in it
    folder = weights.parent if weights.name == manifest.WEIGHTS_NAME else weights
    path = folder / manifest.TRAINING_NAME
    record = json.loads(path.read_text()) if path.is_file() else {}
    if (
        "command" in record
        and (command := legacy_names.translate_command(record["command"])) != record["command"]
    ):
        print(
            f"{path} has old names of options; its command is recorded with today's names.", file=sys.stderr
        )
        record["command"] = command
    return record
