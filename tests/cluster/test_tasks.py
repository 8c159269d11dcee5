"""Tasks: all photos in order, short ones first and last, and not too many."""

import pytest

from colorizer.cluster.tasks import MAX_TASK, tasks


def divide(count: int, workers: int) -> list[int]:
    """The lengths of the tasks of so many photos."""
    return [len(task) for task in tasks(map(str, range(count)), workers)]


@pytest.mark.parametrize("count", [0, 1, 100, 10_000])
@pytest.mark.parametrize("workers", [1, 2, 800])
def test_every_photo_is_in_one_task_in_order(count, workers):
    paths = [f"{n}.jpg" for n in range(count)]
    divided = list(tasks(paths, workers))
    assert [path for task in divided for path in task] == paths
    assert all(divided)


@pytest.mark.parametrize(("count", "workers"), [(60, 2), (2000, 2), (100_000, 64)])
def test_the_first_and_the_last_tasks_are_short(count, workers):
    lengths = divide(count, workers)
    assert lengths[0] <= max(1, workers // 16)
    assert lengths[-workers:] == [1] * workers


@pytest.mark.parametrize(("count", "workers"), [(600, 2), (2000, 2), (1_000_000, 64), (2_000_000, 800)])
def test_workers_finish_together(count, workers):
    free_at = [0] * workers  # whoever is free takes the next task; every photo takes as long
    for length in divide(count, workers):
        next_one = free_at.index(min(free_at))
        free_at[next_one] += length
    assert max(free_at) <= count / workers * 1.01 + 1


@pytest.mark.parametrize(
    ("count", "workers", "most"), [(2000, 2, 80), (1_000_000, 2, 2100), (2_000_000, 800, 30_000)]
)
def test_tasks_are_few(count, workers, most):
    lengths = divide(count, workers)
    assert len(lengths) < most
    assert max(lengths) <= MAX_TASK


def test_the_first_task_is_there_before_the_list_is_complete():
    def endless():
        while True:
            yield "a.jpg"

    assert next(tasks(endless(), 8)) == ["a.jpg"]


def test_reading_ahead_is_limited_by_what_was_given_and_by_the_workers():
    read = given = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield "a.jpg"

    for task in tasks(endless(), 3):
        given += len(task)
        assert read - given <= min(given / 2 + len(task), 2 * MAX_TASK * 3)
        if given > 100_000:
            break
