"""From a* and b* to the two chroma planes of a film frame, so that its luma stays as it is.

    table = ChromaTable(encoding)                       # once for a film
    cb, cr = table.planes(luma, ab, width, height)      # luma: the frame's own plane

A film frame is stored as luma Y' and the colour differences Cb and Cr (ITU-R BT.601, BT.709, BT.2020). The
colorizer makes the last two alone; the film keeps its luma to the last bit. For each Y', a* and b* there is
one colour of this hue and this luma: a table of them is computed once and interpolated for every pixel. A
colour that the screen cannot show at this luma loses chroma until it can, as in photos.

The levels are taken as sRGB, as most players on computers do: BT.709's own curve describes the camera, and
the screens of today follow a power of 2.2 to 2.4 (ITU-R BT.1886).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from colorizer.image import color
from colorizer.video.chroma_kernel import AB_REACH, AB_STEP, LUMA_STEPS, fill_chroma

# Steps that bring the luma of a colour to the one that is asked for, to less than a tenth of a level.
CORRECTIONS = 5
# What red and blue contribute to luma, by the code of the matrix in H.273.
MATRICES = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC 1953
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}


@dataclass(frozen=True)
class YuvEncoding:
    """How numbers in a file stand for luma and chroma.

    Attributes:
        matrix: H.273's code of the matrix, one of `MATRICES`.
        full_range: whether all levels are used; else, of 8 bits, 16 to 235 for luma, 16 to 240 for chroma.
        bits: of a level, 8 to 16.
    """

    matrix: int
    full_range: bool = False
    bits: int = 8

    def __post_init__(self) -> None:
        if self.matrix not in MATRICES:
            raise ValueError(f"The matrix must be one of {sorted(MATRICES)}. Received: {self.matrix}")
        if not 8 <= self.bits <= 16:
            raise ValueError(f"A level has 8 to 16 bits. Received: {self.bits}")

    @property
    def top(self) -> int:
        """The highest level."""
        return (1 << self.bits) - 1

    @property
    def luma_range(self) -> tuple[float, float]:
        """The levels of black and white."""
        if self.full_range:
            return 0.0, float(self.top)
        unit = 2 ** (self.bits - 8)
        return 16.0 * unit, 235.0 * unit

    @property
    def chroma_range(self) -> tuple[float, float]:
        """The level of grey, and the levels from the lowest to the highest colour difference."""
        middle = 2.0 ** (self.bits - 1)
        return middle, float(self.top) if self.full_range else 224.0 * 2 ** (self.bits - 8)

    def grey_levels(self, luma: np.ndarray) -> np.ndarray:
        """A luma plane as 8-bit levels of grey, black 0 and white 255: the same shape, uint8."""
        if self.full_range and self.bits == 8:
            return luma
        black, white = self.luma_range
        levels = (np.arange(self.top + 1) - black) * (255 / (white - black))
        table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        grey: np.ndarray = np.take(table, luma, mode="clip")
        return grey


class ChromaTable:
    """The chroma of every luma, a* and b*. Safe to share between threads."""

    def __init__(self, encoding: YuvEncoding):
        """Computes the table, which takes some tenths of a second."""
        self.encoding = encoding
        self._red, self._blue = MATRICES[encoding.matrix]
        self._table = _chroma_of(self._red, self._blue)

    def planes(
        self, luma: np.ndarray, ab: np.ndarray, width: int, height: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The chroma planes of a frame.

        Args:
            luma: (H, W) uint8 or uint16, the frame's levels.
            ab: (h, w, 2) float32, a* and b* of the whole frame, at any size.
            width: of the chroma planes: W, or half of it rounded up.
            height: of the chroma planes.

        Returns:
            Cb and Cr, each (height, width) of the type of `luma`.
        """
        if luma.shape != (height, width):
            luma = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
        if ab.shape[:2] != (height, width):
            # The map is so smooth that it does not matter whether chroma lies between the pixels or on them.
            ab = cv2.resize(ab, (width, height), interpolation=cv2.INTER_CUBIC)
        cb, cr = np.empty_like(luma), np.empty_like(luma)
        black, white = self.encoding.luma_range
        middle, scale = self.encoding.chroma_range
        # Green has what red and blue leave: its difference is the weighted sum of theirs, with signs changed.
        green = 1 - self._red - self._blue
        numbers = (
            black, 1 / (white - black), middle, scale, self.encoding.top,
            2 * (1 - self._red), 2 * (1 - self._blue), self._red / green, self._blue / green,
        )  # fmt: skip
        fill_chroma(luma, ab, self._table, np.array(numbers, np.float32), cb, cr)
        return cb, cr


def _chroma_of(red: float, blue: float) -> np.ndarray:
    """The table: (luma, a*, b*, 2) float32, Cb and Cr in [-0.5, 0.5]."""
    luma = np.linspace(0, 1, LUMA_STEPS + 1)[:, None, None]
    ab = np.arange(-AB_REACH, AB_REACH + AB_STEP / 2, AB_STEP)
    a, b = ab[None, :, None], ab[None, None, :]
    weights = np.array([red, 1 - red - blue, blue])
    level = luma + 0 * a + 0 * b  # the grey level with the lightness of the colour
    for _ in range(CORRECTIONS):
        rgb = _shown(level, a, b)
        level = np.clip(level + luma - rgb @ weights, 0, 1)
    rgb = _shown(level, a, b)
    reached = rgb @ weights
    cb, cr = (rgb[..., 2] - reached) / (2 * (1 - blue)), (rgb[..., 0] - reached) / (2 * (1 - red))
    return np.ascontiguousarray(np.stack([cb, cr], axis=-1), np.float32)


def _shown(level: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Colours as sRGB shows them, of the lightness of a grey level: (..., 3) in [0, 1]."""
    luminance = color.linear_from_srgb(level)
    fy = color.lab_curve(luminance)
    f = np.stack([fy + a / 500, fy, fy - b / 200], axis=-1)
    linear = color.lab_curve_inverse(f) @ (color.XYZ_TO_RGB.T * color.WHITE[:, None]).astype(float)
    difference = linear - luminance[..., None]
    # As the renderer of photos: towards grey of the same luminance until all channels lie in [0, 1].
    most = np.maximum(difference.max(axis=-1), 1e-9)
    least = np.maximum(-difference.min(axis=-1), 1e-9)
    share = np.clip(np.minimum((1 - luminance) / most, luminance / least), 0, 1)
    return np.asarray(color.srgb_from_linear(luminance[..., None] + share[..., None] * difference))
