"""The page's film tab in a real browser."""

import pytest

from colorizer.page import app, film_process
from colorizer.page.film_tab import report
from tests.helpers.films import pan, read_frames, write_film
from tests.helpers.page import open_page, serving, take_home


@pytest.fixture(scope="module")
def address(tiny_colorizer):
    with serving(tiny_colorizer) as address:
        yield address


@pytest.fixture
def cinema(browser, address):
    """A visitor on the film tab."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    open_page(page, address)
    page.get_by_role("tab", name="Film").click()
    yield page
    page.close()


def start(page, path) -> None:
    page.locator("#film-file input[type=file]").set_input_files(path)
    page.locator("#film-file a").first.wait_for()
    page.locator("#film-start").click()


@pytest.mark.browser
def test_a_film_is_shown_in_colour_and_taken_home(cinema, tmp_path):
    start(cinema, write_film(tmp_path / "wedding.mp4", pan(14), sound=True))
    cinema.get_by_text("The film is in colour.").wait_for(timeout=60_000)
    cinema.wait_for_function("document.querySelector('#film-player video').readyState >= 1")
    assert cinema.evaluate("document.querySelector('#film-player video').videoWidth") == 96
    assert take_home(cinema, "#film-download", tmp_path / "b.mp4") == "wedding-colour.mp4"
    assert len(read_frames(tmp_path / "b.mp4")) == 14


@pytest.mark.browser
def test_what_is_no_film_is_answered_with_a_sentence_and_the_next_film_is_coloured(cinema, tmp_path):
    (tmp_path / "letter.mp4").write_bytes(b"Dear grandson")
    start(cinema, tmp_path / "letter.mp4")
    cinema.get_by_text("letter.mp4 is not a film that can be read").wait_for(timeout=60_000)
    cinema.locator("#film-start:enabled").wait_for()
    cinema.locator("#film-file button[aria-label='Clear'], #film-file .icon-button").first.click()
    start(cinema, write_film(tmp_path / "a.webm", pan(4), "libvpx-vp9"))
    cinema.get_by_text("The film is in colour.").wait_for(timeout=60_000)


@pytest.mark.browser
def test_a_film_can_be_cancelled(cinema, tmp_path):
    start(cinema, write_film(tmp_path / "long.mp4", pan(900, step=0)))
    cinema.get_by_text("of 900 frames").wait_for(timeout=60_000)
    cinema.locator("#film-stop").click()
    cinema.get_by_text("Cancelled.").wait_for(timeout=30_000)
    cinema.locator("#film-start:enabled").wait_for()


def test_without_the_extra_there_is_no_tab(tiny_colorizer, monkeypatch):
    monkeypatch.setattr(film_process, "find_spec", lambda name: None)
    page = app.build_page(tiny_colorizer)
    try:
        assert "film-start" not in {getattr(block, "elem_id", None) for block in page.blocks.values()}
    finally:
        page.close(verbose=False)


def test_the_progress_tells_frames_and_time_left():
    assert "Reading the film" in report(0, 100, 1.0)
    assert "50 of 100 frames, about 20 s left" in report(50, 100, 20.0)
    assert "50 frames" in report(50, None, 20.0)
