"""The loops over single pixels, in plain Python that Numba compiles for this processor.

    render_rows(pixels, top, height, planes, (h, w), out)      # `render.py` calls it, strip by strip

A photo of twelve megapixels needs each of these steps twelve million times. NumPy, which works on whole
arrays, would write an array to memory after every step and read it back in the next. Here a chunk of a row
goes through all steps while it lies in the processor's first cache, and other threads run at the same time.
The inner loops are short enough for the compiler to process eight pixels at once.

The formulas are those of `color.py`; tests compare the result with scikit-image.
"""

from collections.abc import Callable
from math import ceil, floor

import numba
import numpy as np
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial

from colorizer.image import color
from colorizer.image.cached_jit import OPTIONS, CachedFunction, fingerprint

# So many pixels of a row go through all steps together: with more, their floats leave the first cache.
CHUNK = 512
# How many elements of the map contribute to a pixel; a multiple of it where the photo is the smaller one.
TAPS = 4
# The gamma curve of sRGB is a power, as expensive as all the rest of a pixel. As a polynomial in the fourth
# root of linear light (two square roots) it is nearly straight: this many terms leave an error of 0.0002
# 8-bit steps.
GAMMA_TERMS = 8


def _gamma_terms() -> list[np.float32]:
    """The coefficients of the linear light's fourth root in 8-bit sRGB, from the constant on."""
    curved = [color.SRGB_LINEAR_BELOW**0.25, 1]
    curve = Chebyshev.interpolate(
        lambda root: 255 * color.srgb_from_linear(root**4), GAMMA_TERMS - 1, domain=curved
    )
    return list(curve.convert(kind=Polynomial).coef.astype(np.float32))


# Numba treats values outside a function as constants. All are float32: a single float64 would turn the whole
# loop into float64.
ZERO, HALF, ONE, TINY = (np.float32(value) for value in (0, 0.5, 1, 1e-9))
A_TO_F, B_TO_F = np.float32(1 / 500), np.float32(1 / 200)
# L* = 116 f - 16 (CIE 15:2004, equation 8.3)
F_SLOPE, F_START = np.float32(1 / 116), np.float32(16 / 116)
CURVED_FROM, STRAIGHT_FROM, STRAIGHT = (np.float32(v) for v in (6 / 29, 4 / 29, 1 / color.LAB_SLOPE))
G0, G1, G2, G3, G4, G5, G6, G7 = _gamma_terms()
LINEAR_BELOW, LINEAR_SLOPE = np.float32(color.SRGB_LINEAR_BELOW), np.float32(255 * 12.92)
# How each channel of linear light differs from grey of the same luminance, of X, Y and Z in units of white.
(RX, RY, RZ), (GX, GY, GZ), (BX, BY, BZ) = color.XYZ_TO_RGB * color.WHITE - np.array([0, 1, 0], np.float32)
LEVELS = np.arange(256, dtype=np.uint8)
F_OF_LEVELS = color.lightness(LEVELS[None])[0] * F_SLOPE + F_START
# What each level of a channel contributes to luminance.
R_LUMINANCE, G_LUMINANCE, B_LUMINANCE = (
    color.LUMINANCE[:, None] * color.linear_from_srgb(LEVELS / 255)
).astype(np.float32)
# Lab's f has a cube root, which costs as much as all the rest. As a function of the square root of luminance
# it is so smooth that straight lines between this many points are as exact as float32.
CURVE_POINTS = 4096
_roots = np.arange(CURVE_POINTS + 2) / CURVE_POINTS  # one more, for white and rounding
F_OF_ROOTS = color.lab_curve(_roots**2).astype(np.float32)

step = numba.njit(**OPTIONS)  # a part of the kernel, compiled into it


@step
def _taps(count, length):
    """How many of `count` elements contribute to one of `length` elements, in whole groups of TAPS."""
    return TAPS * min(ceil(max(count / length, 1)), ceil(count / TAPS))


