"""Colour spaces: sRGB and CIELAB (D65), on NumPy arrays and inside a Keras training step.

The reference formulas get the array library as an argument: `rgb_to_lab(rgb)` runs on NumPy,
`rgb_to_lab(rgb, keras.ops)` on whatever backend Keras has, so that training and product share one
definition of colour. Tests compare both with scikit-image.

Sources: IEC 61966-2-1 (sRGB), CIE 15:2004 (CIELAB). White point and matrix are those of scikit-image, so that
results can be compared with it.
"""

from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    np.float32,
)
XYZ_TO_RGB = np.linalg.inv(RGB_TO_XYZ.astype(np.float64)).astype(np.float32)
WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)  # D65, 2 degree observer, Y = 1
LUMINANCE = RGB_TO_XYZ[1]  # what each linear channel contributes to luminance Y
# Below this, CIELAB has a straight line instead of the cube root (CIE 15:2004, (6/29)^3).
LAB_LINEAR_BELOW = 216 / 24389
LAB_SLOPE = 841 / 108

SRGB_LINEAR_BELOW = 0.0031308  # linear light; below this, sRGB has a straight line instead of the power


def linear_from_srgb(srgb: Any, xp: ModuleType = np) -> Any:
    """Undoes sRGB's gamma: [0, 1] in, linear light in [0, 1] out, any shape."""
    curve = xp.power((xp.maximum(srgb, 0.04045) + 0.055) / 1.055, 2.4)
    return xp.where(srgb > 0.04045, curve, srgb / 12.92)


def srgb_from_linear(linear: Any, xp: ModuleType = np) -> Any:
    """Applies sRGB's gamma: linear light in, [0, 1] out, any shape. Values outside are clipped."""
    linear = xp.clip(linear, 0.0, 1.0)
    curve = 1.055 * xp.power(xp.maximum(linear, SRGB_LINEAR_BELOW), 1 / 2.4) - 0.055
    return xp.where(linear > SRGB_LINEAR_BELOW, curve, 12.92 * linear)


def lab_curve(t: Any, xp: ModuleType = np) -> Any:
    """CIELAB's f: the cube root, with a straight line near black."""
    root = xp.power(xp.maximum(t, LAB_LINEAR_BELOW), 1 / 3)
    return xp.where(t > LAB_LINEAR_BELOW, root, LAB_SLOPE * t + 4 / 29)


def lab_curve_inverse(f: Any, xp: ModuleType = np) -> Any:
    """The inverse of `lab_curve`."""
    return xp.where(f > 6 / 29, f * f * f, (f - 4 / 29) / LAB_SLOPE)


def lightness_from_luminance(luminance: Any, xp: ModuleType = np) -> Any:
    """L* in [0, 100] of relative luminance Y in [0, 1], any shape."""
    return 116 * lab_curve(luminance, xp) - 16


def lab_from_linear(linear: Any, xp: ModuleType = np) -> Any:
    """CIELAB of linear RGB: (..., 3) in [0, 1] to (..., 3), L* in [0, 100], a* and b* unscaled."""
    xyz = xp.matmul(linear, RGB_TO_XYZ.T / WHITE)
    f = lab_curve(xyz, xp)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    return xp.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def rgb_to_lab(rgb: Any, xp: ModuleType = np) -> Any:
    """CIELAB (D65) of sRGB.

    Args:
        rgb: (..., 3), floats in [0, 1].
        xp: the array library, `numpy` or `keras.ops`.

    Returns:
        (..., 3) float: L* in [0, 100], a* in about [-86, 98], b* in about [-108, 94].
    """
    return lab_from_linear(linear_from_srgb(rgb, xp), xp)


def lab_to_rgb(lab: Any, xp: ModuleType = np) -> Any:
    """SRGB of CIELAB (D65): (..., 3) in, (..., 3) floats in [0, 1] out; out-of-gamut colours are clipped."""
    fy = (lab[..., 0] + 16) / 116
    f = xp.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = lab_curve_inverse(f, xp)
    return srgb_from_linear(xp.matmul(xyz, XYZ_TO_RGB.T * WHITE[:, None]), xp)


# --- whole photos: the same formulas with tables, in bands of rows ------------------------------------

# Bands of about this many pixels keep temporary arrays in the processor's cache and memory use flat.
BAND_PIXELS = 1 << 16


@lru_cache(maxsize=2)
def _linear_table(levels: int) -> np.ndarray:
    table: np.ndarray = linear_from_srgb(np.arange(levels) / (levels - 1)).astype(np.float32)
    return table


@lru_cache(maxsize=2)
def _lightness_table(levels: int) -> np.ndarray:
    luminance = linear_from_srgb(np.arange(levels) / (levels - 1))
    table: np.ndarray = lightness_from_luminance(luminance).astype(np.float32)
    return table


def lightness(pixels: np.ndarray) -> np.ndarray:
    """The lightness of a photo's pixels.

    Args:
        pixels: sRGB, uint8 or uint16; (H, W) grey or (H, W, 3).

    Returns:
        (H, W) float32, L* in [0, 100].
    """
    levels = np.iinfo(pixels.dtype).max + 1
    if pixels.ndim == 2:
        return np.take(_lightness_table(levels), pixels)
    table = _linear_table(levels)
    result = np.empty(pixels.shape[:2], np.float32)
    rows = max(1, BAND_PIXELS // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        part = pixels[top : top + rows]
        luminance = table[part[..., 0]] * LUMINANCE[0]
        luminance += table[part[..., 1]] * LUMINANCE[1]
        luminance += table[part[..., 2]] * LUMINANCE[2]
        # As lightness_from_luminance, but a cube root costs a third of a power.
        dark = luminance <= LAB_LINEAR_BELOW
        curve = np.cbrt(luminance)
        curve[dark] = LAB_SLOPE * luminance[dark] + 4 / 29
        np.multiply(curve, 116, out=curve)
        np.subtract(curve, 16, out=result[top : top + rows])
    return result
