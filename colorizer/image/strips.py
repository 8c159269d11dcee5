"""Processes a photo strip by strip, on several cores, with few strips in memory at a time.

    for result in map_strips(lambda top, rows: encode(top, rows), height, strip_rows(width)):
        ...                                  # in order, from top to bottom

Pillow and the compiled kernels run without Python's lock, so threads are enough.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from colorizer.cpu import cores

Result = TypeVar("Result")
# Strip heights are multiples of this: each strip needs four more rows of the map than lie in it, and JPEG's
# blocks are 16 rows high.
ROW_MULTIPLE = 128
# Half a million pixels: long enough to make the steps between strips cheap, short enough to stay in the
# processor's cache and to spread a small photo over several cores.
STRIP_PIXELS = 1 << 19
MAX_STRIP_PIXELS = 1 << 21  # for a very wide photo; twice as many exceed JPEG's restart interval
MAX_STRIP_ROWS = 1024  # for a photo a few pixels wide: the work per row would add up


def strip_rows(width: int) -> int:
    """The height of the strips of a photo of this width, in whole JPEG blocks."""
    rows = min(MAX_STRIP_ROWS, max(1, STRIP_PIXELS // (ROW_MULTIPLE * width)) * ROW_MULTIPLE)
    while rows * width > MAX_STRIP_PIXELS:
        rows //= 2
    return rows


def map_strips(
    function: Callable[[int, int], Result], height: int, rows: int, threads: int | None = None
) -> Iterator[Result]:
    """Calls `function(top, rows)` for every strip and yields the results in order.

    Args:
        function: called from several threads; Pillow and the compiled kernels run side by side.
        height: of the photo.
        rows: of every strip but the last, which has the rest.
        threads: how many; as many as there are cores if None.
    """
    strips = [(top, min(rows, height - top)) for top in range(0, height, rows)]
    threads = min(threads or cores(), len(strips), 8)
    if threads == 1:
        yield from (function(*strip) for strip in strips)
        return
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Result]] = deque()
        try:
            for strip in strips:
                ahead.append(pool.submit(function, *strip))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:  # one failed, or the caller stopped
                future.cancel()