@step
def _fill_weights(count, length, first, n, starts, weights):
    """The weights that resize `count` elements to `length`, as in Pillow's bicubic filter.

    Cubic convolution (Keys 1981) with a = -1/2; its support is widened if the result is the smaller one. For
    `n` elements of the result from `first` on, `starts` gets the first source element that contributes, and
    `weights` the weights of that one and the next.
    """
    scale = count / length
    support = max(scale, 1.0)
    for x in range(n):
        center = (first + x + 0.5) * scale
        starts[x] = max(0, min(floor(center - 2 * support + 0.5), count - len(weights)))
        total = 0.0
        for tap in range(len(weights)):
            distance = abs(starts[x] + tap + 0.5 - center) / support
            weight = 0.0
            if starts[x] + tap >= count:  # padding, where a row is shorter than a group
                pass
            elif distance < 1:
                weight = (1.5 * distance - 2.5) * distance * distance + 1
            elif distance < 2:
                weight = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
            weights[tap, x] = weight
            total += weight
        for tap in range(len(weights)):
            weights[tap, x] /= np.float32(total)


@step
def _horizontal_pass(row, n, starts, weights, result):
    """Resizes a row of the map to the photo's width, for one chunk."""
    for tap in range(0, len(weights), TAPS):
        w0, w1, w2, w3 = weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3]
        for x in range(n):
            # Unsigned, so that Numba does not check for negative indices.
            at = np.uint32(starts[x] + tap)
            near = w1[x] * row[at + np.uint32(1)] + w2[x] * row[at + np.uint32(2)]
            value = w0[x] * row[at] + near + w3[x] * row[at + np.uint32(3)]
            result[x] = value if tap == 0 else result[x] + value


@step
def _vertical_pass(rows, start, weights, number, n, result):
    """A chunk of a row of the photo's a* or b*, from the resized rows of the map around it."""
    for tap in range(0, len(weights), TAPS):
        first = start + tap
        w0, w1 = weights[tap, number], weights[tap + 1, number]
        w2, w3 = weights[tap + 2, number], weights[tap + 3, number]
        r0, r1, r2, r3 = rows[first], rows[first + 1], rows[first + 2], rows[first + 3]
        for x in range(n):
            value = (w0 * r0[x] + w1 * r1[x]) + (w2 * r2[x] + w3 * r3[x])
            result[x] = value if tap == 0 else result[x] + value


def _lab_f(pixels, x):
    """Lab's f of a pixel: from a uint8 level, grey or sRGB, or from float32 L*."""
    raise NotImplementedError("It exists only in compiled code.")


def _f_of_level(pixels, x):
    return F_OF_LEVELS[pixels[x]]


def _f_of_rgb(pixels, x):
    luminance = R_LUMINANCE[pixels[x, 0]] + G_LUMINANCE[pixels[x, 1]] + B_LUMINANCE[pixels[x, 2]]
    place = np.sqrt(luminance) * np.float32(CURVE_POINTS)
    point = np.uint32(place)
    low = F_OF_ROOTS[point]
    return low + (place - np.float32(point)) * (F_OF_ROOTS[point + np.uint32(1)] - low)


def _f_of_lightness(pixels, x):
    return pixels[x] * F_SLOPE + F_START


@overload(_lab_f)
def _lab_f_of(pixels, x):
    if pixels.ndim == 2:
        return _f_of_rgb
    return _f_of_level if pixels.dtype == numba.uint8 else _f_of_lightness


@step
def _luminance(f):
    """The inverse of Lab's f."""
    return f * f * f if f > CURVED_FROM else (f - STRAIGHT_FROM) * STRAIGHT


