"""Scoring: honest about grey, about what was left out, and in a form that other tools can check."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation import evaluate
from colorizer.image.reader import read_photo
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import find_weights
from tests.helpers.pictures import load_image


@pytest.fixture
def folder(tmp_path, color_image) -> Path:
    """Three colour photos, one of them deeper, and a letter."""
    folder = tmp_path / "truth"
    (folder / "deep").mkdir(parents=True)
    color_image(48, 40, 1).save(folder / "one.png")
    color_image(40, 48, 2).save(folder / "two.jpg", quality=95)
    color_image(64, 64, 3).save(folder / "deep" / "three.png")
    (folder / "letter.txt").write_text("Dear grandson")
    return folder


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tiny_colorizer):
    monkeypatch.setattr(evaluate.Colorizer, "from_pretrained", lambda source=None: tiny_colorizer)


@pytest.mark.slow
def test_the_table_has_a_row_for_grey_for_the_model_and_for_the_truth(tiny_colorizer, folder):
    result = evaluate.evaluate(tiny_colorizer, folder, size=64)
    assert result["photos"] == 3
    assert list(result["skipped"]) == ["letter.txt"]
    rows = result["rows"]
    assert rows["grey"]["cf"] < 0.5 < rows["truth"]["cf"]
    assert rows["grey"]["dcf"] == pytest.approx(rows["truth"]["cf"] - rows["grey"]["cf"])
    assert rows["truth"]["psnr"] is None
    assert rows["truth"]["dE00"] == rows["truth"]["dcf"] == 0
    assert all(np.isfinite(rows["model"][name]) for name in ("psnr", "ssim", "dE00", "cf", "dcf"))


def test_a_model_that_knows_the_truth_scores_better_than_grey(tiny_colorizer, folder, monkeypatch):
    truths = {read_photo(p).size: read_photo(p) for p in folder.rglob("*.[pj]*g")}

    def knows(photo, size, stretch_faded):
        from colorizer.image import color

        truth = truths[photo.size]
        return color.rgb_to_lab(np.asarray(truth.original, np.float32) / 255)[..., 1:]

    monkeypatch.setattr(tiny_colorizer, "_edge_aligned_ab", knows)
    rows = evaluate.evaluate(tiny_colorizer, folder)["rows"]
    assert rows["model"]["psnr"] > 45 > rows["grey"]["psnr"]
    assert rows["model"]["dE00"] < 1 < rows["grey"]["dE00"]
    assert rows["model"]["dcf"] < 1


def test_the_command_prints_the_table_and_saves_what_was_asked(folder, tmp_path, capsys):
    out = tmp_path / "out"
    status = evaluate.main(
        [str(folder), "--size", "64", "--save", str(out), "--json", str(tmp_path / "f.json")]
    )
    assert status == 0
    text = capsys.readouterr().out
    assert "3 photos, 1 skipped" in text
    assert "letter.txt is not a photo" in text
    assert "Protocol:" in text
    written = json.loads((tmp_path / "f.json").read_text())
    assert written["photos"] == 3
    assert written["weights"] == manifest.sha256(find_weights())
    saved = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert saved == ["deep/three.png", "one.png", "two.png"]
    assert load_image(out / "two.png").size == (40, 48)
    with Image.open(tmp_path / "out-sheet.png") as sheet:
        assert sheet.width > 3 * evaluate.SHEET_SIDE


def test_photos_that_differ_only_in_suffix_or_folder_are_all_kept(tiny_colorizer, tmp_path, color_image):
    for name in ("one.png", "one.jpg"):
        (tmp_path / "truth").mkdir(exist_ok=True)
        color_image(40, 40).save(tmp_path / "truth" / name)
    for name in ("a", "b"):
        (tmp_path / "truth" / name).mkdir()
        (tmp_path / "truth" / name / "letter.txt").write_text("Dear grandson")
    result = evaluate.evaluate(tiny_colorizer, tmp_path / "truth", 32, save=tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == result["photos"] == 2
    assert len(result["skipped"]) == 2


def test_a_contact_sheet_shows_photos_even_where_a_letter_lies_beside_each(
    tiny_colorizer, tmp_path, color_image
):
    (tmp_path / "truth").mkdir()
    for number in range(evaluate.SHEET_PHOTOS):
        (tmp_path / "truth" / f"{number:02}.json").write_text("{}")
        color_image(32, 32, number).save(tmp_path / "truth" / f"{number:02}.png")
    evaluate.evaluate(tiny_colorizer, tmp_path / "truth", 32, sheet=tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * evaluate.SHEET_SIDE


def test_a_missing_folder_and_one_without_photos_exit_with_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        evaluate.main([str(tmp_path / "nowhere")])
    assert stop.value.code == 2
    (tmp_path / "letter.txt").write_text("Dear grandson")
    assert evaluate.main([str(tmp_path)]) == 2
    assert "There is no photo to score" in capsys.readouterr().err


def test_what_cannot_be_read_is_skipped_by_a_name_that_cannot_control_the_terminal(folder, capsys):
    (folder / "gone\x1b[2J.jpg").symlink_to("loop.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "letter.txt").rename(folder / "letter\x1b[2J.txt")
    assert evaluate.main([str(folder), "--size", "64"]) == 0
    table = capsys.readouterr().out
    assert "3 photos, " in table
    assert "letter\\x1b[2J.txt" in table
    assert "\x1b" not in table


@pytest.mark.parametrize("option", ["--json", "--sheet"])
def test_a_folder_in_place_of_a_file_to_write_is_told_before_the_work(folder, tmp_path, capsys, option):
    assert evaluate.main([str(folder), option, str(tmp_path)]) == 2
    written = capsys.readouterr()
    assert "is a folder, not a file to write" in written.err
    assert written.out == ""
