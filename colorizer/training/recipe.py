"""A stage of training as a file: `python train.py --config recipes/3-distil.toml --photos my-photos/`.

A recipe is a TOML file with options of `TrainingConfig` by name. The command line overrides it. Paths in it
are relative to the folder in which the command runs.
"""

import os
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from colorizer.training.config import TrainingConfig


def read_recipe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The options in a recipe, as `TrainingConfig` has them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TOML, or names an option that does not exist.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"A recipe must be a TOML file. Received: {path} ({error})") from error
    known = {each.name for each in fields(TrainingConfig)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"{path} names options that do not exist. Received: {', '.join(unknown)}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
