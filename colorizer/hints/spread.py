"""Spreads hints over a photo: from a few places with known colours to a correction of the whole map.

    spreader = Spreader(lightness, ab, photo_size)     # once for a photo
    correction = spreader.solve(hints)                 # the share of each hint at each place
    corrected = correction.apply(ab)                   # meets each hint, keeps what no hint reaches

What spreads is the difference to the prediction: each place gets a mean of the hints' differences, in which a
hint counts for more the nearer it is (`geodesic.py` says what near means), and the prediction counts as one
more hint, of difference 0, at a constant distance from everywhere. In formulas, for the distances D_j of a
place to the hints:

    K_j = exp(-DECAY D_j)                               how alike the place and the hint are
    S = (sum_j HALFWAY / D_j)^STEEPNESS                 how near the hints are, all together
    T = S / (1 + S)                                     how much they count against the prediction
    shares = T K (the same at the hints' own places)^-1

The inverse makes the shares 1 at the hint itself and 0 at all others: kriging (Gaussian-process regression
without noise) with an exponential covariance. T is Shepard's inverse-distance weighting (1968) against the
prediction: alone, a hint counts fully up to about HALFWAY and soon no longer; several that surround a place
reach farther together. A hint's own reach changes how far it goes alone, but not how far all of them go
together. Hints that keep a place as it is are left out of the sum for the others, so that they do not carry
their colours farther. The shares depend on the places alone, not on the colours, so they stay the same when a
colour, the strength or the tone of the picture changes. docs/hints.md has what this was compared with.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil, floor
from typing import TypeVar

import numpy as np

from colorizer.cpu import cores
from colorizer.hints import geodesic
from colorizer.hints.hint import Hint, check_count
from colorizer.hints.outline import contains, coverage

# At this distance a single hint and the prediction count alike. Tuned on 300 training photos: the largest at
# which one hint made hardly any of them worse.
HALFWAY = 0.3
# How fast hints lose against the prediction: a single one at 1.5 times HALFWAY counts a fifth.
STEEPNESS = 3.75
DECAY = 0.5
# Someone who draws an outline has said what belongs together: inside, a colour goes this much farther.
OUTLINE_REACH = 4.0
# The least distance in T: at the hint itself it is 0, and its inverse no number.
NEAREST = 1e-3
# So many elements are worked on at a time: with twenty hints, less than the processor's second cache.
PART = 8192
# OpenBLAS multiplies matrices of so few multiplications on one thread. More threads, beside those here and
# those of other photos, would wait for each other: ten times as long on a busy machine.
ONE_THREAD = 4 * 65536

Item = TypeVar("Item")
Result = TypeVar("Result")
Key = tuple[int, int]
"""Row and column of a hint on the map."""


@dataclass(frozen=True, eq=False)
class Correction:
    """What some hints change on the map of one photo.

    Attributes:
        hints: those that count: without those that a later hint at the same place has replaced.
        shares: (n, h, w) float32, how much each counts at each place: in [0, 1], and together at most 1.
        untangle: (n, n), the inverse of how much the taps of the hints have in common.
        taps: for each hint, the elements of the map that the renderer mixes at its place, and their weights.
        distances: the distance of each hint's element to all others, for the next solution.
    """

    hints: tuple[Hint, ...]
    shares: np.ndarray
    untangle: np.ndarray
    taps: tuple[tuple[np.ndarray, np.ndarray], ...]
    distances: Mapping[Key, np.ndarray] = field(repr=False)

    def apply(self, ab: np.ndarray) -> np.ndarray:
        """The map with the correction.

        Args:
            ab: (h, w, 2) float32, the map as it would be without: in any strength and tone.

        Returns:
            (h, w, 2) float32. Rendered, it has each hint's colour at its place.
        """
        flat = ab.reshape(-1, 2)
        before = self._rendered(flat)
        asked = before.copy()
        for number, hint in enumerate(self.hints):
            if hint.ab is not None:
                asked[number] = hint.ab
        shares = self.shares.reshape(len(self.hints), len(flat))
        corrected: np.ndarray = flat + np.einsum("ne,nc->ec", shares, asked - before)  # one thread
        # The shares are exact at the hints' elements. A pixel is a mean of several, which may lie beyond an
        # edge: what is still missing is added to just these, each in the proportion in which it counts.
        missing = self.untangle @ (asked - self._rendered(corrected))
        for (elements, weights), amount in zip(self.taps, missing, strict=True):
            corrected[elements] += weights[:, None] * amount
        return corrected.reshape(ab.shape)

    def _rendered(self, flat: np.ndarray) -> np.ndarray:
        """What the renderer makes of a flat map at the hints' places: (n, 2) float32."""
        colors = [weights @ flat[elements] for elements, weights in self.taps]
        return np.array(colors, np.float32).reshape(-1, 2)

    def reached(self, number: int) -> np.ndarray:
        """How much one of `hints` counts at each place: (h, w) float32, in [0, 1]; shows what it reaches."""
        share: np.ndarray = self.shares[number]
        return share


