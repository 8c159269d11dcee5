"""Trains the colorizer.

    python train.py --photos PATH [PATH ...] --val PATH --minutes 60
    KERAS_BACKEND=jax python train.py ...        # on a machine with JAX and a GPU

    python train.py --photos hf://datasets/owner/name --publish owner/my-colorizer

PATH is a folder (searched recursively), a zip or a tar of colour photos. See `--help` for the options,
`colorizer/training/trainer.py` for the loop, weights/README.md for the command that made the shipped weights.
"""

import argparse
import os
import sys
from dataclasses import fields

# TensorFlow leaves oneDNN unused on processors without AVX512 unless told. With it, a step on crops of 80
# pixels takes 0.81 of the time there (docs/performance.md). Colouring wins less, and would begin with noise.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def parse(arguments: list[str] | None = None):
    """The command line as a `TrainingConfig`."""
    from colorizer.training.config import TrainingConfig

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option in fields(TrainingConfig):
        name, default, text = f"--{option.name.replace('_', '-')}", option.default, option.metadata["help"]
        if isinstance(default, bool):
            parser.add_argument(name, action="store_true", help=text)
            continue
        several = isinstance(default, tuple)
        kind = (
            type(default[0]) if default and several else str if several or default is None else type(default)
        )
        if option.name == "minutes":
            kind = float
        shown = " ".join(map(str, default)) if several else default
        parser.add_argument(
            name,
            type=kind,
            default=default,
            nargs="+" if several else None,
            required=option.name == "photos",
            help=f"{text} (default: {shown})" if shown not in (None, "") else text,
        )
    values = vars(parser.parse_args(arguments))
    return TrainingConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def main() -> int:
    """Runs training; 0 if it finished, 2 for wrong options or if nothing could be published."""
    config = parse()  # before Keras is loaded: help and wrong usage are answered at once

    from colorizer.errors import PublishError
    from colorizer.publishing import model_repo
    from colorizer.training.trainer import Trainer

    try:
        if config.publish:
            model_repo.require_login()  # now, not in hours
        trainer = Trainer(config)
    except (ValueError, FileNotFoundError, PublishError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    trainer.run()
    if config.publish:
        return model_repo.main([config.publish, "--weights", config.out])
    return 0


if __name__ == "__main__":
    sys.exit(main())
