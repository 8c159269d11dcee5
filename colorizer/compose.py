"""Puts the network's small map of colour under a photo's own lightness, a strip of rows at a time.

    painter = Painter(photo_height, photo_width, ab)      # ab: (h, w, 2), as small as the network made it
    painter.paint(top, lightness_of_these_rows)           # (rows, W, 4) uint8: sRGB, and a byte to spare

On a large photo this is where the time goes: every pixel passes two cubes and a gamma curve. TensorFlow
compiles the arithmetic into one loop over a fixed number of pixels, so that there is one compilation
whatever the sizes of photos, no array between its steps, and a tenth of the time that NumPy takes.
The formulas are those of `color.py`; tests hold the result against scikit-image.
"""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

import numpy as np
import tensorflow as tf
from PIL import Image

from colorizer import color
from colorizer.strips import STRIP_PIXELS

# Pixels that one call of the compiled loop works on: the smallest of these that holds them. A call costs as
# much as a hundred thousand pixels, a compilation half a second, once.
BLOCKS = (1 << 14, 1 << 16, STRIP_PIXELS)
# How often the chroma of a colour that sRGB cannot show is corrected. After six rounds its hue is right to
# 3 degrees for 99 % of colours up to a chroma of 140, and to one for such as the network gives; what is still
# too much is taken off along the straight line to grey of the same luminance.
CORRECTIONS = 6