class Spreader:
    """A photo, ready for any hints. Safe to share between threads."""

    def __init__(
        self, lightness: np.ndarray, ab: np.ndarray, photo_size: tuple[int, int], threads: int | None = None
    ):
        """Takes the photo's map.

        Args:
            lightness: (h, w) float32, L* at the size of the map.
            ab: (h, w, 2) float32, the prediction.
            photo_size: width and height of the photo in pixels.
            threads: how many hints are worked on at a time; one per core if None.
        """
        self._costs = geodesic.step_costs(lightness, ab)
        self._height, self._width = lightness.shape
        self._photo_size = photo_size
        self._threads = threads

    def solve(self, hints: Sequence[Hint], known: Mapping[Key, np.ndarray] | None = None) -> Correction:
        """The share of each hint at each place.

        Of hints less than one element of the map, or one pixel, apart, the last counts. A place inside an
        outline that a later hint keeps as predicted is no longer corrected by an earlier hint.

        Args:
            hints: any number up to `MAX_HINTS`.
            known: distances of an earlier solution for the same photo, which are not computed again.

        Raises:
            HintError: too many hints.
        """
        check_count(len(hints))
        hints = self._without_replaced(hints)
        if not hints:
            nothing = np.zeros((0, self._height, self._width), np.float32)
            return Correction((), nothing, np.zeros((0, 0)), (), {})
        keys = [self._element(hint) for hint in hints]
        distances = self._distances(keys, known or {})
        shares = self._basis(hints, distances)
        at_hints = shares[:, [row * self._width + column for row, column in keys]]
        inverse = np.linalg.pinv(at_hints.astype(float)).astype(np.float32)

        def mix(part: slice) -> None:
            step = max(1, ONE_THREAD // len(hints) ** 2)
            for start in range(part.start, part.stop, step):
                columns = slice(start, min(start + step, part.stop))
                mixed = inverse @ shares[:, columns]
                # Where paths are odd, a share can be negative, and colours go beyond all that were asked for.
                np.maximum(mixed, 0, out=mixed)
                shares[:, columns] = mixed / np.maximum(mixed.sum(axis=0), 1)

        self._in_parts(mix)
        taps = tuple(self._taps(hint) for hint in hints)
        untangle = _untangle(taps)
        return Correction(hints, shares.reshape(-1, self._height, self._width), untangle, taps, distances)

    def _element(self, hint: Hint) -> Key:
        """The element of the map that the hint lies in."""
        row, column = int(hint.y * self._height), int(hint.x * self._width)
        return min(row, self._height - 1), min(column, self._width - 1)

    def _without_replaced(self, hints: Sequence[Hint]) -> tuple[Hint, ...]:
        # A tiny photo has fewer pixels than its map has elements.
        width, height = min(self._width, self._photo_size[0]), min(self._height, self._photo_size[1])
        kept: list[Hint] = []
        for hint in reversed(hints):
            close = any(
                max(abs(hint.x - other.x) * width, abs(hint.y - other.y) * height) < 1 for other in kept
            )
            covered = any(
                o.kind == "keep" and o.outline and contains(o.outline, hint.x, hint.y) for o in kept
            )
            if not close and not covered:
                kept.append(hint)
        return tuple(reversed(kept))

    def _distances(self, keys: Sequence[Key], known: Mapping[Key, np.ndarray]) -> dict[Key, np.ndarray]:
        """The flat distances of all elements to each of these."""
        new = [key for key in dict.fromkeys(keys) if key not in known]
        found = self._parallel(lambda key: geodesic.distance_from(self._costs, *key).reshape(-1), new)
        distances = dict(zip(new, found, strict=True))
        return {key: distances[key] if key in distances else known[key] for key in keys}

    def _basis(self, hints: Sequence[Hint], distances: Mapping[Key, np.ndarray]) -> np.ndarray:
        """T K of the module's formulas, within the outlines: (n, h w) float32."""
        own = {n: self._mask(hint) for n, hint in enumerate(hints) if hint.kind == "outline"}
        foreign = self._kept_from(hints)
        keys = [self._element(hint) for hint in hints]
        reach = np.array([[hint.reach * (OUTLINE_REACH if hint.kind == "outline" else 1)] for hint in hints])
        reach = reach.astype(np.float32)
        keeps = np.array([hint.kind == "keep" for hint in hints])
        basis = np.empty((len(hints), self._height * self._width), np.float32)

        def fill(part: slice) -> None:
            distance = np.stack([distances[key][part] for key in keys])
            np.maximum(distance, np.float32(NEAREST), out=distance)
            alike = np.exp(np.float32(-DECAY) * distance / reach)
            alone = np.float32(HALFWAY) / distance
            crowd = np.minimum(reach, 1) * alone
            alone *= reach
            for number, mask in own.items():
                for plane in (alike, alone, crowd):
                    plane[number] *= mask[part]
            # What is kept must not carry the colours of others farther.
            for members, group in ((~keeps, ~keeps), (np.ones_like(keeps), keeps)):
                if group.any():
                    near = np.maximum(crowd[members].sum(axis=0), alone[members].max(axis=0))
                    total = near ** np.float32(STEEPNESS)
                    alike[group] *= total / (1 + total)
            for number, mask in foreign.items():
                alike[number] *= mask[part]
            basis[:, part] = alike

        self._in_parts(fill)
        return basis

    def _kept_from(self, hints: Sequence[Hint]) -> dict[int, np.ndarray]:
        """How far each element is open to each hint, where others keep what is inside their outlines."""
        open_to: dict[int, np.ndarray] = {}
        for keeper in hints:
            if keeper.kind == "keep" and keeper.outline:
                mask = 1 - self._mask(keeper)
                for number, hint in enumerate(hints):
                    if not contains(keeper.outline, hint.x, hint.y):
                        open_to[number] = open_to.get(number, np.float32(1)) * mask
        return open_to

    def _mask(self, hint: Hint) -> np.ndarray:
        return coverage(hint.outline, self._width, self._height).reshape(-1)

    def _in_parts(self, function: Callable[[slice], None]) -> None:
        """Calls the function for all elements, with so many at a time as stay in the processor's cache."""
        count = self._height * self._width
        self._parallel(function, [slice(start, min(start + PART, count)) for start in range(0, count, PART)])

    def _parallel(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        threads = min(self._threads or cores(), len(items))
        if threads <= 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, items))

    def _taps(self, hint: Hint) -> tuple[np.ndarray, np.ndarray]:
        """What the renderer mixes at the pixel that the hint lies in: elements of the flat map, weights."""
        rows, row_weights = _cubic_taps(self._height, self._photo_size[1], hint.y)
        columns, column_weights = _cubic_taps(self._width, self._photo_size[0], hint.x)
        elements = rows[:, None] * self._width + columns
        weights = row_weights[:, None] * column_weights
        return elements.ravel(), weights.ravel().astype(np.float32)


def _cubic_taps(count: int, length: int, place: float) -> tuple[np.ndarray, np.ndarray]:
    """Which elements of a row of `count` the renderer mixes for one pixel of a row of `length`, and how."""
    scale = count / length
    support = max(scale, 1.0)
    center = (min(int(place * length), length - 1) + 0.5) * scale
    first, last = max(0, floor(center - 2 * support)), min(count, ceil(center + 2 * support))
    elements = np.arange(first, last)
    distance = np.abs(elements + 0.5 - center) / support
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return elements, weights / weights.sum()


def _untangle(taps: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The inverse of how much the taps have in common: (n, n)."""
    used = np.unique(np.concatenate([elements for elements, _ in taps]))
    matrix = np.zeros((len(taps), len(used)))
    for row, (elements, weights) in zip(matrix, taps, strict=True):
        row[np.searchsorted(used, elements)] = weights
    return np.linalg.pinv(matrix @ matrix.T)
