"""Colours to choose from: those that a picture has, and a photo in the colours of another."""

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colorizer.hints.palette import MEMORY_COLORS, match_hints, palette_of
from colorizer.image import color

STRIPES = ((200, 30, 40), (30, 120, 60), (40, 60, 200), (230, 220, 180))


def striped() -> Image.Image:
    """Four colours, of which the first takes half."""
    columns = np.repeat(np.array(STRIPES, np.uint8), (100, 50, 30, 20), axis=0)
    return Image.fromarray(columns[None].repeat(150, 0))


def test_the_palette_is_that_of_the_picture_with_the_largest_share_first():
    swatches = palette_of(striped())
    assert [swatch.share for swatch in swatches] == sorted((s.share for s in swatches), reverse=True)
    assert swatches[0].share == pytest.approx(0.5, abs=0.05)
    found = np.array([(s.lightness, *s.ab) for s in swatches])
    for rgb in STRIPES:
        expected = rgb2lab([[np.array(rgb) / 255]])[0, 0]
        assert np.linalg.norm(found - expected, axis=1).min() < 4


def test_a_swatch_keeps_its_color_at_another_lightness():
    red = palette_of(striped())[0]
    assert color.rgb_to_lab(np.array([int(red.hex[i : i + 2], 16) / 255 for i in (1, 3, 5)]))[1] > 40
    darker = rgb2lab([[[int(red.at(25)[i : i + 2], 16) / 255 for i in (1, 3, 5)]]])[0, 0]
    assert darker[0] == pytest.approx(25, abs=1)
    assert darker[1] > 30


def test_a_grey_or_tiny_picture_has_a_palette_as_well():
    assert len(palette_of(Image.new("L", (40, 30), 128))) == 1
    assert len(palette_of(Image.new("RGBA", (1, 1), (255, 0, 0, 255)))) == 1


def test_regions_get_the_color_of_what_is_as_light_in_the_reference():
    lightness = np.where(np.arange(120) < 60, 30, 80)[None].repeat(80, 0).astype(np.float32)
    ab = np.zeros((80, 120, 2), np.float32)
    reference = Image.fromarray(
        np.repeat(np.array([[(90, 40, 30), (190, 200, 250)]], np.uint8), 60, axis=1).repeat(90, 0)
    )
    hints = match_hints(lightness, ab, reference, count=2)
    dark, light = sorted(hints, key=lambda hint: hint.x)
    assert 0.1 < dark.x < 0.4 < 0.6 < light.x < 0.9
    assert dark.ab == pytest.approx(rgb2lab([[[90 / 255, 40 / 255, 30 / 255]]])[0, 0, 1:], abs=2)
    assert light.ab == pytest.approx(rgb2lab([[[190 / 255, 200 / 255, 250 / 255]]])[0, 0, 1:], abs=2)


def test_a_photo_that_has_the_colors_already_gets_no_hints():
    reference = striped().resize((96, 72), Image.Resampling.NEAREST)
    lab = color.rgb_to_lab(np.asarray(reference, np.float32) / 255)
    assert match_hints(lab[..., 0], lab[..., 1:], reference) == ()


def test_memory_colors_look_as_their_names_say():
    assert MEMORY_COLORS["sky"][1] < -15
    assert MEMORY_COLORS["grass"][0] < -15 < 15 < MEMORY_COLORS["grass"][1]
    assert min(MEMORY_COLORS["brick"]) > 15
