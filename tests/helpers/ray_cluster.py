"""A Ray cluster of several nodes on this machine, to be killed piece by piece.

    with ray_cluster(nodes=2) as cluster:
        start("cluster", IN, OUT, "--address", cluster.address)
        cluster.kill_node()

The cluster lives in a process of its own: importing Ray changes the process that does it. This file is also
that program.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.paths import ROOT

OBJECT_STORE = 80_000_000  # bytes a node; Ray's least is 75 MB
# A dead node is noticed within three seconds, instead of half a minute.
HEALTH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'helpers' / 'deadly'}",  # for one of the tests
    "COLORIZER_RUNTIME": "ncnn",
}


class RayCluster:
    """A running cluster: its address, and ways to damage it."""

    def __init__(self, process: subprocess.Popen):
        self._process = process
        self.address = self._answer()

    def _answer(self) -> str:
        line = self._process.stdout.readline().strip()
        assert line, "the cluster has ended"
        return line

    def _ask(self, what: str) -> str:
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def kill_node(self) -> None:
        """Kills all processes of the node that was added last, as when its power fails."""
        self._ask("kill")

    def add_node(self) -> None:
        """Adds a node with one core, and waits until it can work."""
        self._ask("add")

    def workers(self) -> list[int]:
        """The processes that color photos."""
        return [
            pid
            for pid, command in _processes()
            if "MapWorker" in command and self._process.pid in _ancestors(pid)
        ]


@contextlib.contextmanager
def ray_cluster(nodes: int) -> Iterator[RayCluster]:
    """A cluster of nodes with one core each, and a head without any."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.helpers.ray_cluster", str(nodes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | ENVIRONMENT | HEALTH,
    )
    try:
        yield RayCluster(process)
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def start(*arguments: object, folder: Path = ROOT) -> subprocess.Popen:
    """Starts the command `colorizer` in a folder, as the driver of a run."""
    return subprocess.Popen(
        [sys.executable, "-m", "colorizer", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | ENVIRONMENT,
    )


def _processes() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_text(errors="replace")


def _ancestors(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        while pid > 1:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            yield pid


def main(nodes: int) -> None:
    """The program: starts the cluster, prints its address, and does what standard input says."""
    from ray.cluster_utils import Cluster

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then ends this
    head = {"num_cpus": 0, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    workers = [cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE) for _ in range(nodes)]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        print(cluster.address, file=answers, flush=True)
        for line in sys.stdin:
            if line.strip() == "kill":
                cluster.remove_node(workers.pop(), allow_graceful=False)
            else:
                workers.append(cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE))
            print("done", file=answers, flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
