"""Scanned negatives on the page: offered where one is noticed, and to be chosen for any photo."""

import numpy as np
import pytest
from PIL import Image

from tests.helpers.page import drop, take_home
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image
from tests.image.test_negative import on_orange_film

pytestmark = pytest.mark.browser
OFFER = "This looks like a scanned negative."


@pytest.fixture
def orange(tmp_path, color_image):
    """A colour negative."""
    path = tmp_path / "film.png"
    scene = np.asarray(color_image(300, 200, seed=3)) // 2 + np.uint8(64)
    Image.fromarray(on_orange_film(scene)).save(path)
    return path


def source(page) -> str:
    return page.locator("#before-after .color").get_attribute("src")


def wait_for_another(page, old: str) -> None:
    page.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)


def likeness(path, other) -> float:
    """The correlation of two pictures' levels: 1 if they are the same, -1 if one is the other's negative."""
    pair = [np.asarray(load_image(each).convert("L"), float).ravel() for each in (path, other)]
    return float(np.corrcoef(*pair)[0, 1])


def test_a_negative_that_is_noticed_is_inverted_by_one_click(visit, orange, grey_photo, tmp_path):
    drop(visit, orange)
    visit.get_by_text(OFFER).wait_for()
    old = source(visit)
    visit.locator("#invert").click()
    wait_for_another(visit, old)
    visit.get_by_text(OFFER).wait_for(state="hidden")
    take_home(visit, "#download", tmp_path / "home.png")
    assert likeness(tmp_path / "home.png", orange) < -0.8
    old = source(visit)
    drop(visit, grey_photo)  # the next photo is not inverted
    wait_for_another(visit, old)
    visit.get_by_text("Options").click()
    assert not visit.locator("#negative input").is_checked()
    assert not visit.get_by_text(OFFER).is_visible()


def test_any_photo_can_be_inverted_and_turned_back(visit, tmp_path):
    path = tmp_path / "plate.jpg"
    positive = EXAMPLES / "london-boy-1945.jpg"
    Image.eval(load_image(positive).convert("L"), lambda level: 255 - level).save(path)
    drop(visit, path)
    visit.get_by_text("Options").click()
    box = visit.get_by_label("This is a negative: invert it")
    old = source(visit)
    box.check()
    wait_for_another(visit, old)
    take_home(visit, "#download", tmp_path / "positive.jpg")
    assert likeness(tmp_path / "positive.jpg", positive) > 0.95
    old = source(visit)
    visit.get_by_role("radio", name="Fine").check()  # seen in another size, it stays a positive
    wait_for_another(visit, old)
    take_home(visit, "#download", tmp_path / "fine.jpg")
    assert likeness(tmp_path / "fine.jpg", positive) > 0.95
    old = source(visit)
    box.uncheck()
    wait_for_another(visit, old)
    take_home(visit, "#download", tmp_path / "negative.jpg")
    assert likeness(tmp_path / "negative.jpg", positive) < -0.95
