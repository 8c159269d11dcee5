"""Measures how long a coloured photo takes to be written, at worst, in each file type.

    PYTHONPATH=. python scripts/write_times.py --megapixels 12

Noise is the worst case: nothing in it can be compressed. Writing counts towards the limit for one photo, so
`image/file_types.py` asks the slow types for less effort. Prints a Markdown table; the fastest of three runs
counts.
"""

import argparse
import io
import time

import numpy as np
from PIL import Image

from colorizer.image.file_types import WRITERS
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from colorizer.limits import UNLIMITED

ROUNDS = 3


def noise(megapixels: float) -> tuple[Image.Image, Photo]:
    """A picture of random colours, and the photo that it is said to be made from."""
    side = round((megapixels * 1e6) ** 0.5)
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels), read_photo(pixels, UNLIMITED)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=12, help="of the picture (default: 12)")
    options = parser.parse_args()
    image, photo = noise(options.megapixels)
    print(f"| {options.megapixels:g} megapixels of noise | seconds | MB |\n| --- | --- | --- |")
    for kind in WRITERS:
        seconds = []
        for _ in range(ROUNDS):
            file = io.BytesIO()
            start = time.perf_counter()
            write_photo(image, file, photo, UNLIMITED.start("noise"), kind)
            seconds.append(time.perf_counter() - start)
        print(f"| {kind} | {min(seconds):.2f} | {len(file.getvalue()) / 1e6:.1f} |", flush=True)


if __name__ == "__main__":
    main()
