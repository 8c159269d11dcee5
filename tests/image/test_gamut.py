"""What sRGB can show: every colour that it has, none beyond, and the nearest in the same hue."""

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from colorizer.image import gamut

RANDOM = np.random.default_rng(0)


def lab_of(hex_color: str) -> np.ndarray:
    return rgb2lab([[[int(hex_color[i : i + 2], 16) / 255 for i in (1, 3, 5)]]])[0, 0]


def test_every_srgb_color_can_be_shown():
    levels = np.array([0, 1, 64, 128, 254, 255]) / 255
    lab = rgb2lab(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3))[0]
    assert gamut.is_showable(lab[:, 0], lab[:, 1:]).all()
    np.testing.assert_allclose(gamut.nearest_showable(lab[:, 0], lab[:, 1:]), lab[:, 1:])


def test_what_lies_beyond_cannot_be_shown():
    lightness, ab = RANDOM.uniform(0, 100, 2000), RANDOM.uniform(-110, 110, (2000, 2))
    lab = np.concatenate([lightness[:, None], ab], axis=1)
    with pytest.warns(UserWarning, match="negative Z values"):
        there_and_back = rgb2lab(lab2rgb(lab[None]))[0]
    kept = np.abs(there_and_back - lab).max(axis=1) < 0.05
    shown = gamut.is_showable(lightness, ab)
    assert 0.05 < kept.mean() < 0.5
    assert (shown == kept).mean() > 0.99  # the rest lies on the border


def test_the_nearest_has_the_same_hue_and_as_much_chroma_as_possible():
    lightness, ab = RANDOM.uniform(2, 98, 500), RANDOM.uniform(-110, 110, (500, 2))
    nearest = gamut.nearest_showable(lightness, ab)
    assert gamut.is_showable(lightness, nearest).all()
    cross = ab[:, 0] * nearest[:, 1] - ab[:, 1] * nearest[:, 0]
    np.testing.assert_allclose(cross, 0, atol=1e-6)
    beyond = ~gamut.is_showable(lightness, ab)
    more = nearest[beyond] + 0.1 * ab[beyond] / np.linalg.norm(ab[beyond], axis=1, keepdims=True)
    assert not gamut.is_showable(lightness[beyond], more).any()


@pytest.mark.parametrize(
    ("lightness", "ab", "words"),
    [(3, (0, 80), "almost black"), (97, (0, 80), "almost white"), (40, (0, 90), "of lightness 40")],
)
def test_a_wish_that_cannot_be_fulfilled_gets_a_sentence_with_the_nearest_color(lightness, ab, words):
    text = gamut.advice(lightness, ab)
    assert words in text
    nearest = lab_of(text.split()[-1].rstrip("."))
    assert nearest[0] == pytest.approx(lightness, abs=1)
    np.testing.assert_allclose(nearest[1:], gamut.nearest_showable(lightness, ab), atol=2)


def test_a_wish_that_can_be_fulfilled_gets_none():
    assert gamut.advice(50, (20, 20)) is None
    assert gamut.hex_color(*split(lab_of("#e0701e"))) == "#e0701e"


def split(lab: np.ndarray) -> tuple[float, np.ndarray]:
    return float(lab[0]), lab[1:]
