"""What is done with every single pixel: loops in plain Python that Numba compiles for this processor.

    paint(light, top, height, planes, (h, w), out)      # `render.py` calls it, strip by strip

A photo of twelve megapixels takes each of these steps twelve million times. Whole arrays at a time, as NumPy
works, every step would write an array to memory and the next would read it back; here a piece of a row goes
all the way while it lies in the processor's nearest cache, and Python's lock is let go meanwhile. The inner
loops are short and simple enough for the compiler to take eight pixels at once. What it made is kept beside
this file, or in the user's cache, for the next start; the first one takes some seconds more.

The formulas are those of `color.py`; tests hold the result against scikit-image.
"""

import warnings
from collections.abc import Callable
from math import ceil, floor

import numba
import numpy as np
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial

from colorizer.image import color

# So many pixels of a row take all steps together: more, and their floats leave the first cache.
PIECE = 512
# How many elements of the map are in reach of a pixel; where the photo is the smaller, some times as many.
TAPS = 4
# The gamma curve of sRGB is a power, as dear as all the rest of a pixel. As a polynomial in the light's
# fourth root, two square roots, it is nearly straight: this many terms leave an error of 0.0002 8-bit steps.
GAMMA_TERMS = 8


def _gamma_terms() -> list[np.float32]:
    """The coefficients of the linear light's fourth root in 8-bit sRGB, from the constant on."""
    curved = [color.SRGB_LINEAR_BELOW**0.25, 1]
    curve = Chebyshev.interpolate(
        lambda root: 255 * color.srgb_from_linear(root**4), GAMMA_TERMS - 1, domain=curved
    )
    return list(curve.convert(kind=Polynomial).coef.astype(np.float32))


# What stands outside of a function is a constant for Numba. All are float32: a single one of 64 bits, and the
# whole loop would be done in 64. What is kept goes by the date of this file alone: whoever changes a formula
# of color.py that they come from has to touch this one.
ZERO, HALF, ONE, TINY = (np.float32(value) for value in (0, 0.5, 1, 1e-9))
A_TO_F, B_TO_F = np.float32(1 / 500), np.float32(1 / 200)
# L* = 116 f - 16 (CIE 15:2004, equation 8.3)
F_SLOPE, F_START = np.float32(1 / 116), np.float32(16 / 116)
CURVED_FROM, STRAIGHT_FROM, STRAIGHT = (np.float32(v) for v in (6 / 29, 4 / 29, 1 / color.LAB_SLOPE))
G0, G1, G2, G3, G4, G5, G6, G7 = _gamma_terms()
LINEAR_BELOW, LINEAR_SLOPE = np.float32(color.SRGB_LINEAR_BELOW), np.float32(255 * 12.92)
# How each channel of linear light differs from grey of the same luminance, of X, Y and Z in units of white.
(RX, RY, RZ), (GX, GY, GZ), (BX, BY, BZ) = color.XYZ_TO_RGB * color.WHITE - np.float32([0, 1, 0])
LEVELS = np.arange(256, dtype=np.uint8)
F_OF_LEVELS = color.lightness(LEVELS[None])[0] * F_SLOPE + F_START
# What each level of a channel adds to luminance.
R_LIGHT, G_LIGHT, B_LIGHT = (color.LUMINANCE[:, None] * color.linear_from_srgb(LEVELS / 255)).astype(
    np.float32
)
# Lab's f has a cube root in it, which takes as long as all the rest; of luminance's square root it is a curve
# so even that straight lines between so many points of it miss no more than float32 does.
POINTS = 4096
_roots = np.arange(POINTS + 2) / POINTS  # one more, for white and what rounding makes of it
F_OF_ROOTS = color.lab_curve(_roots**2).astype(np.float32)

# Sums may be taken in another order, and nothing here depends on what becomes of infinities.
OPTIONS = {"nogil": True, "fastmath": True}
step = numba.njit(**OPTIONS)  # part of a loop, compiled with it


