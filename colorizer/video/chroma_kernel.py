"""The loop over the chroma of a frame, in plain Python that Numba compiles for this processor.

    fill_chroma(luma, ab, table, numbers, cb, cr)      # `chroma.py` calls it

For every place it interpolates the table in luma, a* and b* (trilinear), and takes so much of the colour as
the screen can show at this very luma.
"""

from collections.abc import Callable

import numpy as np

from colorizer.image.cached_jit import CachedFunction, fingerprint

# The table's steps: of luma from black to white, and of a* and b* from -AB_REACH to AB_REACH. With these, an
# interpolated colour lies within half an 8-bit level of the exact one, but for the edges of the gamut.
LUMA_STEPS = 64
AB_REACH, AB_STEP = 110, 5
AB_STEPS = 2 * AB_REACH // AB_STEP

ZERO, HALF, ONE, TINY = (np.float32(value) for value in (0, 0.5, 1, 1e-6))
LUMA_SCALE, AB_SCALE = np.float32(LUMA_STEPS), np.float32(1 / AB_STEP)
LAST_LUMA, LAST_AB = np.int32(LUMA_STEPS - 1), np.int32(AB_STEPS - 1)
AB_START, AB_END = np.float32(AB_STEPS / 2), np.float32(AB_STEPS)


def _build(constants: int) -> Callable[..., None]:
    """The kernel; `constants` does nothing but become part of what Numba compares (see `cached_jit.py`)."""

    def fill(luma, ab, table, numbers, cb, cr):  # type: ignore[no-untyped-def]
        _ = constants
        black, luma_scale, middle, scale, top = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        to_red, to_blue, green_of_red, green_of_blue = numbers[5], numbers[6], numbers[7], numbers[8]
        height, width = luma.shape
        for row in range(height):
            for x in range(width):
                y = min(max((np.float32(luma[row, x]) - black) * luma_scale, ZERO), ONE)
                at_y = y * LUMA_SCALE
                at_a = min(max(ab[row, x, 0] * AB_SCALE + AB_START, ZERO), AB_END)
                at_b = min(max(ab[row, x, 1] * AB_SCALE + AB_START, ZERO), AB_END)
                i, j, k = (
                    min(np.int32(at_y), LAST_LUMA),
                    min(np.int32(at_a), LAST_AB),
                    min(np.int32(at_b), LAST_AB),
                )
                dy, da, db = at_y - np.float32(i), at_a - np.float32(j), at_b - np.float32(k)
                u, v = ZERO, ZERO
                for n in range(2):
                    wy = dy if n else ONE - dy
                    near, far = table[i + n, j], table[i + n, j + 1]
                    w0, w1 = wy * (ONE - da), wy * da
                    u += w0 * ((ONE - db) * near[k, 0] + db * near[k + 1, 0])
                    u += w1 * ((ONE - db) * far[k, 0] + db * far[k + 1, 0])
                    v += w0 * ((ONE - db) * near[k, 1] + db * near[k + 1, 1])
                    v += w1 * ((ONE - db) * far[k, 1] + db * far[k + 1, 1])
                red, blue = v * to_red, u * to_blue
                green = -(red * green_of_red + blue * green_of_blue)
                most, least = max(max(red, green), blue), min(min(red, green), blue)
                share = min(min((ONE - y) / max(most, TINY), y / max(-least, TINY)), ONE) * scale
                cb[row, x] = np.uint16(min(max(u * share + middle + HALF, ZERO), top))
                cr[row, x] = np.uint16(min(max(v * share + middle + HALF, ZERO), top))

    return fill


_kernel = CachedFunction(_build(fingerprint(globals())))


def fill_chroma(
    luma: np.ndarray,
    ab: np.ndarray,
    table: np.ndarray,
    numbers: np.ndarray,
    cb: np.ndarray,
    cr: np.ndarray,
) -> None:
    """Fills the chroma planes of a frame.

    Args:
        luma: (h, w) uint8 or uint16, levels of luma at the size of the chroma planes.
        ab: (h, w, 2) float32, a* and b*.
        table: (LUMA_STEPS + 1, AB_STEPS + 1, AB_STEPS + 1, 2) float32, Cb and Cr in [-0.5, 0.5].
        numbers: (9,) float32: the level of black; 1 / levels from black to white; the level of no chroma;
            the levels of all chroma; the highest level; red and blue for each unit of Cr and Cb; green for
            each unit of red and of blue, with the sign changed.
        cb: (h, w) of the type of `luma`; receives Cb.
        cr: the same for Cr.
    """
    _kernel(np.ascontiguousarray(luma), np.ascontiguousarray(ab), table, numbers, cb, cr)
