"""The colorizer: from photo to photo. Command line, page and API all call this one object.

    from colorizer import Colorizer
    colorizer = Colorizer.from_pretrained()
    colorizer.colorize("grandma.jpg").save("grandma-colorized.png")

The network sees the photo's lightness small, the way it was trained to; the small map of colour that it
answers with is enlarged smoothly and put under the photo's own lightness at full resolution.
"""

import os
from dataclasses import dataclass

import keras
import numpy as np
from PIL import Image

from colorizer import color, weights
from colorizer.network import AB_OFFSET, AB_RANGE, STRIDE, build_network
from colorizer.photo import Photo, read_photo, write_photo

SIZE = 256
# The network judges a place by the 111 pixels around it: at 256 pixels it sees texture but not the scene,
# at 96 the scene but not the texture. It looks at three scales, and the mean of its answers is better
# than any of them; docs/experiments.md has the figures. Cost: half as much again as one look.
SCALES = (1.0, 5 / 8, 3 / 8)
SMALLEST_LOOK = 64
# Less than this and the network's deepest layers would see nothing but the border.
SMALLEST_SIZE, LARGEST_SIZE = 32, 1024
STRONGEST = 2.0


@dataclass(frozen=True)
class Prediction:
    """What the network thinks of one photo; renders in any strength without asking it again.

    Attributes:
        photo: the photo as it was read.
        ab: (h, w, 2) float32, the small map of a* and b*.
    """

    photo: Photo
    ab: np.ndarray

    @property
    def suffix(self) -> str:
        """The file suffix for a coloured copy of the same type as the photo came in."""
        return self.photo.suffix

    def render(self, strength: float = 1.0) -> Image.Image:
        """The photo in colour at its own size: RGB, or RGBA where the photo is transparent.

        Args:
            strength: scales the colour; 0 is grey, 1 as predicted, up to 2.

        Raises:
            ValueError: strength outside [0, 2].
        """
        if not 0 <= strength <= STRONGEST:
            raise ValueError(f"strength must lie between 0 and {STRONGEST:g}. Received: {strength}")
        light = self.photo.lightness
        height, width = light.shape
        planes = planes_of(self.ab * np.float32(strength))

        def rows(band: slice) -> tuple[np.ndarray, np.ndarray]:
            # Pillow reads beyond the box where its filter needs to, so bands meet without a seam.
            scale = planes[0].height / height
            box = (0, band.start * scale, planes[0].width, band.stop * scale)
            size = (width, band.stop - band.start)
            a, b = (np.asarray(plane.resize(size, Image.BICUBIC, box=box)) for plane in planes)
            return a, b

        image = Image.fromarray(color.compose(light, rows))
        if self.photo.alpha is not None:
            image.putalpha(Image.fromarray(self.photo.alpha))
        return image

    def color_map(self, longest: int = 512) -> Image.Image:
        """The predicted colour by itself: on an even middle grey, small, for showing."""
        height, width = self.ab.shape[:2]
        lab = np.concatenate([np.full((height, width, 1), 65, np.float32), self.ab], axis=-1)
        image = Image.fromarray((color.lab_to_rgb(lab) * 255 + 0.5).astype(np.uint8))
        scale = longest / max(self.photo.size)
        size = tuple(max(1, round(side * scale)) for side in self.photo.size)
        return image.resize(size, Image.BICUBIC)

    def save(self, path: str | os.PathLike, strength: float = 1.0) -> None:
        """Renders and writes, type by `path`'s suffix, with the photo's EXIF and the mark of provenance.

        Raises:
            PhotoError: the suffix names no type that can be written.
        """
        write_photo(self.render(strength), path, self.photo)


