"""Enlarging the map of colour: flat stays flat, edges stay sharp, grain does not turn into colour."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from colorizer.image.guided_filter import EPSILON, RADIUS, guided_upsample, upsample

RANDOM = np.random.default_rng(0)


def halves(height: int, width: int, left: float, right: float) -> np.ndarray:
    """A plane of two values that meet in the middle."""
    return np.where(np.arange(width) < width / 2, left, right)[None].repeat(height, 0).astype(np.float32)


def test_one_color_stays_that_color_under_any_picture():
    ab = np.full((20, 30, 2), (12, -7), np.float32)
    large = guided_upsample(ab, RANDOM.uniform(0, 100, (20, 30)), RANDOM.uniform(0, 100, (60, 90)))
    assert large.shape == (60, 90, 2)
    np.testing.assert_allclose(large, np.broadcast_to((12, -7), large.shape), atol=1e-3)


def test_color_that_follows_the_light_jumps_where_the_light_jumps():
    ab = np.stack([halves(24, 24, 40, 0), halves(24, 24, 0, 40)], axis=-1)
    small, large = halves(24, 24, 80, 20), halves(240, 240, 80, 20)
    sharp, smooth = guided_upsample(ab, small, large), upsample(ab, 240, 240)
    step = slice(119, 121)
    assert np.ptp(sharp[120, step, 0]) > 25
    assert np.ptp(smooth[120, step, 0]) < 5
    np.testing.assert_allclose(sharp[:, :60], np.broadcast_to((40, 0), (240, 60, 2)), atol=1)
    np.testing.assert_allclose(sharp[:, -60:], np.broadcast_to((0, 40), (240, 60, 2)), atol=1)


def test_grain_on_an_even_wall_does_not_become_color():
    ab = upsample(RANDOM.normal(0, 10, (4, 4, 2)).astype(np.float32), 24, 24)
    wall = np.full((24, 24), 50, np.float32)
    even = guided_upsample(ab, wall, np.full((240, 240), 50, np.float32))
    grainy = guided_upsample(ab, wall, RANDOM.normal(50, 3, (240, 240)).astype(np.float32))
    np.testing.assert_allclose(grainy, even, atol=1e-3)


def test_it_is_the_guided_filter_as_it_is_written():
    ab, seen = RANDOM.normal(0, 20, (15, 18, 2)).astype(np.float32), RANDOM.uniform(0, 100, (15, 18))

    def mean(plane: np.ndarray) -> np.ndarray:
        return uniform_filter(plane.astype(np.float64), 2 * RADIUS + 1, mode="nearest")

    for channel in (0, 1):
        plane = ab[..., channel]
        slope = (mean(seen * plane) - mean(seen) * mean(plane)) / (mean(seen**2) - mean(seen) ** 2 + EPSILON)
        expected = mean(slope) * seen + mean(mean(plane) - slope * mean(seen))
        np.testing.assert_allclose(guided_upsample(ab, seen, seen)[..., channel], expected, atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2)])
def test_the_smallest_maps_have_neighbourhoods_too(size):
    ab = np.full((*size, 2), 5, np.float32)
    large = guided_upsample(ab, np.full(size, 30.0), np.full((size[0] * 3, size[1] * 3), 60, np.float32))
    np.testing.assert_allclose(large, 5, atol=1e-3)
