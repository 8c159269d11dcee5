"""The colorizer: from photo to photo. Command line, page and API all call this one object.

    from colorizer import Colorizer
    colorizer = Colorizer.from_pretrained()
    colorizer.colorize("grandma.jpg").save("grandma-colorized.png")

The network sees the photo's lightness at a small size, as in training; that of a faded scan is stretched. Its
output, a small map of colour, is enlarged smoothly and combined with the photo's own lightness at full
resolution.
"""

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from colorizer.image.fading import Fading, find_fading
from colorizer.image.guided_filter import guided_upsample, upsample
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.image.render import warm_up
from colorizer.limits import SIZE, Limits, check_size, check_strength
from colorizer.model.runtime import Runtime, precision_of, select_runtime
from colorizer.model.spec import AB_OFFSET, AB_RANGE, STRIDE, Forward
from colorizer.prediction import THUMBNAILS, Prediction
from colorizer.pretrained.locate import load_forward

if TYPE_CHECKING:
    import keras


class View(NamedTuple):
    """How the network sees a photo once: at this share of the working size, mirrored or not."""

    scale: float
    mirrored: bool = False


# Test-time augmentation. The network judges a place by the 111 pixels around it: at 256 pixels it sees
# texture but not the scene, at 64 the scene but no objects. So it sees the photo in several views. Its error
# differs from view to view, and the mean is better than any of them. docs/experiments.md has the figures.
VIEWS = (View(0.5, mirrored=True), View(1.0))
# Regression gives the mean of the possible colours, which is paler than each of them. LPIPS in training
# restores most of the chroma; this gain restores the rest. It costs some PSNR, and by LPIPS the pictures come
# nearer to the true ones. It belongs to the shipped weights, measured on validation photos
# (docs/experiments.md).
CHROMA_GAIN = 1.15
# The size of the view that shows whether a scan is faded, whatever the working size.
FADING_SIZE = 80
# Colour follows the photo's edges up to a map of this length, in pixels, and is smooth beyond: the eye, too,
# sees colour far more coarsely than light.
MAX_MAP_SIDE = 320


