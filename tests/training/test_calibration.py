"""Calibration: the largest inputs of each convolution, measured on pictures."""

import keras
import numpy as np

from colorizer.model.network import build_network
from colorizer.training.calibration import measure_input_maxima
from tests.helpers.network import TINY


def doubling_network() -> keras.Model:
    """Two convolutions; the first doubles its input."""
    double = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")
    network = keras.Sequential(
        [keras.Input((None, None, 1)), double, keras.layers.Conv2D(2, 3, padding="same")]
    )
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 2
    double.set_weights([kernel, np.zeros(1, np.float32)])
    return network


def greys(*levels: int) -> np.ndarray:
    """Even grey photos: (N, 16, 16, 3) uint8."""
    return np.broadcast_to(np.uint8(levels)[:, None, None, None], (len(levels), 16, 16, 3))


def test_white_photos_have_the_largest_lightness_and_what_the_first_layer_makes_of_it():
    np.testing.assert_allclose(measure_input_maxima(doubling_network(), greys(255, 255)), [1, 2], atol=1e-4)


def test_a_few_bright_photos_do_not_decide():
    photos = greys(*[119] * 19, 255)  # sRGB 119 has L* 50
    np.testing.assert_allclose(measure_input_maxima(doubling_network(), photos), [0.5, 1.0], atol=0.01)


def test_small_bright_places_count_with_what_is_left_of_them_in_the_smaller_view():
    photo = greys(0).copy()
    photo[0, 4, 4] = 255
    first, _ = measure_input_maxima(doubling_network(), photo)  # 1 and, as the mean of four, 0.25
    np.testing.assert_allclose(first, np.percentile([1, 0.25], 75), atol=1e-4)


def test_a_layer_whose_inputs_are_all_zero_has_a_range_as_well():
    assert measure_input_maxima(doubling_network(), greys(0, 0)) == (1.0, 1.0)


def test_every_convolution_of_the_network_has_a_number_above_zero():
    maxima = measure_input_maxima(build_network(TINY, "float32", seed=0), greys(*range(0, 250, 10)))
    assert len(maxima) == len(TINY)
    assert min(maxima) > 0
