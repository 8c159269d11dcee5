"""A photo that kills the process that colours it: a row with the reason, and the next one goes on."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.cluster.photo import REPEATED, PhotoSettings
from colorizer.cluster.subprocess_worker import SubprocessWorker
from colorizer.cluster.worker import WorkerSettings, load
from colorizer.limits import Limits
from tests.helpers.paths import EXAMPLES


@pytest.fixture(autouse=True)
def ncnn(monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")


@pytest.fixture
def settings(tmp_path) -> WorkerSettings:
    noise = np.random.default_rng(0).integers(0, 255, (4000, 6000), np.uint8)
    (tmp_path / "scans").mkdir()
    Image.fromarray(noise).save(tmp_path / "scans" / "large.png", compress_level=0)
    (tmp_path / "scans" / "small.jpg").symlink_to(EXAMPLES / "detroit-1915.jpg")
    photos = PhotoSettings(str(tmp_path / "scans"), str(tmp_path / "out"), started=time.time() - 1)
    return WorkerSettings(photos, None, Limits())


@pytest.fixture
def worker(settings):
    worker = SubprocessWorker(settings)
    yield worker
    if worker.pid:
        os.kill(worker.pid, signal.SIGKILL)
        worker._process.communicate()


def test_photos_are_colored_one_after_another_in_one_process(worker, tmp_path):
    rows = [worker.color("small.jpg"), worker.color("gone.jpg"), worker.color("small.jpg")]
    assert [row.status for row in rows] == ["coloured", "failed", "coloured"]
    assert rows[2].reason == REPEATED
    assert (tmp_path / "out" / "small.jpg").exists()


def test_a_photo_that_kills_its_process_has_failed_and_the_next_goes_on(worker):
    worker.color("small.jpg")
    process = worker.pid
    killer = threading.Timer(0.3, os.kill, (process, signal.SIGKILL))
    killer.start()
    row = worker.color("large.png")
    killer.join()
    assert (row.path, row.status) == ("large.png", "failed")
    assert row.reason == "it killed the process that coloured it (SIGKILL): a crash, or no memory"
    assert worker.color("gone.jpg").reason == "there is no such file"
    assert worker.pid != process


def test_the_process_ends_with_its_worker(worker):
    worker.color("gone.jpg")
    process = worker._process
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()
    worker._process = None


def test_all_machines_must_have_the_same_version(settings):
    other = WorkerSettings(settings.photos, None, Limits(), version="0.0.1")
    with pytest.raises(
        RuntimeError, match=r"the same version of colorizer. Received: 0\.0\.1 from the driver"
    ):
        load(other)


def test_a_worker_uses_as_many_cores_as_it_was_given(settings):
    for cores in (1, 2):
        task = load(WorkerSettings(settings.photos, None, Limits(), cores))
        assert task.colorizer.threads == cores


def test_a_worker_with_one_core_keeps_no_more_than_one_busy(settings):
    task = load(WorkerSettings(settings.photos, None, Limits(), cores=1))
    task.color("small.jpg")
    threads = {path.name: ticks(path) for path in Path("/proc/self/task").iterdir()}
    assert task.color("large.png").status == "coloured"
    used = [ticks(path) - threads.get(path.name, 0) for path in Path("/proc/self/task").iterdir()]
    assert max(used) > 0.9 * sum(used)


def ticks(task: Path) -> int:
    """The time that a thread has had a core, in hundredths of a second."""
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
