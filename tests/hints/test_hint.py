"""Hints come from strangers: what is wrong is refused with a sentence, soon, and what is right comes back."""

import json
import math
import time

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer import Hint, HintError, format_hints, parse_hints
from colorizer.hints.hint import MAX_CORNERS, MAX_HINTS, MAX_JSON_BYTES

TRIANGLE = ((0.2, 0.5), (0.5, 0.5), (0.4, 0.9))
HINTS = (
    Hint(0.31, 0.62, "#e0701e"),
    Hint(0.0, 1.0, (48.5, -60.25)),
    Hint(0.37, 0.62, "#00FF00", TRIANGLE, 2.5),
    Hint(0.8, 0.1),
    Hint(0.37, 0.62, outline=TRIANGLE),
)


def star(corners: int) -> list[list[float]]:
    """An outline that crosses itself, in every corner's neighbourhood many times."""
    angles = np.arange(corners) * 2 * np.pi * (corners // 2 - 1) / corners
    return np.stack([0.5 + 0.4 * np.cos(angles), 0.5 + 0.4 * np.sin(angles)], axis=1).tolist()


# --- what it is ----------------------------------------------------------------------------------------


def test_hints_come_back_from_json_as_they_were():
    assert parse_hints(format_hints(HINTS)) == HINTS
    assert parse_hints(format_hints(HINTS).encode()) == HINTS
    assert parse_hints(json.loads(format_hints(HINTS))) == HINTS
    assert parse_hints(format_hints(())) == ()


def test_json_says_no_more_than_there_is():
    assert [hint.to_json() for hint in HINTS[:4]] == [
        {"x": 0.31, "y": 0.62, "color": "#e0701e"},
        {"x": 0.0, "y": 1.0, "ab": [48.5, -60.25]},
        {"x": 0.37, "y": 0.62, "color": "#00FF00", "outline": [list(c) for c in TRIANGLE], "reach": 2.5},
        {"x": 0.8, "y": 0.1, "keep": True},
    ]


def test_a_hint_is_a_point_an_outline_or_keeps_what_was_predicted():
    assert [hint.kind for hint in HINTS] == ["point", "point", "outline", "keep", "keep"]


def test_of_a_hex_color_a_and_b_count():
    for name in ("#e0701e", "#000000", "#0000ff"):
        rgb = [int(name[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        assert Hint(0, 0, name).ab == pytest.approx(rgb2lab([[rgb]])[0, 0, 1:], abs=0.01)
    assert Hint(0, 0, (3.0, 4.0)).ab == (3.0, 4.0)
    assert Hint(0, 0).ab is None


def test_an_outline_alone_finds_a_place_inside():
    hint = Hint.inside(TRIANGLE, "#e0701e")
    assert hint.outline == TRIANGLE
    assert (hint.x, hint.y) == pytest.approx((0.37, 0.6), abs=0.05)
    horseshoe = [(0, 0), (1, 0), (1, 1), (0.9, 1), (0.9, 0.1), (0.1, 0.1), (0.1, 1), (0, 1)]
    x, y = (place := Hint.inside(horseshoe)).x, place.y
    assert y < 0.1 or x < 0.1 or x > 0.9


# --- what it cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be JSON"),
        ("[", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        (b"\xff\xfe", "must be JSON"),
        ('[{"x": %s}]' % ("9" * 5000), "must be JSON"),
        ("{}", "must be a list. Received: {}"),
        ("7", "must be a list. Received: 7"),
        ("[7]", "Hint 1: A hint must be an object with x, y and a colour. Received: 7"),
        ('[{"x": 0.5, "y": 0.5, "keep": true}, {"y": 0.5}]', "Hint 2: A hint needs x. Received: {'y': 0.5}"),
        ('[{"x": 0.5, "y": 0.5}]', 'needs one of "color", "ab" and "keep"'),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "color": "#ffffff"}]', "needs one of"),
        ('[{"x": 0.5, "y": 0.5, "keep": false}]', "keep can only be true. Received: False"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "keep": true}]', "has a key twice"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "size": 7}]', "Received: 'size'"),
        ('[{"x": 1.01, "y": 0.5, "keep": true}]', "x must be a number from 0 to 1. Received: 1.01"),
        ('[{"x": -0.01, "y": 0.5, "keep": true}]', "x must be a number from 0 to 1. Received: -0.01"),
        ('[{"x": NaN, "y": 0.5, "keep": true}]', "Numbers must be finite. Received: NaN"),
        ('[{"x": 1e999, "y": 0.5, "keep": true}]', "x must be a number from 0 to 1. Received: inf"),
        ('[{"x": true, "y": 0.5, "keep": true}]', "x must be a number from 0 to 1. Received: True"),
        ('[{"x": "0.5", "y": 0.5, "keep": true}]', "x must be a number from 0 to 1. Received: '0.5'"),
        ('[{"x": 0.5, "y": null, "keep": true}]', "y must be a number from 0 to 1. Received: None"),
        ('[{"x": 0.5, "y": 0.5, "color": "orange"}]', "must look like #e0701e. Received: 'orange'"),
        ('[{"x": 0.5, "y": 0.5, "color": "#12345"}]', "must look like #e0701e. Received: '#12345'"),
        ('[{"x": 0.5, "y": 0.5, "color": "#1234567"}]', "must look like"),
        ('[{"x": 0.5, "y": 0.5, "color": 5}]', "color must be text such as #e0701e. Received: 5"),
        ('[{"x": 0.5, "y": 0.5, "ab": [1]}]', "a pair of a* and b*. Received: (1,)"),
        ('[{"x": 0.5, "y": 0.5, "ab": [1, 129]}]', "b* must be a number from -128 to 128. Received: 129"),
        ('[{"x": 0.5, "y": 0.5, "ab": "#aaaaaa"}]', "ab must be a list of a* and b*"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "reach": 0}]', "reach must be a number from 0.1 to 10"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "outline": 3}]', "outline must be a list of corners"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "outline": [[0, 0], [1, 1]]}]', "have 3 to 1000 corners"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "outline": [[0, 0], [1, 1], [2, 0]]}]', "Received: 2"),
        ('[{"x": 0.5, "y": 0.5, "keep": true, "outline": [[0, 0], [1, 1], [1]]}]', "[x, y]. Received: [1]"),
        ('[{"x": 0.9, "y": 0.5, "keep": true, "outline": [[0, 0], [0.5, 1], [0.5, 0]]}]', "inside its"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_a_sentence_that_says_what_was_received(text, reason):
    with pytest.raises(HintError) as error:
        parse_hints(text)
    assert reason in str(error.value)
    assert len(str(error.value)) < 400


HUGE = 10**6000  # pytest cannot write it out either


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -1, "0.5", None, True, pytest.param(HUGE, id="huge"), [0.5], 0.5j]
)
def test_a_place_from_python_is_checked_as_well(value):
    with pytest.raises(HintError, match="x must be a number from 0 to 1"):
        Hint(value, 0.5)


