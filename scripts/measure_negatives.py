"""How often the page takes a photo for a negative, and how many negatives it recognizes.

    PYTHONPATH=. python scripts/measure_negatives.py ../shared/photos/val ../shared/old-photos

Every photo of the folders is judged as it is and in grey, which must not count as negatives; then as the
negatives that a grey and a colour film would have made of it, which should. The colour negatives are
simulated: density grows with the logarithm of the exposure, over an orange base that differs from film to
film.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.image import color
from colorizer.image.negative import is_negative
from colorizer.image.reader import read_photo

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif"}
SIDE = 512  # pixels at most: the rules look at a thumbnail


def color_negative(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What a scanner sees of a colour negative, (H, W, 3) uint8, of a photo of the same kind."""
    exposure = np.log10(np.clip(color.linear_from_srgb(pixels / 255), 0.003, 1)) + 2.5
    density = random.uniform(0.5, 0.7) * exposure * (1, 1.05, 1.1)  # blue's contrast is the highest
    base = np.array([random.uniform(*ends) for ends in ((0.2, 0.4), (0.55, 0.75), (0.8, 1.05))])
    light = random.uniform(0.6, 1) * 10 ** (base[0] - density - base)
    return np.clip(255 * color.srgb_from_linear(light), 0, 255).astype(np.uint8)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    paths = [path for folder in parser.parse_args().folders for path in sorted(folder.iterdir())]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    random, colored = np.random.default_rng(0), 0
    found = dict.fromkeys(("photos as they are", "photos in grey", "grey negatives", "colour negatives"), 0)
    for path in paths:
        photo = read_photo(path).shrunk(SIDE)
        grey = photo.image.convert("L")
        found["photos as they are"] += is_negative(photo)
        found["photos in grey"] += is_negative(read_photo(grey))
        found["grey negatives"] += is_negative(read_photo(Image.eval(grey, lambda level: 255 - level)))
        if photo.is_color:
            colored += 1
            pixels = color_negative(np.asarray(photo.image), random)
            found["colour negatives"] += is_negative(read_photo(pixels))
    for kind, count in found.items():
        total = colored if kind == "colour negatives" else len(paths)
        print(f"{kind:20} {count:4} of {total} = {count / max(total, 1):.1%}")


if __name__ == "__main__":
    main()
