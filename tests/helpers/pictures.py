"""Reads pictures that a test looks at, and closes their files."""

from pathlib import Path
from typing import BinaryIO

from PIL import Image


def load_image(file: str | Path | BinaryIO) -> Image.Image:
    """A picture with its pixels in memory; `Image.open` alone keeps the file open."""
    with Image.open(file) as image:
        image.load()
        return image
