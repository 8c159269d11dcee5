"""What the command does with photos: pipelines, documents, negatives, dates, odd names, Ctrl-C."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.image import pdf
from colorizer.image.reader import count_pages, read_photo
from colorizer.limits import Limits
from colorizer.terminal import printable, say
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tiny_colorizer):
    """The command with a tiny network in place of the shipped one."""
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: tiny_colorizer)


def run(*arguments) -> int:
    return command.main([str(argument) for argument in (*arguments, "--size", 32)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- pipelines -------------------------------------------------------------------------------------------


@pytest.fixture
def streams(monkeypatch):
    """Puts bytes on standard input; returns what was written to standard output."""

    class Stream:
        def __init__(self, data: bytes = b""):
            self.buffer = io.BytesIO(data)

        def isatty(self) -> bool:
            return False

    def put(data: bytes) -> io.BytesIO:
        out = Stream()
        monkeypatch.setattr(sys, "stdin", Stream(data))
        monkeypatch.setattr(sys, "stdout", out)
        return out.buffer

    return put


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_goes_from_standard_input_to_standard_output_as_its_own_type(streams, photo_bytes, kind):
    out = streams(photo_bytes(kind=kind))
    assert run("-", "-o", "-") == 0
    with Image.open(io.BytesIO(out.getvalue())) as image:
        image.load()
        assert (image.format, image.size) == (kind, (40, 40))


def test_a_file_and_a_stream_are_mixed_as_one_likes(streams, photo_bytes, tmp_path):
    streams(photo_bytes())
    assert run("-", "-o", tmp_path / "out.jpg") == 0
    assert load_image(tmp_path / "out.jpg").format == "JPEG"
    out = streams(b"")
    assert run(tmp_path / "out.jpg", "-o", "-") == 0
    assert load_image(io.BytesIO(out.getvalue())).format == "JPEG"


def test_what_is_no_photo_on_standard_input_gets_a_sentence_and_status_1(streams, capsys):
    for data, sentence in ((b"Dear grandson", "The picture is not a photo"), (b"", "The picture is empty")):
        out = streams(data)
        assert run("-", "-o", "-") == 1
        assert sentence in capsys.readouterr().err
        assert out.getvalue() == b""


def test_standard_input_is_not_read_beyond_the_limit():
    with pytest.raises(ValueError, match="at most 1 MB a photo are accepted"):
        read_photo(io.BytesIO(bytes(10**7)), Limits(megabytes=1))


@pytest.mark.parametrize("arguments", [["-", "a.jpg", "-o", "-"], ["-", "--beside"], ["-", "-o", "."]])
def test_a_stream_with_more_than_one_photo_or_a_folder_is_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    assert "- stands for a single photo" in capsys.readouterr().err


def test_a_picture_is_not_written_to_a_terminal(monkeypatch, streams, photo_bytes, capsys):
    out = streams(photo_bytes())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("-", "-o", "-") == 1
    assert "Standard output is the terminal" in capsys.readouterr().err
    assert out.getvalue() == b""


def test_a_closed_stream_gets_a_sentence(monkeypatch, streams, photo_bytes, capsys):
    streams(photo_bytes())
    monkeypatch.setattr(sys, "stdout", None)
    assert run("-", "-o", "-") == 1
    monkeypatch.setattr(sys, "stdin", None)
    assert run("-", "-o", "-") == 1
    errors = capsys.readouterr().err
    assert "Standard output is closed" in errors
    assert "Standard input is closed" in errors


def test_notes_never_go_into_the_picture_where_standard_error_is_closed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    say("note: only the first is coloured")
    assert capsys.readouterr().out == ""


# --- documents -------------------------------------------------------------------------------------------


@pytest.fixture
def pages() -> list[Image.Image]:
    return [Image.new("L", (60 + 10 * number, 50), 40 * number) for number in range(3)]


def test_all_pages_of_a_tiff_are_coloured_if_asked_for(tmp_path, pages, capsys):
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    assert count_pages(tmp_path / "scan.tif") == 3
    assert run(tmp_path / "scan.tif", "-o", tmp_path / "out", "--pages", "all") == 0
    assert names(tmp_path / "out") == ["scan-p01.tif", "scan-p02.tif", "scan-p03.tif"]
    widths = [load_image(tmp_path / "out" / name).width for name in names(tmp_path / "out")]
    assert widths == [60, 70, 80]
    assert "note" not in capsys.readouterr().err


def test_only_the_first_page_is_coloured_otherwise_and_a_note_says_so(tmp_path, pages, capsys):
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    assert run(tmp_path / "scan.tif", "-o", tmp_path / "out") == 0
    assert names(tmp_path / "out") == ["scan.tif"]
    assert "note: scan.tif: it holds several pictures; only the first" in capsys.readouterr().err


def test_pages_of_a_pdf_have_the_resolution_of_their_scans(tmp_path, pages, capsys):
    pages[0].save(tmp_path / "scan.pdf", resolution=37, save_all=True, append_images=pages[1:])
    assert run(tmp_path / "scan.pdf", "-o", tmp_path / "out", "--pages", "all") == 0
    assert names(tmp_path / "out") == ["scan-p01.png", "scan-p02.png", "scan-p03.png"]
    assert [load_image(tmp_path / "out" / name).size for name in names(tmp_path / "out")] == [
        (60, 50), (70, 50), (80, 50),
    ]  # fmt: skip
    assert run(tmp_path / "scan.pdf", "-o", tmp_path / "first") == 0
    assert "scan.pdf: it has 3 pages; only the first is coloured" in capsys.readouterr().err
    assert run(tmp_path / "scan.pdf", "-o", tmp_path / "first") == 0
    assert "1 already there" in capsys.readouterr().err


def test_a_pdf_page_beyond_the_limit_is_refused_before_it_is_rendered(tmp_path):
    Image.new("1", (9000, 9000)).save(tmp_path / "scan.pdf", resolution=300)
    with pytest.raises(ValueError, match=r"scan\.pdf has 9000x9000 pixels"):
        pdf.read_page(tmp_path / "scan.pdf", None, Limits(megapixels=50))


def test_what_is_no_pdf_or_cannot_be_read_gets_a_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7 and no more")
    assert run(tmp_path / "scan.pdf", "-o", tmp_path / "out") == 1
    assert "scan.pdf cannot be read as a PDF document" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert run(tmp_path / "scan.pdf", "-o", tmp_path / "out") == 1
    assert "pip install pypdfium2" in capsys.readouterr().err


def test_a_damaged_document_or_page_does_not_stop_the_other_photos(tmp_path, pages, capsys):
    pages[0].save(tmp_path / "scan.pdf", save_all=True, append_images=pages[1:])
    data = (tmp_path / "scan.pdf").read_bytes()
    (tmp_path / "scan.pdf").write_bytes(data.replace(b"/Count 3", b"/Count 4"))  # there is no fourth page
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7 and no more")
    documents = tmp_path / "scan.pdf", tmp_path / "letter.pdf"
    assert run(*documents, "-o", tmp_path / "out", "--pages", "all") == 1
    assert names(tmp_path / "out") == ["scan-p01.png", "scan-p02.png", "scan-p03.png"]
    errors = capsys.readouterr().err
    assert "page 4 of scan.pdf is damaged" in errors
    assert "letter.pdf cannot be read as a PDF document" in errors
    assert "3 coloured, 0 already there, 2 failed" in errors


# --- negatives and dates -----------------------------------------------------------------------------------


def test_a_negative_is_inverted_before_it_is_coloured(tmp_path):
    ramp = np.tile(np.linspace(30, 220, 64).astype(np.uint8), (48, 1))
    Image.fromarray(250 - ramp).save(tmp_path / "negative.png")
    assert run(tmp_path / "negative.png", "-o", tmp_path / "out.png", "--negative", "--strength", 0) == 0
    got = np.asarray(load_image(tmp_path / "out.png").convert("L")).astype(int)
    assert np.all(np.diff(got[0]) >= 0)
    assert got.min() == 0
    assert got.max() == 255


def test_a_result_keeps_the_date_of_its_photo_if_asked_for(tmp_path, color_image):
    color_image(20, 20).save(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", (86400 * 3650, 86400 * 3650))
    for option, kept in (("--keep-date", True), ("--overwrite", False)):
        assert run(tmp_path / "a.png", "-o", tmp_path / "out", option) == 0
        assert (abs(time.time() - (tmp_path / "out" / "a.png").stat().st_mtime) > 1e6) == kept


# --- names and signals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2Jb.jpg", r"a\x1b[2Jb.jpg"),
        ("two\nlines.jpg", r"two\nlines.jpg"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("caf\udce9.jpg", r"caf\udce9.jpg"),
        ("Großmutter 1931.jpg", "Großmutter 1931.jpg"),
        ("写真.jpg", "写真.jpg"),
    ],
)
def test_control_characters_of_a_name_do_not_reach_the_terminal(tmp_path, capsys, name, shown):
    assert printable(name) == shown
    (tmp_path / name).write_bytes(b"no photo")
    assert run(tmp_path / name, "-o", tmp_path / "out") == 1
    errors = capsys.readouterr().err
    assert shown in errors
    assert "\x1b" not in errors


def test_wrong_usage_quotes_names_without_control_characters(capsys):
    with pytest.raises(SystemExit):
        run("nothing\x1b[2J.jpg", "-o", "out")
    errors = capsys.readouterr().err
    assert r"nothing\x1b[2J.jpg" in errors
    assert "\x1b" not in errors


def test_a_pipe_or_a_device_gets_a_sentence(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        assert run(path, "-o", tmp_path / "out") == 2
        assert f"{path} is a device or a pipe, not a photo" in capsys.readouterr().err


def test_a_damaged_profile_is_one_line_without_code(tmp_path, color_image, capsys):
    color_image(20, 20).save(tmp_path / "odd.png", icc_profile=b"no profile")
    assert run(tmp_path / "odd.png", "-o", tmp_path / "out") == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "odd.png" in line]
    assert len(notes) == 1
    assert notes[0].startswith("note: odd.png: its colour profile does not fit")


def test_ctrl_c_before_the_first_photo_ends_without_a_traceback(tmp_path, color_image):
    color_image(20, 20).save(tmp_path / "a.png")
    code = (
        "import os, signal, sys, threading\n"
        "from colorizer import cli, color_command\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "real = color_command.load\n"
        "color_command.load = lambda *a, **k: (os.kill(os.getpid(), signal.SIGINT), real(*a, **k))\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    line = [sys.executable, "-c", code, str(tmp_path / "a.png"), "-o", str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr == "colorizer: stopped by SIGINT\n"
