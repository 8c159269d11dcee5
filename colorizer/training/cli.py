"""The command `colorizer train`, or `python train.py`: its options are the table in `config.py`.

    colorizer train --photos PATH [PATH ...] --val PATH --minutes 60
    colorizer train --config recipes/1-first-teacher.toml --photos PATH      # a stage of the shipped weights
    colorizer train --photos hf://datasets/owner/name --publish owner/my-colorizer
    KERAS_BACKEND=jax colorizer train ...                                    # on a machine with JAX and a GPU

PATH is a folder (searched recursively), a zip or a tar of colour photos, or a folder of shards (`shards.py`).
Options on the command line override those of a recipe. `trainer.py` has the loop.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields

from colorizer.training import legacy_names
from colorizer.training.config import TrainingConfig, check_config
from colorizer.training.recipe import read_recipe

# TensorFlow leaves oneDNN unused on processors without AVX512 unless told. With it, a step on crops of 80
# pixels needs 0.81 of the time there (docs/performance.md). Colouring gains less from it.
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def parse(arguments: Sequence[str]) -> TrainingConfig:
    """The command line as a `TrainingConfig`; wrong usage exits with status 2 and a sentence."""
    arguments, notes = legacy_names.translate(arguments)
    for note in notes:
        print(f"colorizer train: {note}", file=sys.stderr)
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    path = given.pop("config", None)
    try:
        recipe = read_recipe(path) if path else {}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if "epochs" in given:
        # The command line asks for epochs; a recipe's minutes would win over them.
        recipe.pop("minutes", None)
    values = recipe | {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    if "photos" not in values:
        parser.error("photos are required: --photos PATH [PATH ...]")
    return TrainingConfig(**values)


def _parser() -> argparse.ArgumentParser:
    """A parser that returns only what the command line names, so that a recipe can provide the rest."""
    parser = argparse.ArgumentParser(
        prog="colorizer train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="a recipe: a TOML file with options, see recipes/")
    for each in fields(TrainingConfig):
        name, default, text = f"--{each.name.replace('_', '-')}", each.default, each.metadata["help"]
        if isinstance(default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
            continue
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        parser.add_argument(
            name,
            type=each.metadata["kind"],
            nargs="+" if isinstance(default, tuple) else None,
            help=f"{text} (default: {shown})" if shown not in (None, "") else text,
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs training; 0 if it finished, 2 for wrong options or if nothing could be published."""
    # Before Keras is loaded: help and wrong usage are answered at once.
    config = parse(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault(ONEDNN, "1")
    try:
        check_config(config)
    except ValueError as error:
        print(f"colorizer train: {error}", file=sys.stderr)
        return 2
    if not config.distribute or config.processes == 1:
        return _train(config)
    from colorizer.training.distribute import end_with_others

    return end_with_others(lambda: _train(config))


def _train(config: TrainingConfig) -> int:
    """What is left to do with checked options; returns the exit status."""
    from colorizer.errors import PublishError, UnknownKeras
    from colorizer.publishing import model_repo
    from colorizer.training.trainer import Trainer

    try:
        if config.publish:
            model_repo.require_login()  # now, not in hours
        trainer = Trainer(config)
    except (ValueError, FileNotFoundError, PublishError, UnknownKeras) as error:
        print(f"colorizer train: {error}", file=sys.stderr)
        return 2
    trainer.run()
    if config.publish and trainer.processes.leads:
        return model_repo.main([config.publish, "--weights", config.out])
    return 0


if __name__ == "__main__":
    sys.exit(main())
