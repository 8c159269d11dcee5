"""Cooler or warmer on the page's first tab: every picture and file has the tone, and corrections stand."""

import base64
import io

import gradio as gr
import numpy as np
import pytest

from colorizer import limits
from colorizer.hints.hint import ab_of
from colorizer.image import color
from colorizer.page.session import checked_tone
from tests.helpers.page import drop, serving, take_home
from tests.helpers.pictures import load_image
from tests.helpers.visitor import Visitor

BROWN = {"x": 0.5, "y": 0.4, "color": "#b06a3c"}
PLACE = 0.5, 0.4


@pytest.fixture(scope="module")
def address(tiny_colorizer):
    with serving(tiny_colorizer) as address:
        yield address


@pytest.fixture
def visitor(address, grey_photo):
    """Somebody whose photo is in colour."""
    with Visitor(address) as visitor:
        photo = visitor.upload(grey_photo.name, grey_photo.read_bytes())
        call(visitor, "color_photo", photo, limits.SIZE, 1, 0, None)
        yield visitor


def call(visitor: Visitor, name: str, *data: object, **more: object) -> dict:
    done = visitor.call(name, *data, **more)
    assert done["success"], done
    return done


def lab_of(data: bytes) -> np.ndarray:
    return color.rgb_to_lab(np.asarray(load_image(io.BytesIO(data)).convert("RGB"), np.float32) / 255)


def pictures(visitor: Visitor, done: dict, word: str) -> list[np.ndarray]:
    """The pictures in an answer whose file names start with a word, as CIELAB."""
    paths = [path for path in visitor.files(done) if path.rpartition("/")[2].startswith(word)]
    assert paths, visitor.files(done)
    return [lab_of(visitor.download(path)) for path in paths]


def ab_at(lab: np.ndarray, place: tuple[float, float] = PLACE) -> np.ndarray:
    height, width = lab.shape[:2]
    return lab[int(place[1] * height), int(place[0] * width), 1:]


def yellowness(lab: np.ndarray) -> float:
    return float(np.median(lab[..., 2]))


@pytest.mark.parametrize(
    ("function", "inputs"), [("change_colors", ()), ("finish", ()), ("change_size", (limits.SIZE,))]
)
def test_every_picture_in_color_is_warmer_and_the_grey_one_stays(visitor, function, inputs):
    done = {tone: call(visitor, function, None, *inputs, 1, tone) for tone in (-1, 0, 1)}
    for number in range(len(pictures(visitor, done[0], "colour"))):
        cool, plain, warm = (yellowness(pictures(visitor, done[tone], "colour")[number]) for tone in done)
        assert plain - cool == pytest.approx(10, abs=2)
        assert warm - plain == pytest.approx(10, abs=2)
    for picture in pictures(visitor, done[1], "grey"):
        assert np.abs(picture[..., 1:]).max() < 2


def test_a_new_photo_comes_in_the_tone_that_is_set(visitor, grey_photo):
    photo = visitor.upload(grey_photo.name, grey_photo.read_bytes())
    plain, warm = (call(visitor, "color_photo", photo, limits.SIZE, 1, tone, None) for tone in (0, 1))
    difference = yellowness(pictures(visitor, warm, "colour")[0])
    difference -= yellowness(pictures(visitor, plain, "colour")[0])
    assert difference == pytest.approx(10, abs=2)


def test_the_file_has_the_tone(visitor):
    plain, warm = (
        lab_of(visitor.download(visitor.files(call(visitor, "write_result", None, 1, tone))[0]))
        for tone in (0, 1)
    )
    assert yellowness(warm) - yellowness(plain) == pytest.approx(10, abs=2)


def test_the_comparison_has_the_tone_beside_a_grey_without_corrections(visitor):
    call(visitor, "edit", None, 1, 0, event_data={"number": 1, "hints": [BROWN]})
    done = call(visitor, "write_comparison", None, 1, 2)
    lab = lab_of(visitor.download(visitor.files(done)[0]))[:300]
    half = lab.shape[1] // 2
    assert np.abs(lab[20:280, 10 : half - 10, 1:]).max() < 4  # grey, but for JPEG
    assert yellowness(lab[:, half:]) > 10


def test_corrections_keep_their_color_in_every_tone_and_the_tone_survives_them(visitor):
    message = {"number": 1, "hints": [{**BROWN, "reach": 0.3}]}
    answer = call(visitor, "edit", None, 1, 2, event_data=message)["output"]["data"][0]
    shown = lab_of(base64.b64decode(answer["picture"]["url"].partition(",")[2]))
    assert ab_at(shown) == pytest.approx(ab_of(BROWN["color"]), abs=4)
    done = call(visitor, "change_colors", None, 1, -2)
    cool = pictures(visitor, done, "colour")[0]
    assert ab_at(cool) == pytest.approx(ab_of(BROWN["color"]), abs=4)
    warm = pictures(visitor, call(visitor, "change_colors", None, 1, 2), "colour")[0]
    assert np.abs(warm - cool)[..., 2].max() > 30
    assert np.abs(shown - warm)[..., 2].mean() < 2


@pytest.mark.parametrize(
    ("tone", "sentence"),
    [
        (3.1, "tone must lie between -3 and 3. Received: 3.1"),
        (-4, "tone must lie between -3 and 3. Received: -4"),
        (float("nan"), "tone must be a number"),
        ("warm", "tone must be a number"),
        (None, "tone must be a number"),
        ([1], "tone must be a number"),
    ],
)
def test_what_is_no_tone_is_refused_with_a_sentence(tone, sentence):
    with pytest.raises(gr.Error) as caught:
        checked_tone(tone)
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("function", "inputs"),
    [("change_colors", ()), ("write_result", ()), ("write_comparison", ()), ("change_size", (limits.SIZE,))],
)
@pytest.mark.parametrize("tone", [3.5, -4, None, "x"])
def test_the_queue_lets_no_other_tone_through(visitor, function, inputs, tone):
    done = visitor.call(function, None, *inputs, 1, tone)
    assert not done["success"]
    assert "Traceback" not in done["output"]["error"]


@pytest.mark.browser
def test_the_slider_is_moved_by_the_keyboard_and_reset_goes_back(visit, grey_photo, counting, tmp_path):
    drop(visit, grey_photo)
    take_home(visit, "#download", tmp_path / "plain.jpg")
    before, old = counting.count, visit.locator("#before-after .color").get_attribute("src")
    slider = visit.get_by_role("slider", name="Cooler – warmer")
    slider.press("End")
    visit.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
    take_home(visit, "#download", tmp_path / "warm.jpg")
    plain, warm = (yellowness(lab_of((tmp_path / f"{name}.jpg").read_bytes())) for name in ("plain", "warm"))
    assert warm - plain == pytest.approx(30, abs=6)
    visit.locator("#reset").click()
    visit.wait_for_function("old => document.querySelector('#before-after .color').src == old", arg=old)
    assert slider.input_value() == "0"
    assert counting.count == before
