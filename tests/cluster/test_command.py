"""`colorizer cluster` on this machine alone: folders, manifests, failures, wrong usage, and what Ray says."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.helpers.ray_cluster import start


@pytest.fixture
def album(tmp_path, color_image) -> Path:
    folder = tmp_path / "album"
    (folder / "sea").mkdir(parents=True)
    for number in range(6):
        color_image(60, 40).convert("L").save(folder / f"{number}.jpg")
    color_image(20, 20).quantize(8).save(folder / "sea" / "e.gif")
    (folder / "sea" / "broken.jpg").write_bytes(b"Dear grandson")
    return folder


def run(*arguments) -> tuple[int, str]:
    """Runs the command to its end; returns its exit status and what it said."""
    process = start("cluster", *arguments)
    output, errors = process.communicate(timeout=180)
    assert output == ""
    return process.returncode, errors


def tree(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.???") if "report" not in p.parts)


def rows(out: Path) -> dict[str, dict]:
    return {row["path"]: row for row in pyarrow.parquet.read_table(out / "report").to_pylist()}


def test_a_folder_is_colored_a_failure_is_a_row_and_the_exit_status_is_that_of_the_ordinary_command(
    album, tmp_path
):
    out = tmp_path / "out"
    status, said = run(album, out)
    assert status == 1
    assert tree(out) == [*(f"{number}.jpg" for number in range(6)), "sea/e.gif.png"]
    assert "failed: sea/broken.jpg: broken.jpg is not a photo" in said
    assert "7 coloured, 0 already there, 1 failed" in said
    table = rows(out)
    assert len(table) == 8
    assert (table["sea/e.gif"]["output"], table["sea/e.gif"]["width"]) == ("sea/e.gif.png", 20)
    assert table["sea/broken.jpg"]["status"] == "failed"
    # Nothing but what the user needs to know: no line of Ray's, no warning of a library's.
    assert said.splitlines()[-1] == f"report: {out}/report/{next((out / 'report').iterdir()).name}"
    assert (
        len([line for line in said.splitlines() if "photo/s" not in line and "ray log level" not in line])
        == 3
    )

    (album / "sea" / "broken.jpg").unlink()
    (out / "3.jpg").unlink()
    status, said = run(f"file://{album}", f"file://{out}")
    assert (status, "1 coloured, 6 already there, 0 failed" in said) == (0, True), said


def test_a_manifest_is_colored(album, tmp_path):
    manifest = tmp_path / "plates.parquet"
    pyarrow.parquet.write_table(
        pa.table({"file": ["0.jpg", str(album / "1.jpg"), "gone.jpg", "../x.jpg"]}), manifest
    )
    status, said = run(manifest, tmp_path / "out", "--root", album, "--column", "file", "--workers", 1)
    assert status == 1
    assert "2 coloured, 0 already there, 2 failed" in said
    assert tree(tmp_path / "out") == ["0.jpg", "1.jpg"]
    assert rows(tmp_path / "out")["../x.jpg"]["reason"].startswith("it is not below")


def test_capitals_are_told_apart_for_a_disk_that_cannot(tmp_path, color_image):
    for name in ("a.jpg", "A.jpg"):
        (tmp_path / "in").mkdir(exist_ok=True)
        color_image(20, 20).save(tmp_path / "in" / name)
    status, _ = run(tmp_path / "in", tmp_path / "out", "--ignore-case")
    assert status == 0
    assert len({name.lower() for name in tree(tmp_path / "out")}) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{album}", "{tmp}/out", "--workers", "0"], "--workers must be more than 0. Received: 0"),
        (["{album}", "{tmp}/out", "--strength", "3"], "--strength must lie between 0 and 2"),
        (["{album}", "{album}"], "OUT contains the photos, so results and photos would mix"),
        (["{album}", "{tmp}"], "OUT contains the photos, so results and photos would mix"),
        (["{album}", "{album}/0.jpg/out"], "Not a directory"),
        (["{album}", "shoebox://attic"], "Protocol not known: shoebox"),
        (["{album}", "{tmp}/out", "--address", "127.0.0.1:1"], "there is no Ray cluster at 127.0.0.1:1"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun_is_told_in_a_sentence(album, tmp_path, arguments, said):
    status, errors = run(*(word.format(album=album, tmp=tmp_path) for word in arguments))
    assert status == 2
    assert said in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{album}/list.csv"], 'has no column "path"; --column names another. Received: id'),
        (["{album}/gone"], "No such file or directory"),
        (["{album}", "--weights", "{album}/gone"], "gone"),
    ],
)
def test_a_run_that_fails_as_a_whole_says_why(album, tmp_path, arguments, said):
    (album / "list.csv").write_text("id\n1\n")
    source, *options = (word.format(album=album) for word in arguments)
    status, errors = run(source, tmp_path / "out", *options)
    assert (status, said in errors) == (2, True), errors
    assert "Traceback" not in errors


def test_one_machine_needs_no_more_than_the_photo_that_is_coloured(album, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_MEGAPIXELS", "0.001")
    status, said = run(album, tmp_path / "out")
    assert status == 1
    assert "0 coloured, 0 already there, 8 failed" in said
    assert "at most 0.001 are accepted" in said
