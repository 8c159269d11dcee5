"""Work on a photo strip by strip, on several cores, with few strips in memory at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from colorizer.cpu import cores

Result = TypeVar("Result")
# Rows come in so many: of the map's rows, four more than lie in a strip are needed for it; and JPEG's blocks
# are 16 rows high.
TOGETHER = 128
# Half a million pixels: long enough that the steps between do not count, short enough to stay in a
# processor's cache, and for small photos to be spread over its cores.
STRIP_PIXELS = 1 << 19
MOST_PIXELS = 1 << 21  # of a very wide photo; twice as many would be more than JPEG's restart markers count
MOST_ROWS = 1024  # of a photo that is a thread; what is worked out by the row would add up


def strip_rows(width: int) -> int:
    """How high the strips of a photo of some width should be, in JPEG's whole blocks."""
    rows = min(MOST_ROWS, max(1, STRIP_PIXELS // (TOGETHER * width)) * TOGETHER)
    while rows * width > MOST_PIXELS:
        rows //= 2
    return rows


def over_strips(
    function: Callable[[int, int], Result], height: int, rows: int, threads: int | None = None
) -> Iterator[Result]:
    """Calls `function(top, rows)` for one strip after the other and yields the answers in their order.

    Args:
        function: called from several threads; Pillow and what Numba compiled let them run side by side.
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
