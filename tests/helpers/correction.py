"""What the tests of the mode "Correct a colour" do in a browser: open it, touch places, choose colours."""

import base64
import io

import numpy as np

from colorizer.image import color
from tests.helpers.pictures import load_image

# Places of `examples/eileen-collins-nasa.jpg`.
SUIT = 0.25, 0.75  # on the astronaut's suit; so is this:
SLEEVE = 0.15, 0.65
WALL = 0.6, 0.1
ORANGE = "#e0701e"


def open_editor(page, tap: bool = False) -> None:
    button = page.locator("#correct-open:enabled")
    (button.tap if tap else button.click)()
    page.locator("#correction .photo[src]").wait_for()


def touch(page, place: tuple[float, float], tap: bool = False) -> None:
    """Clicks or taps a place of the photo, and waits for its swatches."""
    frame = page.locator("#correction .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = (
        box[at] + share * box[side] for at, side, share in zip("xy", ("width", "height"), place, strict=True)
    )
    (page.touchscreen.tap if tap else page.mouse.click)(x, y)
    page.locator("#correction .choice").wait_for()


def choose(page, name: str, tap: bool = False) -> None:
    """Presses a swatch and waits until the photo shows it."""
    button = page.locator("#correction .choice").get_by_role("button", name=name, exact=True)
    changed(page, button.tap if tap else button.click)


def changed(page, act) -> None:
    """Does something, and waits until another picture is on the screen."""
    before = page.locator("#correction .photo").evaluate("photo => photo.src")
    act()
    page.wait_for_function("old => document.querySelector('#correction .photo').src !== old", arg=before)


def shown(page) -> np.ndarray:
    """The photo on the screen, as CIELAB."""
    url = page.locator("#correction .photo").get_attribute("src")
    if url.startswith("data:"):
        data = base64.b64decode(url.partition(",")[2])
    else:
        data = page.request.get(url).body()
    return color.rgb_to_lab(np.asarray(load_image(io.BytesIO(data)).convert("RGB"), np.float32) / 255)


def ab_at(lab: np.ndarray, place: tuple[float, float]) -> np.ndarray:
    height, width = lab.shape[:2]
    row, column = int(place[1] * height), int(place[0] * width)
    return np.median(lab[row - 2 : row + 3, column - 2 : column + 3, 1:].reshape(-1, 2), axis=0)


def corrections(page) -> list[str]:
    return page.locator("#correction .list .words").all_inner_texts()
