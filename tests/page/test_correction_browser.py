"""The mode "Correct a colour" in a real browser: mouse and keyboard, with the shipped weights."""

import io
import re
from pathlib import Path

import numpy as np
import pytest

from colorizer.hints.hint import ab_of
from colorizer.image import color
from tests.helpers.correction import (
    ORANGE,
    SLEEVE,
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
from tests.helpers.page import drop, open_page, take_home
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image

pytestmark = pytest.mark.browser
SCREENSHOTS = ROOT / "screenshots"


@pytest.fixture
def editing(visit, astronaut):
    """A visitor who is about to correct the astronaut."""
    drop(visit, astronaut)
    open_editor(visit)
    return visit


# --- mouse ---------------------------------------------------------------------------------------------


def test_a_touch_and_a_swatch_color_the_suit_and_leave_the_wall(editing, tmp_path):
    before = shown(editing)
    touch(editing, SUIT)
    editing.locator("#correction .reach.on").wait_for(state="attached")  # what it would reach
    choose(editing, "orange")
    after = shown(editing)
    assert ab_at(after, SUIT) == pytest.approx(ab_of(ORANGE), abs=12)
    assert np.hypot(*(ab_at(after, SLEEVE) - ab_at(before, SLEEVE))) > 15
    assert np.hypot(*(ab_at(after, WALL) - ab_at(before, WALL))) < 2
    assert corrections(editing) == ["1. orange"]
    take_home(editing, "#download", tmp_path / "home.jpg")
    pixels = np.asarray(load_image(tmp_path / "home.jpg").convert("RGB"), np.float32) / 255
    assert ab_at(color.rgb_to_lab(pixels), SUIT) == pytest.approx(ab_at(after, SUIT), abs=4)


def test_corrections_are_undone_redone_changed_and_removed(editing):
    before = shown(editing)
    touch(editing, SUIT)
    choose(editing, "orange")
    changed(editing, editing.get_by_role("button", name="Undo").click)
    assert np.abs(shown(editing) - before).mean() < 0.5
    assert corrections(editing) == []
    changed(editing, editing.get_by_role("button", name="Redo").click)
    assert corrections(editing) == ["1. orange"]
    editing.get_by_role("button", name="Change correction 1. orange").click()
    choose(editing, "green")
    assert corrections(editing) == ["1. green"]
    assert ab_at(shown(editing), SUIT)[0] < 0
    touch(editing, WALL)
    choose(editing, "sky")
    assert corrections(editing) == ["1. green", "2. sky"]
    changed(editing, editing.get_by_role("button", name="Remove correction 1").click)
    assert corrections(editing) == ["1. sky"]
    touch(editing, SUIT)
    choose(editing, "brick")
    changed(editing, editing.get_by_role("button", name="Remove all").click)
    assert corrections(editing) == []
    assert np.abs(shown(editing) - before).mean() < 0.5


def test_an_outline_limits_a_color_and_a_place_can_be_left_alone(editing):
    before = shown(editing)
    editing.get_by_role("button", name="Inside an outline").click()
    box = editing.locator("#correction .frame").bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    editing.mouse.move(*at(0.55, 0.05))
    editing.mouse.down()
    for x, y in ((0.75, 0.05), (0.75, 0.2), (0.55, 0.2), (0.55, 0.06)):
        editing.mouse.move(*at(x, y), steps=8)
    editing.mouse.up()
    editing.locator("#correction .choice").wait_for()
    choose(editing, "purple")
    assert corrections(editing) == ["1. purple, only inside the outline"]
    after = shown(editing)
    assert ab_at(after, (0.65, 0.12))[1] < ab_at(before, (0.65, 0.12))[1] - 20
    assert np.abs(after[300:] - before[300:])[..., 1:].mean() < 1
    touch(editing, SUIT)
    changed(editing, editing.get_by_role("button", name="Leave this as it is").click)
    assert corrections(editing)[1] == "2. left as it is"


def test_a_wish_that_cannot_be_shown_gets_a_sentence(editing):
    touch(editing, (0.37, 0.45))  # the black inside of the collar
    choose(editing, "yellow")
    editing.get_by_text("no screen can show that colour so dark").wait_for()


def test_an_exact_color_a_slider_and_the_reach_change_the_correction(editing):
    touch(editing, SUIT)
    field = editing.get_by_label("Exact colour")
    field.fill("b0303")
    field.press("Enter")
    editing.get_by_text("A colour looks like #e0701e").wait_for()
    field.fill("#B03A30")
    changed(editing, lambda: field.press("Enter"))
    assert corrections(editing) == ["1. #b03a30"]
    assert ab_at(shown(editing), SUIT) == pytest.approx(ab_of("#b03a30"), abs=5)
    near = np.abs(shown(editing)[..., 1:]).sum()
    reach = editing.get_by_label("How far it reaches")
    changed(editing, lambda: reach.press("Home"))
    assert np.abs(shown(editing)[..., 1:]).sum() < near
    changed(editing, lambda: editing.get_by_role("slider", name="Hue").press("ArrowRight"))
    assert re.fullmatch(r"1\. (red|orange)", corrections(editing)[0])


def take_reference(page, picture: Path) -> None:
    """Chooses another picture, whose colours are offered from then on."""
    with page.expect_file_chooser() as chooser:
        page.locator("#reference").click()
    chooser.value.set_files(picture)
    page.locator("#correction canvas").wait_for()


def test_the_colors_of_another_picture_are_offered(editing, tmp_path, color_image):
    color_image(64, 48).save(tmp_path / "other.png")
    take_reference(editing, tmp_path / "other.png")
    touch(editing, SUIT)
    choose(editing, "colour 1 of the other picture")
    changed(editing, editing.get_by_role("button", name="Use its colours everywhere").click)
    assert len(corrections(editing)) > 1


def test_done_shows_before_and_after_with_the_corrections(editing):
    touch(editing, SUIT)
    choose(editing, "orange")
    old = editing.locator("#before-after .color").get_attribute("src")
    editing.get_by_role("button", name="Done").click()
    editing.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
    assert editing.locator("#before-after .frame").is_visible()
    assert not editing.locator("#correction .frame").is_visible()
    editing.locator("#correct-open").click()
    assert corrections(editing) == ["1. orange"]  # they can be taken up again


def test_done_waits_for_the_last_correction(editing):
    touch(editing, SUIT)
    old = editing.locator("#before-after .color").get_attribute("src")
    editing.locator("#correction .choice").get_by_role("button", name="orange", exact=True).click()
    editing.get_by_role("button", name="Done").click()
    editing.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
    data = editing.request.get(editing.locator("#before-after .color").get_attribute("src")).body()
    pixels = np.asarray(load_image(io.BytesIO(data)).convert("RGB"), np.float32) / 255
    assert ab_at(color.rgb_to_lab(pixels), SUIT) == pytest.approx(ab_of(ORANGE), abs=12)


def test_the_field_shows_the_color_in_hand(editing):
    touch(editing, SUIT)
    field = editing.get_by_label("Exact colour")
    predicted = field.input_value()
    choose(editing, "green")
    assert field.input_value() != predicted
    field.fill("#b03a30")
    changed(editing, lambda: field.press("Enter"))
    editing.locator("#correction .finish").focus()
    assert editing.get_by_label("Choose any colour").input_value() == "#b03a30"


def test_swatches_follow_the_strength(editing):
    touch(editing, SLEEVE)
    chip = editing.get_by_role("button", name="as predicted").locator(".chip")
    before = chip.evaluate("chip => chip.style.background")
    editing.locator("#strength input[type=range]").press("End")
    editing.wait_for_function(
        "old => document.querySelector('#correction .likely .chip').style.background !== old", arg=before
    )


def test_strength_and_detail_keep_the_corrections(editing):
    touch(editing, SUIT)
    choose(editing, "orange")
    asked = ab_at(shown(editing), SUIT)
    changed(editing, lambda: editing.locator("#strength input[type=range]").press("Home"))
    assert ab_at(shown(editing), SUIT) == pytest.approx(asked, abs=4)
    changed(editing, editing.get_by_role("radio", name="Fine").check)
    assert ab_at(shown(editing), SUIT) == pytest.approx(asked, abs=4)
    assert corrections(editing) == ["1. orange"]


# --- keyboard ------------------------------------------------------------------------------------------


def test_a_color_is_corrected_by_the_keyboard_alone(visit, astronaut):
    drop(visit, astronaut)
    visit.locator("#correct-open").focus()
    visit.keyboard.press("Enter")
    photo = visit.get_by_role("application", name="The photo")
    photo.wait_for()
    assert photo.evaluate("photo => photo === document.activeElement")
    for _ in range(5):
        visit.keyboard.press("Shift+ArrowLeft")
        visit.keyboard.press("Shift+ArrowDown")
    visit.keyboard.press("Enter")
    visit.locator("#correction .choice").wait_for()
    for _ in range(40):
        visit.keyboard.press("Tab")
        if visit.evaluate("document.activeElement.getAttribute('aria-label')") == "orange":
            break
    changed(visit, lambda: visit.keyboard.press("Enter"))
    assert corrections(visit) == ["1. orange"]
    assert ab_at(shown(visit), SUIT) == pytest.approx(ab_of(ORANGE), abs=12)
    assert visit.get_by_role("status").filter(has_text="Correction 1: orange.").count() == 1
    assert visit.evaluate("document.activeElement.getAttribute('aria-label')") == "orange"  # focus stays
    changed(visit, lambda: visit.keyboard.press("Control+z"))
    assert corrections(visit) == []
    changed(visit, lambda: visit.keyboard.press("Control+y"))
    assert corrections(visit) == ["1. orange"]


def test_an_outline_is_set_by_the_keyboard(editing):
    editing.get_by_role("button", name="Inside an outline").press("Enter")
    editing.locator("#correction .frame").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        editing.keyboard.press("Enter")
        for _ in range(4):
            editing.keyboard.press(f"Shift+{key}")
    editing.keyboard.press("Enter")
    editing.get_by_role("button", name="Close the outline").press("Enter")
    editing.locator("#correction .choice").wait_for()
    choose(editing, "blue")
    assert corrections(editing) == ["1. blue, only inside the outline"]


# --- for everybody ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious_in_the_editor(browser, url, astronaut, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(
        viewport={"width": width, "height": 1000 if width > 640 else 740}, color_scheme=scheme
    )
    open_page(page, url)
    drop(page, astronaut)
    open_editor(page)
    touch(page, SUIT)
    choose(page, "orange")
    touch(page, WALL)
    page.wait_for_timeout(500)  # fades must not be caught half-way
    findings = [
        (found["id"], found["nodes"][0]["html"])
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"correct-{width}-{scheme}.png")
    assert page.locator("img:not([alt]), img[alt='']").locator("visible=true").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
    assert findings == []


