"""The flow between two frames, and where it is trusted."""

import numpy as np
import pytest

from colorizer.video.flow import Flow, flow_size, warp
from tests.helpers.films import picture


def window(left: int, top: int = 8, seed: int = 0) -> np.ndarray:
    """Part of a picture as lightness, 120x80."""
    return picture(seed, 200, 120)[top : top + 80, left : left + 120] * np.float32(100 / 255)


def test_a_pan_is_found_and_trusted():
    flow = Flow.between(window(20), window(23))
    inner = (slice(8, -8), slice(8, -8))
    assert np.median(flow.back[inner][..., 0]) == pytest.approx(3, abs=0.2)
    assert np.median(flow.forth[inner][..., 0]) == pytest.approx(-3, abs=0.2)
    assert np.abs(flow.back[inner][..., 1]).max() < 1
    assert flow.confidence_back[inner].mean() > 0.9
    assert flow.likeness > 0.95


def test_what_has_just_come_into_the_frame_is_not_trusted():
    flow = Flow.between(window(20), window(26))
    assert flow.confidence_back[:, -3:].mean() < 0.3  # was outside the earlier frame
    assert flow.confidence_forth[:, :3].mean() < 0.3  # is outside the later one


def test_grain_and_flicker_are_not_taken_for_change():
    random = np.random.default_rng(0)
    earlier, later = (window(20) + random.normal(0, 2, (80, 120)).astype(np.float32) for _ in range(2))
    flow = Flow.between(earlier, later * 0.9 + 3)
    assert flow.confidence_back[8:-8, 8:-8].mean() > 0.85


def test_an_object_that_appears_is_not_trusted():
    later = window(20)
    later[30:50, 50:70] += 40
    assert Flow.between(window(20), later).confidence_back[34:46, 54:66].mean() < 0.1


def test_a_flow_for_a_larger_map_points_as_much_farther():
    flow = Flow.between(window(20), window(23)).resized(240, 160)
    assert flow.back.shape == (160, 240, 2)
    assert np.median(flow.back[16:-16, 16:-16, 0]) == pytest.approx(6, abs=0.4)


def test_a_flow_of_whole_elements_moves_planes_exactly():
    planes = np.random.default_rng(0).random((20, 30, 2)).astype(np.float32)
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 2
    np.testing.assert_allclose(warp(planes, flow)[:, :-2], planes[:, 2:], atol=1e-6)


def test_two_even_frames_are_alike_and_an_even_one_resembles_no_picture():
    grey = np.full((80, 120), 50, np.float32)
    assert Flow.between(grey, grey).likeness == 1
    assert Flow.between(grey, window(20)).likeness == 0


def test_the_longer_side_has_160_elements_but_no_more_than_the_frame():
    assert flow_size(1920, 1080) == (160, 90)
    assert flow_size(96, 64) == (96, 64)
    assert flow_size(4000, 20) == (160, 16)
