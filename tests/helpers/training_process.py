"""One process that trains the tiny network, one run after another, for tests that start several.

    KERAS_BACKEND=jax python -m tests.helpers.training_process '[{"photos": ["photos"], …}, …]'

Each run is a `TrainingConfig` as JSON. With "dies", the name of a signal, the process sends that to itself
after DIES_AFTER steps.
"""

import json
import os
import signal
import sys
from functools import partial
from typing import Any

import keras

from colorizer.training.config import TrainingConfig
from colorizer.training.distribute import end_with_others
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY

DIES_AFTER = 7  # steps


class DyingTrainer(Trainer):
    """Ends its process in the middle of the run."""

    dies = ""

    def _step(self, *arguments: Any) -> float:
        if self.dies and self.state["steps"] == DIES_AFTER:
            os.kill(os.getpid(), signal.Signals[self.dies])
        return super()._step(*arguments)


def run(options: dict[str, Any]) -> int:
    dies = options.pop("dies", "")
    lists = {name: tuple(value) for name, value in options.items() if isinstance(value, list)}
    keras.utils.set_random_seed(0)  # of layers that only training has
    trainer = DyingTrainer(TrainingConfig(**options | lists), TINY)
    trainer.dies = dies
    trainer.run()
    return 0


if __name__ == "__main__":
    for each in json.loads(sys.argv[1]):
        end_with_others(partial(run, each)) if each.get("processes", 1) > 1 else run(each)
