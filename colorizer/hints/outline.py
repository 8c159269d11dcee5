"""Outlines: polygons in fractions of a photo's width and height, as a lasso draws them.

    contains(outline, 0.4, 0.6)          # whether a place lies inside
    coverage(outline, 320, 240)          # how much of each cell of a map lies inside
    inner_point(outline)                 # a place well inside

An outline may cross itself. A place is inside if a line from it to the border of the photo crosses the
outline an odd number of times (the even-odd rule), so a part that is circled twice is outside.
"""

import numpy as np
from PIL import Image, ImageDraw

Outline = tuple[tuple[float, float], ...]
"""Corners as (x, y), each in [0, 1]; the last is joined to the first."""

# Each cell of a map is sampled so many times in each direction, for a soft edge without steps.
SUPERSAMPLING = 4
# The side of the grid in which `inner_point` looks for the middle of the outline.
GRID = 64


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
    ImageDraw.Draw(large).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return np.asarray(large.reduce(SUPERSAMPLING), np.float32) / 255


def inner_point(outline: Outline) -> tuple[float, float] | None:
    """A place (x, y) well inside the outline, or None if it encloses nothing.

    The outline is drawn into a grid and worn away from all sides until nothing is left; the place is the
    last part to go.
    """
    corners = np.asarray(outline, float)
    low, size = corners.min(axis=0), np.ptp(corners, axis=0)
    if not size.all():
        return None
    inside = np.pad(coverage(tuple(map(tuple, (corners - low) / size)), GRID, GRID) > 0.5, 1)
    last = inside
    while inside.any():
        last = inside
        inside = inside.copy()
        inside[1:-1, 1:-1] &= last[:-2, 1:-1] & last[2:, 1:-1] & last[1:-1, :-2] & last[1:-1, 2:]
    rows, columns = np.nonzero(last[1:-1, 1:-1])
    if not len(rows):
        return None
    # Of several parts that are equally wide, one: the middle between them may lie outside.
    x, y = low + (np.array([columns[0], rows[0]]) + 0.5) / GRID * size
    return float(x), float(y)
