"""What is made of each frame on the small map: its colours, and the flow from the frame before.

    analyser = Analyser(colorizer, info)
    frame = analyser.look(luma)                # the small pictures that the rest is made from
    ab = analyser.colors(frame)                # (h, w, 2), the network's a* and b*
    flow = analyser.flow(earlier, frame)

The network sees the frame as a player shows it, turned by its rotation flag and with square pixels. The maps
that leave are turned back: all that follows works on frames as they are stored.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from colorizer.colorizer import Colorizer
from colorizer.hints.hint import Hint
from colorizer.image.photo import Photo
from colorizer.limits import SIZE
from colorizer.video.film_file import FilmInfo
from colorizer.video.flow import Flow, flow_size

# The picture that the small views are made from is at least this long, as far as the frame is. Twice the
# length of the largest view (300 for a wide frame) and of the map of colour (320) keeps them sharp.
LONGEST = 640


@dataclass(frozen=True, eq=False)
class Look:
    """A frame, small.

    Attributes:
        photo: grey, upright and with square pixels; at least `LONGEST` long if the frame is. None of a frame
            that an earlier run has coloured.
        lightness: (h, w) float32, L* at the size for the flow, in the position in which it is stored.
    """

    photo: Photo | None
    lightness: np.ndarray


class Analyser:
    """A colorizer for the frames of one film. Safe to share between threads."""

    def __init__(
        self,
        colorizer: Colorizer,
        info: FilmInfo,
        size: int = SIZE,
        strength: float = 1.0,
        tone: tuple[float, float] = (0.0, 0.0),
    ):
        """Prepares for frames of a film.

        Args:
            colorizer: with one thread a frame, if several frames are analysed at a time.
            info: of the film.
            size: as in `Colorizer.colorize`.
            strength: as in `Colorizer.colorize`.
            tone: what is added to a* and b* everywhere but at hints.
        """
        self._colorizer, self._info, self._size = colorizer, info, size
        self._strength, self._tone = strength, tone
        width, height = info.size
        self._flow_size = flow_size(width, height)
        self._factor = max(1, max(width, height) // LONGEST)
        # Shown, a pixel is `pixel_aspect` times as wide as high: the picture is stretched to square ones.
        self._shown = (
            max(8, round(width / self._factor * info.pixel_aspect)),
            max(8, height // self._factor),
        )

    def look(self, luma: np.ndarray) -> Look:
        """The small pictures of a frame.

        Args:
            luma: (H, W) uint8 or uint16, the levels as the file has them.
        """
        if self._factor > 1:
            height, width = (side // self._factor for side in luma.shape)
            luma = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
        grey = self._info.encoding.grey_levels(luma)
        if grey.shape[::-1] != self._shown:
            grey = cv2.resize(grey, self._shown, interpolation=cv2.INTER_LINEAR)
        upright = np.ascontiguousarray(np.rot90(grey, self._info.rotation // 90))
        photo = Photo(Image.fromarray(upright))
        small = cv2.resize(grey, self._flow_size, interpolation=cv2.INTER_AREA)
        return Look(photo, Photo(Image.fromarray(small)).lightness)

    def colors(self, look: Look, hints: tuple[Hint, ...] = ()) -> np.ndarray:
        """The map of a frame, with strength, tone and hints: (h, w, 2) float32, in its stored position."""
        if look.photo is None:
            raise ValueError("This frame was coloured in an earlier run; only its lightness is kept.")
        # Not stretched where it looks faded: a shot that fades to black would change its colours on the way.
        prediction = self._colorizer.predict(look.photo, self._size, stretch_faded=False)
        ab = prediction.with_tone(*self._tone).with_hints(hints).colors(self._strength)
        return np.ascontiguousarray(np.rot90(ab, -self._info.rotation // 90))

    def flow(self, earlier: Look, later: Look) -> Flow:
        """The flow between two frames, at its own small size."""
        return Flow.between(earlier.lightness, later.lightness)
