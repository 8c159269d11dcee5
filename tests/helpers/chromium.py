"""Finds the Chromium that the browser tests drive: the system's, or the one that Playwright has installed.

python -m tests.helpers.chromium    # prints its path; status 1 and a sentence if there is none
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "The tests drive a Chromium, and there is none: install your system's (on Debian: apt-get install "
    "chromium), or run .venv/bin/playwright install chromium"
)
# The browser itself must not try to reach the world: tests run where there is none.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find(playwright: Playwright) -> str | None:
    """The path of a Chromium, or None."""
    for path in map(shutil.which, NAMES):
        if path:
            return path
    own = Path(playwright.chromium.executable_path)
    return str(own) if own.exists() else None


if __name__ == "__main__":
    with sync_playwright() as running:
        found = find(running)
    print(found or MISSING, file=sys.stdout if found else sys.stderr)
    sys.exit(found is None)