# --- from many photos ------------------------------------------------------------------------------------


def test_a_picture_of_the_gallery_is_opened_in_the_same_mode(visit, astronaut, grey_photo, tmp_path):
    visit.get_by_role("tab", name="Many photos").click()
    visit.locator("#files input[type=file]").set_input_files([grey_photo, astronaut])
    visit.locator("#files a").nth(1).wait_for()
    visit.locator("#start").click()
    visit.get_by_text("2 of 2 photos coloured.").wait_for()
    assert visit.locator("#batch-correct").is_disabled()
    visit.locator("#gallery button").nth(1).click()
    visit.locator("#batch-correct:enabled").click()
    visit.locator("#correction .frame").wait_for()
    visit.locator("#correction .photo[src]").wait_for()
    touch(visit, SUIT)
    choose(visit, "orange")
    assert take_home(visit, "#download", tmp_path / "home.jpg") == "astronaut-colour.jpg"
    pixels = np.asarray(load_image(tmp_path / "home.jpg").convert("RGB"), np.float32) / 255
    assert ab_at(color.rgb_to_lab(pixels), SUIT) == pytest.approx(ab_of(ORANGE), abs=14)


# --- from photo to photo -----------------------------------------------------------------------------------


def test_the_next_photo_gets_neither_history_nor_picture_nor_outline_of_the_one_before(
    editing, tmp_path, color_image
):
    color_image(64, 48).save(tmp_path / "other.png")
    take_reference(editing, tmp_path / "other.png")
    touch(editing, SUIT)
    choose(editing, "orange")
    changed(editing, editing.get_by_role("button", name="Undo").click)  # now it has none, as the next
    editing.get_by_role("button", name="Inside an outline").click()
    box = editing.locator("#correction .frame").bounding_box()
    for share in (0.2, 0.5):
        editing.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 4)
    assert editing.locator("#correction .lines path").count() > 0
    editing.get_by_role("button", name="Done").click()
    changed(editing, editing.locator("#examples button").last.click)
    open_editor(editing)
    assert editing.get_by_role("button", name="Undo").is_disabled()
    assert editing.get_by_role("button", name="Redo").is_disabled()
    assert not editing.locator("#correction canvas").is_visible()
    assert editing.locator("#correction .lines path").count() == 0


def test_other_detail_keeps_the_history_of_corrections(editing):
    touch(editing, SUIT)
    choose(editing, "orange")
    changed(editing, editing.get_by_role("button", name="Undo").click)
    changed(editing, editing.get_by_role("radio", name="Fine").check)
    changed(editing, editing.get_by_role("button", name="Redo").click)
    assert corrections(editing) == ["1. orange"]
