"""The mode "Correct a colour" as the queue meets it: what it changes, for whom, and what it refuses."""

import io
import json
import time
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from colorizer import limits
from colorizer.errors import PhotoError
from colorizer.hints.hint import ab_of
from colorizer.image import color
from colorizer.page.correction import mode
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session_store import SessionStore
from tests.helpers.page import serving
from tests.helpers.pictures import load_image
from tests.helpers.visitor import Visitor

ORANGE = {"x": 0.25, "y": 0.5, "color": "#b06a3c"}
SIZE = (400, 300)


@pytest.fixture(scope="module")
def address(tiny_colorizer):
    with serving(tiny_colorizer) as address:
        yield address


@pytest.fixture
def visitor(address):
    """Somebody whose photo, a grey PNG with a bright half, is in colour."""
    with Visitor(address) as visitor:
        start(visitor)
        yield visitor


def start(visitor: Visitor) -> None:
    pixels = np.full(SIZE[::-1], 110, np.uint8)
    pixels[:, SIZE[0] // 2 :] = 190
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    done = visitor.call("color_photo", visitor.upload("wall.png", data.getvalue()), limits.SIZE, 1, 0, None)
    assert done["success"], done


def edit(visitor: Visitor, **message: object) -> dict:
    done = visitor.call("edit", None, 1, 0, event_data={"number": 1, **message})
    assert done["success"], done
    return done["output"]["data"][0]


def taken_home(visitor: Visitor, strength: float = 1, tone: float = 0) -> np.ndarray:
    """The file at full resolution, as CIELAB."""
    done = visitor.call("write_result", None, strength, tone)
    assert done["success"], done
    image = load_image(io.BytesIO(visitor.download(visitor.files(done)[0])))
    assert image.size == SIZE
    return color.rgb_to_lab(np.asarray(image.convert("RGB"), np.float32) / 255)


def asked_ab() -> np.ndarray:
    return np.array(ab_of(ORANGE["color"]))


def test_a_correction_is_shown_at_once_and_comes_home_in_full_resolution(visitor):
    before = taken_home(visitor)
    answer = edit(visitor, hints=[ORANGE], selected=0)
    assert answer["picture"]["url"].startswith("data:image/jpeg;base64,")
    assert answer["reach"].startswith("data:image/png;base64,")
    after = taken_home(visitor)
    assert after[150, 100, 1:] == pytest.approx(asked_ab(), abs=2)
    assert np.abs(after[..., 0] - before[..., 0]).max() < 1  # the lightness is the photo's
    assert np.abs(after[:, 230:] - before[:, 230:]).mean() < 1  # the bright half is another thing


def test_looking_at_a_place_changes_nothing_and_says_what_it_would_reach(visitor):
    before = taken_home(visitor)
    answer = edit(visitor, hints=[], draft={"x": 0.25, "y": 0.5})
    assert answer["place"]["x"] == 0.25 and answer["place"]["likely"]
    assert answer["reach"] is not None
    assert "picture" not in answer
    assert np.array_equal(taken_home(visitor), before)


def test_corrections_that_are_taken_back_leave_the_photo_as_it_was(visitor):
    before = taken_home(visitor)
    edit(visitor, hints=[ORANGE])
    assert not np.array_equal(taken_home(visitor), before)
    edit(visitor, hints=[])
    assert np.array_equal(taken_home(visitor), before)


def test_strength_keeps_the_corrected_color(visitor):
    edit(visitor, hints=[ORANGE])
    done = visitor.call("change_colors", None, 0, 0)
    assert done["output"]["data"][-1]["hints"] == [ORANGE]
    after = taken_home(visitor, strength=0)
    assert after[150, 100, 1:] == pytest.approx(asked_ab(), abs=2)
    assert np.abs(after[:, 390:, 1:]).max() < 2


def test_detail_keeps_the_corrections(visitor):
    edit(visitor, hints=[ORANGE])
    done = visitor.call("change_size", None, 96, 1, 0)
    assert done["success"], done
    assert taken_home(visitor)[150, 100, 1:] == pytest.approx(asked_ab(), abs=2)


def test_before_and_after_and_the_comparison_show_the_corrections(visitor):
    edit(visitor, hints=[ORANGE])
    for function in ("finish", "write_comparison"):
        done = visitor.call(function, None, 1, 0)
        path = next(p for p in visitor.files(done) if "grey" not in p)
        pixels = np.asarray(load_image(io.BytesIO(visitor.download(path))).convert("RGB")).astype(int)
        assert ((pixels[..., 0] - pixels[..., 2]) > 60).mean() > 0.03, function


def test_a_file_taken_home_is_opened_with_its_corrections(visitor):
    edit(visitor, hints=[ORANGE])
    done = visitor.call("write_result", None, 1, 0)
    data = visitor.download(visitor.files(done)[0])
    done = visitor.call("color_photo", visitor.upload("wall-colour.png", data), limits.SIZE, 1, 0, None)
    assert "coloured here before. Its 1 correction is taken up." in json.dumps(done)
    assert '"hints": [' + json.dumps(ORANGE) in json.dumps(done["output"]["data"])
    assert taken_home(visitor)[150, 100, 1:] == pytest.approx(asked_ab(), abs=2)
    assert "True colours" not in json.dumps(done)


def test_the_next_photo_has_no_corrections(visitor):
    edit(visitor, hints=[ORANGE])
    start(visitor)
    assert edit(visitor, hints=[])["corrections"] == []
    assert not np.allclose(taken_home(visitor)[150, 100, 1:], asked_ab(), atol=5)


def test_one_visitors_corrections_reach_no_other(address, visitor):
    with Visitor(address) as other:
        start(other)
        before = taken_home(other)
        edit(visitor, hints=[ORANGE])
        assert np.array_equal(taken_home(other), before)
        edit(other, hints=[{**ORANGE, "color": "#3a7a4a"}])
        assert taken_home(visitor)[150, 100, 1:] == pytest.approx(asked_ab(), abs=2)


def test_corrections_of_an_example_stay_with_the_visitor(address):
    with Visitor(address) as ann, Visitor(address) as bob:
        for visitor in (ann, bob):
            done = visitor.call(
                "color_example", limits.SIZE, 1, 0, None, event_data={"index": 0, "value": ""}
            )
            assert done["success"], done
        edit(ann, hints=[ORANGE])
        assert edit(bob, hints=[])["corrections"] == []
        assert "picture" not in edit(bob, hints=[])


def test_the_palette_of_another_picture_is_offered_and_matched(visitor):
    red = io.BytesIO()
    Image.new("RGB", (80, 60), (170, 60, 50)).save(red, "PNG")
    done = visitor.call("take_reference", None, visitor.upload("red.png", red.getvalue()))
    reference = done["output"]["data"][0]["reference"]
    assert len(reference["palette"]) == 1
    assert reference["hints"]
    answer = edit(visitor, hints=reference["hints"], draft={"x": 0.3, "y": 0.3}, offered=reference["palette"])
    assert [swatch["ab"] for swatch in answer["place"]["offered"]] == reference["palette"]
    assert np.median(taken_home(visitor)[..., 1]) > 15


def test_another_picture_has_its_turn_like_any_photo(monkeypatch):
    """It may have 120 megapixels, and memory is enough for one of those at a time."""
    turns, seen = FairTurns(), []
    with gr.Blocks():
        correction = mode.CorrectionMode(SessionStore(), turns)

    def read(*_arguments):
        seen.append(turns._busy)
        raise PhotoError("enough")

    monkeypatch.setattr(correction, "_session", lambda key: None)
    monkeypatch.setattr(mode, "read_photo", read)
    request = SimpleNamespace(client=None, session_hash="ann")
    with pytest.raises(gr.Error, match="enough"):
        correction.take_reference("key", "red.png", request)
    assert seen == [True]
    assert not turns._busy


# --- what is refused -----------------------------------------------------------------------------------


def outline(count: int) -> list:
    """Corners that cross each other again and again."""
    angles = np.arange(count) * 2.4
    return (0.5 + 0.4 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).round(4).tolist()


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"hints": [ORANGE] * 1000}, "at most 100 hints"),
        ({"hints": [{**ORANGE, "x": 2}]}, "x must be a number from 0 to 1"),
        ({"hints": [{**ORANGE, "color": "red"}]}, "must look like #e0701e"),
        ({"hints": [{**ORANGE, "outline": outline(1500)}]}, "3 to 1000 corners"),
        ({"hints": {"x": 1}}, "must be a list"),
        ({"selected": 5}, "not in the list"),
        ({"reference": "/etc/passwd"}, "only the keys"),
    ],
)
def test_a_hostile_message_gets_a_sentence_and_changes_nothing(visitor, message, sentence):
    edit(visitor, hints=[ORANGE])
    before = taken_home(visitor)
    start_time = time.monotonic()
    assert sentence in edit(visitor, **message)["error"]
    assert time.monotonic() - start_time < 5
    assert np.array_equal(taken_home(visitor), before)


