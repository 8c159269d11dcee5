"""The page's second tab in a real browser: a shoebox of photos."""

import io
import re
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation.metrics import colorfulness
from tests.helpers.page import Counting, open_page, serving, take_home
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image

pytestmark = pytest.mark.browser


class Gate(Counting):
    """A colorizer that lets through as many photos as it is told, so that a test can act in between."""

    def __init__(self, model):
        super().__init__(model)
        self.tickets = threading.Semaphore(1000)

    def predict(self, photo, *rest):
        assert self.tickets.acquire(timeout=30)
        return super().predict(photo, *rest)

    def only(self, count: int) -> None:
        """From now on, `count` photos and no more."""
        self.tickets = threading.Semaphore(count)


@pytest.fixture(scope="module")
def gate(tiny_colorizer) -> Gate:
    return Gate(tiny_colorizer)


@pytest.fixture(scope="module")
def address(gate):
    with serving(gate) as address:
        yield address


@pytest.fixture
def shoebox(browser, address, gate):
    """A visitor on the second tab."""
    gate.only(1000)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    open_page(page, address)
    page.get_by_role("tab", name="Many photos").click()
    yield page
    gate.only(1000)
    page.close()


@pytest.fixture
def scans(tmp_path):
    """Five files: two of one name in different types, one of them broken."""
    for number, name in enumerate(["a.jpg", "b.png", "b.tif", "c.jpg"]):
        Image.linear_gradient("L").resize((60 + number, 40)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "c.jpg").read_bytes()[:300])
    return [tmp_path / name for name in ("a.jpg", "broken.jpg", "b.png", "b.tif", "c.jpg")]


def start(page, files) -> None:
    page.locator("#files input[type=file]").set_input_files(files)
    page.locator("#files a").nth(len(files) - 1).wait_for()
    page.locator("#start").click()


def test_all_are_colored_but_the_broken_one_which_is_named(shoebox, scans, tmp_path):
    start(shoebox, scans)
    shoebox.get_by_text("4 of 5 photos coloured.").wait_for()
    shoebox.get_by_text("1 could not be coloured:").wait_for()
    shoebox.get_by_text("broken.jpg is damaged").wait_for()
    assert shoebox.locator("#gallery button").count() == 4
    assert take_home(shoebox, "#zip", tmp_path / "all.zip") == "photos-colour.zip"
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        sizes = {name: load_image(io.BytesIO(archive.read(name))).size for name in archive.namelist()}
    assert sizes == {
        "a-colour.jpg": (60, 40),
        "b-colour.png": (61, 40),
        "b-colour.tif": (62, 40),
        "c-colour.jpg": (63, 40),
    }


def test_a_finished_picture_is_shown_before_and_after(shoebox, scans):
    start(shoebox, scans[2:4])
    shoebox.get_by_text("2 of 2 photos coloured.").wait_for()
    shoebox.locator("#gallery button").nth(1).click()
    frame = shoebox.locator("#batch-before-after .frame")
    frame.wait_for()
    assert frame.locator(".grey").evaluate("image => image.decode().then(() => image.naturalWidth)") == 62


def test_progress_shows_counts_and_time_left_as_pictures_come(shoebox, scans, gate):
    gate.only(2)
    start(shoebox, [scans[0], *scans[2:]])
    shoebox.get_by_text(re.compile(r"2 of 4 photos, about \d+ s left")).wait_for()
    assert shoebox.locator("#gallery button").count() == 2
    assert shoebox.locator("#progress progress").evaluate("bar => bar.value / bar.max") == 0.5
    assert shoebox.locator("#zip").is_disabled()
    gate.tickets.release(2)
    shoebox.get_by_text("4 of 4 photos coloured.").wait_for()


def test_cancelling_keeps_what_is_done(shoebox, scans, gate, tmp_path):
    gate.only(2)
    start(shoebox, [scans[0], *scans[2:]])
    shoebox.get_by_text("2 of 4 photos, about").wait_for()
    shoebox.locator("#stop").click()
    shoebox.locator("#stop:disabled").wait_for()
    gate.tickets.release(1)  # the photo that was under way is finished
    shoebox.get_by_text("3 of 4 photos coloured, then cancelled.").wait_for()
    take_home(shoebox, "#zip", tmp_path / "some.zip")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert archive.namelist() == ["a-colour.jpg", "b-colour.png", "b-colour.tif"]
    start_again = shoebox.locator("#start:enabled")
    start_again.wait_for()


def test_two_photos_of_one_name_both_come_home(shoebox, tmp_path):
    for folder, grey in (("1", 50), ("2", 200)):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.full((20, 20), grey, np.uint8)).save(tmp_path / folder / "scan.png")
    start(shoebox, [tmp_path / "1" / "scan.png", tmp_path / "2" / "scan.png"])
    shoebox.get_by_text("2 of 2 photos coloured.").wait_for()
    take_home(shoebox, "#zip", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        levels = [np.asarray(load_image(io.BytesIO(archive.read(n)))).mean() for n in archive.namelist()]
        assert archive.namelist() == ["scan-colour.png", "scan-colour-2.png"]
    assert levels[0] < 100 < levels[1]


def test_more_than_fifty_photos_get_a_sentence(shoebox, tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(51)]
    for file in files:
        Image.linear_gradient("L").resize((4, 4)).save(file)
    start(shoebox, files)
    shoebox.get_by_text("At most 50 photos at once. Received: 51").wait_for()


def test_no_photos_get_a_sentence(shoebox):
    shoebox.locator("#start").click()
    shoebox.get_by_text("Choose some photos first.").wait_for()


def test_the_shipped_weights_color_a_shoebox_with_a_broken_file_in_it(visit, scans, tmp_path):
    visit.get_by_role("tab", name="Many photos").click()
    start(visit, [*sorted(EXAMPLES.glob("*.jpg"))[:2], scans[1]])
    visit.get_by_text("2 of 3 photos coloured.").wait_for()
    visit.get_by_text("broken.jpg is damaged").wait_for()
    take_home(visit, "#zip", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        for path, name in zip(sorted(EXAMPLES.glob("*.jpg")), archive.namelist(), strict=False):
            image = load_image(io.BytesIO(archive.read(name)))
            assert (name, image.size) == (f"{path.stem}-colour.jpg", load_image(path).size)
            assert colorfulness(np.asarray(image)) > 3
