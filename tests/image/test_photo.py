"""A photo's small views are those of its whole lightness, and cost little of it."""

import numpy as np
import pytest
from PIL import Image

from colorizer.image import color
from colorizer.image.photo import Thumbnails
from colorizer.image.reader import read_photo

THUMBNAILS = Thumbnails(longest=800, shortest=400)


def test_a_small_view_of_a_large_photo_never_makes_its_whole_lightness():
    photo = read_photo(Image.linear_gradient("L").resize((3000, 2000)))
    assert photo.view(96, 64, THUMBNAILS).shape == (64, 96)
    assert photo.view(320, 213, THUMBNAILS).shape == (213, 320)
    assert "lightness" not in vars(photo)


@pytest.mark.parametrize("size", [(3000, 2001), (1700, 1), (1, 1700), (1601, 3)])
def test_a_view_made_in_two_halves_is_that_of_the_whole(monkeypatch, size):
    monkeypatch.setattr("colorizer.image.photo.SPLIT_FROM", 0)
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    whole = Image.fromarray(pixels).reduce(max(size) // THUMBNAILS.longest)
    halves = read_photo(pixels)._pyramid(THUMBNAILS)[-1]
    np.testing.assert_array_equal(halves, color.lightness(np.asarray(whole)))