class Kept:
    """A function compiled at its first call, or read from where it was kept then.

    That never costs a photo: if there is no folder to keep it in, no room on the disk, or if what lies there
    is damaged, it is compiled for this time alone, and a warning says so.
    """

    def __init__(self, function: Callable):
        self._for_now = numba.njit(**OPTIONS)(function)
        try:
            self.compiled = numba.njit(cache=True, **OPTIONS)(function)
        except RuntimeError as error:
            self._do_without(error)

    def __call__(self, *arguments):
        """Calls the function."""
        compiled = self.compiled
        if compiled is not self._for_now:
            try:
                return compiled(*arguments)
            # Not only OSError: what a damaged file gives may be any exception that there is.
            except Exception as error:  # noqa: BLE001
                if self.compiled is compiled:  # the first of several threads says it
                    self._do_without(f"{compiled.stats.cache_path}: {error or type(error).__name__}")
        return self._for_now(*arguments)

    def _do_without(self, reason: object) -> None:
        self.compiled = self._for_now
        text = f"What was compiled cannot be kept, so that every start takes some seconds more: {reason}"
        warnings.warn(text, stacklevel=3)


@step
def _taps(count, length):
    """How many elements of a row are in reach of one of its enlargement to `length`, in whole groups."""
    return TAPS * min(ceil(max(count / length, 1)), ceil(count / TAPS))


@step
def _fill_shares(count, length, first, n, starts, shares):
    """How much each element of a row counts in its enlargement, as Pillow's bicubic filter has it.

    Cubic convolution (Keys 1981) with a = -1/2, widened if the row is the longer of the two. Of `n` elements
    of the enlargement from `first` on: the first of the row that counts, and how much that and the next do.
    """
    scale = count / length
    reach = max(scale, 1.0)
    for x in range(n):
        center = (first + x + 0.5) * scale
        starts[x] = max(0, min(floor(center - 2 * reach + 0.5), count - len(shares)))
        total = 0.0
        for tap in range(len(shares)):
            far = abs(starts[x] + tap + 0.5 - center) / reach
            share = 0.0
            if starts[x] + tap >= count:  # beyond the end, where a row of less than a group is filled up
                pass
            elif far < 1:
                share = (1.5 * far - 2.5) * far * far + 1
            elif far < 2:
                share = ((2.5 - 0.5 * far) * far - 4) * far + 2
            shares[tap, x] = share
            total += share
        for tap in range(len(shares)):
            shares[tap, x] /= np.float32(total)


@step
def _widen(row, n, starts, shares, wide):
    """A piece of a row of the map in the width of the photo."""
    for tap in range(0, len(shares), TAPS):
        s0, s1, s2, s3 = shares[tap], shares[tap + 1], shares[tap + 2], shares[tap + 3]
        for x in range(n):
            # Unsigned, so that it need not be asked whether it counts from the end.
            at = np.uint32(starts[x] + tap)
            near = s1[x] * row[at + np.uint32(1)] + s2[x] * row[at + np.uint32(2)]
            value = s0[x] * row[at] + near + s3[x] * row[at + np.uint32(3)]
            wide[x] = value if tap == 0 else wide[x] + value


@step
def _mix(rows, start, shares, number, n, mixed):
    """A piece of a row of the photo's a* or b*, from the rows of the map around."""
    for tap in range(0, len(shares), TAPS):
        first = start + tap
        s0, s1 = shares[tap, number], shares[tap + 1, number]
        s2, s3 = shares[tap + 2, number], shares[tap + 3, number]
        r0, r1, r2, r3 = rows[first], rows[first + 1], rows[first + 2], rows[first + 3]
        for x in range(n):
            value = (s0 * r0[x] + s1 * r1[x]) + (s2 * r2[x] + s3 * r3[x])
            mixed[x] = value if tap == 0 else mixed[x] + value


def _lab_f(light, x):
    """Lab's f of a pixel's light: of uint8 levels, grey or sRGB, or of float32 L*."""
    raise NotImplementedError("It is only there compiled.")


def _f_of_level(light, x):
    return F_OF_LEVELS[light[x]]


def _f_of_rgb(light, x):
    luminance = R_LIGHT[light[x, 0]] + G_LIGHT[light[x, 1]] + B_LIGHT[light[x, 2]]
    place = np.sqrt(luminance) * np.float32(POINTS)
    point = np.uint32(place)
    low = F_OF_ROOTS[point]
    return low + (place - np.float32(point)) * (F_OF_ROOTS[point + np.uint32(1)] - low)


def _f_of_lightness(light, x):
    return light[x] * F_SLOPE + F_START


