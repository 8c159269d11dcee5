"""Processes that decode and cut photos for this one, and that end when it does.

    with worker_pool(16) as pool:
        pool.map(decode, photos)

A pool of Python's own outlives a program that is killed: each worker waits for work for ever, and keeps its
memory.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def worker_pool(
    count: int, prepare: Callable[..., None] | None = None, *arguments: Any
) -> ProcessPoolExecutor:
    """A pool of processes; a context manager.

    Args:
        count: how many.
        prepare: runs first in each of them.
        arguments: of `prepare`.
    """
    # Not forked: JAX and TensorFlow have threads, and a copy could find their locks locked for ever.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (prepare, arguments))


def _begin(prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """Runs once in each worker."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare:
        prepare(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a worker
    parent.join()
    os._exit(1)  # there is nobody left to tell
