"""The running average of the weights, and the choice between it, the latest and the best."""

import numpy as np
import pytest

from colorizer.training.config import TrainingConfig
from colorizer.training.weight_selection import AVERAGE_EVERY, WeightAverage, better_of, is_kept


class Network:
    """One weight, with Keras's methods."""

    def __init__(self, value: float) -> None:
        self.value = np.array([value])

    def get_weights(self) -> list[np.ndarray]:
        return [self.value.copy()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.value = weights[0].copy()


def test_the_average_starts_as_a_plain_mean_and_then_follows_a_share_of_the_steps():
    network = Network(0.0)
    average = WeightAverage(network, share=1.0)
    for number, value in enumerate((2.0, 4.0), 1):
        network.value[:] = value
        average.update(network, number * AVERAGE_EVERY)
    # The first update has rate 1; the second max(1 / 2, 1 / 3).
    assert average.arrays[0] == pytest.approx([3.0])
    long = WeightAverage(Network(0.0), share=0.1)
    network.value[:] = 1.0
    long.update(network, 100 * AVERAGE_EVERY)
    assert long.arrays[0] == pytest.approx([1 / 11])


def test_between_updates_the_average_stays():
    network = Network(0.0)
    average = WeightAverage(network, share=0.1)
    network.value[:] = 5.0
    average.update(network, AVERAGE_EVERY + 1)
    assert average.arrays[0] == [0.0]


@pytest.mark.parametrize(("best_value", "expected", "averaged"), [(1.0, 1.0, True), (3.0, 3.0, False)])
def test_the_weights_with_the_lower_validation_loss_are_chosen_and_the_networks_own_stay_in_place(
    best_value, expected, averaged
):
    network = Network(1.0)
    average = WeightAverage(network, share=0.1)
    network.value[:] = 3.0
    scores, weights, is_average = better_of(
        network, average, lambda: {"val_loss": abs(float(network.value[0]) - best_value)}
    )
    assert scores == {"val_loss": 0.0}
    assert weights[0] == [expected]
    assert is_average == averaged
    assert network.value == [3.0]


@pytest.mark.parametrize(
    ("val_loss", "best", "options", "kept"),
    [
        (5.0, None, {}, True),
        (4.0, 5.0, {}, True),
        (5.0, 4.0, {}, False),
        (5.0, 4.0, {"lpips": 100.0}, True),
        (5.0, 4.0, {"adversarial": 20.0}, True),
    ],
)
def test_the_best_weights_are_kept_or_with_a_perceptual_loss_the_latest(val_loss, best, options, kept):
    assert is_kept(val_loss, best, TrainingConfig(**options)) == kept
