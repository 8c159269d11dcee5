"""Films on the command line, beside photos and alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.film_types import film_output_suffix, is_film
from tests.helpers.films import pan, read_frames, write_film
from tests.helpers.paths import ROOT


@pytest.fixture
def tiny(monkeypatch, tiny_colorizer):
    """The command with a tiny network in place of the shipped one."""
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")  # nothing is measured
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: tiny_colorizer)


@pytest.fixture
def film(tmp_path) -> Path:
    return write_film(tmp_path / "wedding.mp4", pan(8))


def run(*arguments) -> int:
    return command.main([str(argument) for argument in (*arguments, "--size", 32)])


@pytest.mark.usefixtures("tiny")
class TestColor:
    def test_a_film_is_coloured_as_a_photo_is(self, film, tmp_path, capsys):
        assert run(film, "-o", tmp_path / "out") == 0
        assert len(read_frames(tmp_path / "out" / "wedding.mp4")) == 8
        assert "films: 1 coloured" in capsys.readouterr().err

    def test_photos_and_films_of_a_folder_keep_its_shape(self, tmp_path, color_image):
        album = tmp_path / "album"
        (album / "1951").mkdir(parents=True)
        write_film(album / "1951" / "sea.avi", pan(4), "mpeg4")
        color_image(40, 30).convert("L").save(album / "a.jpg")
        assert run(album, "-o", tmp_path / "out") == 0
        results = [p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")]
        assert sorted(results) == ["1951/sea.mkv", "a.jpg"]

    def test_beside_the_film_and_not_twice(self, film, tmp_path):
        assert run(film, "--beside") == 0
        assert run(tmp_path, "--beside") == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["wedding-colour.mp4", "wedding.mp4"]

    def test_what_is_there_is_skipped_and_another_file_is_not_overwritten(self, film, tmp_path, capsys):
        run(film, "-o", tmp_path / "out")
        assert run(film, "-o", tmp_path / "out") == 0
        assert "films: 0 coloured, 1 already there" in capsys.readouterr().err
        write_film(tmp_path / "wedding.mp4", pan(9))
        assert run(film, "-o", tmp_path / "out") == 1
        assert "was made from another film" in capsys.readouterr().err
        write_film(tmp_path / "out" / "wedding.mp4", pan(3))
        assert run(film, "-o", tmp_path / "out") == 1
        assert "is not a result" in capsys.readouterr().err
        assert run(film, "-o", tmp_path / "out", "--overwrite") == 0

    def test_a_film_does_not_overwrite_itself(self, film, capsys):
        assert run(film, "-o", film) == 1
        assert "overwrite itself" in capsys.readouterr().err

    def test_one_film_goes_to_a_file_of_another_container(self, film, tmp_path):
        assert run(film, "-o", tmp_path / "b.mkv", "--codec", "ffv1") == 0
        assert len(read_frames(tmp_path / "b.mkv")) == 8

    def test_a_film_that_fails_is_named_and_the_next_is_coloured(self, film, tmp_path, capsys):
        (tmp_path / "a.mp4").write_bytes(b"Dear grandson")
        assert run(tmp_path / "a.mp4", film, "-o", tmp_path / "out") == 1
        said = capsys.readouterr().err
        assert "failed:" in said and "a.mp4 is not a film that can be read" in said
        assert (tmp_path / "out" / "wedding.mp4").exists()

    @pytest.mark.parametrize(
        ("options", "message"),
        [(["--codec", "vp9"], ".mov holds h264, h265"), (["-o", "b.jpg"], "Films are written as .mp4")],
    )
    def test_what_cannot_be_written_is_said(self, film, tmp_path, monkeypatch, capsys, options, message):
        monkeypatch.chdir(tmp_path)
        output = [] if "-o" in options else ["-o", tmp_path / "b.mov"]
        assert run(film, *output, *options) == 1
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize("options", [["--crf", "60"], ["--codec", "xvid"]])
    def test_wrong_options_are_said_before_any_work(self, film, tmp_path, options):
        with pytest.raises(SystemExit) as end:
            run(film, "-o", tmp_path, *options)
        assert end.value.code == 2


@pytest.mark.slow
def test_a_stopped_run_keeps_its_parts_and_the_same_command_goes_on(tmp_path):
    film = write_film(tmp_path / "a.mp4", pan(700, step=0, size=(64, 48)))
    line = [sys.executable, "-m", "colorizer", str(film), "-o", str(tmp_path / "out"), "--size", "32"]
    process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    parts = tmp_path / "out" / ".a.mp4.parts"
    while not (parts / "00000.nut").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "the same command continues from here" in said
    assert not (tmp_path / "out" / "a.mp4").exists()
    assert subprocess.run(line, cwd=ROOT, capture_output=True).returncode == 0
    assert len(read_frames(tmp_path / "out" / "a.mp4")) == 700
    assert os.listdir(tmp_path / "out") == ["a.mp4"]


def test_a_film_is_told_by_its_suffix_or_by_its_first_bytes(film, tmp_path):
    assert is_film(Path("A.MOV")) and not is_film(Path("a.jpg"))
    assert is_film(film.rename(tmp_path / "wedding"))
    (tmp_path / "photo").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "letter").write_bytes(b"Dear grandson")
    assert not is_film(tmp_path / "photo") and not is_film(tmp_path / "letter") and not is_film(tmp_path)


@pytest.mark.parametrize(
    ("name", "codec", "suffix"),
    [
        ("a.MP4", None, ".MP4"),
        ("a.avi", None, ".mkv"),
        ("a.webm", None, ".webm"),
        ("a.webm", "h264", ".mkv"),
        ("a.mp4", "ffv1", ".mkv"),
        ("a.mov", "h265", ".mov"),
    ],
)
def test_a_film_keeps_its_container_where_that_holds_the_codec(name, codec, suffix):
    assert film_output_suffix(Path(name), codec) == suffix
