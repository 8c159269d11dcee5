"""Folders and buckets alike: whole files, times, and what a kill leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from colorizer import atomic_write
from colorizer.cluster import storage as module
from colorizer.cluster.storage import Storage


@pytest.fixture(params=["path", "file", "memory", "other"])
def storage(request, tmp_path, monkeypatch):
    """A disk by path and by URL, a bucket, and a file system that is neither, such as SFTP."""
    if request.param in ("memory", "other"):
        fsspec.filesystem("memory").store.clear()
    if request.param == "other":
        monkeypatch.setattr(module, "OBJECT_STORES", set())
    return Storage(
        {"path": str(tmp_path / "out"), "file": f"file://{tmp_path}/out"}.get(request.param, "memory://out")
    )


def files(storage: Storage) -> list[str]:
    return [path.removeprefix(f"{storage.root}/") for path in storage.fs.find(storage.root)]


def test_what_is_written_is_read_with_the_folders_above_it(storage):
    storage.write("sea/1951/a.jpg", b"photo")
    assert storage.read("sea/1951/a.jpg") == b"photo"
    assert files(storage) == ["sea/1951/a.jpg"]


def test_a_file_is_replaced_and_nothing_is_left_beside_it(storage):
    storage.write("a.jpg", b"old")
    storage.write("a.jpg", b"new")
    assert storage.read("a.jpg") == b"new"
    assert files(storage) == ["a.jpg"]


def test_a_file_says_its_size_and_time_and_a_missing_one_is_none(storage):
    assert storage.stat("a.jpg") is None
    storage.write("a.jpg", b"photo")
    before = storage.stat("a.jpg")
    assert before.size == 5
    storage.write("a.jpg", b"photos")
    assert storage.stat("a.jpg").modified >= before.modified > 1.7e9


def test_a_folder_is_no_file(storage):
    storage.write("sea/a.jpg", b"photo")
    with pytest.raises(IsADirectoryError, match="sea is a folder"):
        storage.stat("sea")


def test_a_write_that_fails_leaves_the_old_file(storage, monkeypatch):
    storage.write("a.jpg", b"old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(type(storage.fs), "mv", full)
    if storage.fs.protocol == "memory" and module.OBJECT_STORES:
        monkeypatch.setattr(type(storage.fs), "pipe_file", full)
    with pytest.raises(OSError, match="No space left"):
        storage.write("a.jpg", b"new")
    assert storage.read("a.jpg") == b"old"
    assert files(storage) == ["a.jpg"]


def test_what_a_killed_worker_had_begun_is_removed(tmp_path):
    folder = tmp_path / "out" / "sea"
    folder.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    (folder / f".a.jpg.{atomic_write._HOST}.{process.pid}.0.partial").touch()
    Storage(str(tmp_path / "out")).write("sea/b.jpg", b"photo")
    assert [path.name for path in folder.iterdir()] == ["b.jpg"]


def test_this_disk_tells_case_apart_and_is_left_as_it_was(tmp_path):
    assert Storage(str(tmp_path)).ignores_case() == (tmp_path / "A").exists() is False
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_a_for_A_is_noticed(tmp_path, monkeypatch):
    def found(path: Path) -> bool:
        return any(path.name.lower() == other.name.lower() for other in path.parent.iterdir())

    monkeypatch.setattr(Path, "exists", found)  # as a Mac's disk answers
    assert Storage(str(tmp_path)).ignores_case()
    assert list(tmp_path.iterdir()) == []


def test_two_names_of_one_file_are_noticed(tmp_path):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    here, other = Storage(str(tmp_path)), Storage(f"file://{tmp_path}")
    assert here.same_file("a.jpg", other, "b.jpg")
    assert not here.same_file("a.jpg", other, "c.jpg")
    assert not here.same_file("a.jpg", Storage("memory://x"), "a.jpg")


def test_an_unknown_protocol_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="Protocol not known: shoebox"):
        Storage("shoebox://attic")
