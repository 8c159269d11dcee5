"""What one photo may ask for: refused before the work is begun, with a sentence that holds the limit."""

import io
import math
import time

import numpy as np
import pytest
from PIL import Image

from colorizer import Colorizer, PhotoError
from colorizer import cli as command
from colorizer.image.file_types import WRITERS
from colorizer.image.reader import read_photo
from colorizer.image.writer import UNINTERRUPTIBLE, write_photo
from colorizer.limits import UNLIMITED, Deadline, Limits
from tests.helpers.hostile import png


@pytest.fixture
def jpeg(tmp_path, color_image):
    path = tmp_path / "grandma.jpg"
    color_image(300, 200).save(path)
    return path


def test_the_limits_are_those_of_the_readme():
    limits = Limits()
    assert (limits.megabytes, limits.megapixels, limits.files, limits.seconds) == (50, 120, 50, 30)


def test_a_file_of_too_many_bytes_is_not_even_read(tmp_path):
    path = tmp_path / "huge.tif"
    with open(path, "wb") as file:
        file.truncate(10**12)  # no machine's memory holds it
    with pytest.raises(PhotoError, match=r"huge\.tif is 1000000 MB; at most 50 MB a photo are accepted"):
        read_photo(path)


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(12000, 11000, b""))
    began = time.monotonic()
    with pytest.raises(PhotoError, match=r"bomb\.png has 12000x11000 pixels, 132 megapixels; at most 120"):
        read_photo(path)
    assert time.monotonic() - began < 1


def test_a_picture_beyond_what_pillow_itself_takes_gets_the_same_kind_of_sentence(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(60000, 60000, b""))
    with pytest.raises(PhotoError, match=r"bomb\.png has too many pixels; at most 120 megapixels"):
        read_photo(path)


def test_a_jpeg_of_thousands_of_passes_is_refused(tmp_path, color_image):
    data = io.BytesIO()
    color_image(1500, 1000).save(data, "JPEG", progressive=True)
    data = data.getvalue()
    scan = data.rindex(b"\xff\xda")
    path = tmp_path / "passes.jpg"
    path.write_bytes(data[:scan] + data[scan:-2] * 4000 + data[-2:])
    with pytest.raises(PhotoError, match=r"JPEG in 40\d\d passes"):
        read_photo(path, Limits(megabytes=1000))


def test_time_runs_out_with_a_sentence_that_names_it(tiny_network, jpeg):
    with pytest.raises(PhotoError, match=r"grandma\.jpg takes more than the 1e-09 seconds"):
        Colorizer.from_network(tiny_network, Limits(seconds=1e-9)).colorize(jpeg)


def test_rendering_has_its_time_too(tiny_network, jpeg):
    photo = read_photo(jpeg)
    with pytest.raises(PhotoError, match="takes more than"):
        Colorizer.from_network(tiny_network, Limits(seconds=1e-9)).predict(photo).render()


@pytest.mark.parametrize("kind", [*WRITERS])
def test_writing_has_its_time_and_leaves_nothing_when_it_is_over(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 256, (3000, 3000, 3), dtype=np.uint8)
    # What is encoded in one call is ended by force; the rest notices by itself, and is quick.
    deadline = Deadline("noise", 0.3 if kind in UNINTERRUPTIBLE else 0.01)
    start = time.monotonic()
    with pytest.raises(PhotoError, match="noise takes more than the"):
        write_photo(Image.fromarray(noise), tmp_path / f"noise{WRITERS[kind][0]}", deadline=deadline)
    assert time.monotonic() - start < 10
    assert list(tmp_path.iterdir()) == []


def test_the_environment_sets_limits_and_lifts_them(monkeypatch):
    monkeypatch.setenv("COLORIZER_MEGAPIXELS", "300.5")
    monkeypatch.setenv("COLORIZER_SECONDS", "inf")
    assert Limits.from_environment() == Limits(megapixels=300.5, seconds=math.inf)


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_limit_that_lets_nothing_through_is_refused(monkeypatch, value):
    monkeypatch.setenv("COLORIZER_MEGABYTES", value)
    with pytest.raises(ValueError, match="megabytes must be more than 0"):
        Limits.from_environment()


def test_a_limit_that_is_no_number_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("COLORIZER_SECONDS", "half a minute")
    with pytest.raises(ValueError, match=r"COLORIZER_SECONDS must be a number\. Received: 'half a minute'"):
        Limits.from_environment()


def test_without_limits_nothing_is_refused():
    UNLIMITED.check_file("a", 10**15)
    UNLIMITED.check_pixels("a", 10**9, 10**9)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_of_several_pictures_the_first_is_taken_and_said_so(tmp_path, suffix):
    path = tmp_path / f"several.{suffix}"
    first, *others = (Image.new("L", (40, 30), level) for level in (200, 100, 0))
    first.save(path, save_all=True, append_images=others)
    photo = read_photo(path)
    assert photo.notes == (f"several.{suffix}: it holds several pictures; only the first is coloured",)
    assert np.abs(np.asarray(photo.original).astype(int) - 200).max() <= 2


def test_one_picture_needs_no_note(jpeg):
    assert read_photo(jpeg).notes == ()


def test_the_command_says_that_only_the_first_was_taken(tmp_path, monkeypatch, tiny_network, capsys):
    path = tmp_path / "several.gif"
    Image.new("L", (40, 30)).save(path, save_all=True, append_images=[Image.new("L", (40, 30), 255)])
    monkeypatch.setattr(
        Colorizer,
        "from_pretrained",
        classmethod(lambda cls, *_: cls.from_network(tiny_network)),
    )
    assert command.main([str(path), "-o", str(tmp_path / "out")]) == 0
    assert "several.gif: it holds several pictures; only the first is coloured" in capsys.readouterr().err
    assert (tmp_path / "out" / "several.png").is_file()
