"""Tasks: all photos in order, short ones first, and not too many."""

import pytest

from colorizer.cluster.tasks import MAX_TASK, tasks


@pytest.mark.parametrize("count", [0, 1, 100, 10_000])
@pytest.mark.parametrize("workers", [1, 2, 800])
def test_every_photo_is_in_one_task_in_order(count, workers):
    paths = [f"{n}.jpg" for n in range(count)]
    divided = list(tasks(paths, workers))
    assert [path for task in divided for path in task] == paths
    assert all(divided)


def test_a_small_folder_is_divided_photo_by_photo():
    assert {len(task) for task in tasks(map(str, range(60)), 2)} == {1}


def test_the_last_task_is_a_small_part_of_a_workers_work():
    lengths = [len(task) for task in tasks(map(str, range(2000)), 2)]
    assert max(lengths) <= 2000 / 2 * 0.04
    assert len(lengths) < 400


@pytest.mark.parametrize("workers", [2, 800])
def test_a_million_photos_are_some_thousand_tasks(workers):
    lengths = [len(task) for task in tasks(map(str, range(1_000_000)), workers)]
    assert len(lengths) < 25_000
    assert max(lengths) <= MAX_TASK


def test_the_first_task_is_there_before_the_list_is_complete():
    def endless():
        while True:
            yield "a.jpg"

    assert next(tasks(endless(), 8)) == ["a.jpg"]
