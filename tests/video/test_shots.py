"""Where a shot ends."""

from itertools import pairwise

import numpy as np
import pytest

from colorizer.video.flow import Flow
from colorizer.video.shots import is_cut
from tests.helpers.films import pan, picture


def lightness(seed: int) -> np.ndarray:
    return picture(seed, 120, 80) * np.float32(100 / 255)


@pytest.mark.parametrize("seed", range(5))
def test_two_different_pictures_are_a_cut(seed):
    assert is_cut(Flow.between(lightness(seed), lightness(seed + 10)))


def test_neither_a_pan_nor_grain_nor_a_flickering_lamp_is_a_cut():
    frames = pan(8, step=3, grain=8, size=(120, 80)) * np.float32(100 / 255)
    for number, (earlier, later) in enumerate(pairwise(frames)):
        assert not is_cut(Flow.between(earlier, later * (0.9 if number % 2 else 1.1)))


def test_black_after_a_picture_is_a_cut_and_black_after_black_is_none():
    black = np.zeros((80, 120), np.float32)
    assert is_cut(Flow.between(lightness(0), black))
    assert not is_cut(Flow.between(black, black))
