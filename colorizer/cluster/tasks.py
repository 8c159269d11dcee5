"""Divides a list of photos, whose length nobody knows yet, into tasks for workers.

    for task in tasks(paths, workers=8): ...        # lists of 1, 1, 1, … 2, … up to 256 paths

Tasks are short at first, so that all workers have something to do at once and a small folder is divided
fairly. They become longer, because each costs the driver some 10 milliseconds and, as long as the run lasts,
3 kB of memory in Ray's statistics.
"""

from collections.abc import Iterable, Iterator

MAX_TASK = 256  # photos: a minute or two of work, so that the last task of a run keeps nobody waiting long
TASKS_A_WORKER = 32  # of each length, before tasks grow: the last task is at most 3 % of a worker's work


def tasks(paths: Iterable[str], workers: int) -> Iterator[list[str]]:
    """Divides the photos into tasks: the more have gone before, the longer.

    Args:
        paths: of all photos.
        workers: among which they are divided.
    """
    task: list[str] = []
    before = 0
    shortest = max(1, min(MAX_TASK, workers // 16))  # the driver manages some fifty tasks a second
    length = shortest
    for path in paths:
        task.append(path)
        if len(task) >= length:
            yield task
            before += len(task)
            task = []
            length = min(MAX_TASK, max(shortest, before // (TASKS_A_WORKER * workers)))
    if task:
        yield task
