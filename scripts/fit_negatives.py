"""Fits the rule that notices colour negatives, and prints its coefficients for `image/negative.py`.

    PYTHONPATH=. python scripts/fit_negatives.py ../shared/photos/train-6.zip

Logistic regression on `film_features` and their squares tells simulated colour negatives from the colour
photos themselves and from three kinds of positives that are as orange: see `simulated_scans.py`. Half of the
photos fit it and set its thresholds, the other half measures it. Needs SciPy (the extra `eval`).
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.optimize import minimize
from simulated_scans import POSITIVES, color_negative

from colorizer.image.negative import film_features
from colorizer.image.reader import read_photo

NEGATIVES, PHOTOS = "colour negatives", "photos as they are"
WEIGHT = 3.0  # of a false alarm against a missed negative
DECAY = (
    1e-5  # of the coefficients' squares in the loss: with ten times as much, 6 % fewer negatives are noticed
)
MOST_ALARMS = 0.002  # of each kind of positive in colour, on the photos that fit the rule
MOST_TONED_ALARMS = 0.0005  # of toned ones: a colorizer sees more sepia prints than negatives without colours


def photos(path: Path, count: int) -> Iterator[np.ndarray]:
    """So many photos of a ZIP archive, evenly spread over it, (H, W, 3) uint8."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        for index in np.linspace(0, len(names) - 1, min(count, len(names)), dtype=int):
            with Image.open(io.BytesIO(archive.read(names[index]))) as image:
                yield np.asarray(image.convert("RGB"))


def judged(pixels: np.ndarray) -> list[float]:
    """Whether a picture is in colour, and its features."""
    photo = read_photo(pixels)
    return [float(photo.is_color), *film_features(photo).values()]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", type=Path, help="a ZIP archive of colour photos")
    parser.add_argument("--count", type=int, default=3500, help="so many of them (default: %(default)s)")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    kinds = {PHOTOS: lambda pixels, _: pixels, **POSITIVES, NEGATIVES: color_negative}
    rows: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    for pixels in photos(options.photos, options.count):
        if read_photo(pixels).is_color:
            for kind, make in kinds.items():
                rows[kind].append(judged(make(pixels, random)))
    names = film_features(read_photo(pixels))
    table = {kind: np.array(row) for kind, row in rows.items()}
    fitting = {kind: values[::2] for kind, values in table.items()}
    linear, square, bias = fit(fitting)

    def scores(values: np.ndarray) -> np.ndarray:
        return values[:, 1:] @ linear + values[:, 1:] ** 2 @ square + bias

    positives = [fitting[kind] for kind in kinds if kind != NEGATIVES]
    least = {
        toned: max(
            least_score(scores(each)[(each[:, 0] == 0) == toned], len(each), share) for each in positives
        )
        for toned, share in ((False, MOST_ALARMS), (True, MOST_TONED_ALARMS))
    }
    for name, *pair in zip(names, linear, square, strict=True):
        print(f'    "{name}": ({pair[0]:.2f}, {pair[1]:.2f}),')
    print(f"BIAS = {bias - least[False]:.2f}\nTONED = {max(0, least[True] - least[False]):.2f}\n")
    for kind, values in table.items():
        held_out = values[1::2]
        toned = held_out[:, 0] == 0
        taken = scores(held_out) > np.where(toned, max(least.values()), least[False])
        print(f"{kind:22} {taken.sum():4} of {len(taken)} = {taken.mean():.2%}, {toned.mean():.0%} toned")


def fit(table: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
    """The coefficients of the features and of their squares, and the constant."""
    features = np.concatenate([values[:, 1:] for values in table.values()])
    signs = np.concatenate(
        [np.full(len(values), 1 if kind == NEGATIVES else -1) for kind, values in table.items()]
    )
    inputs = np.hstack([features, features**2])
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    inputs = np.column_stack([(inputs - mean) / deviation, np.ones(len(inputs))])
    weights = np.where(signs > 0, 1, WEIGHT)

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (inputs @ coefficients)
        slopes = -weights * signs / (1 + np.exp(np.minimum(margins, 50)))
        value = np.mean(weights * np.logaddexp(0, -margins)) + DECAY * coefficients @ coefficients
        return value, inputs.T @ slopes / len(inputs) + 2 * DECAY * coefficients

    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B").x
    linear, square = np.split(found[:-1] / deviation, 2)
    return linear, square, float(found[-1] - mean @ np.concatenate([linear, square]))


def least_score(scores: np.ndarray, total: int, share: float) -> float:
    """Only so large a share of `total` pictures, of which some have these scores, lies above it."""
    allowed = int(share * total)
    return float(np.sort(scores)[::-1][allowed]) if len(scores) > allowed else -np.inf


if __name__ == "__main__":
    main()
