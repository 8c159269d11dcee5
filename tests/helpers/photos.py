"""Photos of known content, and the lightness that they have."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from skimage.color import rgb2lab

RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))  # 48 high, 64 wide, black to white


def true_lightness(grey: np.ndarray) -> np.ndarray:
    """L* by scikit-image, of grey levels in [0, 1]."""
    return rgb2lab(np.repeat(grey[..., None], 3, axis=-1))[..., 0]


def saved(tmp_path: Path, image: Image.Image, name: str, **options) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def gamma_profile(gamma: float) -> bytes:
    """A minimal RGB matrix profile with sRGB's primaries and a pure power curve, made by hand."""
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(srgb[128:132], "big")
    for i in range(count):
        entry = 132 + 12 * i
        if bytes(srgb[entry : entry + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(srgb[entry + 4 : entry + 8], "big")
            curve = b"para" + bytes(4) + bytes(4) + round(gamma * 65536).to_bytes(4, "big")
            srgb[offset : offset + len(curve)] = curve
        if bytes(srgb[entry : entry + 4]) == b"desc":
            offset = int.from_bytes(srgb[entry + 4 : entry + 8], "big")
            size = int.from_bytes(srgb[entry + 8 : entry + 12], "big")
            text = bytes(srgb[offset : offset + size])
            srgb[offset : offset + size] = text.replace(
                "sRGB".encode("utf-16-be"), "test".encode("utf-16-be")
            )
    return bytes(srgb)
