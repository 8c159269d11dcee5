"""A sweep of views: at which sizes the network should see a photo, once or as a mean.

    PYTHONPATH=. python scripts/sweep_views.py PHOTOS               # the sets below, the shipped weights
    PYTHONPATH=. python scripts/sweep_views.py PHOTOS 128 72,112m --first 250 --weights runs/mine
    PYTHONPATH=. python scripts/sweep_views.py PHOTOS 96m,192 --cf 20    # all at the same colourfulness

PHOTOS is a folder of colour photos that the weights were not trained on: on training photos, single large
views do best, because the network remembers those photos. A set is a list of sizes, with an m behind those
that are mirrored. The table has means over photos: PSNR minus that of the same photo left grey,
colourfulness, and the milliseconds of the set's bare passes on a photo of 3:2, if nothing else runs. The
colours are the network's own, without `CHROMA_GAIN`; or with `--cf`, with the gain that gives this mean
colourfulness, since one of the two figures is easily raised at the cost of the other. docs/experiments.md
keeps tables; `VIEWS` in colorizer/colorizer.py is their result.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from colorizer.colorizer import Colorizer, View, working_size
from colorizer.evaluation import metrics
from colorizer.image.fading import Fading
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.limits import SIZE

SETS = (
    "64", "72", "96", "112", "128", "160", "128,128m", "72m,112", "64m,112", "64,80m,96", "64,88m,112",
    "80m,128", "96m,160", "80m,160", "96m,192", "80m,112,160", "72m,96,128m,168", "64,80m,96,128m,160,192m",
)  # fmt: skip
# Between these, PSNR and colourfulness are interpolated linearly.
STRENGTHS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


class CachingColorizer(Colorizer):
    """A colorizer that computes every view of a photo once, however many sets contain it."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.photo, self.outputs = None, {}

    def _run_view(self, photo: Photo, size: float, mirrored: bool, fading: Fading | None) -> np.ndarray:
        if photo is not self.photo:
            self.photo, self.outputs = photo, {}
        key = (round(size), mirrored)
        if key not in self.outputs:
            self.outputs[key] = super()._run_view(photo, size, mirrored, fading)
        return self.outputs[key]


def parse(words: str) -> tuple[View, ...]:
    """A set as `Colorizer.views` has it, for the usual size."""
    return tuple(View(int(word.rstrip("m")) / SIZE, word.endswith("m")) for word in words.split(","))


def milliseconds(colorizer: Colorizer, views: tuple[View, ...]) -> float:
    """The time of these views' bare passes on a photo of 3:2; the median of 21."""
    sizes = [working_size(3, 2, view.scale * SIZE) for view in views]
    inputs = [np.ones((1, height, width, 1), np.float32) for width, height in sizes]
    seconds = []
    for _ in range(24):
        start = time.perf_counter()
        for view in inputs:
            colorizer.forward(view)
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds[3:])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS")
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help=f"(default: {' '.join(SETS)})")
    parser.add_argument("--weights", help="a folder or a file of weights (default: the shipped)")
    parser.add_argument("--cf", type=float, help="compare at this mean colourfulness")
    parser.add_argument(
        "--first", type=int, help="only the first N photos by name; with a minus, all but the first N"
    )
    options = parser.parse_args()
    colorizer = CachingColorizer.from_pretrained(options.weights)
    colorizer.chroma_gain = 1.0
    strengths = STRENGTHS if options.cf else STRENGTHS[:1]
    files = sorted(options.photos.rglob("*.*"))
    files = files[: options.first] if (options.first or 0) >= 0 else files[-options.first :]
    rows: dict[str, list] = {words: [] for words in options.sets}
    for file in tqdm(files, unit="photo", disable=None):
        photo = read_photo(file)
        truth = np.asarray(photo.original)
        for words, row in rows.items():
            colorizer.views = parse(words)
            prediction = colorizer.predict(photo)
            grey, *colored = (np.asarray(prediction.render(strength)) for strength in (0, *strengths))
            left_grey = metrics.psnr(grey, truth)
            row.append([(metrics.psnr(x, truth) - left_grey, metrics.colorfulness(x)) for x in colored])
    print("| views | chroma gain | PSNR over grey | CF | ms |\n|---|---|---|---|---|")
    for words, row in rows.items():
        gain, colorful = np.mean(row, axis=0).T
        chroma = np.interp(options.cf, colorful, strengths) if options.cf else 1.0
        gain, colorful = (np.interp(chroma, strengths, values) for values in (gain, colorful))
        ms, views = milliseconds(colorizer, parse(words)), words.replace(",", ", ")
        print(f"| {views} | {chroma:.2f} | {gain:+.3f} dB | {colorful:.1f} | {ms:.1f} |")


if __name__ == "__main__":
    main()
