"""What runs on Ray: one task lists the photos, a pool of workers colours them, and rows come back.

    for table in color_all(settings, source, resources): report.add(table)

Only paths and rows travel between machines. The list is made as fast as the workers need it: Ray pauses it
while enough paths wait.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext, Datasource, ReadTask
from ray.data.block import BlockMetadata

from colorizer.cluster.actor import ColorActor
from colorizer.cluster.manifest import entries
from colorizer.cluster.report import unpack
from colorizer.cluster.tasks import tasks
from colorizer.cluster.worker import WorkerSettings


@dataclass(frozen=True)
class Source:
    """Where the list of photos comes from; see `manifest.entries`."""

    url: str
    column: str = "path"
    leave_out: str | None = None


@dataclass(frozen=True)
class Resources:
    """What the workers take.

    Attributes:
        workers: at most so many; as many as the cluster has room for, also later, if None.
        cores: of a worker.
        memory: bytes that Ray reserves for a worker.
    """

    workers: int | None
    cores: int
    memory: float

    def workers_now(self) -> int:
        """How many workers the cluster has room for now; 0 if there is none."""
        cluster: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        room = min(cluster.get("CPU", 0) / self.cores, cluster.get("memory", 0) / self.memory)
        return min(int(room), self.workers or int(room))


class TaskList(Datasource):
    """The tasks as Ray Data reads them: blocks of a single row, which is a list of paths."""

    def __init__(self, source: Source, workers: int):
        self._source, self._workers = source, workers

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows before the list is made."""
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """One task makes the whole list, in the order in which it is found."""
        source, workers = self._source, self._workers

        def read() -> Iterator[pa.Table]:
            paths = entries(source.url, source.column, source.leave_out)
            for task in tasks(paths, workers):
                # As bytes: a file name need not be UTF-8.
                names = [path.encode("utf-8", "surrogateescape") for path in task]
                yield pa.table({"paths": pa.array([names], pa.list_(pa.binary()))})

        return [ReadTask(read, BlockMetadata(None, None, None, None))]


def color_all(settings: WorkerSettings, source: Source, resources: Resources) -> Iterator[pa.Table]:
    """Colours all photos on the cluster that `ray.init` has connected to; yields rows as they come.

    Raises:
        ray.exceptions.RayError: the list cannot be read, or no worker can start.
    """
    context = DataContext.get_current()
    context.enable_progress_bars = False
    # A block is a task, as `tasks` made it, never several of them or a part of one.
    context.target_max_block_size = context.target_min_block_size = 1
    workers = max(1, resources.workers_now())
    # The list is made where the driver is: nothing is gained if it outlives the driver, and IN may be a
    # folder that only this machine lists fast.
    driver = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    paths = ray.data.read_datasource(
        TaskList(source, workers), override_num_blocks=1, num_cpus=0, label_selector=driver
    )
    rows = paths.map_batches(
        ColorActor,
        batch_size=None,
        batch_format="pyarrow",
        fn_constructor_args=(settings,),
        # At least one worker is enough, so that the death of a machine stops nothing; Ray adds workers while
        # there is room for them.
        compute=ActorPoolStrategy(min_size=1, max_size=resources.workers, initial_size=workers),
        num_cpus=resources.cores,
        memory=resources.memory,
    )
    for batch in rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1):
        yield unpack(batch)
