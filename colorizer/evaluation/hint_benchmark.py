"""How much hints improve a photo: the error against the number of hints, beside two plain ways.

    colorizer evaluate FOLDER --hints 0 1 2 5 10 20
    colorizer evaluate FOLDER --hints 0 1 2 5 10 20 --first 50 --save OUT --json hints.json --plot hints.png

Protocol: every photo in FOLDER is coloured from its L* alone. Then hints are given one after another, whose
colours are the photo's own:

    largest     the place where the squared error of a* and b*, as a mean over a square of a tenth of the
                photo's longer side, is the largest after the hints so far: people begin with what is most
                wrong
    random      any place, as in the curves of interactive-deep-colorization and iColoriT

A hint's colour is the mean of the true a* and b* over 7x7 pixels of a photo 256 pixels long. PSNR is on 8-bit
RGB at full resolution, CIEDE2000 the mean over every second pixel of every second row; each is the mean over
photos. `worse` is the share of photos whose PSNR is lower than without hints by more than 0.1 dB. All methods
get the same hints; those of the rule "largest" are chosen by the errors that `Prediction.with_hints` leaves.

    hints       Prediction.with_hints
    splat       the prediction, and each hint's difference from it with Gaussian weights around its place
    levin       no prediction: the hints alone, spread by likeness of lightness as in Levin, Lischinski and
                Weiss ("Colorization using optimization", 2004), on a map 128 elements long
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorizer.atomic_write import replace_file
from colorizer.colorizer import Colorizer
from colorizer.errors import PhotoError
from colorizer.evaluation import metrics
from colorizer.hints.hint import Hint
from colorizer.image import color
from colorizer.image.guided_filter import guided_upsample
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from colorizer.limits import SIZE
from colorizer.prediction import THUMBNAILS, Prediction
from colorizer.terminal import printable

RULES = ("largest", "random")
METHODS = ("hints", "splat", "levin")
# Parts of the longer side: squares over which an error is averaged, and the true colour for a hint.
ERROR_WINDOW, COLOR_WINDOW = 0.1, 7 / 256
# The standard deviation of a splat, as a fraction of the longer side.
SPLAT = 0.1
LEVIN_SIDE = 128
# A photo counts as worse from this loss on, in dB.
WORSE = 0.1


def benchmark(
    colorizer: Colorizer,
    folder: Path,
    counts: Sequence[int],
    size: int = SIZE,
    first: int | None = None,
    save: Path | None = None,
    methods: Sequence[str] = METHODS,
) -> dict[str, Any]:
    """Scores every photo in `folder` with hints.

    Args:
        colorizer: the colorizer to evaluate.
        folder: colour photos, searched recursively.
        counts: numbers of hints; 0 is always among them.
        size: the working size, as in `Colorizer.colorize`.
        first: the number of photos to use, evenly spread over the folder; all if None.
        save: folder for the pictures: in it, one for each rule, method and number, such as `random-hints-5`.
        methods: of `METHODS`; "levin" takes most of the time.

    Returns:
        {"photos": number, "skipped": {name: reason}, "size": size, "counts": counts, "rows": {rule: {method:
        {count: {"psnr", "gain", "dE00", "worse"}}}}}.

    Raises:
        ValueError: no photo in `folder` can be scored.
    """
    counts = sorted({0, *counts})
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    if first is not None:
        files = files[:: max(1, len(files) // first)][:first]
    scores: dict[tuple[str, str, int], list[tuple[float, float, float]]] = {}
    skipped: dict[str, str] = {}
    names: set[Path] = set()
    for file in tqdm(files, unit="photo", disable=None):
        try:
            prediction = colorizer.predict(read_photo(file), size)
        except (PhotoError, OSError) as error:
            skipped[str(file.relative_to(folder))] = str(error)
            continue
        name = picture_name(file.relative_to(folder), names)
        start, _ = _score(prediction.render(), prediction)
        for key, image in _pictures(prediction, counts, methods):
            psnr, difference = _score(image, prediction)
            scores.setdefault(key, []).append((psnr, psnr - start, difference))
            if save:
                target = save / "-".join(map(str, key)) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                write_photo(image, target, prediction.photo)
    if not scores:
        raise ValueError(f"There is no photo to score in {folder}. Received: {len(files)} files")
    rows: dict[str, dict[str, dict[int, dict[str, float]]]] = {}
    for (rule, method, count), values in scores.items():
        psnr, gain, difference = np.mean(values, axis=0).tolist()
        worse = float(np.mean([gain < -WORSE for _, gain, _ in values]))
        row = {"psnr": psnr, "gain": gain, "dE00": difference, "worse": worse}
        rows.setdefault(rule, {}).setdefault(method, {})[count] = row
    photos = len(next(iter(scores.values())))
    return {"photos": photos, "skipped": skipped, "size": size, "counts": counts, "rows": rows}


def picture_name(photo: Path, taken: set[Path]) -> Path:
    """The name of a photo's picture as PNG, in the same folder; no two photos share one.

    Args:
        photo: relative to the folder of all photos.
        taken: the names so far, to which this one is added.
    """
    name = photo.with_suffix(".png")
    if name in taken:  # one.jpg beside one.png
        name = photo.with_name(f"{photo.name}.png")
    taken.add(name)
    return name


def _pictures(
    prediction: Prediction, counts: Sequence[int], methods: Sequence[str]
) -> Iterator[tuple[tuple[str, str, int], Image.Image]]:
    """The finished pictures of one photo, each with its rule, method and number of hints."""
    spread: dict[str, Callable[[Prediction, Sequence[Hint]], np.ndarray]] = {
        "hints": lambda prediction, hints: prediction.with_hints(hints).colors(),
        "splat": splat,
        "levin": levin,
    }
    for rule in RULES:
        hints = choose_hints(prediction, max(counts), rule)
        for count in counts:
            for method in methods:
                ab = spread[method](prediction, hints[:count])
                yield (rule, method, count), replace(prediction, ab=ab).render()


def choose_hints(prediction: Prediction, count: int, rule: str, seed: int = 0) -> list[Hint]:
    """Hints with the true colours of the photo, chosen by a rule of the protocol."""
    height, width = prediction.ab.shape[:2]
    small = prediction.photo.original.resize((width, height), Image.Resampling.BOX)
    truth = color.rgb_to_lab(np.asarray(small, np.float32) / 255)[..., 1:]
    longest = max(width, height)
    colors = window_mean(truth, COLOR_WINDOW * longest)
    places = np.random.default_rng(seed).permutation(width * height)[:count]
    chosen = np.zeros((height, width), bool)
    hints: list[Hint] = []
    for number in range(min(count, width * height)):
        if rule == "largest":
            prediction = prediction.with_hints(hints)
            squares = np.square(prediction.colors() - truth).sum(axis=-1, keepdims=True)
            error = window_mean(squares, ERROR_WINDOW * longest)[..., 0]
            error[chosen] = -1
            place = int(error.argmax())
        else:
            place = int(places[number])
        row, column = divmod(place, width)
        chosen[row, column] = True
        a, b = colors[row, column].tolist()
        hints.append(Hint((column + 0.5) / width, (row + 0.5) / height, (a, b)))
    return hints


def window_mean(planes: np.ndarray, side: float) -> np.ndarray:
    """The mean over a square around each element of (h, w, n), an odd number of elements wide."""
    radius = max(0, round((side - 1) / 2))
    width = 2 * radius + 1
    total = np.pad(planes, ((radius + 1, radius), (radius + 1, radius), (0, 0)), "edge").astype(float)
    total[0] = total[:, 0] = 0
    total = total.cumsum(axis=0).cumsum(axis=1)
    rows = total[width:] - total[:-width]
    mean: np.ndarray = (rows[:, width:] - rows[:, :-width]) / width**2
    return mean


def splat(prediction: Prediction, hints: Sequence[Hint]) -> np.ndarray:
    """The prediction with each hint's difference added around its place: (h, w, 2) float32."""
    height, width = prediction.ab.shape[:2]
    weights, differences = np.zeros((len(hints), height, width), np.float32), np.zeros((len(hints), 2))
    y, x = np.mgrid[:height, :width] + 0.5
    for number, hint in enumerate(hints):
        distance = np.hypot(x - hint.x * width, y - hint.y * height) / max(width, height)
        weights[number] = np.exp(-0.5 * np.square(distance / SPLAT))
        differences[number] = hint.ab - prediction.ab[int(hint.y * height), int(hint.x * width)]
    weights /= np.maximum(weights.sum(axis=0), 1)
    return prediction.ab + np.tensordot(weights, differences, axes=(0, 0)).astype(np.float32)