def test_ten_thousand_corrections_are_refused_before_they_are_read(visitor):
    done = visitor.call("edit", None, 1, 0, event_data={"number": 1, "hints": [ORANGE] * 10_000})
    error = done["output"].get("error") or done["output"]["data"][0]["error"]
    assert "Traceback" not in json.dumps(done) and isinstance(error, str)


def test_the_most_work_that_is_allowed_ends_in_time(visitor):
    points = [
        {"x": 0.05 + n % 10 / 11, "y": 0.05 + n // 10 / 11, "ab": [20, 20], "reach": 10} for n in range(100)
    ]
    start_time = time.monotonic()
    answer = edit(visitor, hints=points, selected=99)
    assert len(answer["corrections"]) == 100
    assert time.monotonic() - start_time < 10


def test_a_photo_that_is_gone_gets_a_sentence(address):
    with Visitor(address) as visitor:
        for function in ("edit", "finish"):
            done = visitor.call(function, None, 1, 0, event_data={"number": 1, "hints": []})
            assert not done["success"]
            assert "no longer here" in done["output"]["error"]


def test_a_reference_that_is_no_photo_gets_a_sentence(visitor):
    done = visitor.call("take_reference", None, visitor.upload("letter.jpg", b"Dear grandson"))
    assert "letter.jpg is not a photo" in done["output"]["error"]


def test_a_file_of_the_server_is_no_reference(visitor):
    for path in ("/etc/passwd", "/proc/self/environ"):
        done = visitor.call("take_reference", None, {"path": path, "meta": {"_type": "gradio.FileData"}})
        assert not done["success"]
        assert "passwd is not a photo" not in json.dumps(done)
