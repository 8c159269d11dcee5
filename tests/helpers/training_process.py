"""One process that trains the tiny network, one run after another, for tests that start several.

    KERAS_BACKEND=jax python -m tests.helpers.training_process '[{"photos": ["photos"], "stop": 7, …}, …]'

Each run is a `TrainingConfig` as JSON; with "stop" it ends after that step, with a checkpoint, as if killed.
"""

import json
import sys
from typing import Any

import keras

from colorizer.training.config import TrainingConfig
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY


class Stopped(Exception):
    """The run has made the steps that it was to make."""


class StoppingTrainer(Trainer):
    """Ends after a step."""

    stop = 0

    def _step(self, *arguments: Any) -> float:
        if self.state["steps"] == self.stop:
            if self.processes.leads:
                self._save_checkpoint()
            raise Stopped
        return super()._step(*arguments)


def run(options: dict[str, Any]) -> None:
    stop = options.pop("stop", -1)
    lists = {name: tuple(value) for name, value in options.items() if isinstance(value, list)}
    keras.utils.set_random_seed(0)  # of layers that only training has
    trainer = StoppingTrainer(TrainingConfig(**options | lists), TINY)
    trainer.stop = stop
    try:
        trainer.run()
    except Stopped:
        print(f"stopped after {stop} steps")


if __name__ == "__main__":
    for each in json.loads(sys.argv[1]):
        run(each)
