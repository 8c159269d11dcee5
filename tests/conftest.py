"""What several tests share: a tiny network, and photos made on the spot."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colorizer  # noqa: F401  (sets TensorFlow's log level before Keras loads it)
from colorizer.network import Conv, build_network

TINY = (
    Conv(4, stride=2),
    Conv(4),
    Conv(6, stride=2),
    Conv(6),
    Conv(8, stride=2),
    Conv(8),
    Conv(8),
    Conv(8),
    Conv(6, upsample=True),
    Conv(6, upsample=True),
    Conv(4),
    Conv(4),
    Conv(2, upsample=True),
)
"""The shipped architecture, layer for layer, with a few filters instead of hundreds."""


@pytest.fixture(scope="session")
def tiny_network():
    return build_network(TINY, precision="float32", seed=0)


@pytest.fixture(scope="session")
def tiny_colorizer(tiny_network):
    from colorizer import Colorizer

    return Colorizer(tiny_network)


@pytest.fixture(scope="session")
def color_image() -> Callable[..., Image.Image]:
    """Makes smooth random colour pictures: `color_image(width, height, seed=0)`."""

    def make(width: int, height: int, seed: int = 0) -> Image.Image:
        blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        return Image.fromarray(blocks).resize((width, height), Image.BICUBIC)

    return make


@pytest.fixture(scope="session")
def photo_bytes(color_image) -> Callable[..., bytes]:
    """Makes the bytes of a colour photo file: `photo_bytes(seed, "PNG", side=40, **save options)`."""

    def make(seed: int = 0, kind: str = "PNG", side: int = 40, **options) -> bytes:
        data = io.BytesIO()
        color_image(side, side, seed).save(data, kind, **options)
        return data.getvalue()

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory, photo_bytes) -> Path:
    """A folder of 120 small colour photos in which blue is always bright and red always dark."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(1)
    for number in range(120):
        bright = np.asarray(Image.fromarray(random.random((3, 3)) > 0.5).resize((40, 40)))
        pixels = np.where(bright[..., None], (150, 190, 255), (110, 20, 10)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder
