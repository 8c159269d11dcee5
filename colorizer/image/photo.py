"""A photo in memory: its pixels, its lightness at any size, and its metadata.

    photo.lightness                          # (H, W) float32, L* in [0, 100]
    photo.strip(1000, 100)                   # a hundred rows as the renderer accepts them: levels, or L*
    photo.view(160, 120, thumbnails)            # the lightness, small

`reader.py` makes it from a file, `writer.py` writes its coloured copy. Nothing here knows the network.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.image import color
from colorizer.image.metadata import Metadata

# From this many pixels on, two threads make the largest thumbnail; below, it needs less than 3 ms.
SPLIT_FROM = 4_000_000


@dataclass(frozen=True)
class Thumbnails:
    """The sizes of a photo's thumbnail pyramid, from which its small views are made.

    Attributes:
        longest: the longer side of the largest thumbnail has at least this many pixels, and less than twice.
        shortest: a thumbnail at least this long has another of half its size below it.
    """

    longest: int
    shortest: int


@dataclass(eq=False)
class Photo:
    """A photo, upright and in sRGB.

    Attributes:
        image: the pixels, grey ("L") or "RGB".
        pixels16: (H, W) or (H, W, 3) uint16, the same pixels if the file has more than 8 bits; else None.
        alpha: (H, W) uint8 transparency, or None.
        format: Pillow's name of the file type, such as "JPEG"; None if it did not come from a file.
        path: the file, if there is one.
        metadata: captions, dates, resolution; see `metadata.py`.
        digest: identifies the file, see `provenance.py`; empty if there is none.
        seconds: the time that reading it took, which counts towards the limit for one photo.
        notes: sentences about what could not be read from the file.
    """

    image: Image.Image
    pixels16: np.ndarray | None = None
    alpha: np.ndarray | None = None
    format: str | None = None
    path: Path | None = None
    metadata: Metadata = field(default_factory=Metadata)
    digest: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    _thumbnails: dict[Thumbnails, list[np.ndarray]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.path.name if self.path else "The picture"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def original(self) -> Image.Image:
        """The photo as an RGB picture, for display."""
        return self.image.convert("RGB")

    @cached_property
    def lightness(self) -> np.ndarray:
        """(H, W) float32, L* in [0, 100]."""
        return color.lightness(np.asarray(self.image) if self.pixels16 is None else self.pixels16)

    def strip(self, top: int, rows: int) -> np.ndarray:
        """Some rows as `Renderer` accepts them: uint8 levels, (rows, W) or (rows, W, 3), or float32 L*.

        8-bit levels stay levels: the kernel looks up their lightness faster than a separate pass.
        """
        if self.pixels16 is not None:
            return color.lightness(self.pixels16[top : top + rows])
        width, height = self.size
        return np.asarray(self.image.crop((0, top, width, min(height, top + rows))))

    def view(self, width: int, height: int, thumbnails: Thumbnails) -> np.ndarray:
        """The lightness of the photo, resized.

        Args:
            width: of the view, in pixels.
            height: of the view, in pixels.
            thumbnails: the pyramid to resize from, where one of it is at least twice as long; it is cached.

        Returns:
            (height, width) float32, L* in [0, 100].
        """
        if thumbnails not in self._thumbnails:
            self._thumbnails[thumbnails] = self._pyramid(thumbnails)
        planes = (p for p in self._thumbnails[thumbnails] if 2 * max(width, height) <= max(p.shape))
        plane = next(planes, None)
        if plane is None:  # rare; the whole lightness needs 4 bytes a pixel
            plane = self.lightness
        small = Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)
        view: np.ndarray = np.clip(np.asarray(small), 0, 100)
        return view

    def _pyramid(self, thumbnails: Thumbnails) -> list[np.ndarray]:
        """The thumbnails, smallest first; each has half the size of the next."""
        factor = max(self.size) // thumbnails.longest
        if self.pixels16 is not None or factor < 2:
            plane = self.lightness
        else:
            plane = color.lightness(_reduced(self.image, factor))
        planes = [plane]
        while min(planes[0].shape) >= 2 and max(planes[0].shape) >= thumbnails.shortest:
            planes.insert(0, np.asarray(Image.fromarray(planes[0]).reduce(2)))
        return planes

    def shrunk(self, longest: int) -> "Photo":
        """The photo with its longer side at most `longest` pixels, for display."""
        scale = longest / max(self.size)
        if scale >= 1:
            return self
        width, height = (max(1, round(side * scale)) for side in self.size)

        def shrink(image: Image.Image) -> Image.Image:
            return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)

        alpha = None if self.alpha is None else np.asarray(shrink(Image.fromarray(self.alpha)))
        return replace(self, image=shrink(self.image), pixels16=None, alpha=alpha)

    @cached_property
    def is_color(self) -> bool:
        """Whether it is a colour photo, rather than a grey or toned one.

        A tone (sepia, a scanner's cast) gives all pixels of one lightness the same colour. So this measures
        how far colours deviate from the mean colour of their lightness; JPEG alone reaches 2 units of Lab.
        """
        if self.image.mode == "L":
            return False
        small = np.asarray(self.image.resize((128, 128), Image.Resampling.BOX), np.float32) / 255
        lab = color.rgb_to_lab(small).reshape(-1, 3)
        level = (lab[:, 0] / 5).astype(int)
        count = np.maximum(np.bincount(level, minlength=21), 1)
        deviation = [lab[:, i] - (np.bincount(level, lab[:, i], 21) / count)[level] for i in (1, 2)]
        return bool(np.sqrt(np.mean(np.square(deviation)) * 2) > 4)


def _reduced(image: Image.Image, factor: int) -> np.ndarray:
    """`image.reduce(factor)` as an array; a large photo is reduced in two halves at the same time."""
    if image.width * image.height < SPLIT_FROM:
        return np.asarray(image.reduce(factor))
    edges = sorted({0, image.height // 2 // factor * factor, image.height})  # two, if it is this low

    def part(top: int, bottom: int) -> np.ndarray:
        return np.asarray(image.reduce(factor, (0, top, image.width, bottom)))

    with ThreadPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(part, edges[:-1], edges[1:])))
