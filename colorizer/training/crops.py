"""Crops of the training photos: random, but repeatable from the seed and the position alone.

    stream = BatchStream(cache, seed=0, zoom=2.0)
    stream.batch(position=0, count=32, size=96)     # (32, 96, 96, 3) uint8 RGB

Nothing here needs Keras.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

# Shards whose photos are mixed with each other: 1 GB, which lies in memory if there is any to spare, so that
# every shard is read from the disk once a pass. They hold about 50,000 photos, of all folders.
WINDOW = 16


class Photos(Protocol):
    """What indexes like a list of (H, W, 3) uint8 arrays."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, number: int) -> np.ndarray:
        """One of them."""


class BatchStream:
    """Random square crops, in an endless sequence that the seed alone determines.

    Every pass over the photos uses each of them once, in its own order. A crop depends on the seed and its
    position in the sequence and on nothing else: a resumed run gets the crops that it would have got.
    """

    def __init__(
        self,
        cache: Photos,
        seed: int,
        zoom: float,
        count: int | None = None,
        stretch: float = 1.0,
        shard_sizes: Sequence[int] | None = None,
        rotation: float = 0.0,
    ):
        """Reads nothing yet.

        Args:
            cache: the photos.
            seed: of the order and of the crops.
            zoom: the crop's side is the photo's short side divided by 1 to this, evenly in log scale.
            count: use only so many photos from the beginning of the cache.
            stretch: the crop's part of the photo is wider than high, or higher than wide, by 1 to this,
                evenly in log scale.
            shard_sizes: how many photos in a row lie in one file. A pass then takes the files in a random
                order, a few at a time, and mixes the photos of these; otherwise it mixes all photos.
            rotation: crops are rotated by at most so many degrees, and smaller where they would reach beyond
                the photo.
        """
        self.cache, self.seed, self.zoom, self.stretch = cache, seed, zoom, stretch
        self.rotation = rotation
        self.count = len(cache) if count is None else count
        self.starts = None if shard_sizes is None else _starts(shard_sizes, self.count)

    def photo_number(self, position: int) -> int:
        """Which photo is the position-th of the sequence."""
        turn, place = divmod(position, self.count)
        if self.starts is None:
            return int(_order(self.seed, turn, self.count)[place])
        return _order_of_shards(self.seed, turn, self.starts).photo_number(place)

    def crop(self, position: int, size: int) -> np.ndarray:
        """The position-th crop of the sequence: (size, size, 3) uint8 RGB."""
        random = np.random.default_rng([self.seed, 1, position])
        photo = self.cache[self.photo_number(position)]
        height, width = photo.shape[:2]
        side = min(height, width) / self.zoom ** random.random()
        left, top = random.random(2)
        mirrored = random.random() < 0.5
        shape = self.stretch ** random.uniform(-1, 1)
        wide, high = side * min(1.0, shape), side * min(1.0, 1 / shape)
        angle = random.uniform(-self.rotation, self.rotation) if self.rotation else 0.0
        # The upright rectangle around the rotated crop must fit into the photo.
        cosine, sine = abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle)))
        outer = wide * cosine + high * sine, wide * sine + high * cosine
        fitting = min(1.0, width / outer[0], height / outer[1])
        wide, high, outer_wide, outer_high = (fitting * length for length in (wide, high, *outer))
        left, top = left * max(0.0, width - outer_wide), top * max(0.0, height - outer_high)
        # Only the crop's rows and columns are read from disk, not the whole photo.
        x0, y0, x1, y1 = int(left), int(top), int(np.ceil(left + outer_wide)), int(np.ceil(top + outer_high))
        part = Image.fromarray(np.ascontiguousarray(photo[y0:y1, x0:x1]))
        if angle:
            # The crop's corners touch the border, beyond which `rotate` sees black: hence two pixels around.
            part = Image.fromarray(np.pad(np.asarray(part), ((2, 2), (2, 2), (0, 0)), "edge"))
            x0, y0 = x0 - 2, y0 - 2
            centre = left - x0 + outer_wide / 2, top - y0 + outer_high / 2
            part = part.rotate(angle, Image.Resampling.BICUBIC, center=centre)
        left, top = left - x0 + (outer_wide - wide) / 2, top - y0 + (outer_high - high) / 2
        box = (max(0.0, left), max(0.0, top), min(left + wide, part.width), min(top + high, part.height))
        crop = np.asarray(part.resize((size, size), Image.Resampling.BILINEAR, box=box))
        return crop[:, ::-1] if mirrored else crop

    def batch(self, position: int, count: int, size: int) -> np.ndarray:
        """Crops `position` to `position + count - 1`: (count, size, size, 3) uint8 RGB."""
        return np.stack([self.crop(position + i, size) for i in range(count)])


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, turn]).permutation(count)


class ShardOrder(NamedTuple):
    """The order of one pass over photos in shards."""

    seed: int
    turn: int
    first: np.ndarray  # the number of each shard's first photo, in the order in which shards are read
    places: np.ndarray  # the place of that photo in the pass without mixing; and the end

    def photo_number(self, place: int) -> int:
        """Which photo is at this place of the pass."""
        shard = int(np.searchsorted(self.places, place, "right")) - 1
        window = shard // WINDOW
        start = int(self.places[window * WINDOW])
        end = int(self.places[min((window + 1) * WINDOW, len(self.first))])
        place = start + int(_mix(self.seed, self.turn, window, end - start)[place - start])
        shard = int(np.searchsorted(self.places, place, "right")) - 1
        return int(self.first[shard]) + place - int(self.places[shard])


def _starts(sizes: Sequence[int], count: int) -> tuple[int, ...]:
    """The number of each shard's first photo, and the end, if only the first `count` photos are used."""
    starts = np.minimum(np.cumsum([0, *sizes]), count)
    return tuple(np.unique(starts).tolist())


@lru_cache(maxsize=4)
def _order_of_shards(seed: int, turn: int, starts: tuple[int, ...]) -> ShardOrder:
    shards = np.random.default_rng([seed, 2, turn]).permutation(len(starts) - 1)
    sizes = np.diff(starts)[shards]
    return ShardOrder(seed, turn, np.array(starts)[shards], np.cumsum([0, *sizes]))


@lru_cache(maxsize=4)
def _mix(seed: int, turn: int, window: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 3, turn, window]).permutation(count)
