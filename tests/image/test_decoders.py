"""Which decoders a file can choose: those on the list, and none that starts a program."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

from colorizer.batch import pixels_of
from colorizer.errors import PhotoError
from colorizer.evaluation.evaluate import evaluate
from colorizer.image.decoders import DECODERS, open_image, register_heif
from colorizer.image.reader import read_photo
from colorizer.training.photo_cache import PhotoCache
from tests.helpers.paths import ROOT

Image.preinit()
Image.init()
register_heif()
OTHERS = sorted(set(Image.OPEN) - set(DECODERS))
# What Pillow can write and this project does not open; PDF cannot be opened by Pillow at all.
WRITTEN = [*sorted(set(Image.SAVE) & set(OTHERS)), "PDF"]
# An encapsulated PostScript program, as Pillow takes it.
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{} loop\n%%EOF\n"
# IPTC opens the picture within it, of whatever type (5: a JPEG, it says): here that program.
IPTC = b"".join(
    b"\x1c" + bytes(tag) + len(data).to_bytes(2, "big") + data
    for tag, data in [
        ((3, 20), b"\0\0\0\x40"),
        ((3, 30), b"\0\0\0\x40"),
        ((3, 60), b"\x01\x00"),
        ((3, 120), b"\0\0\0\x05"),
        ((8, 10), EPS),
    ]
)


@pytest.fixture
def called(tmp_path, monkeypatch) -> Path:
    """Puts a Ghostscript first on PATH that notes its arguments in the file returned."""
    log, programs = tmp_path / "called", tmp_path / "bin"
    programs.mkdir()
    for name in ("gs", "ffmpeg", "djpeg"):
        (programs / name).write_text(f'#!/bin/sh\necho "$0 $@" >> {log}\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return log


@pytest.fixture(params=[EPS, IPTC], ids=["EPS", "EPS within IPTC"])
def program(request, tmp_path) -> Path:
    """A folder with a program named like a photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "grandma.jpg").write_bytes(request.param)
    return folder


def test_every_decoder_on_the_list_is_one_of_pillows():
    assert set(DECODERS) <= set(Image.OPEN)
    assert {"EPS", "IPTC", "WMF", "BUFR", "GRIB", "HDF5", "PSD"} <= set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_decoder_is_asked_even_if_it_would_take_anything(name, monkeypatch):
    asked = []
    monkeypatch.setitem(Image.OPEN, name, (asked.append, lambda prefix: True))
    with pytest.raises(UnidentifiedImageError):
        open_image(io.BytesIO(b"what no decoder on the list takes"))
    assert asked == []


@pytest.mark.parametrize("name", WRITTEN)
def test_a_picture_of_another_type_is_no_photo(name, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "EXTENSION", dict(Image.EXTENSION))  # SPIDER claims the suffix it writes
    path = tmp_path / "grandma.jpg"
    for mode in ("RGB", "L", "1", "RGBA", "F", "P"):
        try:
            Image.new(mode, (64, 64)).save(path, name)
            break
        except (OSError, ValueError, KeyError):
            continue
    else:
        pytest.skip(f"Pillow has nothing to write {name} with")
    with pytest.raises(PhotoError, match=r"not a photo|damaged"):
        read_photo(path)


def test_by_itself_pillow_would_start_ghostscript(called, program):
    with pytest.raises(OSError), Image.open(program / "grandma.jpg") as image:
        image.load()
    assert "gs" in called.read_text()


def test_a_program_named_like_a_photo_is_not_run_but_refused(called, program):
    with pytest.raises(PhotoError, match=r"grandma\.jpg is not a photo"):
        read_photo(program / "grandma.jpg")
    assert pixels_of(program / "grandma.jpg") == 0
    assert not called.exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_training_names_it_and_does_not_run_it(called, program, photo_bytes, tmp_path, workers):
    (program / "photo.png").write_bytes(photo_bytes())
    cache = PhotoCache.build([program], tmp_path / "cache", fewest=1, workers=workers)
    assert [Path(name).name for name in cache.unreadable] == ["grandma.jpg"]
    assert not called.exists()


def test_evaluation_names_it_and_does_not_run_it(called, program, photo_bytes, tiny_colorizer):
    (program / "photo.png").write_bytes(photo_bytes())
    assert list(evaluate(tiny_colorizer, program, 64)["skipped"]) == ["grandma.jpg"]
    assert not called.exists()


def test_libtiff_writes_nothing_to_the_terminal_of_a_program_that_asks_for_it(tmp_path):
    data = io.BytesIO()
    Image.new("L", (8, 8)).save(data, "TIFF", compression="tiff_lzw")
    made = data.getvalue()
    place = int.from_bytes(made[4:8], "little")
    directory = (made[place] + 1).to_bytes(2, "little") + made[place + 2 : place + 2 + 12 * made[place]]
    directory += (20_000).to_bytes(2, "little") + (99).to_bytes(2, "little") + bytes([4, 0, 0, 0, 1, 0, 0, 0])
    start = len(made).to_bytes(4, "little")
    (tmp_path / "a.tif").write_bytes(made[:4] + start + made[8:] + directory + bytes(4))
    code = (
        "from colorizer.image import decoders, reader\n{}\n"
        f"print(reader.read_photo({str(tmp_path / 'a.tif')!r}).size)"
    )
    for asked in ("", "decoders.silence_libtiff()"):
        line = [sys.executable, "-c", code.format(asked)]
        done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout == "(8, 8)\n"
        assert ("TIFFFetchNormalTag" in done.stderr) == (asked == "")
