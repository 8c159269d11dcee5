"""Rendering: compared with scikit-image, at the edges of the sRGB gamut, and in strips."""

import threading

import numpy as np
import pytest
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from colorizer.image import color, render_kernels
from colorizer.image.render import Renderer
from colorizer.image.render_kernels import CHUNK


def rendered(lab: np.ndarray) -> np.ndarray:
    """Colours of (H, W, 3) Lab: the map is as large as the photo, so that each pixel has its own."""
    lab = lab.astype(np.float32)
    return Renderer(len(lab), lab[..., 1:]).render(0, lab[..., 0])[..., :3]


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_colors_agree_with_scikit_image_to_the_rounding_of_8_bits():
    random = np.random.default_rng(0)
    lightness = color.lightness(random.integers(0, 256, (600, 500), dtype=np.uint8))
    lab = np.dstack([lightness, random.normal(0, 15, (2, 600, 500)).transpose(1, 2, 0)]).astype(np.float32)
    exact = lab2rgb(lab.astype(np.float64)) * 255
    shown = ((exact > 0) & (exact < 255)).all(axis=-1)  # the rest loses chroma here and is clipped there
    assert shown.mean() > 0.5
    beyond = np.abs(rendered(lab) - exact).max(axis=-1)[shown] > 0.5
    assert beyond.mean() <= 0.001


def test_a_photos_own_lab_gives_exactly_the_photo():
    shape = (300, 900, 3)  # rows of more than one chunk
    photo = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert (rendered(rgb2lab(photo)) != photo).any(axis=-1).mean() < 0.001


FAR_OUT = [(120, 0), (-120, 20), (0, 120), (60, -120)]


def shades(ab: tuple[int, int]) -> np.ndarray:
    """One colour in every lightness: (1, 64, 3) Lab."""
    lab = np.empty((1, 64, 3), np.float32)
    lab[..., 0], lab[..., 1:] = np.linspace(5, 95, 64), ab
    return lab


@pytest.mark.parametrize("ab", FAR_OUT)
def test_a_color_that_srgb_cannot_show_keeps_its_lightness_and_loses_chroma(ab):
    shown = rgb2lab(rendered(shades(ab)))
    assert np.abs(shown - shades(ab))[..., 0].max() <= 0.5
    assert (np.hypot(shown[..., 1], shown[..., 2]) < np.hypot(*ab)).all()


@pytest.mark.parametrize("ab", [(30, 0), (-30, 5), (0, 30), (8, -30), (25, 25)])
def test_colors_such_as_the_network_gives_keep_their_hue_too(ab):
    shown = rgb2lab(rendered(shades(ab)))
    turn = np.arctan2(shown[..., 2], shown[..., 1]) - np.arctan2(ab[1], ab[0])
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    seen = np.hypot(shown[..., 1], shown[..., 2]) > 10  # nearer to grey, rounding to 8 bits alone turns it
    assert np.degrees(turn[seen]).max() < 5


@pytest.mark.parametrize("ab", FAR_OUT)
def test_no_more_chroma_is_lost_than_must_be(ab):
    rgb = rendered(shades(ab))
    assert ((rgb.min(axis=-1) <= 2) | (rgb.max(axis=-1) >= 253)).all()  # at the very edge of sRGB


def test_black_and_white_stay_black_and_white_under_any_color():
    lab = np.zeros((2, 2, 3))
    lab[1, :, 0], lab[..., 1], lab[..., 2] = 100, 90, -90
    np.testing.assert_array_equal(rendered(lab), [[[0] * 3] * 2, [[255] * 3] * 2])


def enlarged(ab: np.ndarray, width: int, height: int) -> np.ndarray:
    """A map of colour, (h, w, 2), as Pillow enlarges it: (height, width, 2)."""
    images = (Image.fromarray(np.ascontiguousarray(plane)) for plane in ab.transpose(2, 0, 1))
    return np.dstack([np.asarray(image.resize((width, height), Image.BICUBIC)) for image in images])


