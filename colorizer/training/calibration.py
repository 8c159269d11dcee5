"""Calibration for 8-bit integers: how large the inputs of each convolution are on photos.

    maxima = measure_input_maxima(network, photos)  # one number for each convolution
    manifest.add_input_maxima(folder, maxima)       # where `Colorizer` finds them

8-bit integers have 127 steps for an input, so they need its largest value. The largest of all photos would
waste steps on one unusual photo, and what is beyond the range is only clipped; so it is a percentile of the
photos' own largest values.
"""

import keras
import numpy as np

from colorizer.image import color

# Of the pictures' largest inputs; larger ones are clipped. docs/performance.md compares other ranges.
PERCENTILE = 75
BATCH = 8  # pictures: the first layers' inputs of so many at 224 pixels need 200 MB


def measure_input_maxima(network: keras.Model, photos: np.ndarray) -> tuple[float, ...]:
    """Measures them on photos, each at its own size and at half of it, as the colorizer's views are.

    Args:
        network: a colorizer, as `build_network` returns it.
        photos: (N, H, W, 3) uint8 RGB, H and W multiples of 16; some dozens.

    Returns:
        For each convolution a number above 0.
    """
    inputs = [layer.input for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    probe = keras.Model(network.inputs, inputs)
    lightness = color.rgb_to_lab(photos.astype(np.float32) / 255)[..., :1] / 100
    count, height, width, _ = lightness.shape
    half = lightness.reshape(count, height // 2, 2, width // 2, 2, 1).mean(axis=(2, 4))
    batches = [
        batch for view in (lightness, half) for batch in np.array_split(view, range(BATCH, count, BATCH))
    ]
    largest = np.concatenate([_largest(probe.predict_on_batch(batch)) for batch in batches], axis=1)
    # Where all inputs are 0, any range will do.
    return tuple(float(maximum) or 1.0 for maximum in np.percentile(largest, PERCENTILE, axis=1))


def _largest(inputs: list[np.ndarray]) -> np.ndarray:
    """Each layer's largest input for each picture: (layers, N)."""
    return np.stack([np.max(np.asarray(x, np.float32), axis=(1, 2, 3)) for x in inputs])
