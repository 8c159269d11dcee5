"""Puts the network's small map of colour under a photo's own lightness, a strip of rows at a time.

    painter = Painter(photo_height, photo_width, ab)      # ab: (h, w, 2), as small as the network made it
    painter.paint(top, lightness_of_these_rows)           # (rows, W or more, 4) uint8: sRGB and 255

On a large photo this is where the time goes: every pixel passes two cubes and a gamma curve. TensorFlow
compiles the arithmetic, from the map's enlargement to the packed bytes, for tiles of a few fixed sizes: one
compilation whatever the sizes of photos, hardly an array between its steps, and a tenth of the time that
NumPy takes. The formulas are those of `color.py`; tests hold the result against scikit-image.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.polynomial import Chebyshev, Polynomial
from PIL import Image

from colorizer import color
from colorizer.strips import TILE_ROWS, cores

# How wide a tile may be, from broad to narrow. A call costs as much as 60,000 pixels, and holds Python's lock
# against other photos' threads; a compilation costs a fraction of a second, once.
WIDTHS = (4096, 2048, 1024, 512)
# How many rows of the map may count in the rows of a tile, and how many times as high as the map a photo must
# be for them to suffice, with the four that the filter reaches beyond.
REACHES = ((16, 12.0), (32, 5.0), (TILE_ROWS + 8, 1.0))


class Painter:
    """One photo's colour map, made ready to be laid under any of its rows. Safe to share between threads."""

    def __init__(self, height: int, width: int, ab: np.ndarray, threads: int | None = None):
        """Prepares the enlargement.

        Args:
            height: of the photo, in pixels.
            width: of the photo, in pixels.
            ab: (h, w, 2) float32, a* and b*, unscaled.
            threads: how many cores that may take; as many as there are if None.
        """
        # To full width at once; to full height only by the tile, unless that is less than it is.
        rows = min(height, len(ab))
        self._height, self._width, self._rows = height, width, rows
        self._reach = next(reach for reach, times in REACHES if times * rows <= height)
        # With as much to spare, of no colour, as the tiles at the edges take along.
        left, columns = list(_tiles(width))[-1]
        self._wide = np.zeros((rows + self._reach, 2, left + columns), np.float32)

        def widen(channel: int) -> None:
            image = Image.fromarray(np.ascontiguousarray(ab[..., channel]))
            self._wide[:rows, channel, :width] = image.resize((width, rows), Image.BICUBIC)

        with ThreadPoolExecutor(min(2, threads or cores())) as pool:
            list(pool.map(widen, (0, 1)))

    def ab(self, top: int, rows: int) -> np.ndarray:
        """a* and b* of the rows from `top`: (2, rows, W) float32."""
        low, shares = row_shares(self._rows, self._height, top, rows)
        wide = self._wide[low : low + shares.shape[1], :, : self._width]
        return np.tensordot(shares, wide, 1).swapaxes(0, 1)

    def paint(self, top: int, light: np.ndarray) -> np.ndarray:
        """The rows from `top` in colour, rounded to the nearest that 8 bits can say.

        A colour that sRGB cannot show at its lightness loses chroma until it can be shown; clipping the
        channels instead would change the lightness, which is the photo's and not ours.

        Args:
            top: the first row.
            light: (rows, W), float32 L* in [0, 100], or uint8 sRGB levels of grey.

        Returns:
            (rows, W or more, 4) uint8: sRGB and 255; what goes beyond W is to be ignored.
        """
        tiles = list(_tiles(self._width))
        if len(tiles) == 1 and len(light) <= TILE_ROWS:
            return _bytes(self._tile(top, light, *tiles[0]))  # as it is, without a copy
        packed = np.empty(light.shape, np.uint32)
        for first in range(0, len(light), TILE_ROWS):
            rows = slice(first, first + TILE_ROWS)
            for left, columns in tiles:
                place = (rows, slice(left, left + columns))
                packed[place] = self._tile(top + first, light[place], left, columns)[
                    :, : packed[place].shape[1]
                ]
        return _bytes(packed)

    def _tile(self, top: int, light: np.ndarray, left: int, columns: int) -> np.ndarray:
        """Colours of a tile, or of as many rows of it as there are: (rows, columns) uint32."""
        rows = len(light)
        low, some = row_shares(self._rows, self._height, top, rows)
        shares = np.zeros((TILE_ROWS, self._reach), np.float32)
        shares[:rows, : some.shape[1]] = some
        wide = self._wide[low : low + self._reach, :, left : left + columns]
        if light.shape != (TILE_ROWS, columns):
            full = np.zeros((TILE_ROWS, columns), light.dtype)
            full[:rows, : light.shape[1]] = light
            light = full
        packed = _tile(self._reach, columns, light.dtype.name)(*map(tf.constant, (light, shares, wide)))
        return np.asarray(memoryview(packed))[:rows]