# One piece and less, several, a thread, a map larger than the photo, a photo just as large.
SIZES = [(900, 700), (33, 47), (1, 1), (1, 600), (2000, 1), (2 * CHUNK + 1, 200), (3, 2), (31, 24)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_strips_meet_without_a_seam_and_hold_the_colors_of_the_map_as_pillow_enlarges_it(size, kind):
    width, height = size
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (height, width), dtype=np.uint8)
    lightness = color.lightness(grey)
    light = grey if kind is np.uint8 else lightness
    ab = random.normal(0, 20, (24, 31, 2)).astype(np.float32)
    renderer = Renderer(height, ab)
    whole = renderer.render(0, light)
    for rows in (1, 7, 128, height):
        tops = range(0, height, rows)[:50]
        strips = np.vstack([renderer.render(top, light[top : top + rows]) for top in tops])
        np.testing.assert_array_equal(strips, whole[: len(strips)])
    assert (whole[..., 3] == 255).all()
    each = np.dstack([lightness, enlarged(ab, width, height)])
    # What an error in the last place of float32 does to a colour at the edge of sRGB, or of rounding.
    assert (whole[..., :3] != rendered(each)).any(axis=-1).mean() <= 0.001 + 1 / lightness.size


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 3), (5, 1)])
def test_a_map_of_less_elements_than_the_filter_reaches_is_enlarged_as_well(shape):
    ab = np.random.default_rng(0).normal(0, 20, (*shape, 2)).astype(np.float32)
    light = np.full((60, 70), 60, np.float32)
    each = np.dstack([light, enlarged(ab, 70, 60)])
    assert (Renderer(60, ab).render(0, light)[..., :3] != rendered(each)).any(axis=-1).mean() <= 0.001


def test_of_a_photo_in_rgb_the_light_is_kept_to_the_rounding_of_8_bits():
    random = np.random.default_rng(0)
    rgb = random.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    rgb[:100] = rgb[:100] // 20  # near black, where L* is straight
    rgb[0, :3] = [[0, 0, 0], [255, 255, 255], [1, 1, 1]]
    renderer = Renderer(300, random.normal(0, 20, (24, 31, 2)).astype(np.float32))
    expected = renderer.render(0, rgb2lab(rgb)[..., 0].astype(np.float32))
    rendered_rgb = renderer.render(0, rgb)
    assert np.abs(rendered_rgb.astype(int) - expected).max() <= 1
    assert (rendered_rgb != expected).any(axis=-1).mean() <= 0.001


def test_grey_in_rgb_is_rendered_like_grey():
    grey = np.arange(256, dtype=np.uint8)[None].repeat(8, 0)
    renderer = Renderer(len(grey), np.full((3, 4, 2), 15, np.float32))
    grey_result, rgb_result = renderer.render(0, grey), renderer.render(0, np.dstack([grey] * 3))
    assert (grey_result != rgb_result).any(
        axis=-1
    ).mean() <= 0.01  # the last place of float32, at the edge of rounding
    np.testing.assert_allclose(grey_result.astype(int), rgb_result, atol=1)


def test_pixels_that_lie_elsewhere_or_must_not_be_written_to_need_no_other_loops():
    grey = np.random.default_rng(0).integers(0, 256, (40, 90), dtype=np.uint8)
    renderer = Renderer(40, np.full((5, 6, 2), 10, np.float32))
    expected = renderer.render(0, grey[:, ::2].copy())
    compiled = len(render_kernels._kernel.compiled.signatures)
    np.testing.assert_array_equal(renderer.render(0, grey[:, ::2]), expected)
    np.testing.assert_array_equal(renderer.render(0, np.asarray(Image.fromarray(grey[:, ::2]))), expected)
    assert len(render_kernels._kernel.compiled.signatures) == compiled


def test_other_threads_go_on_while_a_strip_is_rendered():
    grey = np.zeros((4096, 4096), np.uint8)
    renderer = Renderer(len(grey), np.zeros((48, 64, 2), np.float32))
    renderer.render(0, grey)  # is compiled
    ticks, stop = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks
    renderer.render(0, grey)  # needs about 60 ms; with Python's lock held, there would be one tick at most
    during = ticks - before
    stop.set()
    thread.join()
    assert during > 3
