"""Starts the page around a colorizer, and does what its visitors do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


class Counting:
    """A colorizer that counts how often its network runs."""

    def __init__(self, model):
        self.colorizer, self.count = model, 0

    def predict(self, *arguments, **options):
        self.count += 1
        return self.colorizer.predict(*arguments, **options)


@contextmanager
def serving(colorizer, **options) -> Iterator[str]:
    """The page around a colorizer on a free port of this machine; gives its address without last slash.

    Options are those of `launch_options`.
    """
    from colorizer.page import app

    page = app.build_page(colorizer)
    try:
        _, address, _ = page.launch(
            server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **app.launch_options(**options)
        )
        yield address.rstrip("/")
    finally:
        page.close(verbose=False)


def ask(client: httpx.Client, photo: dict) -> str:
    """Calls the public endpoint; returns what it streams back."""
    photo = {**photo, "meta": {"_type": "gradio.FileData"}}
    answer = client.post("/gradio_api/call/colorize", json={"data": [photo, 1.0, 64]})
    assert answer.status_code == 200, answer.text
    event = answer.json()["event_id"]
    return client.get(f"/gradio_api/call/colorize/{event}", timeout=60).text


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
