"""A photo in memory: its pixels, its light in any size, and what its file says of it.

    photo.lightness                          # (H, W) float32, L* in [0, 100]
    photo.light(1000, 100)                   # the light of a hundred rows, as it is: levels, or L*
    photo.view(160, 120, thumbnails)         # the lightness, small

`reader.py` makes it of a file, `writer.py` writes its coloured copy. Nothing here knows of the network.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.image import color

# Pixels from which the largest thumbnail is made by two threads: of fewer it takes less than 3 ms.
SPLIT_FROM = 4_000_000


@dataclass(frozen=True)
class Thumbnails:
    """The small sizes in which a photo keeps its lightness, for views of it: a pyramid.

    Attributes:
        longest: the longer side of the largest is at least so many pixels, and less than twice as many.
        shortest: one that is at least so long has another of half its size below it.
    """

    longest: int
    shortest: int


@dataclass
class Photo:
    """A photo, upright and in sRGB.

    Attributes:
        image: its pixels, grey ("L") or "RGB".
        deep: (H, W) or (H, W, 3) uint16, the same pixels if there were more than 8 bits to them.
        alpha: (H, W) uint8 transparency, or None if there is none.
        format: Pillow's name of the file type, such as "JPEG"; None if it never was a file.
        path: where it came from, if from a file.
        exif: EXIF block with the orientation reset, or empty.
        xmp: XMP packet, or empty.
        dpi: resolution for printing, if the file says.
        notes: sentences about what of the file was not taken.
    """

    image: Image.Image
    deep: np.ndarray | None = None
    alpha: np.ndarray | None = None
    format: str | None = None
    path: Path | None = None
    exif: Image.Exif = field(default_factory=Image.Exif)
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    _thumbnails: dict[Thumbnails, list[np.ndarray]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return self.path.name if self.path else "The picture"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def original(self) -> Image.Image:
        """The photo as an RGB picture, for showing."""
        return self.image.convert("RGB")

    @cached_property
    def lightness(self) -> np.ndarray:
        """(H, W) float32, L* in [0, 100]."""
        return color.lightness(np.asarray(self.image) if self.deep is None else self.deep)

    def light(self, top: int, rows: int) -> np.ndarray:
        """A strip's light, as `Painter` takes it: 8-bit levels, (rows, W) or (rows, W, 3), or float32 L*.

        Levels are left as they are, since looking them up costs more than what is done with them.
        """
        if self.deep is not None:
            return color.lightness(self.deep[top : top + rows])
        width, height = self.size
        return np.asarray(self.image.crop((0, top, width, min(height, top + rows))))

    def view(self, width: int, height: int, thumbnails: Thumbnails) -> np.ndarray:
        """The lightness of the photo brought to another, mostly smaller, size.

        Args:
            width: of the view, in pixels.
            height: of the view, in pixels.
            thumbnails: what to make it from, if one of them is at least twice as long; they are kept.

        Returns:
            (height, width) float32, L* in [0, 100].
        """
        if thumbnails not in self._thumbnails:
            self._thumbnails[thumbnails] = self._pyramid(thumbnails)
        planes = (p for p in self._thumbnails[thumbnails] if 2 * max(width, height) <= max(p.shape))
        plane = next(planes, None)
        if plane is None:  # rare, and of a large photo the whole lightness takes 4 bytes a pixel
            plane = self.lightness
        small = Image.fromarray(plane).resize((width, height), Image.BICUBIC)
        return np.clip(np.asarray(small), 0, 100)

    def _pyramid(self, thumbnails: Thumbnails) -> list[np.ndarray]:
        """The lightness in small sizes, smallest first; each is half of the next."""
        factor = max(self.size) // thumbnails.longest
        if self.deep is not None or factor < 2:
            plane = self.lightness
        else:
            plane = color.lightness(_reduced(self.image, factor))
        planes = [plane]
        while min(planes[0].shape) >= 2 and max(planes[0].shape) >= thumbnails.shortest:
            planes.insert(0, np.asarray(Image.fromarray(planes[0]).reduce(2)))
        return planes

    def shrunk(self, longest: int) -> "Photo":
        """The photo with its longer side at most `longest` pixels, for showing."""
        scale = longest / max(self.size)
        if scale >= 1:
            return self
        size = tuple(max(1, round(side * scale)) for side in self.size)

        def shrink(image: Image.Image) -> Image.Image:
            return image.resize(size, Image.LANCZOS, reducing_gap=3)

        alpha = None if self.alpha is None else np.asarray(shrink(Image.fromarray(self.alpha)))
        return replace(self, image=shrink(self.image), deep=None, alpha=alpha)

    @cached_property
    def is_color(self) -> bool:
        """Whether it has colours of its own, rather than none or a tone.

        A tone (sepia, a scanner's cast) gives every pixel of one lightness the same colour. So: how far
        do colours stray from the average colour of their lightness? JPEG alone reaches 2 units of Lab.
        """
        if self.image.mode == "L":
            return False
        small = np.asarray(self.image.resize((128, 128), Image.BOX), np.float32) / 255
        lab = color.rgb_to_lab(small).reshape(-1, 3)
        level = (lab[:, 0] / 5).astype(int)
        count = np.maximum(np.bincount(level, minlength=21), 1)
        stray = [lab[:, i] - (np.bincount(level, lab[:, i], 21) / count)[level] for i in (1, 2)]
        return bool(np.sqrt(np.mean(np.square(stray)) * 2) > 4)


def _reduced(image: Image.Image, factor: int) -> np.ndarray:
    """`image.reduce(factor)` as an array; of a large photo, two halves are worked out side by side."""
    if image.width * image.height < SPLIT_FROM:
        return np.asarray(image.reduce(factor))
    edges = sorted({0, image.height // 2 // factor * factor, image.height})  # two, if it is that low

    def part(top: int, bottom: int) -> np.ndarray:
        return np.asarray(image.reduce(factor, (0, top, image.width, bottom)))

    with ThreadPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(part, edges[:-1], edges[1:])))
