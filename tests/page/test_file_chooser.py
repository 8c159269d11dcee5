"""Photos of types that browsers do not know: what iPhones make reaches the page, and comes home in colour."""

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation.metrics import colorfulness
from colorizer.image.reader import read_photo
from tests.helpers.page import take_home, wait_until_colored
from tests.helpers.paths import EXAMPLES
from tests.helpers.pictures import load_image

pytestmark = pytest.mark.browser
SIZE = (640, 480)


@pytest.fixture
def heic(tmp_path) -> Path:
    """A grey print, photographed by an iPhone."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / "IMG_0417.HEIC"
    load_image(EXAMPLES / "saratoga-broadway-1900s.jpg").convert("RGB").resize(SIZE).save(path, "HEIF")
    return path


def require_colored(path: Path) -> None:
    photo = read_photo(path)
    assert (photo.format, photo.size) == ("HEIF", SIZE)
    assert colorfulness(np.asarray(photo.image)) > 3


def test_the_chooser_offers_heic(visit):
    accepted = visit.locator("#photo input[type=file]").get_attribute("accept").split(",")
    assert {"image/*", ".heic", ".heif"} <= set(accepted)


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "image/heic"])
def test_a_chosen_heic_comes_home_in_color_whatever_the_browser_takes_it_for(visit, heic, tmp_path, kind):
    file = {"name": heic.name, "mimeType": kind, "buffer": heic.read_bytes()}
    visit.locator("#photo input[type=file]").set_input_files(file)
    wait_until_colored(visit)
    visit.wait_for_function("document.querySelector('#photo img')?.naturalWidth == 640")
    assert take_home(visit, "#download", tmp_path / "home.heic") == "IMG_0417-colour.HEIC"
    require_colored(tmp_path / "home.heic")


def test_a_dropped_heic_that_the_browser_does_not_know_is_colored(visit, heic, tmp_path):
    visit.evaluate(
        """async data => {
            const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], "IMG_0417.HEIC"));
            const target = document.querySelector("#photo button.upload-container");
            const options = { dataTransfer: dropped, bubbles: true, cancelable: true };
            for (const type of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(type, options));
        }""",
        base64.b64encode(heic.read_bytes()).decode(),
    )
    wait_until_colored(visit)
    take_home(visit, "#download", tmp_path / "home.heic")
    require_colored(tmp_path / "home.heic")


def test_many_heics_are_colored_as_well(visit, heic):
    visit.get_by_role("tab", name="Many photos").click()
    visit.locator("#files input[type=file]").set_input_files(heic)
    visit.locator("#files a").wait_for()
    visit.locator("#start").click()
    visit.get_by_text("1 of 1 photos coloured.").wait_for()


# --- remarks -------------------------------------------------------------------------------------------


def test_what_could_not_be_read_is_said_in_a_line_that_stays(visit, tmp_path):
    pages = [Image.linear_gradient("L").resize((60, 40)), Image.new("L", (60, 40))]
    pages[0].save(tmp_path / "two & more.tif", save_all=True, append_images=pages[1:])
    visit.locator("#photo input[type=file]").set_input_files(tmp_path / "two & more.tif")
    wait_until_colored(visit)
    note = "two & more.tif: it holds several pictures; only the first is coloured"
    visit.locator("#notes p", has_text="more.tif").wait_for()
    assert visit.locator("#notes p").inner_text() == note
    take_home(visit, "#download", tmp_path / "home.tif")
    assert visit.locator("#notes p").count() == 1


def test_a_profile_that_does_not_fit_is_said_and_goes_with_the_photo(visit, tmp_path):
    Image.linear_gradient("L").resize((60, 40)).save(tmp_path / "mary.jpg", icc_profile=b"no profile")
    visit.locator("#photo input[type=file]").set_input_files(tmp_path / "mary.jpg")
    wait_until_colored(visit)
    visit.locator("#notes p", has_text="its colour profile does not fit").wait_for()
    visit.locator("#examples button").first.click()
    visit.locator("#notes p").wait_for(state="detached")
