"""The clips of `scripts/bench_film.py` move as they say, and what is measured on them has known values."""

import sys

import cv2
import numpy as np
import pytest

from colorizer.video.flow import warp
from tests.helpers.paths import EXAMPLES, ROOT

sys.path.append(str(ROOT / "scripts"))
import bench_film
from film_clips import MOVES, OBJECT, make_clip, read_photo

SIZE = (160, 120)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return cv2.GaussianBlur(read_photo(EXAMPLES / "eileen-collins-nasa.jpg"), (0, 0), 3)


@pytest.mark.parametrize("move", MOVES)
def test_the_flow_of_a_clip_is_exact(photo, move):
    clip = make_clip(move, photo, MOVES[move], SIZE, frames=12)
    for number in (0, 5, 10):
        moved = warp(clip.lightness[number + 1], clip.flow(number))
        seen = clip.visible(number)
        assert seen.mean() > 0.8
        assert np.abs(moved - clip.lightness[number])[seen].mean() < 0.5


def test_an_object_moves_by_itself_and_hides_what_is_behind(photo):
    clip = make_clip("object", photo, MOVES["still"], SIZE, frames=12, moving=photo[:, ::-1].copy())
    flow, seen = clip.flow(0), clip.visible(0)
    x, y = (round(value) for value in clip.centers[0])
    assert flow[y, x, 0] == pytest.approx(0.7 * SIZE[0] / 11, abs=0.01)
    assert np.abs(flow[5, 5]).max() < 1e-6
    ahead = round(x + OBJECT[0] * SIZE[0] + 2)
    assert seen[y, x] and seen[5, 5] and not seen[y, ahead]


def test_grain_and_flicker_are_in_the_film_and_not_in_its_lightness(photo):
    clip = make_clip("still", photo, MOVES["still"], SIZE, frames=8)
    assert np.abs(np.diff(clip.lightness, axis=0)).max() < 1e-3
    assert 3 < np.diff(clip.grey.astype(float), axis=0).std() / 2**0.5 < 12


def test_colours_that_move_with_the_picture_have_no_warping_error_and_true_ones_the_best_psnr(photo):
    clip = make_clip("pan", photo, MOVES["pan"], SIZE, frames=6, in_color=True)
    error, colorful, near = bench_film.measure(clip, list(clip.truth))
    assert error < 0.5 and near == 100 and colorful > 10
    grey = [np.zeros((120, 160, 2), np.float32)] * 6
    assert bench_film.measure(clip, grey)[0] == pytest.approx(0, abs=1e-9)
    wavering = [ab + 8 * (-1) ** number for number, ab in enumerate(clip.truth)]
    assert bench_film.measure(clip, wavering)[0] > 20 * error
    assert bench_film.measure(clip, wavering)[2] < 40


def test_the_mean_of_neighbours_has_five_frames_and_fewer_at_the_ends():
    maps = [np.full((2, 2, 2), number, np.float32) for number in range(6)]
    assert [float(ab[0, 0, 0]) for ab in bench_film.neighbours_mean(maps)] == [1, 1.5, 2, 3, 3.5, 4]
