"""The benchmark of hints: its rules choose as they say, and true colours bring photos nearer to the truth."""

import json

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation import evaluate, hint_benchmark
from colorizer.evaluation.hint_benchmark import benchmark, choose_hints, format_table, window_mean


@pytest.fixture(scope="module")
def folder(tmp_path_factory, color_image):
    folder = tmp_path_factory.mktemp("truth")
    for seed in range(3):
        color_image(64, 48, seed).save(folder / f"{seed}.png")
    (folder / "notes.jpg").write_text("no photo")
    return folder


@pytest.fixture(scope="module")
def result(tiny_colorizer, folder):
    return benchmark(tiny_colorizer, folder, (1, 5, 20), size=64)


def test_true_colors_as_hints_bring_photos_nearer_to_the_truth(result):
    assert result["counts"] == [0, 1, 5, 20]
    for rule in ("largest", "random"):
        gains = [row["gain"] for row in result["rows"][rule]["hints"].values()]
        assert gains[0] == 0
        assert gains[1] > -0.2
        assert gains[3] > max(2, gains[1])
        differences = [row["dE00"] for row in result["rows"][rule]["hints"].values()]
        assert differences[3] < differences[0]


def test_without_hints_splat_is_the_prediction_and_levin_is_grey(result, tiny_colorizer, folder):
    rows = result["rows"]["largest"]
    assert rows["splat"][0] == rows["hints"][0]
    grey = tiny_colorizer.predict(folder / "0.png", size=64)
    assert not hint_benchmark.levin(grey, []).any()


def test_a_file_that_is_no_photo_is_skipped_and_named(result):
    assert result["photos"] == 3
    assert list(result["skipped"]) == ["notes.jpg"]
    assert "skipped notes.jpg" in format_table(result)


def test_the_first_hint_is_where_the_error_is_largest_and_has_the_true_color(tiny_colorizer, tmp_path):
    pixels = np.full((48, 64, 3), 128, np.uint8)
    pixels[30:40, 45:55] = (255, 40, 30)
    Image.fromarray(pixels).save(tmp_path / "spot.png")
    prediction = tiny_colorizer.predict(tmp_path / "spot.png", size=64)
    (hint,) = choose_hints(prediction, 1, "largest")
    assert 30 / 48 < hint.y < 40 / 48
    assert 45 / 64 < hint.x < 55 / 64
    assert hint.ab[0] > 50
    assert choose_hints(prediction, 3, "random") == choose_hints(prediction, 3, "random")


def test_a_window_mean_is_a_mean_over_an_odd_square():
    planes = np.zeros((9, 9, 1))
    planes[4, 4] = 9
    assert window_mean(planes, 3)[3:6, 3:6, 0] == pytest.approx(1)
    assert window_mean(planes, 3).sum() == pytest.approx(9)
    np.testing.assert_array_equal(window_mean(planes, 1), planes)


def test_the_command_writes_table_json_and_plot(tiny_colorizer, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluate.Colorizer, "from_pretrained", lambda *_: tiny_colorizer)
    arguments = [folder, "--hints", "0", "2", "--first", "2", "--size", "64", "--methods", "hints", "splat"]
    outputs = [
        "--json",
        tmp_path / "hints.json",
        "--plot",
        tmp_path / "hints.png",
        "--save",
        tmp_path / "out",
    ]
    assert evaluate.main([str(argument) for argument in (*arguments, *outputs)]) == 0
    assert "gain dB" in capsys.readouterr().out
    written = json.loads((tmp_path / "hints.json").read_text())
    assert list(written["rows"]["random"]) == ["hints", "splat"]
    with Image.open(tmp_path / "hints.png") as plot:
        assert plot.format == "PNG"
    assert len(list((tmp_path / "out" / "largest-hints-2").iterdir())) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hints", "101"],
        ["--hints", "-1"],
        ["--first", "2"],
        ["--methods", "splat"],
        ["--hints", "1", "--sheet", "sheet.png"],
    ],
)
def test_wrong_usage_gets_a_sentence(folder, arguments, capsys):
    with pytest.raises(SystemExit):
        evaluate.main([str(folder), *arguments])
    assert "--hints" in capsys.readouterr().err


def test_photos_that_differ_only_in_suffix_or_folder_are_all_kept(tiny_colorizer, tmp_path, color_image):
    folder, out = tmp_path / "photos", tmp_path / "out"
    (folder / "b").mkdir(parents=True)
    for name in ("one.png", "one.bmp", "b/one.png"):
        color_image(48, 32).save(folder / name)
    benchmark(tiny_colorizer, folder, [], 64, save=out, methods=["hints"])
    saved = out / "largest-hints-0"
    names = {path.relative_to(saved).as_posix() for path in saved.rglob("*.png")}
    assert names == {"one.png", "one.png.png", "b/one.png"}
