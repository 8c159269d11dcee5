"""Takes the README's two pictures of the page: one photo under the slider, and many.

    make app &                                      # or any address where the page runs
    PYTHONPATH=. python scripts/screenshots.py http://127.0.0.1:7860/ -o docs/pictures

A Chromium, which `tests/helpers/chromium.py` finds, visits the page with the photos in `examples/`.
"""

import argparse
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.helpers import chromium

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PAGE = {"width": 1180, "height": 820}
TIMEOUT = 60_000  # milliseconds, enough for a free Space that has just started


def one(page: Page) -> None:
    """A photo in its frame, the slider in the middle."""
    page.locator("#photo input[type=file]").set_input_files(EXAMPLES / "buffalo-bank-1908.jpg")
    page.locator("#before-after .color[src]").wait_for()
    page.locator("#download:enabled").wait_for()


def many(page: Page) -> None:
    """The old photographs, one file that is not a photo, and one picture opened."""
    page.get_by_role("tab", name="Many photos").click()
    photos = sorted(path for path in EXAMPLES.glob("*.jpg") if "nasa" not in path.name)
    page.locator("#files input[type=file]").set_input_files([*photos, EXAMPLES / "README.md"])
    page.locator("#files a").nth(len(photos)).wait_for()
    page.locator("#start").click()
    page.locator("#zip:enabled").wait_for()
    page.locator("#gallery button", has_text="london").click()
    page.locator("#batch-before-after .color[src]").wait_for()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    options = parser.parse_args()
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium.find(running), args=chromium.FLAGS)
        page = browser.new_page(viewport=PAGE)
        page.set_default_timeout(TIMEOUT)
        page.goto(options.address)
        page.get_by_text("The network is ready.").wait_for()
        for show, whole in ((one, False), (many, True)):
            show(page)
            page.wait_for_timeout(1500)  # the pictures fade in
            target = options.output / f"page-{show.__name__}.jpg"
            shot = target.with_suffix(".png")
            page.screenshot(path=shot, full_page=whole)
            with Image.open(shot) as image:
                image.convert("RGB").save(target, quality=88)
            shot.unlink()
        browser.close()


if __name__ == "__main__":
    main()
