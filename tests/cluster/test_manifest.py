"""Which photos there are: folders, text, CSV and Parquet; one after another."""

import gzip
import os
import tracemalloc

import fsspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from colorizer.cluster.manifest import entries, is_manifest, relative, root_of
from colorizer.cluster.storage import Storage

PATHS = ["a.jpg", "sea/1951/d.webp", "sea/with, comma.tif"]


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    for name in (*PATHS, "letter.txt", ".hidden.jpg", ".cache/x.jpg", "out/a.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "link").symlink_to(folder)  # a circle
    return folder


def test_a_folder_gives_its_photos_and_neither_hidden_ones_nor_results(album):
    assert sorted(entries(str(album), leave_out=str(album / "out"))) == PATHS
    assert sorted(entries(f"file://{album}", leave_out=f"file://{album}/out")) == PATHS


def test_a_bucket_gives_its_photos():
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in (*PATHS, "letter.txt", "out/a.jpg"):
        memory.pipe_file(f"/archive/{name}", b"")
    assert sorted(entries("memory://archive", leave_out="memory://archive/out")) == PATHS


def test_a_file_name_that_is_not_utf8_is_found(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).touch()
    assert list(entries(str(tmp_path))) == [os.fsdecode(b"caf\xe9.jpg")]


def test_a_text_file_has_a_path_in_every_line(tmp_path):
    manifest = tmp_path / "plates.txt"
    manifest.write_bytes(b"a.jpg\r\n\nsea/1951/d.webp\nsea/with, comma.tif\ncaf\xe9.jpg")
    assert list(entries(str(manifest))) == [*PATHS, os.fsdecode(b"caf\xe9.jpg")]


def test_a_csv_file_has_a_column(tmp_path):
    manifest = tmp_path / "plates.csv"
    manifest.write_text('id,path\n1,a.jpg\n2,sea/1951/d.webp\n3,"sea/with, comma.tif"\n4,\n')
    assert list(entries(str(manifest))) == PATHS
    assert list(entries(str(manifest), column="id")) == ["1", "2", "3", "4"]


def test_a_compressed_manifest_is_read(tmp_path):
    (tmp_path / "plates.txt.gz").write_bytes(gzip.compress("\n".join(PATHS).encode()))
    (tmp_path / "plates.csv.gz").write_bytes(gzip.compress(b"path\na.jpg\n"))
    assert list(entries(str(tmp_path / "plates.txt.gz"))) == PATHS
    assert list(entries(f"file://{tmp_path}/plates.csv.gz")) == ["a.jpg"]


def test_a_parquet_file_has_a_column(tmp_path):
    manifest = tmp_path / "plates.parquet"
    pyarrow.parquet.write_table(pa.table({"id": range(4), "path": [*PATHS, None]}), manifest)
    assert list(entries(str(manifest))) == PATHS


@pytest.mark.parametrize("name", ["plates.csv", "plates.parquet"])
def test_a_column_that_is_not_there_is_an_error_that_names_those_that_are(tmp_path, name):
    manifest = tmp_path / name
    if name.endswith(".csv"):
        manifest.write_text("id,file\n1,a.jpg\n")
    else:
        pyarrow.parquet.write_table(pa.table({"id": [1], "file": ["a.jpg"]}), manifest)
    with pytest.raises(ValueError, match=r'no column "path"; --column names another\. Received: id, file'):
        list(entries(str(manifest)))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["txt", "csv", "parquet"])
def test_a_manifest_is_never_in_memory_as_a_whole(tmp_path, suffix):
    manifest = tmp_path / f"plates.{suffix}"
    paths = [f"box{n // 1000:04}/a-plate-with-a-rather-long-name-{n:08}.jpg" for n in range(200_000)]
    if suffix == "parquet":
        pyarrow.parquet.write_table(pa.table({"path": paths}), manifest, row_group_size=10_000)
    else:
        manifest.write_text("\n".join(["path", *paths] if suffix == "csv" else paths))
    del paths
    tracemalloc.start()
    try:
        assert sum(1 for _ in entries(str(manifest))) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 3e6  # of 11 MB, and twice that as Python's strings
    finally:
        tracemalloc.stop()


def test_the_root_of_a_manifest_is_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert root_of("plates.txt") == str(tmp_path)
    assert root_of("s3://archive/lists/plates.parquet") == "s3://archive/lists"
    assert root_of("s3://archive/scans") == "s3://archive/scans"
    assert is_manifest("A.CSV.GZ")
    assert not is_manifest("scans.parquet.d")


@pytest.mark.parametrize(
    "entry",
    [
        "sea/a.jpg",
        "./sea//a.jpg",
        "sea/x/../a.jpg",
        "/archive/scans/sea/a.jpg",
        "file:///archive/scans/sea/a.jpg",
    ],
)
def test_every_way_to_write_a_path_below_the_root_is_the_same_photo(entry):
    assert relative(entry, Storage("/archive/scans")) == "sea/a.jpg"


def test_urls_below_the_root_of_a_bucket_are_relative_to_it():
    root = Storage("memory://archive/scans")
    assert relative("memory://archive/scans/sea/a.jpg", root) == "sea/a.jpg"
    assert relative("sea/a.jpg", root) == "sea/a.jpg"


@pytest.mark.parametrize(
    "entry",
    ["../a.jpg", "sea/../../a.jpg", "/etc/passwd", "/archive/scans2/a.jpg", "s3://archive/scans/a.jpg", "."],
)
def test_a_path_that_is_not_below_the_root_is_refused(entry):
    with pytest.raises(ValueError, match="it is not below /archive/scans"):
        relative(entry, Storage("/archive/scans"))
