"""Outlines: polygons in fractions of a photo's width and height, as a lasso draws them.

    contains(outline, 0.4, 0.6)          # whether a place lies inside
    coverage(outline, 320, 240)          # how much of each cell of a map lies inside
    inner_point(outline)                 # a place well inside
    typical_point(outline, levels)       # a place well inside that is as light as most of it

An outline may cross itself. A place is inside if a line from it to the border of the photo crosses the
outline an odd number of times (the even-odd rule), so a part that is circled twice is outside.
"""

import numpy as np
from PIL import Image

Outline = tuple[tuple[float, float], ...]
"""Corners as (x, y), each in [0, 1]; the last is joined to the first."""

# Each cell of a map is sampled so many times in each direction, for a soft edge without steps.
SUPERSAMPLING = 4
# The side of the grid in which `inner_point` looks for the middle of the outline.
GRID = 64
# Levels of 255 by which a place may differ from the median and is typical.
TYPICAL = 10


def contains(outline: Outline, x: float, y: float) -> bool:
    """Whether the place (x, y) lies inside the outline."""
    start = np.asarray(outline)
    end = np.roll(start, -1, axis=0)
    crosses = (start[:, 1] <= y) != (end[:, 1] <= y)
    start, end = start[crosses], end[crosses]
    at = start[:, 0] + (y - start[:, 1]) / (end[:, 1] - start[:, 1]) * (end[:, 0] - start[:, 0])
    return bool(np.count_nonzero(at > x) % 2)


def coverage(outline: Outline, width: int, height: int) -> np.ndarray:
    """How much of each cell of a map lies inside: (height, width) float32, in [0, 1]."""
    large = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    # Pillow's pixel (0, 0) covers [0, 1); its polygons go through the middles of pixels.
    scale = np.array(large.size)
    corners = np.asarray(outline) * scale - 0.5
    from PIL import ImageDraw  # with fonts, which photos without hints need not load

    ImageDraw.Draw(large).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return np.asarray(large.reduce(SUPERSAMPLING), np.float32) / 255


def inner_point(outline: Outline) -> tuple[float, float] | None:
    """A place (x, y) well inside the outline, or None if it encloses nothing."""
    corners = np.asarray(outline, float)
    low, size = corners.min(axis=0), np.ptp(corners, axis=0)
    if not size.all():
        return None
    scaled = tuple((float(x), float(y)) for x, y in (corners - low) / size)
    place = innermost(coverage(scaled, GRID, GRID) > 0.5)
    if place is None:
        return None
    row, column = place
    x, y = low + (np.array([column, row]) + 0.5) / GRID * size
    return float(x), float(y)


def typical_point(outline: Outline, levels: np.ndarray) -> tuple[float, float] | None:
    """A place (x, y) inside the outline, where a picture is about as light as in most of the outline.

    Args:
        outline: the polygon.
        levels: (h, w) uint8, the whole picture in grey.

    Returns:
        None if the outline holds no whole pixel of the picture.
    """
    height, width = levels.shape
    inside = coverage(outline, width, height) == 1
    if not inside.any():
        return None
    distance = np.abs(levels.astype(int) - int(np.median(levels[inside])))
    place = innermost(inside & (distance <= max(TYPICAL, int(distance[inside].min()))))
    if place is None:
        return None
    row, column = place
    return (column + 0.5) / width, (row + 0.5) / height


def innermost(inside: np.ndarray) -> tuple[int, int] | None:
    """The row and column of an element as far from the border of a region as any; None if it is empty.

    The region is worn away from all sides until nothing is left; the place is in the last part to go.

    Args:
        inside: (h, w) bool.
    """
    left = np.pad(inside, 1)
    last = left
    while left.any():
        last = left
        left = np.zeros_like(last)
        left[1:-1, 1:-1] = last[1:-1, 1:-1] & last[:-2, 1:-1] & last[2:, 1:-1]
        left[1:-1, 1:-1] &= last[1:-1, :-2] & last[1:-1, 2:]
    places = np.argwhere(last[1:-1, 1:-1])
    if not len(places):
        return None
    # Of several places, one: the middle between them may lie outside.
    row, column = places[len(places) // 2]
    return int(row), int(column)
