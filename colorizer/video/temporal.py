"""Steadies colours over time: each place takes the mean of its own colours along the way it moves.

    steady = TemporalFilter()
    for ab in steady.push(frame_map, flow_from_the_frame_before): ...
    for ab in steady.flush(): ...                     # at the end of a shot

The network judges every frame anew, and grain alone makes its colours jump from frame to frame. Here the
colours of a place, followed along the optical flow, are averaged forward and backward in time with weights
that fall off exponentially. With x_t the map of frame t, v_t the confidence in the flow and W(.) moving along
it:

    S_t = x_t + PERSISTENCE v_t W(S_t-1)              the weighted sum up to t
    N_t = 1   + PERSISTENCE v_t W(N_t-1)              the sum of its weights

and the same backward from frames to come, S' and N'. The result is (S + S' - x) / (N + N' - 1): frame t
counts once, and its neighbours the less the farther away they are. Where something new appears, confidence is
0 and the sums begin again: nothing is dragged along. Both sums are recursive, so the cost does not depend
on how far the mean reaches. (A mean along motion is the common idea of Lang et al. 2012, "Practical Temporal
Consistency for Image-Based Graphics Applications", and Bonneel et al. 2015, "Blind Video Temporal
Consistency".)

A mean of frames is paler than each of them, as the mean over the network's views is, so the mean chroma of
the single frames is restored.

Backward sums need frames to come. Frames leave in blocks of `BLOCK`, as soon as `LOOK_AHEAD` more are there,
so that memory does not depend on the length of the film.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from colorizer.video.flow import Flow, warp

# The weight of a frame against the next one along a trusted way: the mean has about 12 frames, half a second.
# At 0.75 the warping error is twice as large, at 0.9 it falls by a quarter and colours follow changes of
# light later (docs/film.md).
PERSISTENCE = np.float32(0.85)
# The frames that leave together, and the frames after them that they wait for: at the 12th, the weight is a
# seventh.
BLOCK, LOOK_AHEAD = 12, 12
# What is restored of the chroma changes slowly, over some 20 frames, and is at most this much.
CHROMA_MEMORY, MAX_CHROMA_GAIN = 0.95, 1.15
# Bicubic moving overshoots at edges of the confidence: the sum of weights is kept from falling below this.
LEAST_WEIGHT = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class FilterState:
    """All that the filter remembers of the past after a frame has left.

    Attributes:
        sums: (h, w, 3) float32: the weighted sums of a* and b* up to this frame, and the sum of the weights.
        chroma: the recent mean chroma of single frames, and of their means over time; both unscaled sums.
    """

    sums: np.ndarray
    chroma: tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A frame that waits for those after it."""

    ab: np.ndarray
    flow: Flow | None
    sums: np.ndarray


class TemporalFilter:
    """The filter of one shot after the other; not for several threads at once."""

    def __init__(self, state: FilterState | None = None):
        """Begins a shot, or continues one after the frame that `state` belongs to."""
        self._sums = None if state is None else state.sums
        self._chroma = (0.0, 0.0) if state is None else state.chroma
        self._waiting: list[_Waiting] = []
        self.state = state
        """After the last frame that has left; None at the beginning of a shot."""

    def push(self, ab: np.ndarray, flow: Flow | None) -> Iterator[np.ndarray]:
        """Takes the next frame and yields those that are ready, in order.

        Args:
            ab: (h, w, 2) float32, the network's map for this frame.
            flow: between the frame before and this one, at the size of the map; None for the first frame of
                a shot.

        Yields:
            (h, w, 2) float32 maps, each of an earlier frame or of this one.
        """
        sums = _begin(ab)
        if self._sums is not None and flow is not None:
            sums += warp(self._sums, flow.back) * (PERSISTENCE * flow.confidence_back)[..., None]
        self._sums = sums
        self._waiting.append(_Waiting(ab, flow, sums))
        if len(self._waiting) >= BLOCK + LOOK_AHEAD:
            yield from self._leave(BLOCK)

    def flush(self) -> Iterator[np.ndarray]:
        """Yields the maps of all frames that still wait; the shot is over."""
        yield from self._leave(len(self._waiting))
        self._sums = self.state = None
        self._chroma = (0.0, 0.0)

    def _leave(self, count: int) -> Iterator[np.ndarray]:
        means: list[np.ndarray] = []
        backward: np.ndarray | None = None
        for number in range(len(self._waiting) - 1, -1, -1):
            frame = self._waiting[number]
            sums = _begin(frame.ab)
            if backward is not None:
                flow = self._waiting[number + 1].flow
                if flow is not None:
                    sums += warp(backward, flow.forth) * (PERSISTENCE * flow.confidence_forth)[..., None]
            backward = sums
            if number < count:
                both = frame.sums + sums
                weight = np.maximum(both[..., 2:] - 1, LEAST_WEIGHT)
                means.append((both[..., :2] - frame.ab) / weight)
        left, self._waiting = self._waiting[:count], self._waiting[count:]
        results = [self._restored(frame.ab, mean) for frame, mean in zip(left, reversed(means), strict=True)]
        if left:
            self.state = FilterState(left[-1].sums, self._chroma)
        yield from results

    def _restored(self, ab: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """The mean over time with the chroma of single frames."""
        single, steady = (CHROMA_MEMORY * before for before in self._chroma)
        single, steady = single + _mean_chroma(ab), steady + _mean_chroma(mean)
        self._chroma = (single, steady)
        gain = min(max(single / max(steady, 1e-6), 1.0), MAX_CHROMA_GAIN)
        return mean * np.float32(gain)


def _begin(ab: np.ndarray) -> np.ndarray:
    sums = np.ones((*ab.shape[:2], 3), np.float32)
    sums[..., :2] = ab
    return sums


def _mean_chroma(ab: np.ndarray) -> float:
    # Of every second element in every second row, as good a mean in a quarter of the time.
    return float(np.hypot(ab[::2, ::2, 0], ab[::2, ::2, 1]).mean())
