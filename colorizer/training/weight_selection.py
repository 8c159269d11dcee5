"""Which weights a run keeps: the network's own or their running average, the best so far or the latest.

    average = WeightAverage(network, share=0.05)
    average.update(network, steps)                                 # every AVERAGE_EVERY steps
    scores, weights, averaged = better_of(network, average, score)

Averaging over the last steps removes a part of their noise (Izmailov et al. 2018, "Averaging Weights Leads to
Wider Optima and Better Generalization").
"""

from collections.abc import Callable

import keras
import numpy as np

from colorizer.training.config import TrainingConfig

# Steps between two updates of the average: enough for an average over hundreds of steps, while a copy of all
# weights at every step costs a tenth of the time.
AVERAGE_EVERY = 8


class WeightAverage:
    """A running average of the network's weights; `arrays` holds it."""

    def __init__(self, network: keras.Model, share: float) -> None:
        """Starts with the weights as they are.

        Args:
            network: whose weights are averaged.
            share: of the steps so far that the average covers, about.
        """
        self.arrays = [w.copy() for w in network.get_weights()]
        self.share = share

    def update(self, network: keras.Model, steps: int) -> None:
        """Includes the current weights, if this number of steps is one at which to do so."""
        if steps % AVERAGE_EVERY:
            return
        updates = steps // AVERAGE_EVERY
        rate = max(1 / updates, 1 / (self.share * updates + 1))
        for mean, now in zip(self.arrays, network.get_weights(), strict=True):
            mean += rate * (now - mean)


def better_of(
    network: keras.Model, average: WeightAverage, score: Callable[[], dict[str, float]]
) -> tuple[dict[str, float], list[np.ndarray], bool]:
    """Scores the network with its own weights and with the average; leaves its own in place.

    Returns:
        The better scores by `val_loss`, the weights that have them, and whether these are the average.
    """
    current = network.get_weights()
    current_scores = score()
    network.set_weights(average.arrays)
    average_scores = score()
    network.set_weights(current)
    if average_scores["val_loss"] < current_scores["val_loss"]:
        return average_scores, average.arrays, True
    return current_scores, current, False


def is_kept(val_loss: float, best: float | None, config: TrainingConfig) -> bool:
    """Whether these weights replace the ones kept so far.

    The best by validation loss are kept. LPIPS and the adversarial loss buy vividness that this loss does not
    see: with them, the latest are.
    """
    return best is None or val_loss < best or bool(config.lpips or config.adversarial)
