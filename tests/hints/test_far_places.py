"""Places far from a correction stay as they were: twenty corrections of photos, with masks drawn by hand.

`far_places.json` has for each: the photo and which part of it (left, top, right, bottom, in fractions), the
thing whose colour is corrected, where it is touched, places that are kept because the colour would otherwise
leak there, and the outline of the thing as polygons. The photos are this repository's examples, and
pictures in the public domain that come with scikit-image and matplotlib.
"""

import json
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import skimage
from PIL import Image

from colorizer import Colorizer, Hint
from colorizer.evaluation.metrics import ciede2000
from colorizer.hints.outline import coverage
from colorizer.image import color
from colorizer.model.runtime import select_runtime
from tests.helpers.paths import ROOT

FOLDERS = (
    ROOT / "examples",
    Path(skimage.__file__).parent / "data",
    Path(matplotlib.get_data_path()) / "sample_data",
)
CASES = json.loads((Path(__file__).parent / "far_places.json").read_text())
SIDE = 320


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer.from_pretrained(runtime=select_runtime(fast_start=True))


def picture(case: dict) -> Image.Image:
    """The photo, or the part of it, in grey and at most `SIDE` pixels long."""
    path = next(path for folder in FOLDERS if (path := folder / case["photo"]).is_file())
    image = Image.open(path).convert("L")
    if case["crop"]:
        width, height = image.size
        left, top, right, bottom = case["crop"]
        image = image.crop(
            (round(left * width), round(top * height), round(right * width), round(bottom * height))
        )
    image.thumbnail((SIDE, SIDE))
    return image


def lab(image: Image.Image) -> np.ndarray:
    return np.asarray(color.rgb_to_lab(np.asarray(image.convert("RGB"), np.float32) / 255))


def test_there_are_twenty():
    assert len(CASES) == 20


@pytest.mark.parametrize("case", CASES, ids=[f"{case['thing']} of {case['photo']}" for case in CASES])
def test_outside_of_the_thing_the_mean_change_is_too_small_to_see(colorizer, case):
    prediction = colorizer.predict(picture(case))
    hints = [Hint(x, y, case["color"]) for x, y in case["hints"]]
    corrected = prediction.with_hints(hints + [Hint(x, y) for x, y in case["keep"]])
    change = ciede2000(lab(prediction.render()), lab(corrected.render()))
    width, height = prediction.photo.size
    parts = [coverage(tuple((x, y) for x, y in part), width, height) for part in case["outlines"]]
    inside = np.max(parts, axis=0) > 0.5
    assert change[~inside].mean() < 1
    assert change[inside].mean() > 5 * change[~inside].mean()
    for hint in hints:
        assert change[int(hint.y * height), int(hint.x * width)] > change[inside].mean()
