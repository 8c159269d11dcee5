"""Outlines: what lies inside, on a map of any size."""

import numpy as np
import pytest
from skimage.draw import polygon2mask

from colorizer.hints.outline import contains, coverage, innermost

RANDOM = np.random.default_rng(0)
SHAPES = {
    "triangle": ((0.1, 0.1), (0.8, 0.2), (0.4, 0.9)),
    "horseshoe": ((0, 0), (1, 0), (1, 1), (0.8, 1), (0.8, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)),
    "bow tie": ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)),
    "scribble": tuple((float(x), float(y)) for x, y in RANDOM.random((40, 2))),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_inside_is_that_of_scikit_image(name):
    outline = SHAPES[name]
    width, height = 160, 120
    # It goes by rows and columns, and takes the middle of the first element as 0.
    corners = [(y * height - 0.5, x * width - 0.5) for x, y in outline]
    expected = polygon2mask((height, width), corners)
    covered = coverage(outline, width, height)
    assert covered.shape == (height, width)
    assert ((covered > 0.5) == expected).mean() > 0.97  # they differ along the border
    assert covered[covered > 0.99].size + covered[covered < 0.01].size < covered.size  # which is soft
    places = RANDOM.random((500, 2))
    same = [contains(outline, x, y) == (coverage_at(covered, x, y) > 0.5) for x, y in places]
    assert np.mean(same) > 0.95


def coverage_at(covered: np.ndarray, x: float, y: float) -> float:
    return covered[int(y * covered.shape[0]), int(x * covered.shape[1])]


def test_half_an_element_is_half_covered():
    square = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    covered = coverage(square, 18, 18)
    np.testing.assert_array_equal(covered[6:12, 6:12], 1)
    np.testing.assert_array_equal(covered[:4], 0)
    np.testing.assert_allclose(covered[[4, 13], 6:12], 0.5, atol=0.3)
    assert coverage(square, 400, 400).mean() == pytest.approx(0.25, abs=0.005)


def test_the_innermost_place_is_as_far_from_the_border_as_any():
    region = np.zeros((30, 40), bool)
    region[5:25, 5:15] = True  # twice as wide as the arm that leads away from it
    region[10:15, 15:38] = True
    row, column = innermost(region)
    assert 9 <= row <= 20
    assert 8 <= column <= 12
    assert innermost(np.zeros((3, 3), bool)) is None
    assert innermost(np.ones((1, 1), bool)) == (0, 0)
