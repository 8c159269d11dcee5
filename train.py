"""Trains the colorizer: `python train.py` is `colorizer train`, in a checkout without installation.

    python train.py --photos PATH [PATH ...] --val PATH --minutes 60
    KERAS_BACKEND=jax python train.py ...        # on a machine with JAX and a GPU

The command itself is `colorizer/training/cli.py`, the loop `colorizer/training/trainer.py`.
"""

import sys

from colorizer.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
