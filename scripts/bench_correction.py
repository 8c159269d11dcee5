"""Time from a correction to the corrected photo on the page: of one visitor in a browser, and of ten at once.

    PYTHONPATH=. python scripts/bench_correction.py               # a photo of 12 megapixels
    PYTHONPATH=. python scripts/bench_correction.py --visitors 10 --edits 20 --pause 1

The page runs in a process of its own, as `app.py` starts it. In the browser, the time is from the press of a
swatch to the frame in which the new picture is decoded and on the screen. Of several visitors, each with an
address and a photo of his own, it is from the request to the complete answer with the picture in it: every
edit is another place, another colour, and one correction more, up to `MOST`; between two edits a visitor
looks at the result for `--pause` seconds. Prints the median and the 95th percentile in milliseconds.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from bench import make_photo
from tqdm import tqdm

from colorizer import limits
from tests.helpers.visitor import Visitor
from tests.load import page, source

SIZE = (4000, 3000)
MOST = 10  # corrections: more are rare, and each makes the next a little slower
PLACE, SWATCHES = (0.3, 0.6), ("orange", "green", "sky", "brick", "purple", "leaf")


def in_the_browser(address: str, photo: Path, edits: int) -> list[float]:
    """Milliseconds from the press of a swatch to the picture on the screen."""
    from playwright.sync_api import sync_playwright

    from tests.helpers import chromium
    from tests.helpers.page import drop, open_page

    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        visitor = browser.new_page(viewport={"width": 1280, "height": 1000})
        open_page(visitor, address)
        drop(visitor, photo)
        visitor.locator("#correct-open").click()
        frame = visitor.locator("#correction .frame")
        visitor.locator("#correction .photo[src]").wait_for()
        box = frame.bounding_box()
        visitor.mouse.click(
            *(box[k] + share * box[s] for k, s, share in zip("xy", ("width", "height"), PLACE, strict=True))
        )
        visitor.locator("#correction .choice").wait_for()
        times = [
            visitor.evaluate(
                """name => new Promise(done => {
                    const photo = document.querySelector("#correction .photo"), start = performance.now();
                    const shown = () => requestAnimationFrame(() => done(performance.now() - start));
                    photo.addEventListener("load", shown, { once: true });
                    document.querySelector(`#correction [aria-label="${name}"]`).click();
                })""",
                SWATCHES[number % len(SWATCHES)],
            )
            for number in range(edits + 1)
            if visitor.wait_for_timeout(500) is None
        ]
        browser.close()
    return times[1:]  # whatever is done for the first time takes longer


def edits_of(address: str, number: int, photo: bytes, edits: int, pause: float) -> list[float]:
    """Milliseconds from one visitor's requests to his pictures."""
    random, times = np.random.default_rng(number), []
    with Visitor(address, source(number)) as visitor:
        done = visitor.call("color_photo", visitor.upload(f"{number}.jpg", photo), limits.SIZE, 1, 0, None)
        if not done["success"]:
            raise RuntimeError(done)
        hints: list[dict] = []
        for edit in range(edits):
            time.sleep(pause * random.uniform(0.5, 1.5))
            x, y, a, b = random.uniform((0.05, 0.05, -40, -40), (0.95, 0.95, 40, 40)).round(3).tolist()
            hints = [*hints[1 - MOST :], {"x": x, "y": y, "ab": [a, b], "reach": 2.5}]
            message = {"number": edit, "hints": hints, "selected": len(hints) - 1}
            start = time.perf_counter()
            answer = visitor.call("edit", None, 1, 0, event_data=message)
            times.append((time.perf_counter() - start) * 1000)
            if "picture" not in answer["output"]["data"][0]:
                raise RuntimeError(answer)
    return times


def line(name: str, times: list[float]) -> str:
    """A row of the table."""
    p95 = float(np.percentile(times, 95))
    return f"| {name} | {len(times)} | {statistics.median(times):.0f} | {p95:.0f} | {max(times):.0f} |"


def main() -> None:
    """Measures both and prints a table."""
    parser = argparse.ArgumentParser(description="Times corrections on the page.")
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--edits", type=int, default=20, help="of each visitor")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two edits of a visitor")
    parser.add_argument("--no-browser", action="store_true", help="leave out what needs a Chromium")
    options = parser.parse_args()
    print(
        "| hint to picture, 4000x3000 pixels | edits | median, ms | p95, ms | most, ms |",
        "|---|---|---|---|---|",
        sep="\n",
    )
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        make_photo(photo, SIZE)
        with page(Path(folder)) as (address, _):
            if not options.no_browser:
                print(
                    line("one visitor, in the browser", in_the_browser(address, photo, options.edits)),
                    flush=True,
                )
            with ThreadPoolExecutor(options.visitors) as pool:
                work = [
                    pool.submit(edits_of, address, n, photo.read_bytes(), options.edits, options.pause)
                    for n in range(options.visitors)
                ]
                times = [t for done in tqdm(work, leave=False) for t in done.result()]
            print(line(f"{options.visitors} visitors at once", times))


if __name__ == "__main__":
    main()
