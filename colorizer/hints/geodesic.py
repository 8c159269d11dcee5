"""How far apart two places of a photo are, if edges make the way longer.

    costs = step_costs(lightness, ab)          # of every step between neighbours, once for a photo
    distance = distance_from(costs, 120, 80)   # (h, w): from row 120, column 80 to everywhere

The geodesic distance is the cost of the cheapest path. On an even wall a step costs little; where lightness
or the predicted colour jumps, it costs much. So all of a dress is near to a place on it, and the wall behind
it is far, unless a path leads around the edge. Yatziv and Sapiro ("Fast image and video colorization using
chrominance blending", 2006) spread scribbles by this distance; here it is also measured in predicted colour,
which knows objects that lightness alone does not show. docs/hints.md compares it with other ways.
"""

from collections.abc import Callable
from math import ceil

import numpy as np

from colorizer.image.cached_jit import CachedFunction, fingerprint

# All lengths are in units of a map with this longer side, so that the distance is the same on every map.
UNIT_SIDE = 128
# A jump of this many units of L*, a* or b*, from one element of such a map to the next, costs 1.
EDGE = 15.0
# Where nothing changes, this many times the longer side costs 1.
EVEN_SIDES = 2.0
# The lightness is blurred (Gaussian, standard deviation in units): finer than this is texture.
BLUR = 0.7
# The search ends here: a hint no longer counts at such a distance.
FARTHEST = np.float32(8)
# The distance of what is farther. The kernel may not use infinity.
FAR = np.float32(1e6)
# The width of a bucket of the search. Narrower ones are mostly empty, wider ones are searched twice.
BUCKET = np.float32(0.01)


def step_costs(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """What a step from each element of a map to four of its neighbours costs; the way back costs the same.

    Args:
        lightness: (h, w) float32, L*.
        ab: (h, w, 2) float32, the predicted a* and b*.

    Returns:
        (4, h, w + 2) float32: to the left, up, up and left, up and right; `FAR` across the border, and in a
        column more at each side.
    """
    unit = max(lightness.shape) / UNIT_SIDE  # in elements of this map
    planes = [_blur(lightness, BLUR * unit), ab[..., 0], ab[..., 1]]
    height, width = lightness.shape
    costs = np.full((4, height, width + 2), FAR, np.float32)
    first, last, all_ = slice(None, -1), slice(1, None), slice(None)
    neighbours = (
        ((all_, last), (all_, first), 1.0),
        ((last, all_), (first, all_), 1.0),
        ((last, last), (first, first), 2**0.5),
        ((last, first), (first, last), 2**0.5),
    )
    for cost, (here, there, elements) in zip(costs[..., 1:-1], neighbours, strict=True):
        length = np.float32(elements / unit)
        squares = sum(np.square(plane[here] - plane[there]) for plane in planes)
        jump = np.sqrt(squares) / (length * np.float32(EDGE))
        # The cost is jump ** 1.5: half of a jump twice costs less than all of it at once. So shading, which
        # changes slowly, costs little, and an edge much. A square root is several times as fast as a power.
        cost[here] = length * (np.float32(1 / (EVEN_SIDES * UNIT_SIDE)) + jump * np.sqrt(jump))
    return costs


def distance_from(costs: np.ndarray, row: int, column: int) -> np.ndarray:
    """The cost of the cheapest path from one element of the map to every other.

    Args:
        costs: as `step_costs` returns them.
        row: of the element.
        column: of the element.

    Returns:
        (h, w) float32; `FAR` from `FARTHEST` on.
    """
    _, height, width = costs.shape
    distance = np.full((height, width), FAR, np.float32)
    _search(costs, distance, row * width + column + 1)
    return distance[:, 1:-1]


def warm_up() -> None:
    """Loads or compiles the kernel, which takes a second or two the first time."""
    distance_from(np.ones((4, 1, 3), np.float32), 0, 0)


def _blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; beyond the border, the last value goes on."""
    radius = ceil(3 * sigma)
    taps = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma)).astype(np.float32)
    taps /= taps.sum()
    for _ in range(2):  # down, then across
        padded = np.pad(plane, ((radius, radius), (0, 0)), "edge")
        plane = sum(tap * padded[n : n + len(plane)] for n, tap in enumerate(taps)).T
    return plane


def _build(constants: int) -> Callable[..., None]:
    """The kernel; `constants` does nothing but become part of what Numba compares (see `cached_jit.py`)."""

    def search(costs, distance, start):  # type: ignore[no-untyped-def]
        # Dijkstra's algorithm with buckets instead of a heap (Dial 1969, "Shortest-path forest with
        # topological ordering"): 3 ms for 80,000 elements. A bucket is wider than the cheapest step, so an
        # element may get a shorter distance while its bucket is being emptied; it then comes again.
        _ = constants
        width = distance.shape[1]
        count = distance.size
        distance = distance.ravel()
        left, up, up_left, up_right = costs[0].ravel(), costs[1].ravel(), costs[2].ravel(), costs[3].ravel()
        # Each bucket is a doubly linked list of elements; -1 ends it.
        heads = np.full(int(FARTHEST / BUCKET) + 1, -1, np.int32)
        after, before = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        ways = (-1, 1, -width, width, -width - 1, width + 1, -width + 1, width - 1)
        distance[start] = 0
        heads[0] = start
        for bucket in range(len(heads)):
            while heads[bucket] >= 0:
                here = heads[bucket]
                heads[bucket] = after[here]
                if after[here] >= 0:
                    before[after[here]] = -1
                after[here] = -1  # it is in no bucket now
                for number in range(8):
                    there = here + ways[number]
                    if there < 0 or there >= count:
                        continue
                    # Every cost is kept at that end of the way that is lower, or further right.
                    later = max(here, there)
                    if number < 2:
                        cost = left[later]
                    elif number < 4:
                        cost = up[later]
                    elif number < 6:
                        cost = up_left[later]
                    else:
                        cost = up_right[later]
                    new, old = distance[here] + cost, distance[there]
                    if new >= old or new >= FARTHEST:
                        continue
                    if before[there] >= 0:  # out of the bucket that it is in, if it is in one
                        after[before[there]] = after[there]
                    elif old < FARTHEST and heads[int(old / BUCKET)] == there:
                        heads[int(old / BUCKET)] = after[there]
                    if after[there] >= 0:
                        before[after[there]] = before[there]
                    distance[there] = new
                    new_bucket = int(new / BUCKET)
                    before[there], after[there] = -1, heads[new_bucket]
                    if heads[new_bucket] >= 0:
                        before[heads[new_bucket]] = there
                    heads[new_bucket] = there

    return search


_search = CachedFunction(_build(fingerprint(globals())))
