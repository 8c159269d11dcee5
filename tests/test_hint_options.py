"""What the command does with hints: of a photo, a folder, a pipe; with a reference photo and a tone."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colorizer import Hint, format_hints, read_hints
from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.image.provenance import hints_of

RED = [Hint(0.5, 0.5, "#c03020", reach=3.0)]
BLUE = [Hint(0.5, 0.5, "#2040a0", reach=3.0)]


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tiny_colorizer):
    """The command with a tiny network in place of the shipped one."""
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: tiny_colorizer)


@pytest.fixture
def photo(tmp_path) -> Path:
    (tmp_path / "in" / "sea").mkdir(parents=True)
    for name in ("a.png", "b.png", "sea/c.png"):
        Image.new("L", (60, 40), 120).save(tmp_path / "in" / name)
    return tmp_path / "in" / "a.png"


def run(*arguments) -> int:
    return command.main([str(argument) for argument in (*arguments, "--size", 32)])


def write(path: Path, hints: list[Hint]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(format_hints(hints))
    return path


def middle(path: Path | io.BytesIO) -> np.ndarray:
    """a* and b* in the middle of a picture."""
    with Image.open(path) as image:
        return rgb2lab(np.asarray(image.convert("RGB"))[20:21, 30:31])[0, 0, 1:]


def test_hints_from_a_file_color_one_photo(photo, tmp_path):
    out = tmp_path / "out.png"
    assert run(photo, "--hints", write(tmp_path / "red.json", RED), "-o", out) == 0
    np.testing.assert_allclose(middle(out), RED[0].ab, atol=6)
    assert read_hints(out) == tuple(RED)


def test_an_earlier_result_gives_its_hints_for_the_next_one(photo, tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.jpg"
    run(photo, "--hints", write(tmp_path / "red.json", RED), "-o", first)
    assert run(photo, "--hints", first, "-o", second, "--strength", 0.5) == 0
    assert read_hints(second) == tuple(RED)
    np.testing.assert_allclose(middle(second), RED[0].ab, atol=6)


def test_in_a_folder_each_photo_gets_the_hints_beside_it(photo, tmp_path):
    write(photo.with_name("a.hints.json"), RED)
    write(photo.parent / "sea" / "c.png.hints.json", BLUE)
    assert run(photo.parent, "-o", tmp_path / "out") == 0
    assert read_hints(tmp_path / "out" / "a.png") == tuple(RED)
    assert hints_of(tmp_path / "out" / "b.png") == ""
    assert read_hints(tmp_path / "out" / "sea" / "c.png") == tuple(BLUE)


def test_hints_may_lie_in_a_folder_of_their_own(photo, tmp_path):
    write(photo.with_name("a.hints.json"), RED)
    write(tmp_path / "hints" / "a.hints.json", BLUE)
    write(tmp_path / "hints" / "sea" / "c.hints.json", BLUE)
    assert run(photo.parent, "--hints-dir", tmp_path / "hints", "-o", tmp_path / "out") == 0
    assert read_hints(tmp_path / "out" / "a.png") == tuple(BLUE)
    assert hints_of(tmp_path / "out" / "b.png") == ""
    assert read_hints(tmp_path / "out" / "sea" / "c.png") == tuple(BLUE)


def test_each_page_of_a_document_has_hints_of_its_own(tmp_path):
    pages = [Image.new("L", (60, 40), level) for level in (100, 150)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    write(tmp_path / "scan-p02.hints.json", RED)
    assert run(tmp_path / "scan.tif", "-o", tmp_path / "out", "--pages", "all") == 0
    assert hints_of(tmp_path / "out" / "scan-p01.tif") == ""
    assert read_hints(tmp_path / "out" / "scan-p02.tif") == tuple(RED)


def test_changed_hints_color_again_and_no_hints_leave_what_was_corrected(photo, tmp_path, capsys):
    hints = write(photo.with_name("a.hints.json"), RED)
    run(photo, "-o", tmp_path / "out")
    assert run(photo, "-o", tmp_path / "out") == 0
    assert "0 coloured, 1 already there" in capsys.readouterr().err
    write(hints, BLUE)
    assert run(photo, "-o", tmp_path / "out") == 0
    assert "1 coloured, 0 already there" in capsys.readouterr().err
    hints.unlink()
    assert run(photo, "-o", tmp_path / "out") == 0
    assert "0 coloured, 1 already there" in capsys.readouterr().err
    assert read_hints(tmp_path / "out" / "a.png") == tuple(BLUE)


def test_bad_hints_of_one_photo_do_not_stop_the_others(photo, tmp_path, capsys):
    photo.with_name("a.hints.json").write_text('[{"x": 2}]')
    assert run(photo.parent, "-o", tmp_path / "out") == 1
    errors = capsys.readouterr().err
    assert "2 coloured, 0 already there, 1 failed" in errors
    assert "a.hints.json: Hint 1: A hint needs y. Received: {'x': 2}" in errors


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not JSON", "Hints must be JSON"),
        ('[{"x": 1e400, "y": 0, "keep": true}]', "x must be a number from 0 to 1. Received: inf"),
        (json.dumps([{"x": 0.5, "y": 0.5, "color": "#ffffff"}] * 10_000), "at most 100 hints"),
    ],
    ids=["no JSON", "out of range", "10,000"],
)
def test_bad_hints_of_a_single_photo_are_refused_before_the_network_is_loaded(
    photo, tmp_path, capsys, monkeypatch, text, reason
):
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: pytest.fail("it was loaded"))
    (tmp_path / "bad.json").write_text(text)
    assert run(photo, "--hints", tmp_path / "bad.json", "-o", tmp_path / "out") == 2
    errors = capsys.readouterr().err
    assert reason in errors
    assert errors.count("\n") == 1


def test_wrong_usage_gets_a_sentence(photo, tmp_path, capsys):
    write(tmp_path / "red.json", RED)
    for arguments, sentence in (
        ([photo.parent, "--hints", tmp_path / "red.json"], "--hints is for a single photo"),
        (
            [photo, photo.with_name("b.png"), "--hints", tmp_path / "red.json"],
            "--hints is for a single photo",
        ),
        ([photo, "--hints-dir", tmp_path / "none"], f"there is no folder {tmp_path / 'none'}"),
        ([photo, "--hints", "a", "--hints-dir", "b"], "not allowed with argument"),
        ([photo, "--tone", "4"], "--tone must lie between -3 and 3. Received: 4.0"),
        ([photo, "--tone", "nan"], "--tone must lie between -3 and 3. Received: nan"),
    ):
        with pytest.raises(SystemExit):
            run(*arguments, "-o", tmp_path / "out")
        assert sentence in capsys.readouterr().err
    assert run(photo, "--hints", tmp_path / "none.json", "-o", tmp_path / "out") == 2
    assert "none.json cannot be read: No such file" in capsys.readouterr().err


def test_the_tone_is_warmer_or_cooler(photo, tmp_path):
    for tone in (-1, 0, 1):
        assert run(photo, "-o", tmp_path / f"{tone}.png", "--tone", tone) == 0
    cooler, plain, warmer = (middle(tmp_path / f"{tone}.png")[1] for tone in (-1, 0, 1))
    assert cooler < plain - 5 < plain + 5 < warmer


def test_a_reference_gives_its_colors_to_photos_without_hints(photo, tmp_path, capsys):
    Image.new("RGB", (30, 20), "#2040a0").save(tmp_path / "reference.png")
    write(photo.with_name("b.hints.json"), RED)
    assert run(photo.parent, "-o", tmp_path / "out", "--reference", tmp_path / "reference.png") == 0
    for hint in read_hints(tmp_path / "out" / "a.png"):
        np.testing.assert_allclose(hint.ab, BLUE[0].ab, atol=1)
    assert read_hints(tmp_path / "out" / "b.png") == tuple(RED)
    (tmp_path / "letter.jpg").write_text("Dear grandson")
    for bad in ("letter.jpg", "none.jpg"):
        assert run(photo, "-o", tmp_path / "other", "--reference", tmp_path / bad) == 2
        assert bad in capsys.readouterr().err


def test_hints_work_in_a_pipeline(photo, tmp_path, monkeypatch):
    class Stream:
        def __init__(self, data: bytes = b""):
            self.buffer = io.BytesIO(data)

        def isatty(self) -> bool:
            return False

    out = Stream()
    monkeypatch.setattr(sys, "stdin", Stream(photo.read_bytes()))
    monkeypatch.setattr(sys, "stdout", out)
    assert run("-", "-o", "-", "--hints", write(tmp_path / "red.json", RED), "--tone", 1) == 0
    np.testing.assert_allclose(middle(io.BytesIO(out.buffer.getvalue())), RED[0].ab, atol=6)


def test_a_photo_that_goes_to_standard_output_has_the_hints_beside_it(photo, tmp_path, capsysbinary):
    write(photo.with_suffix(".hints.json"), RED)
    assert run(photo, "-o", "-") == 0
    np.testing.assert_allclose(middle(io.BytesIO(capsysbinary.readouterr().out)), RED[0].ab, atol=6)
    photo.with_suffix(".hints.json").rename(tmp_path / f"{photo.name}.hints.json")
    assert run(photo, "-o", "-", "--hints-dir", tmp_path) == 0
    np.testing.assert_allclose(middle(io.BytesIO(capsysbinary.readouterr().out)), RED[0].ab, atol=6)
