"""Metrics of a coloured picture: PSNR, SSIM, CIEDE2000 and colourfulness, on NumPy arrays.

    psnr(image, truth), ssim(image, truth), colorfulness(image)      # of (H, W, 3) uint8
    ciede2000(lab1, lab2).mean()                                     # of (..., 3) CIELAB

PSNR and SSIM reward caution: a picture left grey scores well in both. Read them beside the values of grey and
beside colourfulness. CIEDE2000 is implemented here because training also runs on machines without
scikit-image; a test compares the two.
"""

import numpy as np


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise ratio in dB of two (H, W, 3) uint8 pictures; capped at 100 for equal ones."""
    error = np.mean((image.astype(np.float32) - truth) ** 2)
    return float(10 * np.log10(255**2 / max(error, 255**2 * 1e-10)))


def ssim(image: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004) of two (H, W, 3) uint8 pictures, by scikit-image."""
    from skimage.metrics import structural_similarity

    return float(structural_similarity(image, truth, channel_axis=2, data_range=255))


def colorfulness(rgb: np.ndarray) -> float:
    """Hasler and Süsstrunk's M3 (2003) of an (H, W, 3) uint8 picture: 0 is grey, 15 slight, 45 vivid."""
    r, g, b = np.moveaxis(rgb.astype(np.float32), -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def ciede2000(lab1: np.ndarray, lab2: np.ndarray) -> np.ndarray:
    """The colour difference dE00 of two (..., 3) arrays of CIELAB, elementwise: (...).

    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", 2005; kL = kC = kH = 1.
    """
    L1, a1, b1 = np.moveaxis(np.asarray(lab1, np.float64), -1, 0)
    L2, a2, b2 = np.moveaxis(np.asarray(lab2, np.float64), -1, 0)
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1) % (2 * np.pi), np.arctan2(b2, a2) % (2 * np.pi)

    dh = (h2 - h1 + np.pi) % (2 * np.pi) - np.pi
    dh = np.where(C1 * C2 == 0, 0, dh)
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(dh / 2)

    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = (h1 + h2) / 2 + np.where(np.abs(h1 - h2) > np.pi, np.pi, 0)
    h = np.where(C1 * C2 == 0, h1 + h2, h)
    t = (
        1
        - 0.17 * np.cos(h - np.radians(30))
        + 0.24 * np.cos(2 * h)
        + 0.32 * np.cos(3 * h + np.radians(6))
        - 0.20 * np.cos(4 * h - np.radians(63))
    )
    sL = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)
    sC, sH = 1 + 0.045 * C, 1 + 0.015 * C * t
    spread = np.radians(60) * np.exp(-(((np.degrees(h) % 360 - 275) / 25) ** 2))
    rotation = -np.sin(spread) * 2 * np.sqrt(C**7 / (C**7 + 25.0**7))
    squared = (dL / sL) ** 2 + (dC / sC) ** 2 + (dH / sH) ** 2 + rotation * (dC / sC) * (dH / sH)
    difference: np.ndarray = np.sqrt(np.maximum(squared, 0))
    return difference
