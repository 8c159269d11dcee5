"""Workers, machines and drivers killed in the middle of a run: no photo is lost, none is half written.

A cluster of two nodes runs on this machine; docs/scale.md has a table of what these tests show.
"""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from colorizer.cluster.photo import REPEATED
from colorizer.image.provenance import is_result
from tests.helpers.ray_cluster import ray_cluster, start

COUNT = 30
TIMEOUT = 180


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster(nodes=2) as running:
        yield running


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> Path:
    """Photos of two megapixels: each takes some tenths of a second."""
    folder = tmp_path_factory.mktemp("scans")
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1700), np.uint8)
    for number in range(COUNT):
        Image.fromarray(np.roll(noise, number)).save(folder / f"{number:02}.jpg", quality=30)
    return folder


def results(out: Path) -> dict[str, int]:
    """The results under their final names, with the time of each."""
    return {path.name: path.stat().st_mtime_ns for path in out.glob("*.jpg") if not path.name.startswith(".")}


def wait_for_results(out: Path, count: int, driver) -> None:
    end = time.monotonic() + TIMEOUT
    while len(results(out)) < count:
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < end, f"only {len(results(out))} results"
        time.sleep(0.05)


def rows(out: Path) -> list[dict]:
    return pyarrow.parquet.read_table(out / "report").to_pylist()


def check_complete(out: Path) -> None:
    """Every photo has a whole result, and nothing else lies there."""
    assert len(results(out)) == COUNT
    assert sorted(path.name for path in out.iterdir()) == [*sorted(results(out)), "report"]
    for name in results(out):
        assert is_result(out / name)
        with Image.open(out / name) as image:
            image.load()


def check_report_of_one_run(out: Path, driver) -> list[dict]:
    """One row for each photo, all coloured; returns the rows of what was done by a worker that died."""
    _, errors = driver.communicate(timeout=TIMEOUT)
    assert driver.returncode == 0, errors
    assert f"{COUNT} coloured, 0 already there, 0 failed" in errors
    assert sorted(row["path"] for row in rows(out)) == sorted(results(out))
    assert {row["status"] for row in rows(out)} == {"coloured"}
    assert all(row["output_sha256"] for row in rows(out))
    return [row for row in rows(out) if row["reason"] == REPEATED]


def test_a_worker_that_is_killed_is_started_again_and_nothing_is_missing(cluster, scans, tmp_path):
    out = tmp_path / "out"
    driver = start("cluster", scans, out, "--address", cluster.address)
    wait_for_results(out, 5, driver)
    killed = cluster.workers()[0]
    os.kill(killed, signal.SIGKILL)
    lost = check_report_of_one_run(out, driver)
    check_complete(out)
    assert len(lost) <= 2


def test_a_machine_that_is_killed_leaves_its_photos_to_the_others(cluster, scans, tmp_path):
    out = tmp_path / "out"  # by a relative path: a worker's own folder is another one
    driver = start("cluster", scans, "out", "--address", cluster.address, folder=tmp_path)
    wait_for_results(out, 5, driver)
    cluster.kill_node()
    try:
        lost = check_report_of_one_run(out, driver)
    finally:
        cluster.add_node()
    check_complete(out)
    assert len(lost) <= 2


def test_a_photo_that_kills_its_worker_is_a_row_and_the_others_are_coloured(cluster, scans, tmp_path):
    few = tmp_path / "scans"
    few.mkdir()
    for name in ("00.jpg", "01.jpg", "02.jpg"):
        (few / name).symlink_to(scans / name)
    (few / "deadly.jpg").symlink_to(scans / "03.jpg")
    out = tmp_path / "out"
    driver = start("cluster", f"deadly://{few}", out, "--address", cluster.address)
    _, errors = driver.communicate(timeout=TIMEOUT)
    assert driver.returncode == 1, errors
    assert "3 coloured, 0 already there, 1 failed" in errors
    (failed,) = [row for row in rows(out) if row["status"] == "failed"]
    assert failed["path"] == "deadly.jpg"
    assert failed["reason"].startswith("it killed the process that coloured it (SIGKILL)")


def test_a_driver_that_is_killed_goes_on_when_it_is_started_again(cluster, scans, tmp_path):
    out = tmp_path / "out"
    driver = start("cluster", scans, out, "--address", cluster.address)
    wait_for_results(out, 5, driver)
    driver.kill()
    driver.communicate()
    while cluster.workers():  # Ray ends the workers of a driver that has died
        time.sleep(0.1)
    before = results(out)
    assert 5 <= len(before) < COUNT

    again = start("cluster", scans, out, "--address", cluster.address)
    _, errors = again.communicate(timeout=TIMEOUT)
    assert again.returncode == 0, errors
    assert f"{COUNT - len(before)} coloured, {len(before)} already there, 0 failed" in errors
    check_complete(out)
    assert {name: results(out)[name] for name in before} == before  # not one was written twice


def test_a_driver_that_is_asked_to_stop_does_so_at_once(cluster, scans, tmp_path):
    out = tmp_path / "out"
    driver = start("cluster", scans, out, "--address", cluster.address)
    wait_for_results(out, 5, driver)
    driver.send_signal(signal.SIGTERM)
    _, errors = driver.communicate(timeout=30)
    assert driver.returncode == 128 + signal.SIGTERM
    assert "stopped by SIGTERM; the same command continues from here" in errors
