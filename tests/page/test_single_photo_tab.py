"""The page's first tab in a real browser: one photo, in and out, with the shipped weights."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation import metrics
from colorizer.image.reader import read_photo
from tests.helpers.page import drop, take_home, wait_until_colored
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image

pytestmark = pytest.mark.browser
WIDE = (2400, 1600)


@pytest.fixture(scope="module")
def old_photo(tmp_path_factory) -> Path:
    """A grey JPEG of a scene, 2400x1600, that the network has an opinion on."""
    path = tmp_path_factory.mktemp("old") / "wedding.jpg"
    source = EXAMPLES / "saratoga-broadway-1900s.jpg"
    load_image(source).convert("L").resize(WIDE).save(path)
    return path


def grey_level(image: Image.Image) -> np.ndarray:
    return read_photo(image).lightness


# --- the ways in ---------------------------------------------------------------------------------------


def test_a_chosen_photo_is_colored_at_once_and_comes_home_at_full_resolution(visit, old_photo, tmp_path):
    drop(visit, old_photo)
    assert take_home(visit, "#download", tmp_path / "home.jpg") == "wedding-colour.jpg"
    with Image.open(tmp_path / "home.jpg") as image:
        assert (image.size, image.format) == (WIDE, "JPEG")
        assert b"compositeWithTrainedAlgorithmicMedia" in image.info["xmp"]
        assert metrics.colorfulness(np.asarray(image)) > 3
        with Image.open(old_photo) as before:
            assert np.median(np.abs(grey_level(image) - grey_level(before))) <= 0.5


def test_a_photo_dropped_onto_the_page_is_colored(visit):
    visit.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(120, 80);
            canvas.getContext("2d").fillRect(0, 0, 60, 80);
            const data = new DataTransfer();
            data.items.add(new File([await canvas.convertToBlob()], "dropped.png", { type: "image/png" }));
            const target = document.querySelector("#photo button.upload-container");
            const options = { dataTransfer: data, bubbles: true, cancelable: true };
            for (const type of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(type, options));
        }"""
    )
    wait_until_colored(visit)


