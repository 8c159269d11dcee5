"""Compares at which sizes the network had best look at a photo: one look, or the mean of several.

    PYTHONPATH=. python scripts/sweep_views.py PHOTOS               # the sets below, weights as shipped
    PYTHONPATH=. python scripts/sweep_views.py PHOTOS 128 72,112m --first 250 --weights runs/mine
    PYTHONPATH=. python scripts/sweep_views.py PHOTOS 96m,192 --cf 20    # all at the same colourfulness

PHOTOS is a folder of colour photos that the weights never learnt from: on others, single large looks do
best, because there the network remembers. A set is a list of sizes, an m behind those that are mirrored. The
table has means over photos: PSNR over that of the same photo left grey, colourfulness, and the milliseconds
of the set's bare passes on a photo of 3:2, if nothing else runs. Colours are as the network answers, without
`CHROMA`; or with `--cf`, as lively as makes the mean colourfulness that, since more of one figure is easily
had for less of the other. docs/experiments.md keeps tables; `LOOKS` in colorizer/colorizer.py is what came of
them.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorizer.colorizer import Colorizer, working_size
from colorizer.evaluation import metrics
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.limits import SIZE

SETS = (
    "64", "72", "96", "112", "128", "160", "128,128m", "72m,112", "64m,112", "64,80m,96", "64,88m,112",
    "80m,128", "96m,160", "80m,160", "96m,192", "80m,112,160", "72m,96,128m,168", "64,80m,96,128m,160,192m",
)  # fmt: skip
Look = tuple[float, bool]
# Between these, PSNR and colourfulness are taken to be straight lines.
STRENGTHS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


class Rememberer(Colorizer):
    """A colorizer that takes every look at a photo once, however many sets of looks ask for it."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.photo, self.taken = None, {}

    def _look(self, photo: Photo, size: float, mirrored: bool) -> np.ndarray:
        if photo is not self.photo:
            self.photo, self.taken = photo, {}
        key = (round(size), mirrored)
        if key not in self.taken:
            self.taken[key] = super()._look(photo, size, mirrored)
        return self.taken[key]


def parse(words: str) -> tuple[Look, ...]:
    """A set as `Colorizer.looks` has it, for its usual size."""
    return tuple((int(word.rstrip("m")) / SIZE, word.endswith("m")) for word in words.split(","))


def milliseconds(colorizer: Colorizer, looks: tuple[Look, ...]) -> float:
    """How long these looks' bare passes take on a photo of 3:2; the median of 21."""
    sizes = [working_size(3, 2, share * SIZE) for share, _ in looks]
    seen = [np.ones((1, height, width, 1), np.float32) for width, height in sizes]
    taken = []
    for _ in range(24):
        start = time.perf_counter()
        for view in seen:
            colorizer._forward(view)
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken[3:])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS")
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help=f"(default: {' '.join(SETS)})")
    parser.add_argument("--weights", help="a folder or a file of weights (default: those shipped)")
    parser.add_argument("--cf", type=float, help="compare at this mean colourfulness")
    parser.add_argument("--first", type=int, help="only so many photos, by name; the rest with a minus")
    options = parser.parse_args()
    colorizer = Rememberer.from_pretrained(options.weights)
    colorizer.chroma = 1.0
    strengths = STRENGTHS if options.cf else STRENGTHS[:1]
    files = sorted(options.photos.rglob("*.*"))
    files = files[: options.first] if (options.first or 0) >= 0 else files[-options.first :]
    rows: dict[str, list] = {words: [] for words in options.sets}
    for file in tqdm(files, unit="photo", disable=None):
        photo = read_photo(file)
        truth = np.asarray(photo.original)
        for words, row in rows.items():
            colorizer.looks = parse(words)
            prediction = colorizer.predict(photo)
            grey, *colored = (np.asarray(prediction.render(strength)) for strength in (0, *strengths))
            left_grey = metrics.psnr(grey, truth)
            row.append([(metrics.psnr(it, truth) - left_grey, metrics.colorfulness(it)) for it in colored])
    print("| looks | chroma times | PSNR over grey | CF | ms |\n|---|---|---|---|---|")
    for words, row in rows.items():
        gain, colorful = np.mean(row, axis=0).T
        chroma = np.interp(options.cf, colorful, strengths) if options.cf else 1.0
        gain, colorful = (np.interp(chroma, strengths, values) for values in (gain, colorful))
        taken, looks = milliseconds(colorizer, parse(words)), words.replace(",", ", ")
        print(f"| {looks} | {chroma:.2f} | {gain:+.3f} dB | {colorful:.1f} | {taken:.1f} |")


if __name__ == "__main__":
    main()