def _tiles(width: int) -> Iterator[tuple[int, int]]:
    """Where the tiles begin that cover a width, and how wide they are."""
    left = 0
    while left < width:
        # One tile, used by three quarters, takes no longer than the narrower ones that would fit better.
        fitting = (columns for columns in WIDTHS if width - left >= columns * 3 // 4)
        columns = next(fitting, WIDTHS[-1])
        yield left, columns
        left += columns


def _bytes(packed: np.ndarray) -> np.ndarray:
    """The bytes of (rows, columns) uint32: (rows, columns, 4) uint8."""
    return packed.view(np.uint8).reshape(*packed.shape, 4)


def row_shares(count: int, height: int, top: int, rows: int) -> tuple[int, np.ndarray]:
    """How much each row of a map counts in the rows of its enlargement, as Pillow's bicubic filter has it.

    Only for the rows asked for: of a photo that is one pixel wide, the whole would be gigabytes.

    Args:
        count: rows of the map.
        height: rows of the enlargement.
        top: the first row of the enlargement that is asked for.
        rows: how many.

    Returns:
        The first row of the map that counts at all, and the shares (rows, n) float32 from there on: cubic
        convolution (Keys 1981) with a = -1/2, widened if the map is the larger of the two.
    """
    scale = count / height
    reach = max(scale, 1.0)
    centers = (np.arange(top, top + rows) + 0.5) * scale
    low = max(0, int(centers[0] - 2 * reach))
    high = min(count, int(centers[-1] + 2 * reach) + 1)
    far = np.abs(np.arange(low, high) + 0.5 - centers[:, None]) / reach
    shares = np.where(far < 1, (1.5 * far - 2.5) * far**2 + 1, ((2.5 - 0.5 * far) * far - 4) * far + 2)
    shares[far >= 2] = 0
    return low, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def _made_once(make: Callable) -> Callable:
    """`lru_cache` for what several threads want at the same time and only one should make."""
    lock, cached = Lock(), lru_cache(make)

    def get(*arguments: int | str) -> Callable:
        with lock:
            return cached(*arguments)

    return get


@_made_once
def _tile(reach: int, columns: int, dtype: str) -> Callable:
    """The compiled arithmetic: a tile's light and its parts of the map to (TILE_ROWS, columns) uint32."""

    def colors(light: tf.Tensor, shares: tf.Tensor, wide: tf.Tensor) -> tf.Tensor:
        # Both channels in one product: of two, each would cost as much.
        both = tf.matmul(shares, tf.reshape(wide, (reach, 2 * columns)))
        a, b = both[:, :columns], both[:, columns:]
        if dtype == "uint8":
            levels = np.arange(256, dtype=np.uint8)[None]
            table = tf.constant(_lab_f(color.lightness(levels)[0]))
            return _packed(tf.gather(table, tf.cast(light, tf.int32)), a, b)
        return _packed(_lab_f(light), a, b)

    light = tf.TensorSpec((TILE_ROWS, columns), dtype)
    shapes = [light, tf.TensorSpec((TILE_ROWS, reach)), tf.TensorSpec((reach, 2, columns))]
    compiled = tf.function(colors, input_signature=shapes, autograph=False, jit_compile=True)
    return compiled.get_concrete_function()


def _lab_f(lightness: Any) -> Any:
    """Lab's curve f of luminance, by way of L*: L* = 116 f - 16 (CIE 15:2004, equation 8.3)."""
    return (lightness + np.float32(16)) * np.float32(1 / 116)


# The gamma curve of sRGB is a power, as dear as all the rest of a pixel. As a polynomial in the light's
# fourth root, two square roots, it is nearly straight: this many terms leave an error of 0.0002 8-bit steps.
# `_levels` takes them two by two.
GAMMA_TERMS = 8


@lru_cache
def _gamma_terms() -> np.ndarray:
    """The coefficients of the linear light's fourth root in 8-bit sRGB, from the constant on."""
    curved = [color.SRGB_LINEAR_BELOW**0.25, 1]
    curve = Chebyshev.interpolate(
        lambda root: 255 * color.srgb_from_linear(root**4), GAMMA_TERMS - 1, domain=curved
    )
    return curve.convert(kind=Polynomial).coef.astype(np.float32)


def _levels(linear: tf.Tensor) -> tf.Tensor:
    """8-bit sRGB, not yet rounded, of linear light in [0, 1]."""
    half = tf.sqrt(linear)
    root = tf.sqrt(half)
    # Not term after term, each of which would wait for the one before: the powers in between are at hand.
    pairs = [low + high * root for low, high in _gamma_terms().reshape(-1, 2)]
    curve = (pairs[0] + pairs[1] * half) + (pairs[2] + pairs[3] * half) * linear
    return tf.where(linear > np.float32(color.SRGB_LINEAR_BELOW), curve, np.float32(255 * 12.92) * linear)


# Added to a number between 0 and 255, this leaves no room for a fraction: the sum is rounded, and the last of
# its four bytes is the number. A conversion to integers would ask of each whether it is one that fits.
ROUNDER = np.float32(1 << 23)


def _packed(fy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Colours of `_lab_f` and of the planes of a* and b* as uint32, whose bytes are R, G, B and 255."""
    x, y, z = (
        color.lab_curve_inverse(f, tf)
        for f in (fy + a * np.float32(1 / 500), fy, fy - b * np.float32(1 / 200))
    )
    y = tf.clip_by_value(y, 0.0, 1.0)
    # How each channel differs from grey of the same luminance; and the share of that which can be shown.
    # The way to grey is straight in linear light: of what the network gives, it turns no hue by two degrees.
    away = [x * row[0] + y * (row[1] - 1) + z * row[2] for row in color.XYZ_TO_RGB * color.WHITE]
    most, least = tf.maximum(tf.maximum(*away[:2]), away[2]), tf.minimum(tf.minimum(*away[:2]), away[2])
    room = tf.minimum((1 - y) / tf.maximum(most, 1e-9), y / tf.maximum(-least, 1e-9))
    share = tf.minimum(room, 1.0)
    packed = tf.fill(tf.shape(y), np.uint32(255 << 24))
    for number, difference in enumerate(away):
        # By rounding, what can just be shown may lie below 0, where there is no root, or a hair beyond 1.
        level = _levels(tf.maximum(y + share * difference, 0.0))
        byte = tf.bitcast(level + ROUNDER, tf.uint32)  # what stands before it falls off, or is 255 already
        packed = tf.bitwise.bitwise_or(packed, tf.bitwise.left_shift(byte, np.uint32(8 * number)))
    return packed