def levin(prediction: Prediction, hints: Sequence[Hint]) -> np.ndarray:
    """The hints' colours alone, each element a weighted mean of its neighbours: (h, w, 2) float32."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    map_height, map_width = prediction.ab.shape[:2]
    if not hints:
        return np.zeros_like(prediction.ab)
    scale = min(1, LEVIN_SIDE / max(map_height, map_width))
    height, width = max(1, round(map_height * scale)), max(1, round(map_width * scale))
    lightness = prediction.photo.view(width, height, THUMBNAILS)
    planes = lightness[..., None]
    variance = window_mean(planes**2, 3)[..., 0] - np.square(window_mean(planes, 3)[..., 0])
    spread = 2 * np.maximum(variance, 0.5)  # as in their code, even places still have a little
    index = np.arange(height * width).reshape(height, width)
    rows, columns, weights = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = np.s_[: height - down, max(0, -right) : width - max(0, right)]
        there = np.s_[down:, max(0, right) : width + min(0, right)]
        squares = np.square(lightness[here] - lightness[there])
        for one, other in ((here, there), (there, here)):
            rows.append(index[one].ravel())
            columns.append(index[other].ravel())
            weights.append(np.exp(-squares / spread[one]).ravel())
    row, column, weight = map(np.concatenate, (rows, columns, weights))
    weight = weight / np.bincount(row, weight, minlength=index.size)[row]
    given = {int(hint.y * height) * width + int(hint.x * width): hint.ab for hint in hints}
    free = ~np.isin(row, list(given))
    entries = np.concatenate([np.ones(index.size), -weight[free]])
    where = np.concatenate([index.ravel(), row[free]]), np.concatenate([index.ravel(), column[free]])
    asked = np.zeros((index.size, 2))
    asked[list(given)] = list(given.values())
    solved = spsolve(coo_matrix((entries, where)).tocsc(), asked).reshape(height, width, 2)
    guide = prediction.photo.view(map_width, map_height, THUMBNAILS)
    return guided_upsample(solved.astype(np.float32), lightness, guide)


def _score(image: Image.Image, prediction: Prediction) -> tuple[float, float]:
    """PSNR and mean CIEDE2000 of a finished picture."""
    shown, truth = np.asarray(image.convert("RGB")), np.asarray(prediction.photo.original)
    lab = (color.rgb_to_lab(picture[::2, ::2].astype(np.float32) / 255) for picture in (shown, truth))
    return metrics.psnr(shown, truth), float(metrics.ciede2000(*lab).mean())


def format_table(result: dict[str, Any]) -> str:
    """The table as text, a block for each rule."""
    lines = [f"{result['photos']} photos, {len(result['skipped'])} skipped; working size {result['size']}"]
    lines += [printable(f"  skipped {name}: {reason}") for name, reason in result["skipped"].items()]
    for rule, methods in result["rows"].items():
        lines.append(f"{rule:10}{'hints':>6}{'PSNR dB':>9}{'gain dB':>9}{'dE00':>7}{'worse':>8}")
        for method, counts in methods.items():
            for count, row in counts.items():
                figures = f"{row['psnr']:9.2f}{row['gain']:+9.2f}{row['dE00']:7.2f}{row['worse']:8.1%}"
                lines.append(f"  {method:8}{count:6}{figures}")
    lines.append("Protocol: see colorizer/evaluation/hint_benchmark.py.")
    return "\n".join(lines)


def save_plot(path: Path, result: dict[str, Any]) -> None:
    """Draws PSNR and CIEDE2000 against the number of hints, as PNG."""
    # The object interface, not pyplot: it needs no display and leaves no global state behind.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    for rule, style in zip(RULES, ("-", "--"), strict=True):
        for number, (method, counts) in enumerate(result["rows"][rule].items()):
            for axis, metric in zip(axes, ("psnr", "dE00"), strict=True):
                values = [row[metric] for row in counts.values()]
                label = f"{method}, {rule}"
                axis.plot(list(counts), values, style, color=f"C{number}", marker=".", label=label)
    for axis, title in zip(axes, ("PSNR, dB", "CIEDE2000"), strict=True):
        axis.set(title=title, xlabel="hints", xscale="symlog", xticks=result["counts"])
        axis.set_xticklabels(map(str, result["counts"]))
        axis.grid(alpha=0.3)
    axes[0].legend()
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    replace_file(path, data.getbuffer())
