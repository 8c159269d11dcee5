"""Batches cut ahead of time are the same from a thread and from processes, and no worker is left running."""

import multiprocessing

import numpy as np
import pytest

from colorizer.training.crops import BatchStream
from colorizer.training.photo_cache import PhotoCache
from colorizer.training.prefetch import Loader


@pytest.fixture(scope="module")
def stream(tmp_path_factory, photos) -> BatchStream:
    cache = PhotoCache.build([photos], tmp_path_factory.mktemp("cache"))
    return BatchStream(cache, seed=3, zoom=2.0, count=100, stretch=1.3)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_thread_and_processes_cut_what_the_stream_itself_would(stream, workers):
    with Loader(stream, workers) as loader:
        waiting = [loader.prepare(position, 5, 24) for position in (0, 5, 250)]
        for position, batch in zip((0, 5, 250), waiting, strict=True):
            np.testing.assert_array_equal(batch.result(), stream.batch(position, 5, 24))


def test_requests_that_are_not_used_leave_no_worker_running(stream):
    with Loader(stream, workers=1) as loader:
        waiting = [loader.prepare(0, 50, 64) for _ in range(40)]
        waiting[0].result()
    assert any(batch.cancelled() for batch in waiting)
    assert all(batch.done() for batch in waiting)
    assert multiprocessing.active_children() == []


def test_more_batches_are_requested_ahead_than_there_are_processes(stream):
    assert Loader(stream).ahead == 1
    with Loader(stream, workers=3) as loader:
        assert loader.ahead > 3


@pytest.mark.slow
def test_processes_decode_the_same_photos_and_name_the_same_broken_ones(photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    one, two = (
        PhotoCache.build([photos, broken], tmp_path / str(workers), workers=workers) for workers in (0, 2)
    )
    assert one.names == two.names
    assert len(one) == 120
    assert list(one.unreadable) == list(two.unreadable) == [str(broken)]
    np.testing.assert_array_equal(one.pixels, two.pixels)
