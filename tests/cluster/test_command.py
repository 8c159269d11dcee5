"""`colorizer cluster` on this machine alone: folders, manifests, failures, wrong usage, and what Ray says."""

import io
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from colorizer.cluster.command import inherited_environment
from tests.helpers.ray_cluster import start
from tests.helpers.s3_server import s3_server


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
    assert said.splitlines()[-1] == f"report: {out}/report/{next((out / 'report').iterdir()).name}"
    assert (
        len([line for line in said.splitlines() if "photo/s" not in line and "ray log level" not in line])
        == 3
    )

    (album / "sea" / "broken.jpg").unlink()
    (out / "3.jpg").unlink()
    status, said = run(f"file://{album}", f"file://{out}")
    assert (status, "1 coloured, 6 already there, 0 failed" in said) == (0, True), said


def test_a_manifest_is_colored_into_a_bucket(album, tmp_path, color_image, monkeypatch):
    color_image(400, 400).save(album / "large.jpg", quality=100)
    manifest = tmp_path / "plates.parquet"
    paths = ["0.jpg", str(album / "B.jpg"), "gone.jpg", "../x.jpg", "large.jpg"]
    pyarrow.parquet.write_table(pa.table({"file": paths}), manifest)
    options = ["--column", "file", "--workers", 1, "--ignore-case"]
    (album / "1.jpg").rename(album / "B.jpg")
    monkeypatch.setenv("COLORIZER_MEGABYTES", "0.002")  # workers have the limits of the command
    with s3_server() as server:  # and its key and address
        server.create("coloured")
        status, said = run(manifest, "s3://coloured", "--root", album, *options)
        bucket = fsspec.filesystem("s3")
        first, second, *written = bucket.find("coloured")
        (report,) = [bucket.cat_file(path) for path in written if path.endswith(".parquet")]
    assert status == 1
    assert "2 coloured, 0 already there, 3 failed" in said
    assert "at most 0.002 MB a photo are accepted" in said
    assert (first, second[:11], second[-4:]) == ("coloured/0.jpg", "coloured/B~", ".jpg")
    reasons = {
        row["path"]: row["reason"] for row in pyarrow.parquet.read_table(io.BytesIO(report)).to_pylist()
    }
    assert reasons["../x.jpg"].startswith("it is not below")


def test_a_folder_without_photos_is_told(tmp_path):
    status, said = run(tmp_path, tmp_path / "out")
    assert (status, "there are no photos in" in said) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{album}", "{tmp}/out", "--workers", "0"], "--workers must be more than 0. Received: 0"),
        (["{album}", "{tmp}/out", "--strength", "3"], "--strength must lie between 0 and 2"),
        (["{album}", "{album}"], "OUT contains the photos, so results and photos would mix"),
        (["{album}", "{tmp}"], "OUT contains the photos, so results and photos would mix"),
        (["{album}", "{album}/0.jpg/out"], "Not a directory"),
        (["{album}", "shoebox://attic"], "Protocol not known: shoebox"),
        (["{album}/list.csv", "{tmp}/out"], 'has no column "path"; --column names another. Received: id'),
        (["{album}/gone", "{tmp}/out"], "No such file or directory"),
        (["{album}", "{tmp}/out", "--weights", "{album}/gone"], "There are no weights at"),
        (["{album}", "{tmp}/out", "--address", "127.0.0.1:1"], "there is no Ray cluster at 127.0.0.1:1"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun_is_told_in_a_sentence(album, tmp_path, arguments, said):
    (album / "list.csv").write_text("id\n1\n")
    status, errors = run(*(word.format(album=album, tmp=tmp_path) for word in arguments))
    assert status == 2
    assert said in errors
    assert "Traceback" not in errors


def test_workers_get_the_settings_but_not_the_password_of_the_page(monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")
    monkeypatch.setenv("COLORIZER_AUTH", "grandma:secret")
    inherited = inherited_environment()
    assert inherited["COLORIZER_RUNTIME"] == "ncnn"
    assert "COLORIZER_AUTH" not in inherited
