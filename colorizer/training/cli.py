"""The command `colorizer train`, or `python train.py`: its options are the table in `config.py`.

    colorizer train --photos PATH [PATH ...] --val PATH --minutes 60
    KERAS_BACKEND=jax colorizer train ...        # on a machine with JAX and a GPU

    colorizer train --photos hf://datasets/owner/name --publish owner/my-colorizer

PATH is a folder (searched recursively), a zip or a tar of colour photos. See `--help` for the options,
`trainer.py` for the loop, weights/README.md for the command that made the shipped weights.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields

from colorizer.training.config import TrainingConfig

# TensorFlow leaves oneDNN unused on processors without AVX512 unless told. With it, a step on crops of 80
# pixels takes 0.81 of the time there (docs/performance.md). Colouring gains less from it.
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def parse(arguments: Sequence[str]) -> TrainingConfig:
    """The command line as a `TrainingConfig`; wrong usage exits with status 2 and a sentence."""
    parser = argparse.ArgumentParser(
        prog="colorizer train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs training; 0 if it finished, 2 for wrong options or if nothing could be published."""
    # Before Keras is loaded: help and wrong usage are answered at once.
    config = parse(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault(ONEDNN, "1")

    from colorizer.errors import PublishError
    from colorizer.publishing import model_repo
    from colorizer.training.trainer import Trainer

    try:
        if config.publish:
            model_repo.require_login()  # now, not in hours
        trainer = Trainer(config)
    except (ValueError, FileNotFoundError, PublishError) as error:
        print(f"colorizer train: {error}", file=sys.stderr)
        return 2
    trainer.run()
    if config.publish:
        return model_repo.main([config.publish, "--weights", config.out])
    return 0


if __name__ == "__main__":
    sys.exit(main())