class Painter:
    """One photo's colour map, made ready to be laid under any of its rows. Safe to share between threads."""

    def __init__(self, height: int, width: int, ab: np.ndarray):
        """Prepares the enlargement.

        Args:
            height: of the photo, in pixels.
            width: of the photo, in pixels.
            ab: (h, w, 2) float32, a* and b*, unscaled.
        """
        # To full width at once; to full height only by the strip.
        planes = [Image.fromarray(np.ascontiguousarray(ab[..., channel])) for channel in (0, 1)]
        wide = [np.asarray(plane.resize((width, plane.height), Image.BICUBIC)) for plane in planes]
        self._wide, self._height = np.stack(wide), height

    def ab(self, top: int, rows: int) -> np.ndarray:
        """a* and b* of the rows from `top`: (2, rows, W) float32."""
        return _enlarge(*self._parts(top, rows)).numpy()

    def _parts(self, top: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """What these rows are made of: their shares (rows, n), and the n rows of the map (2, n, W)."""
        low, shares = row_shares(self._wide.shape[1], self._height, top, rows)
        return shares, self._wide[:, low : low + shares.shape[1]]

    def paint(self, top: int, lightness: np.ndarray) -> np.ndarray:
        """The rows from `top` in colour.

        Args:
            top: the first row.
            lightness: (rows, W) float32, L* in [0, 100].

        Returns:
            (rows, W, 4) uint8: sRGB and 255.
        """
        count = lightness.size
        if count > BLOCKS[-1]:
            return compose(lightness, *self.ab(top, len(lightness)))
        shares, wide = self._parts(top, len(lightness))
        block = _block_for(count)
        light = np.zeros(block, np.float32)
        light[:count] = lightness.reshape(-1)
        packed, ab = _strip(block)(*map(tf.constant, (light, shares, wide)))
        packed = np.array(memoryview(packed)[:count])
        _correct(packed, light, np.asarray(memoryview(ab)))
        return packed.view(np.uint8).reshape(*lightness.shape, 4)


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
    light, ab = lightness.reshape(-1), np.stack([a, b]).reshape(2, -1)
    packed = np.empty(lightness.size, np.uint32)
    for start in range(0, len(packed), BLOCKS[-1]):
        part = slice(start, start + BLOCKS[-1])
        colors = _run(light[part], ab[:, part])
        _correct(colors, light[part], ab[:, part])
        packed[part] = colors
    return packed.view(np.uint8).reshape(*lightness.shape, 4)


def _correct(packed: np.ndarray, lightness: np.ndarray, ab: np.ndarray) -> None:
    """Replaces what cannot be shown, where the compiled loop left the spare byte empty."""
    outside = np.flatnonzero(packed < 1 << 24)
    for first in range(0, len(outside), BLOCKS[1]):
        where = outside[first : first + BLOCKS[1]]
        packed[where] = _run(lightness[where], np.stack([ab[0][where], ab[1][where]]), CORRECTIONS)


def _block_for(count: int) -> int:
    return next(block for block in BLOCKS if count <= block)


def _run(lightness: np.ndarray, ab: np.ndarray, corrections: int = 0) -> np.ndarray:
    """Colours of as many pixels as fit in a block: (n,) and (2, n) float32 in, (n,) uint32 out."""
    count = len(lightness)
    block = _block_for(count)
    lightness = np.pad(lightness.astype(np.float32, copy=False), (0, block - count))
    ab = np.pad(ab.astype(np.float32, copy=False), ((0, 0), (0, block - count)))
    return np.array(memoryview(_loop(block, corrections)(tf.constant(lightness), tf.constant(ab)))[:count])


def _made_once(make: Callable) -> Callable:
    """`lru_cache` for what several threads want at the same time and only one should make."""
    lock, cached = Lock(), lru_cache(make)

    def get(*arguments: int) -> Callable:
        with lock:
            return cached(*arguments)

    return get


def _enlarge(shares: tf.Tensor, wide: tf.Tensor) -> tf.Tensor:
    # TensorFlow's product, not NumPy's: the latter's threads would fight with the network's.
    return tf.matmul(shares, wide)


@_made_once
def _strip(block: int) -> Callable:
    """From lightness (block,) and the map's parts to colours (block,) and the a*, b* (2, block) of them."""

    def strip(lightness: tf.Tensor, shares: tf.Tensor, wide: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # A few rows too many, which cost less than making up what lacks.
        lacking = -(-block // tf.shape(wide)[2]) - tf.shape(shares)[0]
        ab = _enlarge(tf.pad(shares, [[0, lacking], [0, 0]]), wide)
        ab = tf.ensure_shape(tf.reshape(ab, (2, -1))[:, :block], (2, block))
        return _loop(block, 0)(lightness, ab), ab

    shapes = [tf.TensorSpec(shape) for shape in ((block,), (None, None), (2, None, None))]
    return tf.function(strip, input_signature=shapes, autograph=False).get_concrete_function()


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


@_made_once
def _loop(block: int, corrections: int) -> Callable:
    """The compiled arithmetic: (block,) and (2, block) float32 of Lab in, (block,) uint32 out.

    The bytes of the latter are R, G, B, and 255, or 0 where a colour cannot be shown and is not corrected.
    """
    matrix = color.XYZ_TO_RGB * color.WHITE

    def linear(fy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> list[tf.Tensor]:
        x, y, z = (
            color.lab_curve_inverse(f, tf)
            for f in (fy + a * np.float32(1 / 500), fy, fy - b * np.float32(1 / 200))
        )
        return [x * row[0] + y * row[1] + z * row[2] for row in matrix]

    def room(y: tf.Tensor, channels: list[tf.Tensor]) -> tf.Tensor:
        """How far a line from grey through the colour, at 1, can go on until a channel ends."""
        away = [channel - y for channel in channels]
        ends = [tf.where(d > 0, 1 - y, y) / tf.maximum(tf.abs(d), 1e-9) for d in away]
        return tf.minimum(tf.minimum(ends[0], ends[1]), ends[2])

    def convert(lightness: tf.Tensor, ab: tf.Tensor) -> tf.Tensor:
        a, b = ab[0], ab[1]
        fy = (lightness + 16) * np.float32(1 / 116)
        shown = tf.ones_like(fy, tf.bool)
        if corrections:
            y = tf.clip_by_value(color.lab_curve_inverse(fy, tf), 0.0, 1.0)
            chroma = tf.ones_like(y)
            for _ in range(corrections):
                # In Lab the way is no straight line. Its length goes about as the root of the line's; too
                # much or too little of it is made good in the next round.
                end = room(y, linear(fy, a * chroma, b * chroma))
                chroma = tf.minimum(chroma * tf.sqrt(end), 1.0)
            channels = linear(fy, a * chroma, b * chroma)
            share = tf.minimum(room(y, channels), 1.0)
            channels = [y + share * (channel - y) for channel in channels]
        else:
            channels = linear(fy, a, b)
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

    shapes = [tf.TensorSpec((block,)), tf.TensorSpec((2, block))]
    compiled = tf.function(convert, input_signature=shapes, autograph=False, jit_compile=True)
    return compiled.get_concrete_function()
