"""What the tests of the page share: the page with the shipped weights, and a browser to visit it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import chromium
from tests.helpers.page import Counting, open_page, serving
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image


@pytest.fixture(scope="session")
def browser():
    """A Chromium: the system's, or the one that Playwright has installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            pytest.fail(chromium.MISSING)
        running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def counting():
    """The shipped weights, counted."""
    from colorizer import Colorizer

    return Counting(Colorizer.from_pretrained())


@pytest.fixture(scope="session")
def url(counting) -> Iterator[str]:
    """The page with the shipped weights, its examples made."""
    with serving(counting) as address:
        while counting.count < len(list(EXAMPLES.glob("*.jpg"))):
            time.sleep(0.1)
        yield address


@pytest.fixture
def visit(browser, url):
    """A visitor who has just opened the page; an error in the browser's console fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_page(page, url)
    yield page
    page.close()
    assert errors == []


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory) -> Path:
    """An astronaut in grey, whose suit was orange."""
    path = tmp_path_factory.mktemp("old") / "astronaut.jpg"
    load_image(EXAMPLES / "eileen-collins-nasa.jpg").convert("L").save(path)
    return path
