"""Where each place of a frame was in the frame before, and how far that can be trusted.

    flow = Flow.between(earlier, later)      # two small lightness maps
    moved = warp(planes, flow.back)          # planes of the earlier frame, as the later one shows them
    flow.confidence_back                     # (h, w): 1 where both frames show the same thing, else near 0

The flow is OpenCV's DIS (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search"), computed in
both directions on small maps, where averaging has removed most of the grain. A place is trusted if the way
there and back ends where it began (Sundaram et al. 2010, "Dense Point Trajectories by GPU-accelerated Large
Displacement Optical Flow") and if it is as light there as here. What counts as "as light" is measured for
each pair of frames: grain makes all places differ a little, and a flickering projector all of them alike.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

# The flow is computed on maps with this longer side: 0.6 ms on one core, and a pan of half the picture in one
# second moves an element or two from frame to frame.
FLOW_SIDE = 160
# Of Sundaram et al.: by how much the way there and back may miss, as a share of the two ways' squared length
# and in squared elements.
MISS_SHARE, MISS = 0.01, 0.5
# The standard deviation of grain and of the flow's own small errors on a small map, in units of L*, is at
# least the one and at most the other: what differs more is another picture, not a grainy one.
LEAST_NOISE, MOST_NOISE = 0.8, 4.0
# Beyond so many standard deviations, a difference in lightness is no longer grain.
NOISE_REACH = 2.5
# Medians are taken of every second element in every second row, which says the same in a quarter of the time.
SPARSE = 2
# Single elements of grain are averaged by a Gaussian of this standard deviation before they are judged.
GRAIN_BLUR = 1.0
# The brightness of a frame is compared with the one before within neighbourhoods of this share of the side.
FLICKER_SHARE = 0.25

_local = threading.local()


@dataclass(frozen=True, eq=False)
class Flow:
    """The way between two frames, in both directions, at the size of the small maps.

    Attributes:
        back: (h, w, 2) float32: from each place of the later frame to the earlier one, in elements, x and y.
        forth: (h, w, 2) float32: from each place of the earlier frame to the later one.
        confidence_back: (h, w) float32 in [0, 1]: whether the later frame's places are in the earlier one.
        confidence_forth: (h, w) float32 in [0, 1]: whether the earlier frame's places are in the later one.
        likeness: the correlation of the later frame with the earlier one moved along the flow, in [-1, 1];
            two pictures of one shot have about 0.9 and more.
    """

    back: np.ndarray
    forth: np.ndarray
    confidence_back: np.ndarray
    confidence_forth: np.ndarray
    likeness: float

    @classmethod
    def between(cls, earlier: np.ndarray, later: np.ndarray) -> "Flow":
        """The flow between two frames.

        Args:
            earlier: (h, w) float32, L* in [0, 100].
            later: the same of the next frame.
        """
        first, second = _levels(earlier), _levels(later)
        back, forth = _dis().calc(second, first, None), _dis().calc(first, second, None)
        earlier_moved, later_moved = warp(earlier, back), warp(later, forth)
        return cls(
            back,
            forth,
            _agreement(back, forth) * _same_light(earlier_moved, later),
            _agreement(forth, back) * _same_light(later_moved, earlier),
            _correlation(earlier_moved, later),
        )

    def resized(self, width: int, height: int) -> "Flow":
        """The same flow for maps of another size."""
        old_height, old_width = self.confidence_back.shape
        if (old_width, old_height) == (width, height):
            return self
        scale = np.array([width / old_width, height / old_height], np.float32)

        def resize(plane: np.ndarray) -> np.ndarray:
            larger: np.ndarray = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            return larger

        return Flow(
            resize(self.back * scale),
            resize(self.forth * scale),
            resize(self.confidence_back),
            resize(self.confidence_forth),
            self.likeness,
        )


def warp(planes: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Moves planes along a flow (bicubic; beyond the border, the last value goes on).

    Args:
        planes: (h, w) or (h, w, n) float32, of the frame that the flow points to.
        flow: (h, w, 2) float32, x and y in elements.

    Returns:
        The same shape as `planes`: what each place of the other frame finds there.
    """
    places = flow + _grid(*flow.shape[:2])
    moved: np.ndarray = cv2.remap(planes, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved


def flow_size(width: int, height: int) -> tuple[int, int]:
    """The size of the small maps for pictures of this shape: the longer side has `FLOW_SIDE` elements."""
    scale = min(1.0, FLOW_SIDE / max(width, height))
    # DIS needs room for its patches of 8x8 on a level of half the size.
    return max(16, round(width * scale)), max(16, round(height * scale))


def _dis() -> Any:
    """One object for each thread: it keeps buffers."""
    if not hasattr(_local, "dis"):
        _local.dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        _local.dis.setFinestScale(1)
    return _local.dis


@lru_cache(maxsize=8)
def _grid(height: int, width: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.stack([x, y], axis=-1)
    grid.setflags(write=False)
    return grid


def _levels(lightness: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.rint(lightness * np.float32(2.55)).astype(np.uint8)
    return levels


def _agreement(there: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Whether the way there and back ends where it began: (h, w) in [0, 1]."""
    return_ = cv2.remap(
        again, there + _grid(*there.shape[:2]), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    # Plane by plane: NumPy is several times as fast along a row as along two channels.
    (there_x, there_y), (return_x, return_y) = _planes(there), _planes(return_)
    missed = np.square(there_x + return_x) + np.square(there_y + return_y)
    lengths = np.square(there_x) + np.square(there_y) + np.square(return_x) + np.square(return_y)
    agreement: np.ndarray = np.exp(-np.square(missed / (MISS_SHARE * lengths + MISS)))
    # What lies outside the other frame cannot be seen there.
    height, width = agreement.shape
    x, y = (
        np.arange(width, dtype=np.float32) + there_x,
        np.arange(height, dtype=np.float32)[:, None] + there_y,
    )
    agreement *= (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return agreement


def _planes(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(flow[..., 0]), np.ascontiguousarray(flow[..., 1])


def _same_light(moved: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Whether places are equally light, but for grain and flicker: (h, w) in [0, 1]."""
    difference = here - moved
    side = 2 * round(FLICKER_SHARE * max(here.shape) / 2) + 1
    # The median would resist moving objects better; the mean of clipped differences costs a tenth.
    center = float(np.median(difference[::SPARSE, ::SPARSE]))
    spread = 2 * _noise(difference - center)
    middle = np.clip(difference, center - spread, center + spread)
    difference -= cv2.blur(middle, (side, side), borderType=cv2.BORDER_REPLICATE)
    difference = cv2.GaussianBlur(difference, (0, 0), GRAIN_BLUR)
    reach = np.float32(NOISE_REACH * _noise(difference))
    same: np.ndarray = np.exp(-0.5 * np.square(difference / reach))
    return same


def _noise(difference: np.ndarray) -> float:
    """The standard deviation of grain, from the smaller half of differences: no object moves there."""
    return min(LEAST_NOISE + 1.4826 * float(np.median(np.abs(difference[::SPARSE, ::SPARSE]))), MOST_NOISE)


def _correlation(moved: np.ndarray, here: np.ndarray) -> float:
    """The correlation coefficient; 1 for two even pictures, 0 if one alone is even."""
    first, second = moved - moved.mean(), here - here.mean()
    scale = np.array([np.square(first).mean(), np.square(second).mean()])
    if (scale < LEAST_NOISE**2).any():
        return float((scale < LEAST_NOISE**2).all())
    return float((first * second).mean() / np.sqrt(scale.prod()))
