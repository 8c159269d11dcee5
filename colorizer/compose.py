"""Puts the network's small map of colour under a photo's own lightness, a strip of rows at a time.

    painter = Painter(photo_height, photo_width, ab)      # ab: (h, w, 2), as small as the network made it
    painter.paint(top, lightness_of_these_rows)           # (rows, W, 4) uint8: sRGB, and a byte to spare

On a large photo this is where the time goes: every pixel passes two cubes and a gamma curve. TensorFlow
compiles the arithmetic, from the map's enlargement to the packed bytes, for tiles of a few fixed sizes: one
compilation whatever the sizes of photos, hardly an array between its steps, and a tenth of the time that
NumPy takes. The formulas are those of `color.py`; tests hold the result against scikit-image.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock

import numpy as np
import tensorflow as tf
from PIL import Image

from colorizer import color
from colorizer.strips import TILE_ROWS

# How wide a tile may be. A call costs as much as 30,000 pixels, a compilation half a second, once.
NARROW, BROAD = 512, 4096
# How many rows of the map may count in the rows of a tile: few, if the photo is at least eight times as high
# as the map; 64 and as many as the filter reaches beyond, if the photo is no higher.
FEW, MANY = 16, TILE_ROWS + 8
# Single colours are worked on by so many: those of a strip that sRGB cannot show, mostly.
BLOCK = 1 << 14
# From here on a packed colour has the mark that sRGB can show it.
SHOWN = 1 << 24
# How finely the edge of what sRGB can show is tabulated: this many steps of L* from 0 to 100, and of hue
# once round. Between them it is straight to a tenth of a unit of chroma but for its six corners.
LEVELS, HUES = 200, 360
# More chroma than any sRGB colour has.
BEYOND = 160.0


class Painter:
    """One photo's colour map, made ready to be laid under any of its rows. Safe to share between threads."""

    def __init__(self, height: int, width: int, ab: np.ndarray):
        """Prepares the enlargement.

        Args:
            height: of the photo, in pixels.
            width: of the photo, in pixels.
            ab: (h, w, 2) float32, a* and b*, unscaled.
        """
        # To full width at once; to full height only by the tile, unless that is less than it is.
        rows = min(height, len(ab))
        self._height, self._width, self._rows = height, width, rows
        self._reach = FEW if 8 * rows <= height else MANY
        # With as much to spare, of no colour, as the tiles at the edges take along.
        left, columns = list(_tiles(width))[-1]
        self._wide = np.zeros((2, rows + self._reach, left + columns), np.float32)
        for channel, plane in enumerate(self._wide):
            image = Image.fromarray(np.ascontiguousarray(ab[..., channel]))
            plane[:rows, :width] = image.resize((width, rows), Image.BICUBIC)

    def ab(self, top: int, rows: int) -> np.ndarray:
        """a* and b* of the rows from `top`: (2, rows, W) float32."""
        low, shares = row_shares(self._rows, self._height, top, rows)
        return np.matmul(shares, self._wide[:, low : low + shares.shape[1], : self._width])

    def paint(self, top: int, light: np.ndarray) -> np.ndarray:
        """The rows from `top` in colour.

        Args:
            top: the first row.
            light: (rows, W), float32 L* in [0, 100], or uint8 sRGB levels of grey.

        Returns:
            (rows, W, 4) uint8: sRGB and 255.
        """
        packed = np.empty(light.shape, np.uint32)
        outside = []
        for first in range(0, len(light), TILE_ROWS):
            rows = slice(first, min(first + TILE_ROWS, len(light)))
            count = rows.stop - first
            low, shares = row_shares(self._rows, self._height, top + first, count)
            shares = np.pad(shares, ((0, TILE_ROWS - count), (0, self._reach - shares.shape[1])))
            for left, columns in _tiles(self._width):
                wide = self._wide[:, low : low + self._reach, left : left + columns]
                place = (rows, slice(left, min(left + columns, self._width)))
                packed[place], where, lab = _paint_tile(light[place], shares, wide)
                outside.append((self._width * (first + where // columns) + left + where % columns, lab))
        where = np.concatenate([where for where, _ in outside])
        if len(where):
            packed.reshape(-1)[where] = _run(np.concatenate([lab for _, lab in outside], axis=1), True)
        return packed.view(np.uint8).reshape(*light.shape, 4)


def _tiles(width: int) -> Iterator[tuple[int, int]]:
    """Where the tiles begin that cover a width, and how wide they are."""
    left = 0
    while left < width:
        # A broad one, used by three quarters, takes no longer than six narrow ones.
        columns = BROAD if width - left >= BROAD * 3 // 4 else NARROW
        yield left, columns
        left += columns


def _paint_tile(
    light: np.ndarray, shares: np.ndarray, wide: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours of a tile, or of as much of it as there is.

    Returns:
        The colours, like `light`, uint32; where in the whole tile, row by row, those are that sRGB cannot
        show; and these, (3, n) float32 in Lab.
    """
    rows, columns = light.shape
    full = np.zeros((TILE_ROWS, wide.shape[2]), light.dtype)
    full[:rows, :columns] = light
    packed, ab = _tile(*wide.shape[1:], light.dtype.name)(*map(tf.constant, (full, shares, wide)))
    packed = np.asarray(memoryview(packed))
    # What was added to fill the tile has no colour, and so is not among them.
    outside = np.flatnonzero(packed < SHOWN)
    lab = np.empty((3, len(outside)), np.float32)
    levels = np.take(full, outside)
    lab[0] = color.lightness(levels[None])[0] if levels.dtype == np.uint8 else levels
    np.take(np.asarray(memoryview(ab)).reshape(2, -1), outside, axis=1, out=lab[1:])
    return packed[:rows, :columns], outside, lab


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


def compose(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Colours of CIELAB planes as 8-bit sRGB, rounded to the nearest.

    A colour that sRGB cannot show at that lightness loses chroma, at its own hue, until it can be shown;
    clipping the channels instead would change the lightness, which is the photo's and not ours.

    Args:
        lightness: (rows, W) float32, L* in [0, 100].
        a: (rows, W) float32.
        b: (rows, W) float32.

    Returns:
        (rows, W, 4) uint8: sRGB and 255.
    """
    lab = np.stack([lightness, a, b]).reshape(3, -1)
    packed = _run(lab, corrected=False)
    outside = np.flatnonzero(packed < SHOWN)
    packed[outside] = _run(lab[:, outside], corrected=True)
    return packed.view(np.uint8).reshape(*lightness.shape, 4)


def _run(lab: np.ndarray, corrected: bool) -> np.ndarray:
    """Colours of any number of pixels, block by block: (3, n) float32 in, (n,) uint32 out."""
    packed = np.empty(lab.shape[1], np.uint32)
    for start in range(0, len(packed), BLOCK):
        count = min(BLOCK, len(packed) - start)
        block = np.zeros((3, BLOCK), np.float32)
        block[:, :count] = lab[:, start : start + count]
        packed[start : start + count] = np.asarray(memoryview(_loop(corrected)(tf.constant(block))))[:count]
    return packed


def _made_once(make: Callable) -> Callable:
    """`lru_cache` for what several threads want at the same time and only one should make."""
    lock, cached = Lock(), lru_cache(make)

    def get(*arguments: int | str) -> Callable:
        with lock:
            return cached(*arguments)

    return get


@_made_once
def _loop(corrected: bool) -> Callable:
    """The compiled arithmetic for single colours: (3, BLOCK) float32 of Lab in, (BLOCK,) uint32 out."""

    def colors(lab: tf.Tensor) -> tf.Tensor:
        return _packed(lab[0], lab[1], lab[2], corrected)

    return _compiled(colors, tf.TensorSpec((3, BLOCK)))


@_made_once
def _tile(reach: int, columns: int, dtype: str) -> Callable:
    """The compiled arithmetic for a tile: from light and parts of the map to raw colours, and their ab."""

    def colors(light: tf.Tensor, shares: tf.Tensor, wide: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ab = tf.matmul(shares, wide)
        if dtype == "uint8":
            levels = np.arange(256, dtype=np.uint8)[None]
            light = tf.gather(tf.constant(color.lightness(levels)[0]), tf.cast(light, tf.int32))
        return _packed(light, ab[0], ab[1], corrected=False), ab

    light = tf.TensorSpec((TILE_ROWS, columns), dtype)
    return _compiled(colors, light, tf.TensorSpec((TILE_ROWS, reach)), tf.TensorSpec((2, reach, columns)))


def _compiled(function: Callable, *shapes: tf.TensorSpec) -> Callable:
    traced = tf.function(function, input_signature=shapes, autograph=False, jit_compile=True)
    return traced.get_concrete_function()


@lru_cache
def _gamma_steps() -> np.ndarray:
    """For every 4096th of linear light: 4096 times its 8-bit sRGB, and what is missing to the next.

    sRGB's 8-bit steps are wider than 1/4096 everywhere, so that at most one lies in each. The position
    within the 4096th, in 4096ths, added to its entry, carries into the bits above exactly past that step.
    """
    lowest = color.linear_from_srgb((np.arange(256) - 0.5) / 255) * 4096  # the light that gives each level
    start = np.arange(4096)
    level = np.searchsorted(lowest, start, side="right") - 1
    step = np.append(lowest, np.inf)[level + 1] - start
    return (level * 4096 + 4096 - np.minimum(np.ceil(step * 4096), 4096)).astype(np.int32)


@lru_cache
def _most_chroma() -> np.ndarray:
    """The chroma at which sRGB ends, found by halving: (LEVELS + 1, HUES + 1) float32, by L* and hue."""
    lightness = np.linspace(0, 100, LEVELS + 1)[:, None, None]
    hue = np.linspace(-np.pi, np.pi, HUES + 1)[None, :, None]
    shown, beyond = np.zeros((LEVELS + 1, HUES + 1, 1)), np.full((LEVELS + 1, HUES + 1, 1), BEYOND)
    for _ in range(18):  # to a thousandth of a unit
        chroma = (shown + beyond) / 2
        fy = (lightness + 16) / 116
        f = np.concatenate(
            [fy + chroma * np.cos(hue) / 500, fy + 0 * chroma, fy - chroma * np.sin(hue) / 200], axis=-1
        )
        rgb = color.lab_curve_inverse(f) @ (color.XYZ_TO_RGB * color.WHITE).T
        inside = ((rgb >= 0) & (rgb <= 1)).all(axis=-1, keepdims=True)
        shown, beyond = np.where(inside, chroma, shown), np.where(inside, beyond, chroma)
    return shown[..., 0].astype(np.float32)


def _shown_chroma(lightness: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """By what a* and b* must be multiplied for sRGB to show them, read between the entries of the table."""
    level = tf.clip_by_value(lightness * np.float32(LEVELS / 100), 0, LEVELS - 1e-3)
    turn = tf.atan2(b, a) * np.float32(0.5 / np.pi) + np.float32(0.5)
    hue = tf.clip_by_value(turn * HUES, 0, HUES - 1e-3)
    row, column = tf.cast(level, tf.int32), tf.cast(hue, tf.int32)
    down, right = level - tf.cast(row, tf.float32), hue - tf.cast(column, tf.float32)
    table, place = tf.constant(_most_chroma().reshape(-1)), row * (HUES + 1) + column
    above = tf.gather(table, place) * (1 - right) + tf.gather(table, place + 1) * right
    place += HUES + 1
    below = tf.gather(table, place) * (1 - right) + tf.gather(table, place + 1) * right
    most = above * (1 - down) + below * down
    return tf.minimum(most / tf.maximum(tf.sqrt(a * a + b * b), 1e-9), 1.0)


def _packed(lightness: tf.Tensor, a: tf.Tensor, b: tf.Tensor, corrected: bool) -> tf.Tensor:
    """Colours of Lab planes as uint32, for being compiled.

    The bytes are R, G, B, and 255, or 0 where a colour cannot be shown and is not corrected.
    """
    fy = (lightness + 16) * np.float32(1 / 116)
    shown = tf.ones_like(fy, tf.bool)
    if corrected:
        chroma = _shown_chroma(lightness, a, b)
        channels = _linear(fy, a * chroma, b * chroma)
        # What is still a little too much comes off along the straight line to grey of the same luminance.
        y = tf.clip_by_value(color.lab_curve_inverse(fy, tf), 0.0, 1.0)
        share = tf.minimum(_room(y, channels), 1.0)
        channels = [y + share * (channel - y) for channel in channels]
    else:
        channels = _linear(fy, a, b)
        # Above float32's rounding, far below half an 8-bit step even at black, where sRGB is steepest.
        for channel in channels:
            shown &= tf.abs(channel - 0.5) <= 0.5 + 2e-5
    packed = tf.where(shown, np.uint32(255 << 24), np.uint32(0))
    for number, channel in enumerate(channels):
        place = tf.cast(tf.clip_by_value(channel * np.float32(1 << 24), 0, (1 << 24) - 1), tf.int32)
        entry = tf.gather(tf.constant(_gamma_steps()), tf.bitwise.right_shift(place, 12))
        level = tf.bitwise.right_shift(entry + tf.bitwise.bitwise_and(place, 4095), 12)
        packed = tf.bitwise.bitwise_or(
            packed, tf.bitwise.left_shift(tf.cast(level, tf.uint32), np.uint32(8 * number))
        )
    return packed


def _linear(fy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> list[tf.Tensor]:
    """Linear R, G and B of CIELAB's f(Y), a* and b*."""
    x, y, z = (
        color.lab_curve_inverse(f, tf)
        for f in (fy + a * np.float32(1 / 500), fy, fy - b * np.float32(1 / 200))
    )
    return [x * row[0] + y * row[1] + z * row[2] for row in color.XYZ_TO_RGB * color.WHITE]


def _room(y: tf.Tensor, channels: list[tf.Tensor]) -> tf.Tensor:
    """How far a line from grey through the colour, at 1, can go on until a channel ends."""
    away = [channel - y for channel in channels]
    ends = [tf.where(d > 0, 1 - y, y) / tf.maximum(tf.abs(d), 1e-9) for d in away]
    return tf.minimum(tf.minimum(ends[0], ends[1]), ends[2])
