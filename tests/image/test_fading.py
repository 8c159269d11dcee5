"""A faded scan is noticed, and the network sees it stretched; every other photo is seen as it is."""

import numpy as np
import pytest
from PIL import Image

from colorizer.colorizer import FADING_SIZE, working_size
from colorizer.image.fading import BLACK, WHITE, Fading, find_fading
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.prediction import THUMBNAILS
from tests.helpers.paths import EXAMPLES

RAMP = np.tile(np.linspace(0, 100, 80, dtype=np.float32), (60, 1))


def faded(lightness: np.ndarray, black: float, white: float) -> np.ndarray:
    return (black + (white - black) * lightness / 100).astype(np.float32)


def scan(black: int, white: int) -> Photo:
    """A grey photo whose levels lie between these two."""
    levels = np.random.default_rng(0).integers(0, 256, (12, 16), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(levels).resize((320, 240), Image.Resampling.BILINEAR))
    return read_photo((black + smooth.astype(float) * (white - black) / 255).astype(np.uint8))


def test_a_faded_ramp_is_noticed_with_its_black_and_white_points():
    fading = find_fading(faded(RAMP, 30, 70))
    assert fading.black == pytest.approx(30, abs=1)
    assert fading.white == pytest.approx(70, abs=1)


def test_stretched_the_black_and_white_points_lie_where_the_constants_say():
    ends = Fading(30, 70).stretched(np.array([[30, 50, 70]], np.float32))
    np.testing.assert_allclose(ends, [[BLACK, (BLACK + WHITE) / 2, WHITE]], atol=1e-3)
    assert ends.dtype == np.float32


def test_what_lies_beyond_the_points_stays_in_the_range_of_lightness():
    beyond = Fading(30, 40).stretched(np.array([[0, 100]], np.float32))
    np.testing.assert_array_equal(beyond, [[0, 100]])


@pytest.mark.parametrize(
    ("black", "white"),
    [(0, 100), (2, 90), (20, 95), (0, 40), (50, 50), (50, 55)],
    ids=["fresh", "usual", "raised black, white kept", "night", "blank", "nearly blank"],
)
def test_other_pictures_are_not_taken_for_faded(black, white):
    assert find_fading(faded(RAMP, black, white)) is None


def test_one_small_black_thing_shows_that_a_photo_is_not_faded():
    misty = faded(RAMP, 40, 80)
    assert find_fading(misty) is not None
    misty[10, 10] = 3
    assert find_fading(misty) is None


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.jpg")), ids=lambda path: path.stem)
def test_no_example_is_taken_for_faded(path):
    photo = read_photo(path)
    assert find_fading(photo.view(*working_size(*photo.size, FADING_SIZE), THUMBNAILS)) is None


def test_the_network_sees_a_faded_scan_stretched_and_other_photos_as_they_are(tiny_colorizer, monkeypatch):
    seen = []
    forward = tiny_colorizer.forward
    monkeypatch.setattr(tiny_colorizer, "forward", lambda view: seen.append(np.ptp(view)) or forward(view))

    def spans(photo: Photo, **options: bool) -> list[float]:
        seen.clear()
        tiny_colorizer.predict_ab(photo, 160, **options)
        return list(seen)

    assert min(spans(scan(90, 170))) > (WHITE - BLACK) / 100 > max(spans(scan(90, 170), stretch_faded=False))
    assert spans(scan(0, 255)) == spans(scan(0, 255), stretch_faded=False)


def test_a_faded_scan_keeps_its_own_lightness(tiny_colorizer):
    photo = scan(90, 170)
    grey = np.asarray(tiny_colorizer.predict(photo).render(0))[..., 0]
    np.testing.assert_array_equal(grey, np.asarray(photo.image))
