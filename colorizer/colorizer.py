"""The colorizer: from photo to photo. Command line, page and API all call this one object.

    from colorizer import Colorizer
    colorizer = Colorizer.from_pretrained()
    colorizer.colorize("grandma.jpg").save("grandma-colorized.png")

The network sees the photo's lightness small, the way it was trained to; the small map of colour that it
answers with is enlarged smoothly and put under the photo's own lightness at full resolution.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from colorizer.image import color
from colorizer.image.guided_filter import guided_upsample, upsample
from colorizer.image.photo import Photo, Thumbnails
from colorizer.image.reader import read_photo
from colorizer.image.render import Renderer, warm_up
from colorizer.image.strips import map_strips, strip_rows
from colorizer.image.writer import format_of, suffix_of, write_jpeg, write_photo
from colorizer.limits import SIZE, Limits, check_size, check_strength
from colorizer.model.ncnn_backend import from_table
from colorizer.model.runtime import best_precision, fastest, surely_ncnn
from colorizer.model.spec import AB_OFFSET, AB_RANGE, ARCHITECTURE, STRIDE
from colorizer.pretrained.locate import load_weights, read_weights

if TYPE_CHECKING:
    import keras

# The network judges a place by the 111 pixels around it: at 256 pixels it sees texture but not the scene, at
# 64 the scene but no things. So it looks more than once, at these shares of the size asked for, some of them
# mirrored: it errs differently every time, and the mean is better than any. docs/experiments.md has figures.
LOOKS = ((0.5, True), (1.0, False))
# A network asked for the mean of what a colour may be answers more palely than any of it. LPIPS in training
# gives most of that back; the rest costs some PSNR, and by LPIPS the pictures come nearer to true ones.
# Measured on validation photos; docs/experiments.md has the figures.
CHROMA = 1.14
# Colour follows the photo's edges up to a map of this length, and is smooth beyond: the eye, too, sees colour
# far more coarsely than light.
LONGEST_MAP = 320
# What the network sees, and the edges, are made from a thumbnail of at least twice their length: 800 is more
# than that of the longest map. Below 400, the pixels that a view does not need cost less than the view.
THUMBNAILS = Thumbnails(longest=800, shortest=400)


@dataclass(frozen=True)
class Prediction:
    """What the network thinks of one photo; renders in any strength without asking it again.

    Attributes:
        photo: the photo as it was read.
        ab: (h, w, 2) float32, the small map of a* and b*.
        limits: what rendering may ask for.
        threads: how many strips are rendered at a time; as many as there are cores if None.
    """

    photo: Photo
    ab: np.ndarray
    limits: Limits = field(default_factory=Limits.from_environment)
    threads: int | None = None

    @property
    def suffix(self) -> str:
        """The file suffix for a coloured copy of the same type as the photo came in."""
        return suffix_of(self.photo)

    def render(self, strength: float = 1.0) -> Image.Image:
        """The photo in colour at its own size: RGB, or RGBA where the photo is transparent.

        Args:
            strength: scales the colour; 0 is grey, 1 as predicted, up to 2.

        Raises:
            ValueError: strength outside [0, 2].
            PhotoError: it takes longer than the limits allow.
        """
        width, height = self.photo.size
        paint = self._painter(strength)
        pixels = np.empty((height, width, 4), np.uint8)

        def fill(top: int, rows: int) -> None:
            pixels[top : top + rows] = paint(top, rows)

        for _ in map_strips(fill, height, strip_rows(width), self.threads):
            pass
        if self.photo.alpha is None:
            return Image.frombytes("RGB", (width, height), pixels, "raw", "RGBX")
        pixels[..., 3] = self.photo.alpha
        return Image.fromarray(pixels)

    def _painter(self, strength: float) -> Callable[[int, int], np.ndarray]:
        """What paints a strip `(top, rows)` of the photo: (rows, W, 4) uint8."""
        check_strength(strength)
        renderer = Renderer(self.photo.size[1], self.ab * np.float32(strength))
        deadline = self.limits.start(self.photo.name)

        def paint(top: int, rows: int) -> np.ndarray:
            deadline.check()
            return renderer.render(top, self.photo.strip(top, rows))

        return paint

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
        if format_of(path) == "JPEG":
            write_jpeg(self._painter(strength), path, self.photo, self.threads)
        else:
            write_photo(self.render(strength), path, self.photo)


class Colorizer:
    """A network with its way from photo to photo. Safe to share between threads.

    Attributes:
        looks: of every look at a photo, its share of the size asked for, and whether it is mirrored.
        chroma: what the network's a* and b* are multiplied by.
    """

    looks = LOOKS
    chroma = CHROMA

    def __init__(
        self,
        network: "keras.Model | Callable[[np.ndarray], np.ndarray]",
        limits: Limits | None = None,
        threads: int | None = None,
    ):
        """Takes a network as of `build_network`; `from_pretrained` is the usual way in.

        Args:
            network: with its weights; those it is given later are not seen. Or a function as of `fastest`.
            limits: what a photo may ask for; `Limits.from_environment()` if None.
            threads: how many cores a photo may take, all of them if None; TensorFlow is told otherwise.
        """
        self.limits = Limits.from_environment() if limits is None else limits
        self.threads = threads
        self._forward = fastest(network, threads) if hasattr(network, "layers") else network

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike | None = None,
        precision: str | None = None,
        limits: Limits | None = None,
        threads: int | None = None,
        soon: bool = False,
    ) -> "Colorizer":
        """A colorizer with trained weights.

        Args:
            source: None for the weights that come with the repository (or what COLORIZER_WEIGHTS names), a
                folder, a `.weights.h5` file, or "owner/name" or "owner/name@revision" on the Hugging Face
                Hub. A local folder wins over a repository of the same name.
            precision: "float32", or "mixed_bfloat16", whose pictures differ by less than the eye can tell;
                None for what this processor does faster (see `model/runtime.py`).
            limits: as in `Colorizer`.
            threads: as in `Colorizer`.
            soon: be ready as soon as can be, without TensorFlow, even if that should work the network out
                faster later on.

        Raises:
            WeightsError: no weights there, damaged ones, or another network's.
        """
        if precision in (None, "float32") and surely_ncnn(soon):
            warm_up()
            return cls(from_table(ARCHITECTURE, read_weights(source), threads), limits, threads)
        from colorizer.model.network import (
            build_network,  # with Keras and TensorFlow, which takes some seconds
        )

        precision = precision or best_precision()
        warm_up()  # not earlier: what is timed there should have the processor for itself
        network = build_network(precision=precision, fresh=False)
        load_weights(network, source)
        return cls(network, limits, threads)

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
        check_strength(strength)
        return self.predict(photo, size).render(strength)

    def predict(
        self, photo: str | os.PathLike | Image.Image | np.ndarray | Photo, size: int = SIZE
    ) -> Prediction:
        """Runs the network on a photo; the answer renders in any strength.

        Raises:
            As `colorize`.
        """
        check_size(size)
        photo = photo if isinstance(photo, Photo) else read_photo(photo, self.limits)
        return Prediction(photo, self._ab(photo, size), self.limits, self.threads)

    def _ab(self, photo: Photo, size: int) -> np.ndarray:
        """The colour map of a photo: (h, w, 2) float32, sharpened by the photo's edges."""
        ab = self.ask(photo, size)
        height, width = ab.shape[:2]
        scale = min(1.0, LONGEST_MAP / max(photo.size))
        wide, high = (max(1, round(side * scale)) for side in photo.size)
        if wide * high <= width * height:
            return ab
        return guided_upsample(ab, photo.view(width, height, THUMBNAILS), photo.view(wide, high, THUMBNAILS))

    def ask(self, photo: Photo, size: int) -> np.ndarray:
        """What the network answers, a little livelier: (h, w, 2) float32, half of the largest size it saw."""
        answers = [self._look(photo, share * size, mirrored) for share, mirrored in self.looks]
        height, width = max(answer.shape[:2] for answer in answers)
        same = [
            answer if answer.shape[:2] == (height, width) else upsample(answer, width, height)
            for answer in answers
        ]
        mean = sum(same) / np.float32(len(same))
        ab = (mean * AB_RANGE - AB_OFFSET) * np.float32(self.chroma)
        return np.clip(ab, -AB_OFFSET, AB_RANGE - AB_OFFSET)

    def _look(self, photo: Photo, size: float, mirrored: bool) -> np.ndarray:
        """What the network answers to one look, the right way round: (h, w, 2) float32, (ab + 128) / 255."""
        seen = photo.view(*working_size(*photo.size, size), THUMBNAILS) / np.float32(100)
        step = -1 if mirrored else 1
        answer = self._forward(np.ascontiguousarray(seen[None, :, ::step, None]))[0, :, ::step]
        # The network ends by repeating every element twofold: every second one is all there is.
        return answer[::2, ::2]


def working_size(width: int, height: int, size: float) -> tuple[int, int]:
    """The sides at which the network sees a photo: about size² pixels, aspect kept, multiples of 8."""
    scale = size / (width * height) ** 0.5
    # A very thin photo would become a thread of 8 pixels' width and endless length.
    longest = round(16 * size / STRIDE) * STRIDE

    def side(length: int) -> int:
        return min(longest, max(STRIDE, round(length * scale / STRIDE) * STRIDE))

    return side(width), side(height)
