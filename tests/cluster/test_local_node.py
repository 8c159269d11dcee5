"""A cluster of this machine alone: few processes, and none of them outlives the command."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

PROGRAM = """
import ray
from colorizer.cluster.local_node import local_node
with local_node() as address:
    ray.init(address, log_to_driver=False, logging_level="ERROR")
    print(sorted(ray.cluster_resources().items()), flush=True)
    print(open(f"/proc/self/task/{__import__('os').getpid()}/children").read(), flush=True)
    input()
    ray.shutdown()
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen]:
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def wait_for_the_end_of(pids: list[int]) -> list[str]:
    deadline = time.monotonic() + 15
    while (left := [command for pid in pids if (command := command_of(pid))]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("end", ["done", "killed"])
def test_no_process_outlives_the_command(program, end):
    resources = program.stdout.readline()
    assert f"('CPU', {len(os.sched_getaffinity(0))}.0)" in resources
    children = [int(pid) for pid in program.stdout.readline().split()]
    commands = [command_of(pid) for pid in children]
    assert any("gcs_server" in command for command in commands)
    assert any("raylet" in command for command in commands)
    assert not [c for c in commands if "dashboard.py" in c or "log_monitor.py" in c or "monitor.py" in c]
    if end == "done":
        program.communicate("\n", timeout=30)
        assert program.returncode == 0
    else:
        program.send_signal(signal.SIGKILL)
    assert wait_for_the_end_of(children) == []


# In a process of its own, since importing Ray changes the process that does it.
BUSY = """
from colorizer.cluster import local_node
def too_slow(*_, **__):
    raise Exception("The current node timed out during startup.")
local_node._Node = too_slow
try:
    with local_node.local_node():
        pass
except OSError as error:
    print(error)
"""


def test_a_machine_that_is_too_busy_is_told_in_a_sentence():
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout == "Ray did not start: The current node timed out during startup.\n"
