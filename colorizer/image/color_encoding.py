"""How a file without an ICC profile encodes colour: its transfer curve and its primaries, converted to sRGB.

    encoding = of_png(data)                  # from the chunks cICP, sRGB, gAMA and cHRM
    encoding = of_codes(primaries, transfer) # as HEIF has them, too
    pixels = encoding.to_srgb(pixels)        # uint8 or uint16, grey or RGB, as it came

Sources: W3C PNG (third edition), 4.3 and 11.3.2; ITU-T H.273, tables 2 and 3 (the codes); Lindbloom, "RGB/XYZ
Matrices" and "Chromatic Adaptation" (Bradford).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from colorizer.image import color

Curve = Callable[[np.ndarray], np.ndarray]

# x and y of red, green, blue and white.
SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
PRIMARIES = {
    1: SRGB_PRIMARIES,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, 0.3127, 0.3290),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),
}
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# A file gamma this near to 1/2.2 stands for sRGB itself: programs write it beside or instead of the chunk
# sRGB, and browsers read it so.
SRGB_GAMMA, GAMMA_TOLERANCE = 0.45455, 0.005


def _power(exponent: float) -> Curve:
    return lambda levels: np.power(levels, exponent)


def _bt709(levels: np.ndarray) -> np.ndarray:
    curve = np.power((np.maximum(levels, 0.081) + 0.099) / 1.099, 1 / 0.45)
    return np.where(levels < 0.081, levels / 4.5, curve)


# Codes of transfer curves. PQ (16) and HLG (18) are missing: they encode more light than a print reflects.
TRANSFERS: dict[int, Curve] = {
    1: _bt709, 4: _power(2.2), 5: _power(2.8), 6: _bt709, 8: _power(1.0), 13: color.linear_from_srgb,
    14: _bt709, 15: _bt709,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Encoding:
    """A transfer curve with primaries.

    Attributes:
        curve: levels in [0, 1] to linear light in [0, 1].
        matrix: (3, 3), linear RGB to linear sRGB; None where the primaries are those of sRGB.
    """

    curve: Curve
    matrix: np.ndarray | None = None

    def to_srgb(self, pixels: np.ndarray) -> np.ndarray:
        """Converts to sRGB: (H, W) or (H, W, 3), uint8 or uint16, to the same shape and type."""
        top = np.iinfo(pixels.dtype).max
        linear = self.curve(np.arange(top + 1) / top)
        if self.matrix is None or pixels.ndim == 2:
            table: np.ndarray = (color.srgb_from_linear(linear) * top + 0.5).astype(pixels.dtype)
            converted: np.ndarray = table[pixels]
            return converted
        result, linear = np.empty_like(pixels), linear.astype(np.float32)
        rows = max(1, color.BAND_PIXELS // pixels.shape[1])
        for start in range(0, len(pixels), rows):
            band = linear[pixels[start : start + rows]] @ self.matrix.T.astype(np.float32)
            result[start : start + rows] = color.srgb_from_linear(band) * top + 0.5
        return result


def of_codes(primaries: int, transfer: int) -> tuple[Encoding | None, str]:
    """The encoding of H.273's codes; None if it is sRGB or unknown, then with a reason: "its …"."""
    if transfer in (16, 18):
        name = "PQ" if transfer == 16 else "HLG"
        return None, f"it is HDR ({name}) and read as sRGB, so its lightness is not right"
    curve = TRANSFERS.get(transfer, color.linear_from_srgb)  # 2 is "unspecified"
    chosen = PRIMARIES.get(primaries, SRGB_PRIMARIES)
    if curve is color.linear_from_srgb and chosen == SRGB_PRIMARIES:
        return None, ""
    return Encoding(curve, _matrix(chosen)), ""


def of_png(data: bytes) -> tuple[Encoding | None, str]:
    """The encoding that a PNG file states without an ICC profile; None for sRGB or if it states none."""
    chunks = _png_chunks(data)
    if len(chunks.get(b"cICP", b"")) == 4:
        return of_codes(*chunks[b"cICP"][:2])
    if b"iCCP" in chunks or b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:
        return None, ""
    gamma = int.from_bytes(chunks[b"gAMA"], "big") / 100_000
    if not 0.1 <= gamma <= 10:
        return None, f"its gamma is {gamma:g}, which cannot be; it is read as sRGB"
    is_srgb = abs(gamma - SRGB_GAMMA) <= GAMMA_TOLERANCE
    curve = color.linear_from_srgb if is_srgb else _power(1 / gamma)
    matrix = None
    if len(chunks.get(b"cHRM", b"")) == 32:
        points = [value / 100_000 for value in struct.unpack(">8I", chunks[b"cHRM"])]  # white comes first
        try:
            matrix = _matrix((*points[2:], *points[:2]))
        except (np.linalg.LinAlgError, ZeroDivisionError, FloatingPointError):
            return None, "its primaries cannot be; it is read as sRGB"
    return (None if is_srgb and matrix is None else Encoding(curve, matrix)), ""


def _png_chunks(data: bytes) -> dict[bytes, bytes]:
    """The first chunk of each name in front of the pixels."""
    chunks: dict[bytes, bytes] = {}
    place = 8
    while place + 8 <= len(data) and data[place + 4 : place + 8] != b"IDAT":
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.setdefault(data[place + 4 : place + 8], data[place + 8 : place + 8 + min(length, 64)])
        place += 12 + length
    return chunks


def _matrix(primaries: tuple[float, ...]) -> np.ndarray | None:
    """Linear RGB of these primaries to linear sRGB; None if they are sRGB's within rounding."""
    if np.allclose(primaries, SRGB_PRIMARIES, atol=0.002):
        return None
    source, white = _to_xyz(primaries)
    target, target_white = _to_xyz(SRGB_PRIMARIES)
    adapted = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ target_white) / (BRADFORD @ white)) @ BRADFORD
    matrix: np.ndarray = np.linalg.inv(target) @ adapted @ source
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > 100:
        raise np.linalg.LinAlgError("the primaries lie on a line")
    return matrix


def _to_xyz(primaries: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Linear RGB to XYZ with white at Y = 1, and that white."""
    with np.errstate(divide="raise", invalid="raise"):
        points = np.reshape(primaries, (4, 2)).astype(np.float64)
        columns = np.array([points[:, 0] / points[:, 1], np.ones(4), (1 - points.sum(1)) / points[:, 1]])
        rgb, white = columns[:, :3], columns[:, 3]
        return rgb * np.linalg.solve(rgb, white), white
