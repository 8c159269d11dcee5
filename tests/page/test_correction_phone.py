"""The mode "Correct a colour" on a phone, by finger."""

import numpy as np
import pytest

from colorizer.hints.hint import ab_of
from tests.helpers.correction import (
    ORANGE,
    SUIT,
    WALL,
    ab_at,
    changed,
    choose,
    corrections,
    open_editor,
    shown,
    touch,
)
from tests.helpers.page import drop, open_page

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(browser, url, astronaut):
    """A visitor on a phone who is about to correct the astronaut."""
    page = browser.new_page(**PHONE)
    open_page(page, url)
    drop(page, astronaut)
    open_editor(page, tap=True)
    yield page
    page.close()


def test_a_color_is_corrected_by_finger_on_a_phone(phone):
    touch(phone, SUIT, tap=True)
    choose(phone, "orange", tap=True)
    assert corrections(phone) == ["1. orange"]
    assert ab_at(shown(phone), SUIT) == pytest.approx(ab_of(ORANGE), abs=12)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    small = phone.locator("#correction button:visible").evaluate_all(
        "buttons => buttons.filter(b => b.getBoundingClientRect().height < 38).map(b => b.outerHTML)"
    )
    assert small == []
    changed(phone, phone.get_by_role("button", name="Undo").tap)
    assert corrections(phone) == []


def test_a_correction_is_moved_by_finger_and_the_page_stays(phone):
    touch(phone, SUIT, tap=True)
    choose(phone, "orange", tap=True)
    mark = phone.locator("#correction .mark")
    scrolled, place = phone.evaluate("scrollY"), mark.bounding_box()
    device = phone.context.new_cdp_session(phone)
    for kind, step in (("touchStart", 0), *(("touchMove", n) for n in range(1, 6)), ("touchEnd", 0)):
        points = [{"x": place["x"] + 8 * step, "y": place["y"] - 12 * step}] if kind != "touchEnd" else []
        device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.wait_for_function(
        "top => document.querySelector('#correction .mark').getBoundingClientRect().y < top - 50",
        arg=place["y"],
    )
    assert phone.evaluate("scrollY") == scrolled


def test_a_correction_that_gets_no_answer_is_taken_back(phone):
    touch(phone, SUIT, tap=True)
    choose(phone, "orange", tap=True)
    accepted = shown(phone)
    phone.route("**/queue/join*", lambda route: route.fulfill(status=503, body="{}"))
    phone.locator("#correction .choice").get_by_role("button", name="green", exact=True).tap()
    phone.wait_for_function("document.querySelector('#correction .words').textContent === '1. orange'")
    phone.unroute("**/queue/join*")
    assert np.array_equal(shown(phone), accepted)
    phone.get_by_test_id("toast-close").first.tap()  # the page's message, which lies over the photo
    phone.get_by_test_id("toast-close").first.wait_for(state="detached")
    touch(phone, WALL, tap=True)
    choose(phone, "sky", tap=True)
    assert corrections(phone) == ["1. orange", "2. sky"]
