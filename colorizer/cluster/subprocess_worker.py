"""Colours photos in a process of its own, so that a photo that kills it becomes a row in the report.

    worker = SubprocessWorker(settings)
    row = worker.color("sea/a.jpg")

This file is also the program of that process. Pickled entries come on its standard input and pickled rows
leave on its standard output; it ends when its input does, so it never outlives the worker.
"""

import os
import pickle
import signal
import subprocess
import sys

from colorizer.cluster.report import FAILED, Row
from colorizer.cluster.worker import WorkerSettings, load


class SubprocessWorker:
    """Has a process that colours, and a new one when it has died."""

    def __init__(self, settings: WorkerSettings):
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process; None before the first photo and after its death."""
        return self._process.pid if self._process else None

    def color(self, entry: str) -> Row:
        """Colours one photo, as `PhotoTask.color`; a row with the reason if that kills the process."""
        if self._process is None:
            self._process = self._start()
        try:
            return self._ask(self._process, entry)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self._process.communicate()  # closes the pipes
            status = self._process.returncode
            self._process = None
            how = signal.Signals(-status).name if status < 0 else f"status {status}"
            return Row(
                entry, FAILED, reason=f"it killed the process that coloured it ({how}): a crash, or no memory"
            )

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = subprocess.Popen(
            [sys.executable, "-m", "colorizer.cluster.subprocess_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert process.stdin  # a pipe
        pickle.dump(self._settings, process.stdin)
        return process

    @staticmethod
    def _ask(process: subprocess.Popen[bytes], entry: str) -> Row:
        assert process.stdin and process.stdout  # both are pipes
        pickle.dump(entry, process.stdin)
        process.stdin.flush()
        row = pickle.load(process.stdout)
        assert isinstance(row, Row)
        return row


def main() -> None:
    """The program."""
    # A library that prints must not write between the rows.
    with os.fdopen(os.dup(1), "wb") as rows:
        os.dup2(2, 1)
        task = load(pickle.load(sys.stdin.buffer), repeats=True)
        while True:
            try:
                entry = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            pickle.dump(task.color(entry), rows)
            rows.flush()


if __name__ == "__main__":
    main()
