"""Faded scans: notices them, and stretches the lightness that the network sees.

    fading = find_fading(photo.view(80, 80, thumbnails))     # None for nearly every photo
    lightness = fading.stretched(photo.view(160, 160, thumbnails)) if fading else …

In a faded print black has become grey, and white is no longer white. Such lightness is rare in training, and
the network colours it badly. Stretched to a usual range, it gets nearly the colours of a fresh print. Only
what the network sees is stretched; the colours lie under the photo's own lightness.

`scripts/measure_fading.py` measures it; docs/experiments.md has the figures.
"""

from dataclasses import dataclass

import numpy as np

# A photo is taken for faded if L* spans less than this between its darkest and brightest pixel, and the
# darkest is this far from black; a photo taken at night is not faded. In misty photos, too, something small
# is nearly black or white; in a faded print nothing can be. docs/experiments.md says how many photos pass.
FADED_BELOW, BLACK_ABOVE = 60.0, 5.0
# A picture that spans less is blank, or so far gone that stretching would show its noise.
BLANK_BELOW = 8.0
# The black and the white point: this share of the pixels, in percent, may lie beyond.
BEYOND = 0.5
# L* of the black and white points after stretching. Not the ends of the scale: from here on the network loses
# little, and misty photos that are taken for faded lose least.
BLACK, WHITE = 15.0, 80.0


@dataclass(frozen=True)
class Fading:
    """How a scan is faded.

    Attributes:
        black: L* of its black point, in [0, 100].
        white: L* of its white point, above `black`.
    """

    black: float
    white: float

    def stretched(self, lightness: np.ndarray) -> np.ndarray:
        """The lightness with its black and white points where fresh prints have them.

        Args:
            lightness: (h, w) float32, L* in [0, 100].

        Returns:
            (h, w) float32, L* in [0, 100].
        """
        slope = np.float32((WHITE - BLACK) / (self.white - self.black))
        stretched: np.ndarray = np.clip(BLACK + (lightness - np.float32(self.black)) * slope, 0, 100)
        return stretched


def find_fading(lightness: np.ndarray) -> Fading | None:
    """How a scan is faded, or None if it is not.

    Args:
        lightness: (h, w) float32, L* in [0, 100], of a small view. Each pixel of about 80x80 is the mean of
            many pixels of the scan, in which grain and dust vanish.
    """
    if lightness.min() < BLACK_ABOVE or np.ptp(lightness) >= FADED_BELOW:
        return None
    black, white = np.percentile(lightness, (BEYOND, 100 - BEYOND))
    if white - black < BLANK_BELOW:
        return None
    return Fading(float(black), float(white))
