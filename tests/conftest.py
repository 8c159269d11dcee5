"""What several tests share: a tiny network, photos made on the spot, the page, and a browser to visit it."""

import errno
import io
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import chromium
import numpy as np
import pytest
import vgg
from PIL import Image

from colorizer.architecture import ARCHITECTURE
from colorizer.network import build_network

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LITTER = pytest.StashKey[str]()
FILTERS = (4, 4, 6, 6, 8, 8, 8, 8, 6, 6, 4, 4, 2)
TINY = tuple(replace(conv, filters=few) for conv, few in zip(ARCHITECTURE, FILTERS, strict=True))
"""The shipped architecture, layer for layer, with a few filters instead of hundreds."""


def pytest_configure(config):
    """What is written to temporary folders, by a browser or by a page that is killed too, goes at the end."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # what failed is kept, out of it
    folder = tempfile.mkdtemp(prefix="colorizer-tests-")
    config.stash[LITTER] = os.environ["TMPDIR"] = tempfile.tempdir = folder


def pytest_unconfigure(config):
    shutil.rmtree(config.stash[LITTER], ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_network():
    return build_network(TINY, precision="float32", seed=0)


@pytest.fixture(scope="session")
def tiny_colorizer(tiny_network):
    from colorizer import Colorizer

    return Colorizer(tiny_network)


@pytest.fixture(scope="session")
def color_image() -> Callable[..., Image.Image]:
    """Makes smooth random colour pictures: `color_image(width, height, seed=0)`."""

    def make(width: int, height: int, seed: int = 0) -> Image.Image:
        blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        return Image.fromarray(blocks).resize((width, height), Image.BICUBIC)

    return make


@pytest.fixture(scope="session")
def photo_bytes(color_image) -> Callable[..., bytes]:
    """Makes the bytes of a colour photo file: `photo_bytes(seed, "PNG", side=40, **save options)`."""

    def make(seed: int = 0, kind: str = "PNG", side: int = 40, **options) -> bytes:
        data = io.BytesIO()
        color_image(side, side, seed).save(data, kind, **options)
        return data.getvalue()

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory, photo_bytes) -> Path:
    """A folder of 120 small colour photos in which blue is always bright and red always dark."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(1)
    for number in range(120):
        bright = np.asarray(Image.fromarray(random.random((3, 3)) > 0.5).resize((40, 40)))
        pixels = np.where(bright[..., None], (150, 190, 255), (110, 20, 10)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


def full_disk(*_, **__):
    """What any writing function does on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/ada/photos")


@pytest.fixture
def no_room(monkeypatch):
    """No temporary file can be made."""
    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, full_disk)


@pytest.fixture
def kernels(tmp_path) -> Path:
    """A package with a small VGG16 in it."""
    return vgg.package(tmp_path / "lpips.tar.gz", pickle.dumps(vgg.tree()))


# --- the page ------------------------------------------------------------------------------------------


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


class Counting:
    """A colorizer that counts how often its network runs."""

    def __init__(self, model):
        self.colorizer, self.count = model, 0

    def predict(self, *arguments):
        self.count += 1
        return self.colorizer.predict(*arguments)


@contextmanager
def serving(colorizer, **options) -> Iterator[str]:
    """The page around a colorizer on a free port of this machine; gives its address without last slash."""
    import app

    page = app.build_page(colorizer)
    _, address, _ = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **app.launch_options(), **options
    )
    yield address.rstrip("/")
    page.close()


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


def open_page(page, url: str) -> None:
    """Goes to the page and waits until it is ready."""
    page.goto(url)
    page.get_by_text("Drop Image Here").wait_for()
    page.get_by_text("The network is ready.").wait_for()


def drop(page, path: Path) -> None:
    """Gives a photo to the first tab and waits for its colours."""
    page.locator("#photo input[type=file]").set_input_files(path)
    wait_until_colored(page)


def wait_until_colored(page) -> None:
    page.locator("#download:enabled").wait_for(timeout=30_000)
    page.locator("#before-after .color[src]").wait_for()


def take_home(page, button: str, path: Path) -> str:
    """Presses a download button and saves the file at `path`; returns the name that the page gave it."""
    with page.expect_download() as download:
        page.locator(button).click()
    download.value.save_as(path)
    return download.value.suggested_filename


@pytest.fixture
def grey_photo(tmp_path) -> Path:
    """A grey JPEG of 300x200 with a description, held sideways by its camera."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Grandma at the sea"
    path = tmp_path / "grandma.jpg"
    Image.linear_gradient("L").resize((300, 200)).save(path, exif=exif)
    return path
