"""A worker on Ray: one colorizer in a process that Ray starts on some machine, and starts again when it dies.

Ray makes a `ColorActor` and calls it with a handful of paths at a time. What kills it, kills the photo with
it: a decoder that crashes, or the system when memory runs out. Ray then starts the worker again, with the
same photos, for ever. So a worker that was started again does its work in a process of its own beside it
(`subprocess_worker.py`): if that dies, the photo in hand has failed, and the rest goes on.
"""

import time
from collections.abc import Iterator

import pyarrow as pa
import ray

from colorizer.cluster.report import Row, pack
from colorizer.cluster.subprocess_worker import SubprocessWorker
from colorizer.cluster.worker import WorkerSettings, load

# Rows leave a worker that often while it works on a long list.
SECONDS_BETWEEN_ROWS = 20.0


class ColorActor:
    """What Ray Data calls with tables of paths; it gives tables of rows."""

    def __init__(self, settings: WorkerSettings):
        if ray.get_runtime_context().was_current_actor_reconstructed:
            self._color = SubprocessWorker(settings).color
        else:
            self._color = load(settings).color

    def __call__(self, table: pa.Table) -> Iterator[pa.Table]:
        """Colours the photos of a table of the column "paths", whose rows are lists of bytes."""
        rows: list[Row] = []
        since = time.monotonic()
        for entry in table.column("paths").combine_chunks().flatten():
            rows.append(self._color(entry.as_py().decode("utf-8", "surrogateescape")))
            if time.monotonic() - since > SECONDS_BETWEEN_ROWS:
                yield pack(rows)
                rows, since = [], time.monotonic()
        if rows:
            yield pack(rows)
