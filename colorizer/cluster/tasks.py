"""Divides a list of photos, whose length nobody knows yet, into tasks for workers.

    for task in tasks(paths, workers=8): ...        # lists of 1, 1, 1, … 2, … up to 512 paths, … 2, 1, 1

Tasks are short at first, so that all workers have something to do at once, and short at the end, so that all
finish together. Between, they are long: each task costs some 20 milliseconds and, as long as the run lasts,
4 kB of the driver's memory in Ray's statistics.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

MAX_TASK = 512  # photos: half a minute or more of work, which a worker that dies goes through again
GROWTH = 4  # a task is at most so small a part, a quarter, of what a worker has had before
SHARE = 2  # near the end, it is at most half of a worker's share of what is left


def tasks(paths: Iterable[str], workers: int) -> Iterator[list[str]]:
    """Divides the photos into tasks, by guided self-scheduling (Polychronopoulos and Kuck 1987) with a start.

    To notice that the list ends soon, it reads ahead: at most by half of what it has given, and by
    `SHARE` * `MAX_TASK` paths for each worker.

    Args:
        paths: of all photos.
        workers: among which they are divided.
    """
    source, ahead = iter(paths), deque[str]()
    before = 0
    shortest = max(1, min(MAX_TASK, workers // 16))  # the driver manages some fifty tasks a second
    while True:
        length = min(MAX_TASK, max(shortest, before // (GROWTH * workers)))
        wanted = max(length, min(SHARE * MAX_TASK * workers, before * SHARE // GROWTH))
        ahead.extend(islice(source, max(0, wanted - len(ahead))))
        if not ahead:
            return
        if len(ahead) < wanted:  # the list has ended
            length = min(length, -(-len(ahead) // (SHARE * workers)))
        task = [ahead.popleft() for _ in range(min(length, len(ahead)))]
        yield task
        before += len(task)