@overload(_lab_f)
def _lab_f_of(light, x):
    if light.ndim == 2:
        return _f_of_rgb
    return _f_of_level if light.dtype == numba.uint8 else _f_of_lightness


@step
def _luminance(f):
    """Lab's curve f, backwards."""
    return f * f * f if f > CURVED_FROM else (f - STRAIGHT_FROM) * STRAIGHT


@step
def _to_linear(n, f, a, b):
    """Lab's f of the lightness, a* and b* become linear R, G and B in [0, 1], in their places.

    A colour that sRGB cannot show at its lightness loses chroma until it can be shown. The way to grey is
    straight in linear light: of what the network gives, it turns no hue by two degrees.
    """
    for i in range(n):
        x = _luminance(f[i] + a[i] * A_TO_F)
        y = min(_luminance(f[i]), ONE)
        z = _luminance(f[i] - b[i] * B_TO_F)
        red, green, blue = x * RX + y * RY + z * RZ, x * GX + y * GY + z * GZ, x * BX + y * BY + z * BZ
        most, least = max(max(red, green), blue), min(min(red, green), blue)
        share = min(min((ONE - y) / max(most, TINY), y / max(-least, TINY)), ONE)
        # By rounding, what can just be shown may lie below 0, where there is no root.
        f[i], a[i], b[i] = (
            max(y + share * red, ZERO),
            max(y + share * green, ZERO),
            max(y + share * blue, ZERO),
        )


@step
def _level(linear):
    """The 8-bit sRGB of linear light in [0, 1]."""
    half = np.sqrt(linear)
    root = np.sqrt(half)
    # Not term after term, each of which would wait for the one before.
    low, high = (G0 + G1 * root) + (G2 + G3 * root) * half, (G4 + G5 * root) + (G6 + G7 * root) * half
    level = low + high * linear if linear > LINEAR_BELOW else linear * LINEAR_SLOPE
    return np.int32(level + HALF)


@step
def _pack(n, red, green, blue, out):
    """Linear light to int32, whose bytes are R, G, B in sRGB, and 255."""
    for x in range(n):
        low = _level(red[x]) | (_level(green[x]) << np.int32(8))
        out[x] = low | (_level(blue[x]) << np.int32(16)) | np.int32(-1 << 24)


@Kept
def paint(
    light: np.ndarray,
    top: int,
    height: int,
    planes: np.ndarray,
    counts: tuple[int, int],
    out: np.ndarray,
) -> None:
    """Colours some rows of a photo.

    Args:
        light: (rows, W) or (rows, W, 3) uint8, levels of grey or sRGB; or (rows, W) float32, L* in [0, 100].
        top: the first of these rows in the photo.
        height: of the photo.
        planes: (2, h or more, w or more) float32, the map of a* and b*; what goes beyond fills up a group.
        counts: h and w of the map.
        out: (rows, W) int32, is filled: R, G, B in 8-bit sRGB, and 255.
    """
    rows, width = out.shape
    (high, broad), taps = counts, _taps(counts[0], height)
    down_starts, down = np.empty(rows, np.int32), np.empty((taps, rows), np.float32)
    _fill_shares(high, height, top, rows, down_starts, down)
    low = down_starts[0]
    reached = down_starts[-1] + taps - low
    starts, shares = np.empty(PIECE, np.int32), np.empty((_taps(broad, width), PIECE), np.float32)
    wide = np.empty((2, reached, PIECE), np.float32)
    f, a, b = np.empty(PIECE, np.float32), np.empty(PIECE, np.float32), np.empty(PIECE, np.float32)
    for left in range(0, width, PIECE):
        n = min(PIECE, width - left)
        _fill_shares(broad, width, left, n, starts, shares)
        for row in range(reached):
            _widen(planes[0, low + row], n, starts, shares, wide[0, row])
            _widen(planes[1, low + row], n, starts, shares, wide[1, row])
        for row in range(rows):
            piece = light[row, left:]
            for x in range(n):
                f[x] = _lab_f(piece, x)
            _mix(wide[0], down_starts[row] - low, down, row, n, a)
            _mix(wide[1], down_starts[row] - low, down, row, n, b)
            _to_linear(n, f, a, b)
            _pack(n, f, a, b, out[row, left:])
