"""Buckets, through the network: an S3 server on this machine has the photos and gets the results."""

import gzip
import io
import os
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from colorizer.cluster.manifest import entries
from colorizer.cluster.photo import PhotoSettings, PhotoTask
from colorizer.cluster.report import COLOURED, FAILED, SKIPPED, Report, Row, to_table
from colorizer.cluster.storage import Storage
from tests.helpers.s3_server import s3_server

ODD = ["a.jpg", "sea/Ærø é.jpg", "sea/100%25 #1?+&=.jpg", "sea/[x]*'\".jpg", "sea/e\u0301.jpg"]


@pytest.fixture(scope="module")
def server():
    with s3_server() as running:
        yield running


@pytest.fixture
def buckets(server):
    """Two empty buckets, "scans" and "coloured"."""
    server.create("scans")
    server.create("coloured")
    yield server
    server.reset()


@pytest.fixture
def jpeg(color_image) -> bytes:
    data = io.BytesIO()
    color_image(40, 30).convert("L").save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
def task(tiny_colorizer) -> PhotoTask:
    """A worker's, from one bucket to the other."""
    return PhotoTask(PhotoSettings("s3://scans", "s3://coloured/1951", size=32), tiny_colorizer)


def test_every_photo_of_a_bucket_is_coloured_whatever_its_name(buckets, task, jpeg):
    scans, out = Storage("s3://scans"), Storage("s3://coloured/1951")
    for name in [*ODD, "sea/letter.txt", ".hidden.jpg", "sea/"]:  # the last stands for an empty folder
        scans.write(name, jpeg)
    found = list(entries("s3://scans"))
    assert sorted(found) == sorted(ODD)
    assert [task.color(name).reason for name in found] == [""] * len(ODD)
    assert sorted(entries("s3://coloured/1951")) == sorted(ODD)
    for name in ODD:
        with Image.open(io.BytesIO(out.read(name))) as image:
            assert (image.size, image.mode) == ((40, 30), "RGB")


def test_a_result_is_a_single_put_and_what_is_there_is_not_read(buckets, task, jpeg):
    Storage("s3://scans").write("sea/a.jpg", jpeg)
    buckets.requests.clear()
    row = task.color("s3://scans/sea/a.jpg")
    assert (row.path, row.status, row.output) == ("sea/a.jpg", COLOURED, "sea/a.jpg")
    assert [request for request in buckets.requests if request[0] == "PUT"] == [
        ("PUT", "/coloured/1951/sea/a.jpg")
    ]
    # What docs/scale.md counts: a look at the photo, two at its result, since a missing file might be a
    # folder, and reading the photo, for which s3fs asks its size again.
    assert sorted(method for method, _ in buckets.requests) == ["GET", "GET", "HEAD", "HEAD", "HEAD", "PUT"]
    buckets.requests.clear()
    assert task.color("sea/a.jpg").status == SKIPPED
    assert buckets.requests == [("HEAD", "/scans/sea/a.jpg"), ("HEAD", "/coloured/1951/sea/a.jpg")]


def test_a_photo_that_is_newer_than_its_result_is_coloured_again(buckets, task, jpeg, monkeypatch):
    Storage("s3://scans").write("a.jpg", jpeg)
    assert task.color("a.jpg").status == COLOURED
    stat = task._root.stat
    # S3 counts whole seconds, which a test need not wait for.
    later = lambda name: replace(stat(name), modified=stat(name).modified + 60)  # noqa: E731
    monkeypatch.setattr(task._root, "stat", later)
    assert task.color("a.jpg").status == COLOURED


def test_a_manifest_may_lie_in_a_bucket(buckets):
    lists = Storage("s3://scans/lists")
    table = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"path": ODD}), table)
    lists.write("plates.parquet", table.getvalue())
    lists.write("plates.txt", "\n".join(ODD).encode())
    lists.write("plates.csv.gz", gzip.compress(b"id,path\n1,sea/a.jpg\n"))
    assert list(entries("s3://scans/lists/plates.parquet")) == ODD
    assert list(entries("s3://scans/lists/plates.txt")) == ODD
    assert list(entries("s3://scans/lists/plates.csv.gz")) == ["sea/a.jpg"]


def test_the_report_lies_beside_the_results_in_files_of_one_put_each(buckets):
    report = Report(Storage("s3://coloured"), "2026")
    assert report.begin("{}") > 1.7e9
    buckets.requests.clear()
    report.add(to_table([Row("a.jpg", COLOURED, "a.jpg")]))
    report.close()
    assert buckets.requests == [("PUT", "/coloured/report/run=2026/part-000000.parquet")]
    written = Storage("s3://coloured/report").read("run=2026/part-000000.parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(written))
    assert table.column("path").to_pylist() == ["a.jpg"]


# --- what goes wrong ----------------------------------------------------------------------------------


def test_an_access_that_is_denied_is_a_row_that_says_to_what(buckets, task, jpeg):
    Storage("s3://scans").write("a.jpg", jpeg)
    buckets.deny()
    row = task.color("a.jpg")
    assert (row.status, row.reason) == (FAILED, "s3://scans/a.jpg: Forbidden")
    with pytest.raises(PermissionError, match=r"s3://coloured/a\.jpg: The AWS Access Key Id you provided"):
        Storage("s3://coloured").write("a.jpg", b"")
    with pytest.raises(PermissionError, match=r"s3://scans/: The AWS Access"):
        list(entries("s3://scans"))


def test_a_missing_bucket_photo_or_manifest_is_told_with_its_name(buckets, task):
    assert task.color("gone.jpg").reason == "there is no such file"
    with pytest.raises(FileNotFoundError, match=r"s3://nowhere/: The specified bucket does not exist"):
        list(entries("s3://nowhere"))
    with pytest.raises(FileNotFoundError, match=r"s3://nowhere/a\.jpg: The specified bucket does not exist"):
        Storage("s3://nowhere").write("a.jpg", b"")
    with pytest.raises(FileNotFoundError, match=r"s3://scans/gone\.txt"):
        list(entries("s3://scans/gone.txt"))


def test_missing_credentials_are_told(buckets, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    storage = Storage("s3://scans")
    storage.fs.clear_instance_cache()
    with pytest.raises(OSError, match=r"s3://scans/a\.jpg: Unable to locate credentials"):
        Storage("s3://scans").read("a.jpg")
    storage.fs.clear_instance_cache()


def test_a_name_that_no_bucket_can_have_is_a_row(buckets, task):
    row = task.color(os.fsdecode(b"caf\xe9.jpg"))
    assert row.status == FAILED
    assert "utf-8" in row.reason
