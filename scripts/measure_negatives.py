"""How often the page takes a photo for a negative, and how many negatives it recognizes.

    PYTHONPATH=. python scripts/measure_negatives.py ../shared/photos/val ../shared/old-photos

Every photo of the folders is judged as it is and in grey, which must not count as negatives; then as the
negative that a grey film would have made of it, which should. A photo in colour is also judged as the
negative of a colour film, and as prints and in light that are as orange: see `simulated_scans.py`.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from simulated_scans import POSITIVES, color_negative

from colorizer.image.negative import is_negative
from colorizer.image.reader import read_photo

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif"}
SIDE = 512  # pixels at most: the rules look at a thumbnail
SIMULATED = {**POSITIVES, "colour negatives": color_negative}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    paths = [path for folder in parser.parse_args().folders for path in sorted(folder.iterdir())]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    random, colored = np.random.default_rng(0), 0
    found = dict.fromkeys(("photos as they are", "photos in grey", "grey negatives", *SIMULATED), 0)
    for path in paths:
        photo = read_photo(path).shrunk(SIDE)
        grey = photo.image.convert("L")
        found["photos as they are"] += is_negative(photo)
        found["photos in grey"] += is_negative(read_photo(grey))
        found["grey negatives"] += is_negative(read_photo(Image.eval(grey, lambda level: 255 - level)))
        if photo.is_color:
            colored += 1
            for kind, make in SIMULATED.items():
                found[kind] += is_negative(read_photo(make(np.asarray(photo.image), random)))
    for kind, count in found.items():
        total = colored if kind in SIMULATED else len(paths)
        print(f"{kind:22} {count:4} of {total} = {count / max(total, 1):.1%}")


if __name__ == "__main__":
    main()
