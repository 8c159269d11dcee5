"""Workers end with the program that they work for, also when it is killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from colorizer.training.worker_pool import worker_pool
from tests.helpers.paths import ROOT

PROGRAM = """
import os
import time
from colorizer.training.worker_pool import worker_pool

if __name__ == "__main__":
    with worker_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended, waited for or not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux which processes run")
def test_a_worker_ends_when_its_program_is_killed(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    program = subprocess.Popen(
        [sys.executable, tmp_path / "program.py"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    worker = int(program.stdout.readline())
    assert runs(worker)
    program.kill()
    program.communicate()
    end = time.monotonic() + 30
    while runs(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs(worker)


def test_a_worker_is_prepared_once():
    with worker_pool(1, os.putenv, "PREPARED", "yes") as pool:
        assert pool.submit(subprocess.getoutput, "echo $PREPARED").result() == "yes"
