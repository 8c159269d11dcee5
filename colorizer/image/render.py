"""Combines the network's small colour map with a photo's own lightness, a strip of rows at a time.

    renderer = Renderer(photo_height, ab)        # ab: (h, w, 2), as small as the network made it
    renderer.render(top, pixels_of_these_rows)   # (rows, W, 4) uint8: sRGB and 255

The map is resized to the photo's size on the way. The coloured photo exists as a whole only if the caller
collects the strips. `render_kernels.py` has the loops over the pixels.
"""

from threading import Thread

import numpy as np

from colorizer.image.render_kernels import TAPS, render_rows


def warm_up() -> None:
    """Loads or compiles the kernels in a thread of its own, while the caller loads other things."""
    grey = np.zeros((1, 1), np.uint8)
    Thread(target=Renderer(1, np.zeros((1, 1, 2), np.float32)).render, args=(0, grey)).start()


class Renderer:
    """The colour map of one photo, ready to colour any of its rows. Safe to share between threads."""

    def __init__(self, height: int, ab: np.ndarray):
        """Prepares the map.

        Args:
            height: of the photo, in pixels.
            ab: (h, w, 2) float32, a* and b*, unscaled.
        """
        self._height = height
        self._map_size = map_height, map_width = ab.shape[:2]
        # The kernels add up groups of TAPS elements; the padding has weight 0.
        padded = map_height + -map_height % TAPS, map_width + -map_width % TAPS
        self._planes = np.zeros((2, *padded), np.float32)
        self._planes[:, :map_height, :map_width] = ab.transpose(2, 0, 1)

    def render(self, top: int, pixels: np.ndarray) -> np.ndarray:
        """Colours some rows, rounded to the nearest 8-bit level.

        A colour that sRGB cannot show at its lightness loses chroma until sRGB can show it. Clipping the
        channels instead would change the lightness, and the lightness is the photo's.

        Args:
            top: the first row.
            pixels: (rows, W) float32, L* in [0, 100]; or uint8, (rows, W) grey levels or (rows, W, 3) sRGB.

        Returns:
            (rows, W, 4) uint8: sRGB and 255.
        """
        packed = np.empty(pixels.shape[:2], np.int32)
        # Numba compiles once per kind of array (contiguous or not, writable or not): make them one kind.
        pixels = np.ascontiguousarray(pixels).view()
        pixels.setflags(write=False)
        render_rows(pixels, top, self._height, self._planes, self._map_size, packed)
        return packed.view(np.uint8).reshape(*packed.shape, 4)
