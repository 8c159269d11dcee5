"""One photo on a worker: coloured, skipped or failed, and always a row."""

import hashlib
import io
import os
import time

import fsspec
import pytest
from PIL import Image

from colorizer.cluster.photo import REPEATED, PhotoSettings, PhotoTask
from colorizer.cluster.report import COLOURED, FAILED, SKIPPED
from colorizer.image.provenance import is_result
from colorizer.limits import Limits


@pytest.fixture
def scans(tmp_path, color_image):
    folder = tmp_path / "scans"
    (folder / "sea").mkdir(parents=True)
    color_image(40, 30).convert("L").save(folder / "a.jpg")
    color_image(30, 40).convert("L").save(folder / "sea" / "b.gif")
    return folder


@pytest.fixture
def task(scans, tmp_path, tiny_colorizer):
    """Makes a task from the folder of the scans to a folder beside it."""

    def make(repeats=False, **settings):
        settings = {"root": str(scans), "out": str(tmp_path / "out"), "size": 32} | settings
        return PhotoTask(PhotoSettings(**settings), tiny_colorizer, repeats)

    return make


def sha256(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_photo_is_colored_and_its_row_says_all_about_it(task, scans, tmp_path):
    row = task().color("a.jpg")
    result = tmp_path / "out" / "a.jpg"
    assert (row.path, row.status, row.output, row.reason) == ("a.jpg", COLOURED, "a.jpg", "")
    assert (row.width, row.height) == (40, 30)
    assert (row.input_sha256, row.output_sha256) == (sha256(scans / "a.jpg"), sha256(result))
    assert 0 < row.seconds < 30
    assert is_result(result)


def test_the_result_has_the_type_that_its_name_says(task, tmp_path, color_image, scans):
    color_image(8, 8).save(scans / "wrong.jpg", "PNG")
    assert [task().color(name).output for name in ("sea/b.gif", "wrong.jpg")] == [
        "sea/b.gif.png",
        "wrong.jpg",
    ]
    with Image.open(tmp_path / "out" / "sea" / "b.gif.png") as image:
        assert image.format == "PNG"
    with Image.open(tmp_path / "out" / "wrong.jpg") as image:
        assert image.format == "JPEG"


def test_buckets_are_read_and_written(task, scans, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pipe_file("/scans/sea/a.jpg", (scans / "a.jpg").read_bytes())
    there = task(root="memory://scans", out="memory://coloured")
    assert there.color("memory://scans/sea/a.jpg").status == COLOURED
    assert there.color("sea/a.jpg").status == SKIPPED
    with Image.open(io.BytesIO(memory.cat_file("/coloured/sea/a.jpg"))) as image:
        assert image.size == (40, 30)
    assert memory.find("/coloured") == ["/coloured/sea/a.jpg"]


def test_a_sidecar_of_a_photo_on_a_disk_is_read(task, scans, tmp_path):
    (scans / "a.xmp").write_text(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4'/></rdf:RDF></x:xmpmeta>"
    )
    task().color("a.jpg")
    assert b'Rating="4"' in (tmp_path / "out" / "a.jpg").read_bytes()


# --- what is there already ----------------------------------------------------------------------------


def test_what_is_there_and_newer_is_skipped_without_being_read(task, scans, tmp_path):
    task().color("a.jpg")
    result = tmp_path / "out" / "a.jpg"
    before = result.stat().st_mtime_ns
    (scans / "a.jpg").chmod(0)  # root reads it all the same; the digests below are what shows it
    row = task().color("a.jpg")
    assert (row.status, row.reason) == (SKIPPED, "its result is there and newer")
    assert (row.input_sha256, row.output_sha256, row.width) == (None, None, None)
    assert result.stat().st_mtime_ns == before


def test_a_photo_that_has_changed_since_is_colored_again(task, scans, tmp_path, color_image):
    task().color("a.jpg")
    color_image(50, 20).save(scans / "a.jpg")
    later = time.time() + 10
    os.utime(scans / "a.jpg", (later, later))
    assert task().color("a.jpg").status == COLOURED
    with Image.open(tmp_path / "out" / "a.jpg") as image:
        assert image.size == (50, 20)


def test_overwrite_colors_again(task):
    task().color("a.jpg")
    assert task(overwrite=True).color("a.jpg").status == COLOURED


def test_somebodys_older_photo_in_the_place_of_the_result_stays(task, tmp_path, color_image):
    other = tmp_path / "out" / "a.jpg"
    other.parent.mkdir()
    color_image(9, 9).save(other)
    os.utime(other, (1, 1))
    before = other.read_bytes()
    row = task().color("a.jpg")
    assert (row.status, row.reason) == (
        FAILED, "a.jpg exists in OUT and is not a result: choose another OUT, or --overwrite",
    )  # fmt: skip
    assert other.read_bytes() == before


def test_a_photo_never_overwrites_itself(task, scans):
    before = sha256(scans / "a.jpg")
    row = task(out=str(scans), overwrite=True).color("a.jpg")
    assert (row.status, row.reason) == (FAILED, "it would overwrite itself: choose another OUT")
    assert sha256(scans / "a.jpg") == before


def test_what_a_dead_worker_of_this_run_has_colored_gets_its_row_after_all(task, scans, tmp_path):
    first = task().color("a.jpg")
    started = (tmp_path / "out" / "a.jpg").stat().st_mtime - 1
    row = task(repeats=True, started=started).color("a.jpg")
    assert (row.status, row.reason) == (COLOURED, REPEATED)
    assert (row.input_sha256, row.output_sha256) == (first.input_sha256, first.output_sha256)
    assert (row.width, row.height) == (40, 30)


def test_what_an_earlier_run_has_colored_is_skipped_by_a_second_worker_as_well(task, tmp_path):
    task().color("a.jpg")
    started = (tmp_path / "out" / "a.jpg").stat().st_mtime + 1
    assert task(repeats=True, started=started).color("a.jpg").status == SKIPPED


# --- failures are rows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "content", "reason"),
    [
        ("gone.jpg", None, "there is no such file"),
        ("empty.jpg", b"", "it is an empty file"),
        ("text.jpg", b"Dear grandson", "text.jpg is not a photo"),
        ("damaged.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50, "damaged.jpg"),
        ("sea", None, "sea is a folder"),
        ("../a.jpg", None, "it is not below"),
    ],
)
def test_a_photo_that_cannot_be_colored_is_a_row_with_the_reason(task, scans, entry, content, reason):
    if content is not None:
        (scans / entry).write_bytes(content)
    row = task().color(entry)
    assert (row.status, row.path, row.fatal) == (FAILED, entry, False)
    assert reason in row.reason


def test_a_photo_beyond_the_limits_is_not_read(task, tiny_colorizer, monkeypatch):
    monkeypatch.setattr(tiny_colorizer, "limits", Limits(megabytes=0.0001))
    row = task().color("a.jpg")
    assert row.status == FAILED
    assert "at most 0.0001 MB a photo are accepted" in row.reason
    assert row.input_sha256 is None


def test_an_error_that_nobody_expects_is_a_row_as_well(task, monkeypatch):
    one = task()
    monkeypatch.setattr(one._root, "read", lambda name: 1 / 0)
    row = one.color("a.jpg")
    assert (row.status, row.reason) == (FAILED, "ZeroDivisionError: division by zero")


def test_a_full_disk_ends_the_run(task, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    one = task()
    monkeypatch.setattr(one._out, "write", full)
    row = one.color("a.jpg")
    assert (row.status, row.fatal) == (FAILED, True)


def test_neither_half_a_file_nor_any_other_remains_of_a_failure(task, scans, tmp_path):
    (scans / "text.jpg").write_bytes(b"Dear grandson")
    task().color("text.jpg")
    assert not (tmp_path / "out").exists()