@step
def _to_linear(n, f, a, b):
    """Replaces Lab's f of the lightness, a* and b* by linear R, G and B in [0, 1].

    A colour that sRGB cannot show at its lightness loses chroma until it can. It moves towards grey on a
    straight line in linear light: this turns no hue that the network predicts by more than two degrees.
    """
    for i in range(n):
        x = _luminance(f[i] + a[i] * A_TO_F)
        y = min(_luminance(f[i]), ONE)
        z = _luminance(f[i] - b[i] * B_TO_F)
        red, green, blue = x * RX + y * RY + z * RZ, x * GX + y * GY + z * GZ, x * BX + y * BY + z * BZ
        most, least = max(max(red, green), blue), min(min(red, green), blue)
        chroma = min(min((ONE - y) / max(most, TINY), y / max(-least, TINY)), ONE)
        # Rounding can leave a colour at the edge of the gamut below 0, where there is no root.
        f[i], a[i], b[i] = (
            max(y + chroma * red, ZERO),
            max(y + chroma * green, ZERO),
            max(y + chroma * blue, ZERO),
        )


@step
def _level(linear):
    """The 8-bit sRGB level of linear light in [0, 1]."""
    square = np.sqrt(linear)
    fourth = np.sqrt(square)
    # In pairs instead of term by term, where each would wait for the one before.
    low, high = (
        (G0 + G1 * fourth) + (G2 + G3 * fourth) * square,
        (G4 + G5 * fourth) + (G6 + G7 * fourth) * square,
    )
    level = low + high * linear if linear > LINEAR_BELOW else linear * LINEAR_SLOPE
    return np.int32(level + HALF)


@step
def _pack(n, red, green, blue, out):
    """Packs linear light into int32 whose bytes are R, G, B in sRGB, and 255."""
    for x in range(n):
        low = _level(red[x]) | (_level(green[x]) << np.int32(8))
        out[x] = low | (_level(blue[x]) << np.int32(16)) | np.int32(-1 << 24)


def _build(constants: int) -> Callable[..., None]:
    """The kernel; `constants` does nothing but become part of what Numba compares (see `cached_jit.py`)."""

    def render_rows(pixels, top, height, planes, map_size, out):
        _ = constants
        rows, width = out.shape
        (map_height, map_width), taps = map_size, _taps(map_size[0], height)
        row_starts, row_weights = np.empty(rows, np.int32), np.empty((taps, rows), np.float32)
        _fill_weights(map_height, height, top, rows, row_starts, row_weights)
        low = row_starts[0]
        used = row_starts[-1] + taps - low
        starts = np.empty(CHUNK, np.int32)
        weights = np.empty((_taps(map_width, width), CHUNK), np.float32)
        wide = np.empty((2, used, CHUNK), np.float32)
        f, a, b = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
        for left in range(0, width, CHUNK):
            n = min(CHUNK, width - left)
            _fill_weights(map_width, width, left, n, starts, weights)
            for row in range(used):
                _horizontal_pass(planes[0, low + row], n, starts, weights, wide[0, row])
                _horizontal_pass(planes[1, low + row], n, starts, weights, wide[1, row])
            for row in range(rows):
                chunk = pixels[row, left:]
                for x in range(n):
                    f[x] = _lab_f(chunk, x)
                _vertical_pass(wide[0], row_starts[row] - low, row_weights, row, n, a)
                _vertical_pass(wide[1], row_starts[row] - low, row_weights, row, n, b)
                _to_linear(n, f, a, b)
                _pack(n, f, a, b, out[row, left:])

    return render_rows


_kernel = CachedFunction(_build(fingerprint(globals())))


def render_rows(
    pixels: np.ndarray,
    top: int,
    height: int,
    planes: np.ndarray,
    map_size: tuple[int, int],
    out: np.ndarray,
) -> None:
    """Colours some rows of a photo.

    Args:
        pixels: (rows, W) or (rows, W, 3) uint8, levels of grey or sRGB; or (rows, W) float32, L* in [0, 100].
        top: the first of these rows in the photo.
        height: of the photo.
        planes: (2, h or more, w or more) float32, the map of a* and b*, padded to whole groups of `TAPS`.
        map_size: h and w of the map.
        out: (rows, W) int32; receives R, G, B in 8-bit sRGB, and 255.
    """
    _kernel(pixels, top, height, planes, map_size, out)
