"""`scripts/bench_cluster.py` still measures what it says; how much Ray costs, no test can know."""

import sys

import pytest

from tests.helpers.clock import Clock
from tests.helpers.paths import ROOT

sys.path.append(str(ROOT / "scripts"))
import bench_cluster


def test_an_album_has_as_many_photos_as_asked_for_each_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setitem(bench_cluster.SIZES, "medium", (30, 20))
    album = bench_cluster.make_album(tmp_path / "album", bench_cluster.DIFFERENT + 2)
    photos = sorted(album.iterdir())
    assert len(photos) == bench_cluster.DIFFERENT + 2
    assert len({photo.resolve() for photo in photos}) == len(photos)  # the command colours links once
    assert len({photo.read_bytes() for photo in photos}) == bench_cluster.DIFFERENT


def test_jobs_run_in_turns_into_a_fresh_folder_and_the_faster_run_counts(tmp_path, monkeypatch):
    clock, lasting = Clock(monkeypatch, bench_cluster), iter([5, 1, 2, 3])
    turns = []

    def job(name):
        def work(out):
            assert not out.exists()
            out.mkdir()
            turns.append(name)
            clock.now += next(lasting)

        return work

    seconds = bench_cluster.fastest({"a": job("a"), "b": job("b")}, tmp_path / "out")
    assert turns == ["a", "b", "a", "b"]
    assert seconds == {"a": 2, "b": 1}


def test_a_command_that_fails_ends_the_measurement(tmp_path):
    with pytest.raises(SystemExit, match="there is no file or folder"):
        bench_cluster.run(tmp_path / "gone", "-o", tmp_path / "out")
