"""Work on a photo strip by strip, on several cores, with few strips in memory at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
TILE_ROWS = 128  # how many rows `compose.py` works on at a time; strips should hold them without a rest
# Half a million pixels: long enough that the steps between do not count, short enough to stay in a
# processor's cache, and for small photos to be spread over its cores.
STRIP_PIXELS = 1 << 19
MOST_PIXELS = 1 << 21  # of a very wide photo; twice as many would be more than JPEG's restart markers count
MOST_ROWS = 1024  # of a photo that is a thread; what is worked out by the row would add up


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def strip_rows(width: int) -> int:
    """How high the strips of a photo of some width should be: in whole tiles, and so in JPEG's blocks."""
    rows = min(MOST_ROWS, max(1, STRIP_PIXELS // (TILE_ROWS * width)) * TILE_ROWS)
    while rows * width > MOST_PIXELS:
        rows //= 2
    return rows


def over_strips(
    function: Callable[[int, int], Result], height: int, rows: int, threads: int | None = None
) -> Iterator[Result]:
    """Calls `function(top, rows)` for one strip after the other and yields the answers in their order.

    Args:
        function: called from several threads; NumPy, Pillow and TensorFlow let them run side by side.
        height: of the photo.
        rows: of every strip but the last, which is as high as what is left.
        threads: how many; as many as there are cores if None.
    """
    strips = [(top, min(rows, height - top)) for top in range(0, height, rows)]
    threads = min(threads or cores(), len(strips), 8)
    if threads == 1:
        yield from (function(*strip) for strip in strips)
        return
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque = deque()
        try:
            for strip in strips:
                ahead.append(pool.submit(function, *strip))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:  # one failed, or nobody wants the rest
                future.cancel()