class Colorizer:
    """A network, with all steps from photo to photo. Safe to share between threads.

    Attributes:
        views: the views of a photo whose mean is the prediction.
        chroma_gain: the factor for the network's a* and b*.
    """

    views = VIEWS
    chroma_gain = CHROMA_GAIN

    def __init__(self, forward: Forward, limits: Limits | None = None, threads: int | None = None):
        """Uses a network that is ready to run; `from_pretrained` is the usual way in.

        Args:
            forward: the network as a function of arrays, as `Runtime.load` returns it.
            limits: the most that a photo may use; `Limits.from_environment()` if None.
            threads: the number of cores for reading and rendering a photo; all if None.
        """
        self.limits = Limits.from_environment() if limits is None else limits
        self.threads = threads
        self.forward = forward

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        runtime: Runtime | None = None,
    ) -> "Colorizer":
        """A colorizer with trained weights.

        Args:
            source: None for the shipped weights (or what COLORIZER_WEIGHTS names), a folder, a `.weights.h5`
                file, or "owner/name" or "owner/name@revision" on the Hugging Face Hub. A local folder wins
                over a repository of the same name.
            limits: as in `Colorizer`.
            runtime: what computes the network, in which precision, on how many cores; `select_runtime()`,
                which measures what is fastest on this processor, if None.

        Raises:
            WeightsError: no weights there, damaged ones, another network's, or arbitrary numbers.
            ValueError: an environment variable has a value that it cannot have.
        """
        runtime = runtime or select_runtime()
        warm_up()  # not earlier: a measurement should have the processor to itself
        return cls(load_forward(runtime, source), limits, runtime.threads)

    @classmethod
    def from_network(
        cls, network: "keras.Model", limits: Limits | None = None, runtime: Runtime | None = None
    ) -> "Colorizer":
        """A colorizer with a Keras network, as `build_network` returns it, and the weights that it has now.

        Args:
            network: the network; weights that it gets later are not used.
            limits: as in `Colorizer`.
            runtime: as in `from_pretrained`; by default one that computes in the network's precision.
        """
        runtime = runtime or select_runtime(precision_of(network))
        return cls(runtime.compile(network), limits, runtime.threads)

    def colorize(
        self,
        photo: str | os.PathLike[str] | Image.Image | np.ndarray,
        size: int = SIZE,
        strength: float = 1.0,
    ) -> Image.Image:
        """Colours a photo.

        Args:
            photo: a path, a PIL image, or a uint8 or uint16 array.
            size: the network sees about size x size pixels. A smaller size shows it more of the scene at
                once.
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
        self,
        photo: str | os.PathLike[str] | Image.Image | np.ndarray | Photo,
        size: int = SIZE,
        stretch_faded: bool = True,
    ) -> Prediction:
        """Runs the network on a photo; the prediction renders in any strength.

        Args:
            photo: as in `colorize`, or a photo that has been read.
            size: as in `colorize`.
            stretch_faded: whether the network sees the lightness of a faded scan stretched, see
                `image/fading.py`. Not for the frames of a film: the decision could change within a shot.

        Raises:
            As `colorize`.
        """
        check_size(size)
        photo = photo if isinstance(photo, Photo) else read_photo(photo, self.limits)
        start = time.monotonic()
        ab = self._edge_aligned_ab(photo, size, stretch_faded)
        seconds = photo.seconds + time.monotonic() - start
        return Prediction(photo, ab, self.limits, self.threads, seconds)

    def _edge_aligned_ab(self, photo: Photo, size: int, stretch_faded: bool) -> np.ndarray:
        """The colour map of a photo, (h, w, 2) float32, aligned with the photo's edges by a guided filter."""
        ab = self.predict_ab(photo, size, stretch_faded)
        height, width = ab.shape[:2]
        scale = min(1.0, MAX_MAP_SIDE / max(photo.size))
        map_width, map_height = (max(1, round(side * scale)) for side in photo.size)
        if map_width * map_height <= width * height:
            return ab
        coarse_guide = photo.view(width, height, THUMBNAILS)
        return guided_upsample(ab, coarse_guide, photo.view(map_width, map_height, THUMBNAILS))

    def predict_ab(self, photo: Photo, size: int, stretch_faded: bool = True) -> np.ndarray:
        """The network's a* and b*: (h, w, 2) float32, half as large as the largest view.

        They are the mean over the views, multiplied by `chroma_gain`.
        """
        fading = self._find_fading(photo) if stretch_faded else None
        outputs = [self._run_view(photo, scale * size, mirrored, fading) for scale, mirrored in self.views]
        height, width = max(output.shape[:2] for output in outputs)
        resized = [
            output if output.shape[:2] == (height, width) else upsample(output, width, height)
            for output in outputs
        ]
        mean = sum(resized) / np.float32(len(resized))
        ab = (mean * AB_RANGE - AB_OFFSET) * np.float32(self.chroma_gain)
        return np.clip(ab, -AB_OFFSET, AB_RANGE - AB_OFFSET)

    def _find_fading(self, photo: Photo) -> Fading | None:
        return find_fading(photo.view(*working_size(*photo.size, FADING_SIZE), THUMBNAILS))

    def _run_view(self, photo: Photo, size: float, mirrored: bool, fading: Fading | None) -> np.ndarray:
        """The network's output for one view, mirrored back: (h, w, 2) float32, (ab + 128) / 255."""
        lightness = photo.view(*working_size(*photo.size, size), THUMBNAILS)
        seen = (fading.stretched(lightness) if fading else lightness) / np.float32(100)
        step = -1 if mirrored else 1
        output = self.forward(np.ascontiguousarray(seen[None, :, ::step, None]))[0, :, ::step]
        # The network ends with a 2x enlargement by repetition: every second element holds all there is.
        return output[::2, ::2]


def working_size(width: int, height: int, size: float) -> tuple[int, int]:
    """The sides at which the network sees a photo: about size² pixels, aspect kept, multiples of 8."""
    scale: float = size / (width * height) ** 0.5
    # Without a limit, a very thin photo would become 8 pixels wide and many thousands long.
    longest = round(16 * size / STRIDE) * STRIDE

    def side(length: int) -> int:
        return min(longest, max(STRIDE, round(length * scale / STRIDE) * STRIDE))

    return side(width), side(height)
