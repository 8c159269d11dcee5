"""The command line: one photo, whole folders, interrupted runs, broken files, wrong usage."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colorizer
from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.shard import Shard
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tiny_colorizer):
    """The command with a tiny network in place of the shipped one."""
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: tiny_colorizer)


@pytest.fixture
def album(tmp_path, color_image) -> Path:
    """Five photos in three folders, and a letter."""
    folder = tmp_path / "album"
    (folder / "sea" / "1951").mkdir(parents=True)
    color_image(40, 30).convert("L").save(folder / "a.jpg")
    color_image(30, 40).convert("L").save(folder / "b.PNG", "PNG")
    color_image(20, 20).convert("L").save(folder / "sea" / "c.tif")
    color_image(20, 20).save(folder / "sea" / "1951" / "d.webp")
    color_image(20, 20).quantize(8).save(folder / "sea" / "1951" / "e.gif")
    (folder / "letter.txt").write_text("Dear grandson")
    return folder


def run(*arguments) -> int:
    return command.main([str(argument) for argument in (*arguments, "--size", 32)])


def tree(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_one_photo_goes_into_a_folder_under_its_own_name(album, tmp_path):
    assert run(album / "a.jpg", "-o", tmp_path / "out") == 0
    assert tree(tmp_path / "out") == ["a.jpg"]
    with Image.open(tmp_path / "out" / "a.jpg") as image:
        assert (image.size, image.mode, image.format) == ((40, 30), "RGB", "JPEG")


def test_one_photo_goes_to_a_file_of_another_type_if_told_so(album, tmp_path):
    assert run(album / "a.jpg", "-o", tmp_path / "coloured.png") == 0
    assert load_image(tmp_path / "coloured.png").format == "PNG"


def test_a_folder_keeps_its_shape_and_its_types(album, tmp_path, capsys):
    assert run(album, "-o", tmp_path / "out") == 0
    assert tree(tmp_path / "out") == ["a.jpg", "b.PNG", "sea/1951/d.webp", "sea/1951/e.png", "sea/c.tif"]
    assert "5 coloured, 0 already there, 0 failed" in capsys.readouterr().err


def test_what_is_there_is_skipped_so_that_an_interrupted_folder_goes_on(album, tmp_path, capsys):
    out = tmp_path / "out"
    run(album, "-o", out)
    before = {name: (out / name).stat().st_mtime_ns for name in tree(out)}
    (out / "sea" / "c.tif").unlink()
    assert run(album, "-o", out) == 0
    assert "1 coloured, 4 already there, 0 failed" in capsys.readouterr().err
    assert {name: (out / name).stat().st_mtime_ns for name in before if name != "sea/c.tif"} == {
        name: time for name, time in before.items() if name != "sea/c.tif"
    }


def test_overwrite_colors_again(album, tmp_path, capsys):
    run(album / "a.jpg", "-o", tmp_path / "out")
    (tmp_path / "out" / "a.jpg").write_bytes(b"old")
    assert run(album / "a.jpg", "-o", tmp_path / "out", "--overwrite") == 0
    assert load_image(tmp_path / "out" / "a.jpg").size == (40, 30)


def test_another_photo_of_the_same_name_is_not_taken_for_one_that_is_done(
    album, tmp_path, color_image, capsys
):
    run(album / "a.jpg", "-o", tmp_path / "out")
    other = tmp_path / "other"
    other.mkdir()
    color_image(8, 8).save(other / "a.jpg")
    assert run(other / "a.jpg", "-o", tmp_path / "out") == 1
    assert "exists and was made from another photo" in capsys.readouterr().err
    assert load_image(tmp_path / "out" / "a.jpg").size == (40, 30)


def test_a_file_that_is_no_result_is_neither_counted_as_one_nor_replaced(album, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").write_bytes(b"a letter")
    assert run(album / "a.jpg", "-o", tmp_path / "out") == 1
    assert "exists and is not a result" in capsys.readouterr().err
    assert (tmp_path / "out" / "a.jpg").read_bytes() == b"a letter"


def test_a_gif_and_a_png_of_one_name_become_two_pictures(tmp_path, color_image, capsys):
    folder = tmp_path / "album"
    folder.mkdir()
    for number, name in enumerate(("a.gif", "a.png", "a.ppm")):
        color_image(20 + number, 20, number).save(folder / name)
    assert run(folder, "-o", tmp_path / "out") == 0
    assert tree(tmp_path / "out") == ["a.gif.png", "a.png", "a.ppm.png"]
    widths = [load_image(tmp_path / "out" / name).width for name in tree(tmp_path / "out")]
    assert widths == [20, 21, 22]
    assert run(folder, "-o", tmp_path / "out") == 0
    assert "0 coloured, 3 already there, 0 failed" in capsys.readouterr().err


def test_a_png_named_like_a_jpeg_takes_no_other_photos_name(tmp_path, color_image):
    folder = tmp_path / "album"
    folder.mkdir()
    color_image(20, 20).save(folder / "a.jpg", "PNG")
    color_image(30, 20).save(folder / "a.png")
    assert run(folder, "-o", tmp_path / "out") == 0
    assert tree(tmp_path / "out") == ["a.jpg.png", "a.png"]
    assert load_image(tmp_path / "out" / "a.png").width == 30


def test_beside_writes_next_to_the_photo_and_does_not_colour_its_own_results(album, capsys):
    assert run(album, "--beside") == 0
    assert "sea/1951/d-colour.webp" in tree(album)
    assert run(album, "--beside") == 0
    assert "0 coloured, 5 already there, 0 failed" in capsys.readouterr().err


@pytest.mark.parametrize("output", [".", "..", "link"])
def test_an_output_folder_that_holds_the_photos_is_refused_with_a_way_out(album, output, capsys):
    (album.parent / "link").symlink_to(album)
    place = {".": album, "..": album.parent, "link": album.parent / "link"}[output]
    before = tree(album)
    assert run(album, "-o", place) == 2
    errors = capsys.readouterr().err
    assert "results and photos would mix" in errors
    assert "--beside" in errors
    assert tree(album) == before


def test_an_output_folder_inside_the_album_is_not_colored_again(album, capsys):
    run(album, "-o", album / "coloured")
    assert run(album, "-o", album / "coloured") == 0
    assert "0 coloured, 5 already there" in capsys.readouterr().err


def test_broken_photos_are_named_the_others_done_and_the_status_is_1(album, tmp_path, capsys):
    (album / "broken.jpg").write_bytes((album / "a.jpg").read_bytes()[:300])
    (album / "sea" / "empty.png").touch()
    assert run(album, "-o", tmp_path / "out") == 1
    errors = capsys.readouterr().err
    assert "broken.jpg is damaged" in errors
    assert "empty.png is an empty file" in errors
    assert "5 coloured, 0 already there, 2 failed" in errors
    assert len(tree(tmp_path / "out")) == 5


def test_warnings_of_libraries_reach_nobody_and_ours_are_one_line(album, tmp_path):
    # A tag that may have one number, with two: Pillow warns about it.
    directory = b"\0\1" + (0x0128).to_bytes(2, "big") + b"\0\3\0\0\0\2\0\2\0\2" + bytes(4)
    Image.new("L", (20, 20)).save(album / "odd.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08" + directory)
    line = [sys.executable, "-m", "colorizer", album / "odd.jpg", "-o", tmp_path / "out"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "1 coloured, 0 already there, 0 failed\n")
    code = (
        "import warnings\nfrom colorizer.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    warnings.warn('careful')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == "note: careful\n"


def test_two_photos_of_one_name_become_two_results_and_a_note_says_which(
    album, tmp_path, color_image, capsys
):
    other = tmp_path / "other"
    other.mkdir()
    color_image(8, 8).save(other / "a.jpg")
    assert run(album / "a.jpg", other / "a.jpg", "-o", tmp_path / "out") == 0
    assert f"{other / 'a.jpg'} is written to {tmp_path / 'out' / 'a-2.jpg'}" in capsys.readouterr().err
    assert load_image(tmp_path / "out" / "a.jpg").size == (40, 30)
    assert load_image(tmp_path / "out" / "a-2.jpg").size == (8, 8)


def test_a_photo_is_never_replaced_by_its_own_coloring(album, capsys):
    before = (album / "a.jpg").read_bytes()
    assert run(album / "a.jpg", "-o", album, "--overwrite") == 1
    assert "would overwrite itself" in capsys.readouterr().err
    assert (album / "a.jpg").read_bytes() == before


def test_strength_is_passed_on(album, tmp_path):
    assert run(album / "b.PNG", "-o", tmp_path / "grey.png", "--strength", 0) == 0
    grey = np.asarray(load_image(tmp_path / "grey.png"))
    np.testing.assert_array_equal(grey[..., 0], np.asarray(load_image(album / "b.PNG")))


def test_an_album_without_photos_says_so(tmp_path, capsys):
    assert run(tmp_path, "-o", tmp_path / "out") == 1
    assert "there are no photos in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: PHOTO_OR_FOLDER"),
        (["."], "one of the arguments -o/--output --beside is required"),
        (["nothing.jpg", "-o", "out"], "there is no file or folder nothing.jpg"),
        ([".", "-o", "out", "--size", "5"], "--size must lie between 32 and 1024. Received: 5"),
        ([".", "-o", "out", "--strength", "9"], "--strength must lie between 0 and 2. Received: 9.0"),
        ([".", "-o", "out", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_missing_weights_exit_with_2_and_a_sentence(album, tmp_path, monkeypatch, capsys):
    monkeypatch.undo()
    assert run(album, "-o", tmp_path / "out", "--weights", tmp_path / "none.weights.h5") == 2
    assert "There are no weights at" in capsys.readouterr().err


@pytest.mark.slow
def test_the_real_command_colors_a_photo_with_the_shipped_weights(album, tmp_path):
    command_line = [sys.executable, "-m", "colorizer", str(album / "a.jpg"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command_line, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "1 coloured" in done.stderr
    assert load_image(tmp_path / "out" / "a.jpg").size == (40, 30)


def test_help_and_wrong_usage_are_answered_before_tensorflow_is_loaded():
    code = (
        "import sys; from colorizer.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: print(end.code, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    for arguments, status in (["--help"], 0), (["nowhere", "-o", "out"], 2):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == f"{status} False False", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runtime", "loaded"),
    [("tensorflow", "keras tensorflow"), ("ncnn", ""), ("", "")],
    ids=["tensorflow", "ncnn", "none asked for"],
)
def test_the_command_loads_no_library_that_it_has_no_use_for(album, tmp_path, runtime, loaded):
    code = (
        "import sys; from colorizer.__main__ import main\n"
        "large = {'matplotlib', 'pandas', 'keras', 'tensorflow', 'gradio', 'skimage'}\n"
        "print(main(sys.argv[1:]), *sorted(large & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, album / "a.jpg", album / "b.PNG", "-o", tmp_path / "out"],
        capture_output=True, text=True, env=os.environ | {"COLORIZER_RUNTIME": runtime},
    )  # fmt: skip
    assert done.stdout.split() == ["0", *loaded.split()], done.stderr


@pytest.mark.parametrize(
    ("count", "threads", "fast_start"), [(1, None, True), (299, 1, True), (300, 1, False)]
)
def test_a_short_batch_starts_fast_and_a_long_one_finds_the_faster_runtime(
    monkeypatch, tmp_path, tiny_colorizer, count, threads, fast_start
):
    asked = []
    monkeypatch.setattr("colorizer.model.runtime.select_runtime", lambda **options: asked.append(options))
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_: tiny_colorizer)
    for number in range(count):
        (tmp_path / f"{number}.jpg").write_bytes(b"no photo")
    assert run(tmp_path, "-o", tmp_path / "out") == 1
    assert asked == [{"threads": threads, "fast_start": fast_start}]


# --- the sub-commands ---------------------------------------------------------------------------------


def test_coloring_is_the_default_and_has_a_name_for_folders_that_are_called_like_a_command(
    album, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    album.rename("train")
    assert run("color", "train", "-o", "out") == 0
    assert tree(tmp_path / "out") == ["a.jpg", "b.PNG", "sea/1951/d.webp", "sea/1951/e.png", "sea/c.tif"]


@pytest.mark.slow
@pytest.mark.parametrize("name", command.COMMANDS)
def test_every_command_explains_itself_under_its_own_name(name, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([name, "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: colorizer {name} ")


def test_help_lists_the_other_commands_and_the_version_is_the_packages(capsys):
    for option in ("--help", "--version"):
        with pytest.raises(SystemExit) as stop:
            command.main([option])
        assert stop.value.code == 0
    out = capsys.readouterr().out
    assert [name for name in command.COMMANDS if f"colorizer {name} " not in out] == []
    assert out.endswith(f"colorizer {colorizer.__version__}\n")


def test_a_library_that_is_missing_is_named_with_the_extra_that_has_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    monkeypatch.setattr("colorizer.evaluation.evaluate.main", lambda arguments: __import__("skimage"))
    assert command.main(["evaluate", "photos/"]) == 2
    assert (
        'needs the extra "eval", and skimage is not installed: in the repository, pip install ".[eval]"'
        in capsys.readouterr().err
    )
    monkeypatch.setattr("colorizer.evaluation.evaluate.main", lambda arguments: __import__("no_such_module"))
    with pytest.raises(ModuleNotFoundError):  # a fault of the package itself is not explained away
        command.main(["evaluate", "photos/"])


def test_two_machines_with_a_shard_each_color_every_photo_once(album, tmp_path, capsys):
    assert run(album, "-o", tmp_path / "out", "--shard", "1/2") == 0
    first = tree(tmp_path / "out")
    assert run(album, "-o", tmp_path / "out", "--shard", "2/2") == 0
    assert "0 already there, 0 failed" in capsys.readouterr().err.splitlines()[-1]
    assert 0 < len(first) < 5
    assert tree(tmp_path / "out") == ["a.jpg", "b.PNG", "sea/1951/d.webp", "sea/1951/e.png", "sea/c.tif"]


def test_a_shard_without_photos_is_no_failure(album, tmp_path, capsys):
    (empty,) = {"1/2", "2/2"} - {f"{number}/2" for number in (1, 2) if Shard(number, 2).holds(Path("a.jpg"))}
    assert run(album / "a.jpg", "-o", tmp_path / "out", "--shard", empty) == 0
    assert f"there are no photos in shard {empty}" in capsys.readouterr().err


def test_a_shard_that_cannot_be_is_wrong_usage(album, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(album, "-o", tmp_path / "out", "--shard", "3/2")
    assert (
        "--shard: a shard is K/N with K from 1 to N, such as 3/100. Received: 3/2" in capsys.readouterr().err
    )
