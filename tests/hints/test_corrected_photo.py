"""A photo with hints: the asked colours are met in the finished picture, in every size, strength and tone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from colorizer import Colorizer, Hint, HintError
from colorizer.image.gamut import nearest_showable
from colorizer.limits import MAX_TONE, MAX_WARMTH, WARM, tone_of
from colorizer.prediction import Prediction
from tests.helpers.paths import ROOT

EXAMPLES = ROOT / "examples"
PHOTOS = ("eileen-collins-nasa.jpg", "buffalo-bank-1908.jpg", "keller-chaplin-1919.jpg")


def lab_at(image: Image.Image, x: float, y: float) -> np.ndarray:
    column, row = min(int(x * image.width), image.width - 1), min(int(y * image.height), image.height - 1)
    return rgb2lab(np.asarray(image.convert("RGB"))[row, column][None, None])[0, 0]


def difference_from_asked(prediction: Prediction, strength: float = 1) -> list[float]:
    """CIEDE2000 between what each hint asked for and what the finished picture shows there."""
    image = prediction.render(strength)
    result = []
    for hint in prediction.hints:
        asked = np.array([prediction.lightness_at(hint.x, hint.y), *hint.ab])
        result.append(float(deltaE_ciede2000(asked, lab_at(image, hint.x, hint.y))))
    return result


def showable_hints(prediction: Prediction, count: int, seed: int = 0) -> list[Hint]:
    """Hints at random places, for random colours that sRGB can show there."""
    random = np.random.default_rng(seed)
    hints = []
    for x, y, a, b in random.uniform((0, 0, -70, -70), (1, 1, 70, 70), (count, 4)).tolist():
        a, b = nearest_showable(prediction.lightness_at(x, y), (a, b)) * 0.98
        hints.append(Hint(x, y, (float(a), float(b))))
    return hints


@pytest.fixture(scope="module")
def predictions(tiny_colorizer) -> dict[str, Prediction]:
    return {name: tiny_colorizer.predict(EXAMPLES / name, size=64) for name in PHOTOS}


@pytest.fixture
def prediction(predictions) -> Prediction:
    return predictions[PHOTOS[0]]


# --- the asked colour is met ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("count", [1, 20])
def test_each_color_is_met_wherever_srgb_can_show_it(predictions, name, count):
    prediction = predictions[name]
    for seed in range(40 // count):
        assert max(difference_from_asked(prediction.with_hints(showable_hints(prediction, count, seed)))) < 2


@pytest.mark.parametrize("strength", [0, 0.5, 1.3, 2])
def test_each_color_is_met_in_every_strength_and_tone(prediction, strength):
    corrected = prediction.with_hints(showable_hints(prediction, 6))
    assert max(difference_from_asked(corrected, strength)) < 2
    assert max(difference_from_asked(corrected.with_tone(*WARM), strength)) < 2
    assert max(difference_from_asked(prediction.with_tone(-5, -20).with_hints(corrected.hints), strength)) < 2


@pytest.mark.slow
@pytest.mark.parametrize("size", [(30, 20), (97, 301), (2000, 40), (1, 1)])
def test_each_color_is_met_in_a_photo_of_any_shape(tiny_colorizer, size):
    gradient = Image.linear_gradient("L").point(lambda level: 60 + level // 2)
    prediction = tiny_colorizer.predict(gradient.resize(size), size=64)
    corrected = prediction.with_hints(showable_hints(prediction, 4))
    assert max(difference_from_asked(corrected.with_hints(corrected.correction.hints))) < 2


def test_the_same_hints_fit_the_same_photo_in_another_size(tiny_colorizer, prediction):
    hints = showable_hints(prediction, 5)
    smaller = tiny_colorizer.predict(prediction.photo.shrunk(400), size=64)
    colors, same = (p.with_hints(hints).colors() for p in (prediction, smaller))
    assert np.median(np.abs(colors - same)) < 2
    wider = tiny_colorizer.predict(prediction.photo, size=96).with_hints(hints)
    assert max(difference_from_asked(wider)) < 2


@pytest.mark.slow
def test_a_deep_scan_is_corrected_as_well(tiny_colorizer):
    ramp = np.linspace(10000, 55000, 120).astype(np.uint16)[None].repeat(90, 0)
    prediction = tiny_colorizer.predict(ramp, size=64)
    assert prediction.lightness_at(0, 0) < prediction.lightness_at(1, 1)
    assert max(difference_from_asked(prediction.with_hints(showable_hints(prediction, 5)))) < 2


# --- and nothing else ----------------------------------------------------------------------------------


def test_the_lightness_stays_that_of_the_photo(prediction):
    corrected = prediction.with_hints([Hint(0.5, 0.5, "#ff0000", reach=5), Hint(0.2, 0.2, "#0000ff")])
    before, after = (rgb2lab(np.asarray(p.render()))[..., 0] for p in (prediction, corrected))
    error = np.abs(after - before)
    assert np.median(error) < 0.3
    assert np.percentile(error, 99) < 2


def test_a_place_that_is_kept_looks_as_predicted_in_every_strength(prediction):
    corrected = prediction.with_hints([Hint(0.3, 0.7, "#e0701e", reach=5), Hint(0.5, 0.2)])
    for strength in (0.5, 1, 2):
        was, is_ = (lab_at(p.render(strength), 0.5, 0.2) for p in (prediction, corrected))
        assert deltaE_ciede2000(was, is_) < 1


def test_no_hints_are_the_prediction_itself(prediction):
    back = prediction.with_hints([Hint(0.5, 0.5, "#ff0000")]).with_hints([])
    assert back.hints == ()
    np.testing.assert_array_equal(np.asarray(back.render()), np.asarray(prediction.render()))


def test_hints_replace_those_before_and_leave_the_first_prediction_as_it_was(prediction):
    first = prediction.with_hints([Hint(0.5, 0.5, "#ff0000")])
    second = first.with_hints([Hint(0.2, 0.2, "#0000ff")])
    assert prediction.hints == ()
    assert second.hints == (Hint(0.2, 0.2, "#0000ff"),)
    np.testing.assert_array_equal(second.colors(), prediction.with_hints(second.hints).colors())


def test_the_network_does_not_run_again(tiny_colorizer):
    runs = []
    counted = Colorizer(lambda seen: runs.append(1) or tiny_colorizer.forward(seen))
    prediction = counted.predict(EXAMPLES / PHOTOS[0], size=64)
    before = len(runs)
    prediction.with_hints([Hint(0.5, 0.5, "#ff0000")]).with_tone(*WARM).render(1.2)
    assert len(runs) == before


def test_a_reference_gives_hints_with_its_colors(prediction):
    reference = Image.new("RGB", (40, 30), "#c02010")
    hints = prediction.hints_like(reference, 4)
    assert 1 <= len(hints) <= 4
    a, b = rgb2lab(np.asarray(reference))[0, 0, 1:]
    for hint in hints:
        np.testing.assert_allclose(hint.ab, (a, b), atol=1)
    red = (rgb2lab(np.asarray(p.render()))[..., 1].mean() for p in (prediction.with_hints(hints), prediction))
    assert next(red) > next(red) + 2


def test_too_many_hints_are_refused(prediction):
    with pytest.raises(HintError, match="at most"):
        prediction.with_hints([Hint(0.5, 0.5)] * 10_000)


# --- the tone of the whole picture ---------------------------------------------------------------------


def test_a_warmer_tone_is_yellower_and_a_cooler_one_bluer(prediction):
    cool, plain, warm = (
        rgb2lab(np.asarray(p.render()))[..., 2].mean()
        for p in (prediction.with_tone(-WARM[0], -WARM[1]), prediction, prediction.with_tone(*WARM))
    )
    assert cool < plain - 4 < plain + 4 < warm
    np.testing.assert_array_equal(prediction.with_tone().colors(), prediction.colors())


@pytest.mark.parametrize("tone", [(MAX_TONE + 1, 0), (0, -MAX_TONE - 1), (float("nan"), 0)])
def test_a_tone_out_of_range_is_refused(prediction, tone):
    with pytest.raises(ValueError, match=r"tone must lie between -30 and 30\. Received"):
        prediction.with_tone(*tone)


def test_the_tone_is_also_one_number_from_cool_to_warm(prediction):
    assert tone_of(0) == (0, 0)
    assert tone_of(1) == WARM
    for warmth in (-MAX_WARMTH, MAX_WARMTH):
        prediction.with_tone(*tone_of(warmth))
    with pytest.raises(ValueError, match=r"tone must lie between -3 and 3\. Received: 3\.1"):
        tone_of(3.1)


def test_a_corrected_photo_is_saved_like_any_other(prediction, tmp_path: Path):
    prediction.with_hints([Hint(0.22, 0.66, "#d04020")]).save(tmp_path / "corrected.jpg")
    with Image.open(tmp_path / "corrected.jpg") as saved:
        assert saved.size == prediction.photo.size
        assert lab_at(saved, 0.22, 0.66)[1] > 40
