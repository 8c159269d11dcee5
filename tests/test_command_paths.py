"""The command with paths as they really are: names that clash, closed folders, links, closed streams."""

import os
from pathlib import Path

import pytest
from PIL import Image

from colorizer import cli as command
from colorizer import colorizer as core
from tests.helpers.pictures import load_image


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tiny_colorizer):
    """The command with a tiny network in place of the shipped one."""
    monkeypatch.setattr(core.Colorizer, "from_pretrained", lambda *_, **__: tiny_colorizer)


def run(*arguments) -> int:
    return command.main([str(argument) for argument in (*arguments, "--size", 32)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def save_pages(path: Path) -> None:
    pages = [Image.new("L", (20, 20), shade) for shade in (60, 120)]
    pages[0].save(path, save_all=True, append_images=pages[1:])


def test_results_beside_their_photos_are_known_when_names_clash_and_of_all_pages_and_types(tmp_path, capsys):
    save_pages(tmp_path / "scan.tif")
    for number, name in enumerate(("a.JPG", "a.jpg", "old.bmp")):  # the first two are one name on many disks
        Image.new("L", (20, 20), 50 * number).save(tmp_path / name)
    assert run(tmp_path, "--beside", "--pages", "all") == 0
    before = names(tmp_path)
    assert {"a-colour-2.jpg", "old-colour.bmp", "scan-colour-p02.tif"} <= set(before)
    assert run(tmp_path, "--beside", "--pages", "all") == 0
    assert names(tmp_path) == before
    assert "0 coloured, 5 already there, 0 failed" in capsys.readouterr().err


def test_the_pages_of_a_document_take_their_names_from_a_file_name(tmp_path, capsys):
    save_pages(tmp_path / "scan.tif")
    arguments = tmp_path / "scan.tif", "-o", tmp_path / "out" / "new.tif", "--pages", "all"
    assert run(*arguments) == 0
    assert names(tmp_path / "out") == ["new-p01.tif", "new-p02.tif"]
    assert run(*arguments) == 0
    assert names(tmp_path / "out") == ["new-p01.tif", "new-p02.tif"]
    assert "0 coloured, 2 already there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("first", "second", "results"),
    [
        (("photo", "JPEG"), ("photo.jpg", "JPEG"), ["photo-2.jpg", "photo.jpg"]),
        (("a.jpg", "PNG"), ("a.jpg.png", "PNG"), ["a.jpg-2.png", "a.jpg.png"]),
        (("photo", "JPEG"), ("other.jpg", "JPEG"), ["other.jpg", "photo.jpg"]),
    ],
)
def test_a_photo_whose_type_is_not_in_its_name_takes_no_other_results_name(tmp_path, first, second, results):
    for number, (name, kind) in enumerate((first, second)):
        Image.new("L", (20 + number, 20), 90).save(tmp_path / name, kind)
    photos = tmp_path / first[0], tmp_path / second[0]
    for _ in range(2):
        assert run(*photos, "-o", tmp_path / "out", "--overwrite") == 0
        assert names(tmp_path / "out") == results
        assert {load_image(tmp_path / "out" / name).width for name in results} == {20, 21}


def test_a_folder_that_cannot_be_searched_is_a_failure_and_the_others_are_coloured(
    tmp_path, capsys, monkeypatch
):
    for name in ("open", "closed"):
        (tmp_path / "album" / name).mkdir(parents=True)
        Image.new("L", (20, 20), 90).save(tmp_path / "album" / name / "a.jpg")
    search = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return search(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert run(tmp_path / "album", "-o", tmp_path / "out") == 1
    assert names(tmp_path / "out") == ["open"]
    assert "album/closed cannot be searched for photos: Permission denied" in capsys.readouterr().err
    assert run(tmp_path / "album" / "closed", "-o", tmp_path / "out") == 1
    assert "closed cannot be searched for photos" in capsys.readouterr().err


def test_a_photo_without_suffix_that_cannot_be_read_is_one_failure(tmp_path, capsys, monkeypatch):
    for name in ("a", "b.jpg"):
        Image.new("L", (20, 20), 90).save(tmp_path / name, "JPEG")
    read = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert run(tmp_path / "a", tmp_path / "b.jpg", "-o", tmp_path / "out") == 1
    assert names(tmp_path / "out") == ["b.jpg"]
    assert "1 coloured, 0 already there, 1 failed" in capsys.readouterr().err


def test_a_name_that_is_too_long_is_wrong_usage(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        run("a" * 300 + ".jpg", "-o", tmp_path / "out")
    assert stop.value.code == 2
    assert "File name too long" in capsys.readouterr().err


def test_an_output_that_is_a_link_to_itself_gets_a_sentence(tmp_path, capsys):
    Image.new("L", (20, 20), 90).save(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to("loop")
    for output in ("loop", "loop/out"):
        assert run(tmp_path / "a.jpg", "-o", tmp_path / output) == 2
        assert "nothing can be written to" in capsys.readouterr().err


def test_a_limit_that_is_no_number_gets_a_sentence_with_a_reference_too(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLORIZER_MEGABYTES", "many")
    Image.new("L", (20, 20), 90).save(tmp_path / "a.jpg")
    assert run(tmp_path / "a.jpg", "-o", tmp_path / "out", "--reference", tmp_path / "a.jpg") == 2
    assert "COLORIZER_MEGABYTES must be a number" in capsys.readouterr().err
