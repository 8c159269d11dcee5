"""Folders under bad luck: killed, told to stop, no room on the disk; and several photos at a time."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from colorizer import batch as batches
from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.atomic_write import _HOST
from colorizer.batch import BatchColorizer, MemorySemaphore, Stop, color_all
from colorizer.file_plan import Job
from tests.helpers.paths import ROOT

# The real command, in a process of its own, with the tiny network in place of the shipped one.
COMMAND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.helpers.network import TINY
from colorizer import cli as command
from colorizer import colorizer as core
from colorizer.model.network import build_network
core.Colorizer.from_pretrained = classmethod(
    lambda cls, _, *options: cls.from_network(build_network(TINY, "float32", 0), *options)
)
sys.exit(command.main(sys.argv[1:]))
"""


@pytest.fixture
def album(tmp_path, color_image) -> Path:
    """Thirty grey photos of half a megapixel."""
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(30):
        color_image(1000, 500, number).convert("L").save(folder / f"{number:02}.jpg")
    return folder


@pytest.fixture
def jobs(album, tmp_path) -> list[Job]:
    return [Job(source, tmp_path / "out" / source.name) for source in sorted(album.iterdir())]


def test_nothing_to_write_messages_to_costs_no_photo(jobs, tiny_colorizer, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    jobs[0].source.write_bytes(b"no photo")
    with Stop() as stop:
        result = color_all(BatchColorizer(tiny_colorizer, size=64), jobs[:3], 2, stop)
    assert (result.done, len(result.failures)) == (2, 1)


def start(album: Path, out: Path) -> subprocess.Popen:
    line = [sys.executable, "-c", COMMAND, album, "-o", out, "--size", "64", "--workers", "2"]
    return subprocess.Popen([str(part) for part in line], stderr=subprocess.PIPE, text=True)


def wait_for_files(out: Path, number: int) -> None:
    end = time.monotonic() + 120
    while len(list(out.glob("*.jpg"))) < number:
        assert time.monotonic() < end, "the command writes nothing"
        time.sleep(0.005)


def check_whole(out: Path) -> int:
    """Decodes every file under a final name to its last pixel; returns how many there are."""
    files = [path for path in out.iterdir() if not path.name.startswith(".")]
    for path in files:
        with Image.open(path) as image:
            assert image.size == (1000, 500)
            image.load()
    return len(files)


@pytest.mark.slow
def test_a_batch_that_is_killed_and_then_stopped_goes_on_to_the_end(album, tmp_path):
    out = tmp_path / "out"
    killed = start(album, out)
    wait_for_files(out, 3)
    killed.kill()
    killed.communicate()
    before = check_whole(out)
    assert 3 <= before < 30
    (out / f".07.jpg.{_HOST}.{killed.pid}.0.partial").write_bytes(
        b"what a kill in the midst of writing leaves"
    )

    stopped = start(album, out)
    wait_for_files(out, before + 2)
    stopped.send_signal(signal.SIGTERM)
    _, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 128 + signal.SIGTERM
    assert "stopped by SIGTERM" in errors
    assert "the same command continues from here" in errors
    between = check_whole(out)
    assert f"{between - before} coloured, {before} already there, 0 failed" in errors
    assert before + 2 <= between < 30

    last = start(album, out)
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0
    assert f"{30 - between} coloured, {between} already there, 0 failed" in errors
    assert check_whole(out) == len(list(out.iterdir())) == 30  # and nothing half written beside them


@pytest.fixture
def batch(tiny_colorizer) -> BatchColorizer:
    return BatchColorizer(tiny_colorizer, size=64)


@pytest.mark.slow
def test_several_workers_give_what_one_gives(batch, jobs, tmp_path):
    assert color_all(batch, jobs, workers=3, stop=Stop()).done == 30
    single = [Job(job.source, tmp_path / "single" / job.target.name) for job in jobs]
    assert color_all(batch, single, workers=1, stop=Stop()).done == 30
    for job, other in zip(jobs, single, strict=True):
        assert job.target.read_bytes() == other.target.read_bytes()


def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing(batch, jobs, tmp_path, capsys):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))  # bytes; the photos have more
    try:
        result = color_all(batch, jobs[:3], workers=2, stop=Stop())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (result.done, len(result.failures)) == (0, 3)
    assert list((tmp_path / "out").iterdir()) == []
    assert "00.jpg: [Errno 27] File too large" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_stops_the_batch_and_says_so(batch, jobs, tmp_path, monkeypatch, number):
    real, written = os.fsync, []

    def fill(file):
        written.append(file)
        if len(written) > 4:
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(os, "fsync", fill)
    result = color_all(batch, jobs, workers=2, stop=Stop())
    assert result.done == check_whole(tmp_path / "out") == len(list((tmp_path / "out").iterdir())) == 4
    assert result.left > 20
    assert f"stopped by the disk ({os.strerror(number)}), {result.left} left" in str(result)


def test_an_output_folder_that_cannot_be_written_to_is_told_before_the_work(album, capsys, monkeypatch):
    monkeypatch.setattr(core.Colorizer, "from_pretrained", None)  # it does not come to that
    assert command.main([str(album), "-o", "/proc/coloured"]) == 2
    assert "colorizer: nothing can be written to /proc/coloured: " in capsys.readouterr().err


def test_large_photos_do_not_come_together_and_the_largest_comes_alone():
    memory, inside, most = MemorySemaphore(100), [], []

    def visit(pixels: int) -> None:
        with memory.acquire(pixels):
            inside.append(pixels)
            most.append(sum(inside))
            time.sleep(0.01)
            inside.remove(pixels)

    visitors = [Thread(target=visit, args=(pixels,)) for pixels in (60, 30, 500, 60, 10, 90, 40)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=10)
    assert len(most) == 7
    assert max(total for total in most if total != 500) <= 100


@pytest.mark.slow
def test_memory_is_flat_from_the_twentieth_photo_on(batch, jobs):
    if not Path("/proc/self/statm").exists():
        pytest.skip("this system does not tell a process's memory")
    sizes, real = [], batches.read_photo

    def recorded(*arguments):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sizes.append(pages * resource.getpagesize() / 1e6)
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "read_photo", recorded)
        color_all(BatchColorizer(batch.colorizer, 64, overwrite=True), jobs * 3, workers=1, stop=Stop())
    assert len(sizes) == 90
    assert np.median(sizes[-20:]) - np.median(sizes[20:40]) < 30  # MB