def test_a_photo_pasted_from_the_clipboard_is_colored(visit, url):
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    visit.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(120, 80);
            canvas.getContext("2d").fillRect(0, 0, 60, 80);
            const blob = await canvas.convertToBlob();
            await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
        }"""
    )
    visit.get_by_label("Paste from clipboard").click()
    wait_until_colored(visit)


def test_an_example_is_colored_by_a_click_without_running_the_network(visit, counting):
    before = counting.count
    visit.locator("#examples button").first.click()
    wait_until_colored(visit)
    assert counting.count == before


def test_at_least_eight_examples_are_offered_with_their_credits(visit):
    assert visit.locator("#examples button").count() >= 8
    visit.get_by_text("Library of Congress").first.wait_for()


# --- before and after ----------------------------------------------------------------------------------


def cut(page) -> float:
    """Where the line between before and after is, in percent from the left."""
    return page.locator("#before-after .frame").evaluate(
        "frame => parseFloat(getComputedStyle(frame).getPropertyValue('--cut'))"
    )


def test_before_and_after_are_compared_by_mouse_by_finger_and_by_keyboard(visit, grey_photo):
    drop(visit, grey_photo)
    assert cut(visit) == 50
    box = visit.locator("#before-after .frame").bounding_box()
    middle = box["y"] + box["height"] / 2
    visit.mouse.move(box["x"] + box["width"] / 2, middle)
    visit.mouse.down()
    visit.mouse.move(box["x"] + box["width"] * 0.2, middle, steps=5)
    visit.mouse.up()
    assert cut(visit) == pytest.approx(20, abs=2)
    slider = visit.get_by_role("slider", name="Before and after")
    slider.press("End")
    assert cut(visit) == 100
    slider.press("ArrowLeft")
    assert cut(visit) == 99


def test_what_travels_to_the_page_are_previews(visit, tmp_path):
    # A TIFF, which browsers cannot show: the page shows it all the same.
    Image.linear_gradient("L").resize(WIDE).save(tmp_path / "scan.tif")
    drop(visit, tmp_path / "scan.tif")
    for picture in ("#before-after .grey", "#before-after .color", "#photo img"):
        visit.wait_for_function(
            "selector => document.querySelector(selector)?.naturalWidth == 1600", arg=picture
        )
    assert take_home(visit, "#download", tmp_path / "home.tif") == "scan-colour.tif"
    with Image.open(tmp_path / "home.tif") as image:
        assert (image.size, image.format) == (WIDE, "TIFF")


def test_the_line_stays_while_details_are_compared_and_is_in_the_middle_of_the_next_photo(visit, grey_photo):
    drop(visit, grey_photo)
    visit.get_by_role("slider", name="Before and after").press("Home")
    for act, line in (
        (visit.get_by_role("radio", name="Broad").check, 0),
        (visit.locator("#examples button").first.click, 50),
    ):
        old = visit.locator("#before-after .color").get_attribute("src")
        act()
        visit.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
        assert cut(visit) == line


# --- strength and detail -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_the_strength_slider_renders_again_without_running_the_network(
    visit, old_photo, counting, tmp_path, way
):
    drop(visit, old_photo)
    before, old = counting.count, visit.locator("#before-after .color").get_attribute("src")
    slider = visit.locator("#strength input[type=range]")
    if way == "keyboard":
        slider.press("Home")
    else:
        box = slider.bounding_box()
        visit.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        visit.mouse.down()
        visit.mouse.move(box["x"] - 20, box["y"] + box["height"] / 2, steps=5)
        visit.mouse.up()
    visit.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
    take_home(visit, "#download", tmp_path / "grey.jpg")
    assert np.ptp(np.asarray(load_image(tmp_path / "grey.jpg")).astype(int), axis=-1).max() <= 3
    assert counting.count == before


def test_the_detail_runs_the_network_again_and_reset_goes_back(visit, old_photo, counting):
    drop(visit, old_photo)
    before, old = counting.count, visit.locator("#before-after .color").get_attribute("src")
    visit.get_by_role("radio", name="Fine").check()
    visit.wait_for_function("old => document.querySelector('#before-after .color').src != old", arg=old)
    assert counting.count == before + 1
    visit.locator("#reset").click()
    visit.wait_for_function("old => document.querySelector('#before-after .color').src == old", arg=old)
    assert visit.get_by_role("radio", name="Balanced").is_checked()


# --- what else goes home -------------------------------------------------------------------------------


def test_the_comparison_is_one_picture_of_grey_and_color_with_a_caption(visit, grey_photo, tmp_path):
    drop(visit, grey_photo)
    assert take_home(visit, "#comparison", tmp_path / "both.jpg") == "grandma-comparison.jpg"
    pixels = np.asarray(load_image(tmp_path / "both.jpg").convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    assert width >= 400 and height > 300  # two pictures of 200x300 side by side, and the caption
    left = pixels[:300, : width // 2 - 2]
    assert np.ptp(left, axis=-1).max() <= 12  # grey, but for JPEG
    assert pixels[300:].min() < 128  # something is written below


def test_a_color_photo_is_judged_beside_its_true_colors(visit, tmp_path, color_image):
    assert not visit.get_by_text("How near is it to the truth?").is_visible()
    color_image(64, 48).save(tmp_path / "color.png")
    drop(visit, tmp_path / "color.png")
    visit.get_by_text("True colours").wait_for()
    visit.get_by_text("How near is it to the truth?").click()
    for figure in ("PSNR", "CIEDE2000", "Colourfulness"):
        visit.get_by_role("cell", name=figure).wait_for()


def test_the_page_says_that_colors_are_a_guess_and_that_photos_are_deleted(visit):
    visit.get_by_text("The colours are a guess").wait_for()
    visit.get_by_text("deleted from this machine after an hour").wait_for()


# --- what is no photo ----------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["photo", "example"])
def test_a_text_named_jpg_gets_a_sentence_and_the_last_result_goes(visit, grey_photo, tmp_path, first):
    (tmp_path / "letter.jpg").write_text("Dear grandson")
    if first == "photo":
        drop(visit, grey_photo)
    else:
        visit.locator("#examples button").first.click()
        wait_until_colored(visit)
    visit.get_by_label("Remove Image").first.click()
    visit.locator("#photo input[type=file]").set_input_files(tmp_path / "letter.jpg")
    visit.get_by_text("letter.jpg is not a photo").wait_for()
    visit.get_by_text("Drop Image Here").wait_for()  # ready for the next one
    assert visit.locator("#download").is_disabled()
    assert not visit.locator("#before-after .frame").is_visible()
    assert visit.get_by_text("Traceback").count() == 0