class Colorizer:
    """A network with its way from photo to photo. Safe to share between threads."""

    def __init__(self, network: keras.Model):
        """Takes a network as of `build_network`; `from_pretrained` is the usual way in."""
        self.network = network

    @classmethod
    def from_pretrained(cls, source: str | os.PathLike | None = None) -> "Colorizer":
        """A colorizer with trained weights.

        Args:
            source: None for the weights that come with the repository, a folder, a `.weights.h5` file,
                or "hf://owner/name@revision" for those on the Hugging Face Hub.

        Raises:
            WeightsError: no weights there, damaged ones, or another network's.
        """
        network = build_network(precision="float32")
        weights.load(network, source)
        return cls(network)

    def colorize(
        self,
        photo: str | os.PathLike | Image.Image | np.ndarray,
        size: int = SIZE,
        strength: float = 1.0,
    ) -> Image.Image:
        """Colours a photo.

        Args:
            photo: a path, a PIL image, or a uint8 or uint16 array.
            size: the network sees about size x size pixels. Smaller sees the scene more as a whole.
            strength: scales the colour; 0 is grey, 1 as predicted, up to 2.

        Returns:
            The picture at exactly its own size with its own lightness: RGB, or RGBA if it was transparent.

        Raises:
            FileNotFoundError: no such file.
            PhotoError: no photo, or a damaged one.
            ValueError: size or strength out of range.
        """
        if not 0 <= strength <= STRONGEST:
            raise ValueError(f"strength must lie between 0 and {STRONGEST:g}. Received: {strength}")
        return self.predict(photo, size).render(strength)

    def predict(
        self, photo: str | os.PathLike | Image.Image | np.ndarray | Photo, size: int = SIZE
    ) -> Prediction:
        """Runs the network on a photo; the answer renders in any strength.

        Raises:
            As `colorize`.
        """
        if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
            raise ValueError(f"size must lie between {SMALLEST_SIZE} and {LARGEST_SIZE}. Received: {size}")
        photo = photo if isinstance(photo, Photo) else read_photo(photo)
        return Prediction(photo, self._ab(photo.lightness, size))

    def _ab(self, lightness: np.ndarray, size: int) -> np.ndarray:
        """The small colour map of full-size lightness: (h, w, 2) float32, the mean over `SCALES`."""
        photo = Image.fromarray(lightness)
        looks = [size * scale for scale in SCALES if scale == 1 or size * scale >= SMALLEST_LOOK]
        maps = [self._look(photo, round(look)) for look in looks]
        height, width = maps[0].shape[:2]
        return np.mean([maps[0], *(enlarge(small, width, height) for small in maps[1:])], axis=0)

    def _look(self, lightness: Image.Image, size: int) -> np.ndarray:
        """What the network answers at one scale: (h, w, 2) float32, half as long a side as what it saw."""
        small = lightness.resize(working_size(lightness.width, lightness.height, size), Image.BICUBIC)
        seen = np.clip(np.asarray(small), 0, 100)[None, ..., None] / np.float32(100)
        answer = keras.ops.convert_to_numpy(self.network(seen, training=False))[0]
        # The network ends by repeating every element twofold: every second one is all there is.
        return np.clip(answer[::2, ::2] * AB_RANGE - AB_OFFSET, -AB_OFFSET, AB_RANGE - AB_OFFSET)


def planes_of(ab: np.ndarray) -> list[Image.Image]:
    """The a* and b* planes of (h, w, 2) float32 as pictures that Pillow can resize."""
    return [Image.fromarray(np.ascontiguousarray(ab[..., channel])) for channel in (0, 1)]


def enlarge(ab: np.ndarray, width: int, height: int) -> np.ndarray:
    """A colour map smoothly brought to another size: (height, width, 2) float32."""
    return np.stack([np.asarray(plane.resize((width, height), Image.BICUBIC)) for plane in planes_of(ab)], -1)


def working_size(width: int, height: int, size: int) -> tuple[int, int]:
    """The sides at which the network sees a photo: about size² pixels, aspect kept, multiples of 8."""
    scale = size / (width * height) ** 0.5
    # A very thin photo would become a thread of 8 pixels' width and endless length.
    longest = 16 * size

    def side(length: int) -> int:
        return min(longest, max(STRIDE, round(length * scale / STRIDE) * STRIDE))

    return side(width), side(height)
