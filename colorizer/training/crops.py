"""Crops of the training photos: random, but repeatable from the seed and the position alone.

    stream = BatchStream(cache, seed=0, zoom=2.0)
    stream.batch(position=0, count=32, size=96)     # (32, 96, 96, 3) uint8 RGB

Nothing here needs Keras.
"""

from functools import lru_cache

import numpy as np
from PIL import Image

from colorizer.training.photo_cache import PhotoCache


class BatchStream:
    """Random square crops, in an endless sequence that the seed alone determines.

    Every pass over the photos uses each of them once, in its own order. A crop depends on the seed and its
    position in the sequence and on nothing else: a resumed run gets the crops that it would have got.
    """

    def __init__(
        self, cache: PhotoCache, seed: int, zoom: float, count: int | None = None, stretch: float = 1.0
    ):
        """Reads nothing yet.

        Args:
            cache: the photos.
            seed: of the order and of the crops.
            zoom: the crop's side is the photo's short side divided by 1 to this, evenly in log scale.
            count: use only so many photos from the beginning of the cache.
            stretch: the crop's part of the photo is wider than high, or higher than wide, by 1 to this,
                evenly in log scale.
        """
        self.cache, self.seed, self.zoom, self.stretch = cache, seed, zoom, stretch
        self.count = len(cache) if count is None else count

    def photo_number(self, position: int) -> int:
        """Which photo is the position-th of the sequence."""
        turn, place = divmod(position, self.count)
        return int(_order(self.seed, turn, self.count)[place])

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
        left, top = left * (width - wide), top * (height - high)
        # Only the crop's rows and columns are read from disk, not the whole photo.
        x0, y0, x1, y1 = int(left), int(top), int(np.ceil(left + wide)), int(np.ceil(top + high))
        part = Image.fromarray(np.ascontiguousarray(photo[y0:y1, x0:x1]))
        box = (left - x0, top - y0, min(left - x0 + wide, part.width), min(top - y0 + high, part.height))
        crop = np.asarray(part.resize((size, size), Image.Resampling.BILINEAR, box=box))
        return crop[:, ::-1] if mirrored else crop

    def batch(self, position: int, count: int, size: int) -> np.ndarray:
        """Crops `position` to `position + count - 1`: (count, size, size, 3) uint8 RGB."""
        return np.stack([self.crop(position + i, size) for i in range(count)])


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, turn]).permutation(count)
