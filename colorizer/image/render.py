"""Puts the network's small map of colour under a photo's own lightness, a strip of rows at a time.

    painter = Painter(photo_height, ab)          # ab: (h, w, 2), as small as the network made it
    painter.paint(top, light_of_these_rows)      # (rows, W, 4) uint8: sRGB and 255

The map is brought to the size of the photo on the way, and the coloured photo never exists as a whole unless
somebody wants it. What is done with every pixel is in `render_kernels.py`.
"""

from threading import Thread

import numpy as np

from colorizer.image.render_kernels import TAPS, paint


def get_ready() -> None:
    """Begins to read, or to compile, what painting needs, beside whatever else is to be loaded."""
    grey = np.zeros((1, 1), np.uint8)
    Thread(target=Painter(1, np.zeros((1, 1, 2), np.float32)).paint, args=(0, grey)).start()


class Painter:
    """One photo's colour map, made ready to be laid under any of its rows. Safe to share between threads."""

    def __init__(self, height: int, ab: np.ndarray):
        """Takes the map.

        Args:
            height: of the photo, in pixels.
            ab: (h, w, 2) float32, a* and b*, unscaled.
        """
        self._height = height
        self._counts = high, broad = ab.shape[:2]
        # In whole groups of elements, as they are added up; those beyond the map's own count nothing.
        self._planes = np.zeros((2, high + -high % TAPS, broad + -broad % TAPS), np.float32)
        self._planes[:, :high, :broad] = ab.transpose(2, 0, 1)

    def paint(self, top: int, light: np.ndarray) -> np.ndarray:
        """The rows from `top` in colour, rounded to the nearest that 8 bits can say.

        A colour that sRGB cannot show at its lightness loses chroma until it can be shown; clipping the
        channels instead would change the lightness, which is the photo's and not ours.

        Args:
            top: the first row.
            light: (rows, W) float32, L* in [0, 100]; or uint8, (rows, W) levels of grey, (rows, W, 3) sRGB.

        Returns:
            (rows, W, 4) uint8: sRGB and 255.
        """
        packed = np.empty(light.shape[:2], np.int32)
        # For every kind of array, loops would be compiled anew: in one piece or not, to be written to or not.
        light = np.ascontiguousarray(light).view()
        light.setflags(write=False)
        paint(light, top, self._height, self._planes, self._counts, packed)
        return packed.view(np.uint8).reshape(*packed.shape, 4)
