"""From a* and b* to chroma planes: the colour that was asked for, at the film's own luma."""

import numpy as np
import pytest

from colorizer.image import color
from colorizer.video.chroma import MATRICES, ChromaTable, YuvEncoding

ENCODINGS = [
    YuvEncoding(6), YuvEncoding(1), YuvEncoding(1, full_range=True), YuvEncoding(6, bits=10),
    YuvEncoding(1, full_range=True, bits=10), YuvEncoding(9, bits=12),
]  # fmt: skip


def shown(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray, encoding: YuvEncoding) -> np.ndarray:
    """SRGB levels in [0, 1], by the formulas of ITU-R BT.601 and BT.709, not clipped."""
    (black, white), (middle, scale) = encoding.luma_range, encoding.chroma_range
    red, blue = MATRICES[encoding.matrix]
    y, u, v = (luma - black) / (white - black), (cb - middle) / scale, (cr - middle) / scale
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], axis=-1)


def planes(luma: np.ndarray, ab: np.ndarray, encoding: YuvEncoding) -> list[np.ndarray]:
    height, width = luma.shape
    return [plane.astype(float) for plane in ChromaTable(encoding).planes(luma, ab, width, height)]


def levels(encoding: YuvEncoding, share: np.ndarray) -> np.ndarray:
    black, white = encoding.luma_range
    kind = np.uint8 if encoding.bits == 8 else np.uint16
    return np.rint(black + share * (white - black)).astype(kind)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_a_colour_comes_out_as_it_was_asked_for(encoding):
    random = np.random.default_rng(0)
    luma = levels(encoding, random.uniform(0.2, 0.8, (60, 80)))
    ab = random.normal(0, 10, (60, 80, 2)).astype(np.float32)
    rgb = shown(luma.astype(float), *planes(luma, ab, encoding), encoding)
    inside = ((rgb > 0.01) & (rgb < 0.99)).all(axis=-1)
    error = np.abs(color.rgb_to_lab(rgb[inside])[:, 1:] - ab[inside]).max(axis=-1)
    assert inside.mean() > 0.9
    assert np.percentile(error, 99) < 1.0
    assert np.median(error) < (0.45 if encoding.bits == 8 else 0.15)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_grey_has_the_middle_level_of_chroma_at_every_luma(encoding):
    luma = levels(encoding, np.linspace(0, 1, 50)[None])
    for plane in planes(luma, np.zeros((1, 50, 2), np.float32), encoding):
        assert set(plane.ravel()) == {2.0 ** (encoding.bits - 1)}


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_a_colour_that_the_screen_cannot_show_becomes_paler_until_it_can(encoding):
    random = np.random.default_rng(1)
    luma = levels(encoding, random.uniform(0, 1, (60, 80)))
    ab = random.uniform(-120, 120, (60, 80, 2)).astype(np.float32)
    rgb = shown(luma.astype(float), *planes(luma, ab, encoding), encoding)
    step = 1.1 / 2**encoding.bits  # rounding of chroma to a level
    assert rgb.min() > -step * 2 and rgb.max() < 1 + step * 2


def test_levels_outside_black_and_white_do_no_harm():
    luma = np.array([[0, 5, 16, 235, 250, 255]], np.uint8)
    ab = np.full((1, 6, 2), 60, np.float32)
    for plane in planes(luma, ab, YuvEncoding(6)):
        assert set(plane[0, [0, 1, 2, 3, 4, 5]]) == {128.0}


def test_chroma_of_half_the_size_is_made_for_odd_frames_too():
    luma = np.full((65, 97), 120, np.uint8)
    ab = np.full((8, 12, 2), 20, np.float32)
    cb, cr = ChromaTable(YuvEncoding(6)).planes(luma, ab, 49, 33)
    assert cb.shape == cr.shape == (33, 49)
    assert cb.std() == 0 and cr.mean() > 128


def test_levels_of_grey_run_from_black_to_white():
    assert YuvEncoding(6).grey_levels(np.array([[0, 16, 235, 255]], np.uint8)).tolist() == [[0, 0, 255, 255]]
    ten = YuvEncoding(1, bits=10).grey_levels(np.array([[64, 940, 1023]], np.uint16))
    assert ten.tolist() == [[0, 255, 255]] and ten.dtype == np.uint8
    full = YuvEncoding(1, True, 10).grey_levels(np.array([[0, 512, 1023]], np.uint16))
    assert full.tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(("matrix", "bits"), [(2, 8), (1, 7), (1, 17)])
def test_an_encoding_that_does_not_exist_is_an_error(matrix, bits):
    with pytest.raises(ValueError, match="Received"):
        YuvEncoding(matrix, False, bits)