@pytest.mark.parametrize("color", ["red", 5, (1.0,), [1.0, 2.0], (1.0, math.nan), ("1", "2")])
def test_a_color_from_python_is_checked_as_well(color):
    with pytest.raises(HintError, match="Received"):
        Hint(0.5, 0.5, color)


@pytest.mark.parametrize("outline", [[(0, 0), (1, 1), (0.5, 0.5)], [(0.5, 0.5)] * 3, []])
def test_an_outline_that_encloses_nothing_is_refused(outline):
    with pytest.raises(HintError, match="The outline encloses nothing"):
        Hint.inside(outline)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps([{"x": 0.5, "y": 0.5, "color": "#ffffff"}] * 10_000), f"at most {MAX_HINTS} hints"),
        (json.dumps([{"x": 0, "y": 0, "keep": True, "outline": star(100_001)}]), f"to {MAX_CORNERS} corners"),
        ("[" + " " * MAX_JSON_BYTES + "]", f"at most {MAX_JSON_BYTES} bytes"),
        (json.dumps([[["x" * 1_000_000]] * 4]), "must be an object"),
    ],
    ids=["10,000 hints", "100,000 corners", "too many bytes", "long text"],
)  # fmt: skip
def test_huge_input_is_refused_within_a_second(text, reason):
    start = time.process_time()
    with pytest.raises(HintError) as error:
        parse_hints(text)
    assert time.process_time() - start < 1
    assert reason in str(error.value)


def test_an_outline_that_crosses_itself_counts_where_it_is_circled_an_odd_number_of_times():
    bow_tie = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
    assert Hint(0.2, 0.5, "#ffffff", bow_tie).kind == "outline"
    with pytest.raises(HintError, match="inside its outline"):
        Hint(0.5, 0.2, "#ffffff", bow_tie)
    assert Hint.inside(star(MAX_CORNERS - 1), "#ffffff").kind == "outline"


def test_numbers_of_numpy_go_into_json_as_well():
    half, eight = np.float32(0.5), np.int64(8)
    hint = Hint(half, half, (np.float32(40), eight), reach=eight)
    assert parse_hints(format_hints([hint])) == (hint,)
