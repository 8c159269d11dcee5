"""Hints on one frame of a film: they ride along through their shot."""

import json

import numpy as np
import pytest

from colorizer.errors import HintError
from colorizer.hints.hint import Hint
from colorizer.image import color
from colorizer.video.analysis import Analyser
from colorizer.video.encoder import Quality
from colorizer.video.film import FilmColorizer, FilmOptions
from colorizer.video.film_hints import TimedHints, parse_film_hints, read_film_hints, track_hints
from colorizer.video.source import FilmSource
from tests.helpers.films import pan, read_frames, write_film

STEP = 2 / 96  # how far a pan of two pixels a frame moves a place, as a share of the width


def tracks(path, tiny_colorizer, *sets: TimedHints):
    with FilmSource(path) as source:
        return track_hints(source, Analyser(tiny_colorizer, source.info, 32), sets)


def test_a_hint_moves_with_its_place_backward_and_forward(tmp_path, tiny_colorizer):
    path = write_film(tmp_path / "a.mp4", pan(12, step=2))
    found = tracks(path, tiny_colorizer, TimedHints(6 / 25, (Hint(0.5, 0.5, "#c03030"),)))
    assert sorted(found) == [512 * n for n in range(12)]
    for number in range(12):
        (hint,) = found[512 * number]
        assert hint.x == pytest.approx(0.5 + (6 - number) * STEP, abs=0.02)
        assert hint.y == pytest.approx(0.5, abs=0.02)


def test_a_hint_ends_with_its_shot_and_at_the_border(tmp_path, tiny_colorizer):
    luma = np.concatenate([pan(5, 0, 2), pan(30, 7, 2), pan(5, 3, 2)])
    path = write_film(tmp_path / "a.mp4", luma)
    found = tracks(path, tiny_colorizer, TimedHints(6 / 25, (Hint(0.3, 0.5, "#c03030"),)))
    assert min(found) == 5 * 512
    assert 15 * 512 < max(found) < 25 * 512  # it leaves at the left after 14 frames


def test_an_outline_moves_along(tmp_path, tiny_colorizer):
    outline = ((0.4, 0.4), (0.6, 0.4), (0.5, 0.7))
    path = write_film(tmp_path / "a.mp4", pan(8, step=2))
    found = tracks(path, tiny_colorizer, TimedHints(0, (Hint(0.5, 0.5, "#c03030", outline),)))
    moved = np.array(found[5 * 512][0].outline)
    np.testing.assert_allclose(moved, np.array(outline) - (5 * STEP, 0), atol=0.02)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_places_are_those_of_the_frame_as_it_is_shown(tmp_path, tiny_colorizer, degrees):
    turned = np.ascontiguousarray(np.rot90(pan(6, step=2), -degrees // 90, axes=(1, 2)))
    path = write_film(tmp_path / "a.mp4", turned, rotation=degrees)
    found = tracks(path, tiny_colorizer, TimedHints(0, (Hint(0.7, 0.3, "#c03030"),)))
    (hint,) = found[5 * 512]
    assert (hint.x, hint.y) == pytest.approx((0.7 - 5 * STEP, 0.3), abs=0.02)


def test_of_two_sets_the_nearer_in_time_counts(tmp_path, tiny_colorizer):
    path = write_film(tmp_path / "a.mp4", pan(10, step=0))
    red, blue = Hint(0.5, 0.5, "#c03030"), Hint(0.5, 0.5, "#3030c0")
    found = tracks(path, tiny_colorizer, TimedHints(0, (red,)), TimedHints(9 / 25, (blue,)))
    assert [found[512 * n][-1].color for n in (0, 2, 7, 9)] == ["#c03030"] * 2 + ["#3030c0"] * 2


def test_every_frame_of_the_shot_has_the_colour_of_the_hint_at_its_place(tmp_path, tiny_colorizer):
    asked = (30.0, -20.0)
    source = write_film(tmp_path / "a.mp4", np.clip(pan(12, step=2), 90, 150))
    options = FilmOptions(
        32, strength=0.5, hints=(TimedHints(6 / 25, (Hint(0.5, 0.5, asked),)),), quality=Quality("h264", 0)
    )
    FilmColorizer(tiny_colorizer, options).color(source, tmp_path / "b.mp4")
    for number, frame in enumerate(read_frames(tmp_path / "b.mp4")):
        column = round(96 * (0.5 + (6 - number) * STEP))
        pixels = frame.to_ndarray(format="rgb24")[30:34, column - 2 : column + 2]
        ab = color.rgb_to_lab(pixels / 255).reshape(-1, 3)[:, 1:].mean(axis=0)
        np.testing.assert_allclose(ab, asked, atol=5)


def test_hints_are_read_from_json(tmp_path):
    path = tmp_path / "a.hints.json"
    path.write_text(json.dumps([{"time": 1.5, "hints": [{"x": 0.1, "y": 0.2, "color": "#e0701e"}]}]))
    assert read_film_hints(path) == (TimedHints(1.5, (Hint(0.1, 0.2, "#e0701e"),)),)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[1]",
        '[{"time": -1, "hints": []}]',
        '[{"time": NaN, "hints": []}]',
        '[{"time": true, "hints": []}]',
        '[{"time": "1", "hints": []}]',
        '[{"hints": []}]',
        '[{"time": 1, "hints": [{"x": 2}]}]',
        '[{"time": 1, "hints": "[]"}]',
        "[" * 100_000,
    ],
)
def test_what_is_no_list_of_hints_is_an_error(text):
    with pytest.raises(HintError):
        parse_film_hints(text)


def test_the_file_beside_the_film_is_used(tmp_path, tiny_colorizer, monkeypatch):
    from colorizer.file_plan import Job
    from colorizer.video.command import FilmBatch

    (tmp_path / "a.hints.json").write_text('[{"time": 0, "hints": []}]')
    job = Job(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert FilmBatch(tiny_colorizer).hints_for(job) == (TimedHints(0, ()),)
    assert FilmBatch(tiny_colorizer, hints=()).hints_for(job) == ()
