"""Measures what stretching the network's view of a faded scan gains, on colour photos faded by simulation.

    PYTHONPATH=. python scripts/measure_fading.py ../shared/photos/val --step 5
    PYTHONPATH=. python scripts/measure_fading.py ../shared/photos/val --clean  # only as they are
    PYTHONPATH=. python scripts/measure_fading.py train.zip --clean --step 12  # of a training file

A photo's L* is faded and rounded to 8 bits, and the colours predicted for it lie under the original L*: so
the figures show the colours alone, and can be compared with those of the photo as it was. PSNR minus that of
the photo left grey, CIEDE2000 and colourfulness are means over photos, with and without the stretching;
"noticed" is the share of the photos taken for faded. docs/experiments.md keeps the table.
"""

import argparse
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorizer.colorizer import FADING_SIZE, Colorizer, working_size
from colorizer.evaluation import metrics
from colorizer.image import color
from colorizer.image.fading import find_fading
from colorizer.image.photo import Photo
from colorizer.image.reader import read_photo
from colorizer.limits import SIZE, UNLIMITED
from colorizer.prediction import THUMBNAILS, Prediction

Fade = Callable[[np.ndarray], np.ndarray]


def levels(black: float, white: float, gamma: float = 1.0) -> Fade:
    """L* between other ends, with another contrast in the middle."""
    return lambda lightness: black + (white - black) * (lightness / 100) ** gamma


def faded_dye(share: float, paper: float) -> Fade:
    """A print whose density, a decimal logarithm, has this share left, on paper of this density."""

    def fade(lightness: np.ndarray) -> np.ndarray:
        density = np.minimum(-np.log10(luminance(lightness) + 1e-3), 2.2)
        return color.lightness_from_luminance(10 ** -(share * density + paper))

    return fade


def veil(black: float, white: float) -> Fade:
    """Stray light in the scanner: luminance between other ends."""
    return lambda lightness: color.lightness_from_luminance(black + (white - black) * luminance(lightness))


FADES: dict[str, tuple[Fade, float]] = {  # with the grain's standard deviation, in L*
    "not at all": (levels(0, 100), 0),
    "L* 10 to 90": (levels(10, 90), 0),
    "L* 20 to 80": (levels(20, 80), 0),
    "L* 25 to 75": (levels(25, 75), 0),
    "L* 25 to 75, gamma 0.6": (levels(25, 75, 0.6), 0),
    "L* 30 to 70": (levels(30, 70), 0),
    "L* 40 to 65": (levels(40, 65), 0),
    "half of the dye left": (faded_dye(0.5, 0.15), 0),
    "luminance 0.15 to 0.6": (veil(0.15, 0.6), 0),
    "L* 25 to 75, grain 1": (levels(25, 75), 1),
    "L* 25 to 75, grain 2": (levels(25, 75), 2),
    "L* 25 to 75, grain 4": (levels(25, 75), 4),
}


def luminance(lightness: np.ndarray) -> np.ndarray:
    """Y in [0, 1] of L* in [0, 100]."""
    return np.asarray(color.lab_curve_inverse((lightness + 16) / 116))


def scanned(lightness: np.ndarray) -> Photo:
    """A grey photo of 8 bits with this L*."""
    grey = color.srgb_from_linear(np.clip(luminance(np.clip(lightness, 0, 100)), 0, 1))
    return Photo(Image.fromarray(np.rint(255 * grey).astype(np.uint8)))


def is_noticed(photo: Photo) -> bool:
    """Whether the colorizer takes the photo for faded."""
    return find_fading(photo.view(*working_size(*photo.size, FADING_SIZE), THUMBNAILS)) is not None


def find(source: Path, step: int) -> Iterator[Photo]:
    """Every `step`-th photo of a folder or a zip file."""
    if source.is_dir():
        yield from (read_photo(path) for path in sorted(source.rglob("*.*"))[::step])
        return
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist()[::step]:
            yield read_photo(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))


def scores(prediction: Prediction, truth: np.ndarray) -> tuple[float, float, float]:
    """PSNR over grey, CIEDE2000 and colourfulness."""
    grey, colored = (np.asarray(prediction.render(strength)) for strength in (0, 1))
    first, second = (color.rgb_to_lab(image.astype(np.float32) / 255) for image in (colored, truth))
    gain = metrics.psnr(colored, truth) - metrics.psnr(grey, truth)
    return gain, float(metrics.ciede2000(first, second).mean()), metrics.colorfulness(colored)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder, or a zip file, of colour photos")
    parser.add_argument("--step", type=int, default=1, help="use every Nth photo (default: all)")
    parser.add_argument("--clean", action="store_true", help="only count and score the photos as they are")
    parser.add_argument("--weights", help="a folder or a file of weights (default: the shipped)")
    options = parser.parse_args()
    colorizer = Colorizer.from_pretrained(options.weights, limits=UNLIMITED)
    random = np.random.default_rng(0)
    fades = {"not at all": (levels(0, 100), 0.0)} if options.clean else FADES
    rows: dict[str, list] = {name: [] for name in fades}
    for photo in tqdm(list(find(options.photos, options.step)), unit="photo", disable=None):
        truth = np.asarray(photo.original)
        for name, (fade, grain) in fades.items():
            if options.clean:
                scan = photo
            else:
                scan = scanned(fade(photo.lightness) + grain * random.normal(size=truth.shape[:2]))
            noticed = is_noticed(scan)
            if options.clean and not noticed:  # the same bytes with and without
                rows[name].append((False, *[np.nan] * 6))
                continue
            pair = (colorizer.predict(scan, SIZE, stretch_faded=stretch) for stretch in (False, True))
            colored = [scores(replace(prediction, photo=photo), truth) for prediction in pair]
            rows[name].append((noticed, *colored[0], *colored[1]))
    print("| faded | noticed | PSNR over grey | stretched | CIEDE2000 | stretched | CF | stretched |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        share, count = np.mean([r[0] for r in row]), sum(r[0] for r in row)
        if options.clean and not count:
            print(f"| {name} | 0 of {len(row)} | | | | | | |")
            continue
        psnr, delta, cf, psnr2, delta2, cf2 = np.nanmean([r[1:] for r in row], axis=0)
        seen = f"{count} of {len(row)}" if options.clean else f"{100 * share:.0f} %"
        print(
            f"| {name} | {seen} | {psnr:+.2f} dB | {psnr2:+.2f} dB | {delta:.2f} | {delta2:.2f} "
            f"| {cf:.1f} | {cf2:.1f} |"
        )


if __name__ == "__main__":
    main()
