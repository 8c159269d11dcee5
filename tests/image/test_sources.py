"""Pictures from memory as photos: arrays, pictures that are open already, and things that are no picture."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from colorizer.errors import PhotoError
from colorizer.image.reader import read_photo

GREY = np.tile(np.arange(60, dtype=np.uint8), (40, 1))


@pytest.mark.parametrize("array", [GREY, GREY.astype(np.uint16) * 257, np.dstack([GREY] * 3)])
def test_a_photo_stays_as_it_was_when_its_array_gets_the_next_picture(array):
    buffer = array.copy()
    photo = read_photo(buffer)
    before = photo.strip(0, 40).copy()
    buffer[:] = 0
    np.testing.assert_array_equal(photo.strip(0, 40), before)


def test_a_photo_stays_as_it_was_when_somebody_paints_on_its_picture():
    image = Image.fromarray(GREY).copy()
    photo = read_photo(image)
    image.paste(255, (0, 0, 60, 40))
    np.testing.assert_array_equal(np.asarray(photo.image), GREY)


def test_of_an_open_animation_the_present_picture_is_read_and_stays_the_present_one():
    pictures = [Image.new("L", (8, 8), shade) for shade in (0, 120, 240)]
    file = io.BytesIO()
    pictures[0].save(file, "TIFF", save_all=True, append_images=pictures[1:])
    with Image.open(file) as image:
        shades = []
        for frame in ImageSequence.Iterator(image):
            photo = read_photo(frame)
            shades.append(photo.image.getpixel((0, 0)))
            assert photo.notes == ()
        assert shades == [0, 120, 240]
        image.seek(1)
        read_photo(image)
        assert image.tell() == 1


def test_an_open_picture_that_proves_damaged_says_so(photo_bytes):
    data = photo_bytes(kind="JPEG", side=200)
    image = Image.open(io.BytesIO(data[: len(data) // 2]))
    with pytest.raises(PhotoError, match="The picture is damaged"):
        read_photo(image)


@pytest.mark.parametrize("source", [b"\xff\xd8\xff", [[0, 1]], None, io.StringIO("Dear grandson")])
def test_what_is_no_source_of_a_photo_is_named(source):
    with pytest.raises(PhotoError, match=f"A photo must be a path.*Received: {type(source).__name__}"):
        read_photo(source)


@pytest.mark.parametrize(("orientation", "dpi"), [(1, (200, 100)), (3, (200, 100)), (6, (100, 200))])
def test_the_resolution_turns_with_the_photo(tmp_path, orientation, dpi):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GREY).save(tmp_path / "fax.jpg", dpi=(200, 100), exif=exif)
    assert read_photo(tmp_path / "fax.jpg").metadata.dpi == dpi
