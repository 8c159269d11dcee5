"""Training batches cut ahead of time: by a thread beside the training, or by processes for a GPU.

    with Loader(stream, workers=16) as loader:
        waiting = loader.prepare(position=0, count=128, size=192)     # returns at once
        batch = waiting.result()                                      # (128, 192, 192, 3) uint8

Two cores train on a hundred crops a second, and a thread cuts a thousand. A GPU uses thousands as well, and
Python runs one thread at a time. So for a GPU several processes each open the decoded photos (they share the
memory, see `photo_cache.py`) and cut whole batches. A crop depends on its position alone, not on the process.

Nothing here needs Keras: a process that cuts crops starts in a fraction of a second.
"""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from colorizer.training.crops import BatchStream
from colorizer.training.worker_pool import worker_pool

# A thread is one batch ahead; processes are ahead by their number and this many more, so that none waits.
SPARE = 2

_stream: BatchStream | None = None  # of a worker process


class Loader:
    """Cuts batches of a stream ahead of their use; a context manager, so that no worker is left running.

    Attributes:
        ahead: how many batches to request while one is used, so that training does not wait.
    """

    def __init__(self, stream: BatchStream, workers: int = 0):
        """Starts nothing yet.

        Args:
            stream: what to cut.
            workers: how many processes cut; 0: a thread of this one. A script that starts processes must do
                its work under `if __name__ == "__main__"`, since each of them imports it.
        """
        self.ahead = workers + SPARE if workers else 1
        self._pool: Executor
        if workers:
            self._pool = worker_pool(workers, _open, stream)
            self._batch: Any = _cut
        else:
            self._pool = ThreadPoolExecutor(1)
            self._batch = stream.batch

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def prepare(self, position: int, count: int, size: int) -> "Future[np.ndarray]":
        """Requests crops `position` to `position + count - 1`: (count, size, size, 3) uint8 RGB."""
        return self._pool.submit(self._batch, position, count, size)


def _open(stream: BatchStream) -> None:
    """Runs once in each worker, which opens the photos by itself when it unpickles the stream."""
    global _stream
    _stream = stream


def _cut(position: int, count: int, size: int) -> np.ndarray:
    """Runs in a worker for each batch."""
    assert _stream is not None  # `_open` has run in this process
    return _stream.batch(position, count, size)
