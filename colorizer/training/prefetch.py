"""Training batches made ahead of time: by a thread beside the training, or by processes for a GPU.

    with Loader(stream, workers=16) as loader:
        waiting = loader.prepare(position=0, count=128, size=192)     # returns at once
        batch = waiting.result()                                      # (128, 192, 192, 3) uint8

Two cores train on a hundred crops a second, and a thread cuts a thousand. A GPU takes thousands as well, and
Python runs one thread at a time: so there each process opens the decoded photos by itself (they share the
memory, see `photo_cache.py`) and cuts whole batches. What is cut depends on the position alone, not on who
cuts.

Nothing here needs Keras: a process that cuts crops starts in a fraction of a second.
"""

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from colorizer.training.photo_cache import BatchStream, PhotoCache

# A thread is one batch ahead; processes are this many more than there are of them, so that none waits.
SPARE = 2

_stream: BatchStream | None = None  # what this process cuts from, if it is one of the workers


class Loader:
    """Cuts batches of a stream, some ahead of their use; a context, so that nobody is left working.

    Attributes:
        ahead: how many batches to have asked for while one is used, so that none is waited for.
    """

    def __init__(self, stream: BatchStream, workers: int = 0):
        """Starts nothing yet.

        Args:
            stream: what to cut.
            workers: how many processes cut; 0: a thread of this one does. A script that asks for processes
                must begin its work under `if __name__ == "__main__"`, since each of them imports it.
        """
        self.ahead = workers + SPARE if workers else 1
        if workers:
            options = (stream.cache.folder, stream.seed, stream.zoom, stream.count, stream.stretch)
            # Not forked: JAX and TensorFlow have threads, whose locks a copy would find locked for ever.
            self._pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _open, (options,))
            self._batch: Any = _cut
        else:
            self._pool = ThreadPoolExecutor(1)
            self._batch = stream.batch

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def prepare(self, position: int, count: int, size: int) -> "Future[np.ndarray]":
        """Asks for crops `position` to `position + count - 1`: (count, size, size, 3) uint8 RGB."""
        return self._pool.submit(self._batch, position, count, size)


def _open(options: tuple[Path, int, float, int, float]) -> None:
    """What a worker does first."""
    global _stream
    folder, seed, zoom, count, stretch = options
    _stream = BatchStream(PhotoCache(folder), seed, zoom, count, stretch)


def _cut(position: int, count: int, size: int) -> np.ndarray:
    """What a worker does then."""
    return _stream.batch(position, count, size)
