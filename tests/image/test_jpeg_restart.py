"""A JPEG joined of strips is the JPEG that Pillow would have written in one piece."""

import io
import os

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from colorizer.errors import PhotoError
from colorizer.image import jpeg_restart
from colorizer.image.file_types import WRITERS
from colorizer.image.reader import read_photo
from colorizer.image.strips import strip_rows
from colorizer.image.writer import SUBSAMPLING_FROM, write_jpeg
from colorizer.limits import UNLIMITED
from tests.helpers.pictures import load_image

OPTIONS = WRITERS["JPEG"][1]


def encoded(image: Image.Image, **options) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", **OPTIONS | options)
    return data.getvalue()


@pytest.mark.parametrize("color", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize(
    ("size", "rows"), [((400, 300), 16), ((333, 517), 48), ((7, 5), 16), ((801, 200), 16)]
)
def test_every_pixel_is_as_if_encoded_in_one_piece(color_image, size, rows, color):
    image = color_image(*size)
    width, height = size
    options = {"dpi": (300, 300), "subsampling": color}
    tops = range(0, height, rows)
    strips = [encoded(image.crop((0, top, width, min(height, top + rows))), **options) for top in tops]
    with Image.open(io.BytesIO(b"".join(jpeg_restart.join(strips, width, height, rows)))) as joined:
        assert joined.size == size
        assert joined.info["dpi"] == (300, 300)
        whole = load_image(io.BytesIO(encoded(image, **options)))
        np.testing.assert_array_equal(np.asarray(joined), np.asarray(whole))


@pytest.mark.parametrize(("side", "sampling"), [(SUBSAMPLING_FROM - 1, 0), (SUBSAMPLING_FROM, 2)])
def test_a_large_photos_colour_has_half_the_size_as_cameras_write_it(tmp_path, side, sampling):
    photo = read_photo(np.full((200, side), 99, np.uint8))
    path = tmp_path / "a.jpg"
    write_jpeg(lambda top, rows: np.full((rows, side, 4), (200, 60, 60, 255), np.uint8), path, photo)
    with Image.open(path) as image:
        assert JpegImagePlugin.get_sampling(image) == sampling
        assert image.size == (side, 200)
        np.testing.assert_allclose(np.asarray(image), np.full((200, side, 3), (200, 60, 60)), atol=2)


def test_restart_markers_go_round_after_eight(color_image):
    strips = [encoded(color_image(16, 8, seed)) for seed in range(20)]
    with Image.open(io.BytesIO(b"".join(jpeg_restart.join(strips, 16, 160, 8)))) as joined:
        assert joined.size == (16, 160)
        last = np.asarray(joined)[-8:]
    np.testing.assert_array_equal(last, np.asarray(load_image(io.BytesIO(strips[-1]))))


@pytest.mark.parametrize("width", [1, 8, 4000, 30000, 65535])
def test_strips_are_whole_blocks_and_within_jpegs_limit(width):
    rows = strip_rows(width)
    assert rows % (2 * jpeg_restart.BLOCK_SIDE) == 0  # where colour has half the size
    blocks = -(-width // jpeg_restart.BLOCK_SIDE) * rows // jpeg_restart.BLOCK_SIDE  # where it has not
    assert blocks <= jpeg_restart.MAX_RESTART_INTERVAL


def test_a_strip_beyond_jpegs_limit_is_refused():
    strip = encoded(Image.new("RGB", (8008, 528)), subsampling=0)
    with pytest.raises(ValueError, match=r"65535 blocks at most\. Received: 66066, from 528 rows of 8008"):
        list(jpeg_restart.join([strip], 8008, 528, 528))


def test_a_photo_too_long_for_jpeg_says_what_to_use(tmp_path):
    photo = read_photo(np.zeros((1, 70000), np.uint8), UNLIMITED)
    with pytest.raises(ValueError, match="JPEG has room for 65535 pixels a side; use PNG or TIFF"):
        write_jpeg(lambda top, rows: np.zeros((rows, 70000, 4), np.uint8), tmp_path / "a.jpg", photo)


def test_a_strip_that_fails_leaves_no_file_behind(tmp_path):
    def render_strip(top: int, rows: int) -> np.ndarray:
        if top:
            raise PhotoError("enough")
        return np.zeros((rows, 4000, 4), np.uint8)

    with pytest.raises(PhotoError, match="enough"):
        write_jpeg(render_strip, tmp_path / "a.jpg", read_photo(np.zeros((1000, 4000), np.uint8)))
    assert list(tmp_path.iterdir()) == []


def written(path, photo) -> bytes:
    write_jpeg(lambda top, rows: np.full((rows, 4000, 4), top % 255, np.uint8), path, photo)
    return path.read_bytes()


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="here, strips go through temporary files")
def test_strips_need_no_room_where_temporary_files_go(tmp_path, no_room):
    assert written(tmp_path / "a.jpg", read_photo(np.zeros((300, 4000), np.uint8)))


def test_where_no_file_can_lie_in_memory_it_is_the_same_jpeg(tmp_path, monkeypatch):
    photo = read_photo(np.zeros((300, 4000), np.uint8))
    expected = written(tmp_path / "a.jpg", photo)
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert written(tmp_path / "b.jpg", photo) == expected
