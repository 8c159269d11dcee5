"""The checkpoint of a run: everything that training needs to continue as if it had never stopped.

    save(folder, objective, average, state, config)
    state = restore(folder, objective, average, config)

`checkpoint.npz` holds the network's weights and their average, the optimizer, the layers that only training
has, the states of the random generators, and as JSON the state and configuration of the run. It is written
under a temporary name and renamed, so that a kill leaves the previous one whole.
"""

import io
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from colorizer.atomic_write import replace_file
from colorizer.training import legacy_names
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective

CHECKPOINT_NAME = "checkpoint.npz"
# What a resumed run must not change.
FIXED_OPTIONS = (
    "size",
    "lr",
    "warmup",
    "end",
    "batch",
    "optimizer",
    "seed",
    "feature_weight",
    "frozen_layers",
    "two_scale",
    "adversarial",
)
LEGACY_ARRAYS = {"projection": "pupil"}  # the name in older checkpoints


def save(
    folder: Path,
    objective: Objective,
    average: list[np.ndarray],
    state: dict[str, Any],
    config: TrainingConfig,
) -> None:
    """Writes the checkpoint into `folder`."""
    arrays = {f"weight{i}": w for i, w in enumerate(objective.network.get_weights())}
    arrays |= {f"average{i}": w for i, w in enumerate(average)}
    arrays |= {
        f"optimizer{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(objective.optimizer.variables)
    }
    for name, layer in _training_layers(objective).items():
        arrays |= {f"{name}{i}": w for i, w in enumerate(layer.get_weights())}
    arrays["seeds"] = keras.ops.convert_to_numpy(objective.seeds.state)
    arrays |= {
        f"dropout{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_dropout_seeds(objective.network))
    }
    about = {"state": state, "config": asdict(config)}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    data = io.BytesIO()
    np.savez(data, **arrays)
    replace_file(folder / CHECKPOINT_NAME, data.getbuffer())


def restore(
    folder: Path, objective: Objective, average: list[np.ndarray], config: TrainingConfig
) -> dict[str, Any]:
    """Loads the checkpoint in `folder` into the objective, its built optimizer, and `average`.

    Returns:
        The state of the run.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the run had another schedule.
    """
    path = folder / CHECKPOINT_NAME
    if not path.exists():
        raise FileNotFoundError(f"--resume needs a checkpoint. Received: {folder} without {CHECKPOINT_NAME}")
    with np.load(path) as saved:
        about = json.loads(saved["about"].tobytes())
        before = legacy_names.translate_config(about["config"])
        if before != about["config"]:
            print(f"{path} has old names of options; the next checkpoint has today's.", file=sys.stderr)
        _check_schedule(before, config)
        count = len(average)
        objective.network.set_weights([saved[f"weight{i}"] for i in range(count)])
        average[:] = [saved[f"average{i}"] for i in range(count)]
        for name, layer in _training_layers(objective).items():
            name = name if f"{name}0" in saved else LEGACY_ARRAYS.get(name, name)
            layer.set_weights([saved[f"{name}{i}"] for i in range(len(layer.weights))])
        for i, variable in enumerate(objective.optimizer.variables):
            variable.assign(saved[f"optimizer{i}"])
        objective.seeds.state.assign(saved["seeds"])
        for i, variable in enumerate(_dropout_seeds(objective.network)):
            if f"dropout{i}" in saved:  # older checkpoints lack it
                variable.assign(saved[f"dropout{i}"])
    for leftover in folder.glob(".*.partial*"):  # of the moment of a kill
        leftover.unlink(missing_ok=True)  # another process may have been faster
    return legacy_names.translate_state(about["state"])


def _training_layers(objective: Objective) -> dict[str, Any]:
    """The layers that only training has, by their name in the checkpoint."""
    layers = {"projection": objective.projection, "discriminator": objective.discriminator}
    return {name: layer for name, layer in layers.items() if layer is not None}


def _dropout_seeds(network: keras.Model) -> list[Any]:
    """The states of the random generators in the network's own layers, which are not among its weights."""
    weights = {id(variable) for variable in network.weights}
    return [variable for variable in network.variables if id(variable) not in weights]


def _check_schedule(before: dict[str, Any], config: TrainingConfig) -> None:
    for name in FIXED_OPTIONS:
        now = getattr(config, name)
        was = before.get(name, now)  # an older checkpoint may lack a newer option
        if was != (list(now) if isinstance(now, tuple) else now):
            raise ValueError(f"--resume needs the same schedule: {name} was {was}. Received: {now}")
