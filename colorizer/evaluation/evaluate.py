"""Evaluates the colorizer on colour photos: removes their colours, predicts new ones, compares both.

    colorizer evaluate FOLDER
    colorizer evaluate FOLDER --weights W --save OUT --json evaluation.json
    colorizer evaluate FOLDER --hints 0 1 2 5 10 20        # with hints, see hint_benchmark.py

Protocol: every photo in FOLDER, at its own resolution, in sRGB. The input is its L* alone, through the same
`Colorizer.predict` that users call. PSNR, SSIM (data range 255) and colourfulness on 8-bit RGB; CIEDE2000 as
the mean over pixels; each metric is the mean over photos. The grey row is the photo's own L* with
a* = b* = 0: PSNR and SSIM reward caution, so no metric means anything without this row. dCF is the distance
of the mean colourfulness from that of the truth.
"""

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorizer.atomic_write import replace_file
from colorizer.colorizer import Colorizer
from colorizer.errors import PhotoError, WeightsError
from colorizer.evaluation import hint_benchmark, metrics
from colorizer.evaluation.contact_sheet import contact_sheet, square_tile
from colorizer.evaluation.hint_benchmark import benchmark, picture_name
from colorizer.hints.hint import MAX_HINTS
from colorizer.image import color
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from colorizer.limits import SIZE
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import find_weights
from colorizer.terminal import printable, say

METRICS = ("psnr", "ssim", "dE00", "cf")
# The photos on a contact sheet, evenly spread over the folder, and the side of each in pixels.
SHEET_PHOTOS, SHEET_SIDE = 24, 192


def score(image: np.ndarray, truth: np.ndarray, truth_lab: np.ndarray) -> tuple[float, ...]:
    """PSNR, SSIM, CIEDE2000 and colourfulness of one (H, W, 3) uint8 picture."""
    lab = color.rgb_to_lab(image.astype(np.float32) / 255)
    # SSIM compares windows of 7x7 pixels.
    ssim = metrics.ssim(image, truth) if min(truth.shape[:2]) >= 7 else float("nan")
    difference = float(metrics.ciede2000(lab, truth_lab).mean())
    return metrics.psnr(image, truth), ssim, difference, metrics.colorfulness(image)


def evaluate(
    colorizer: Colorizer, folder: Path, size: int = SIZE, save: Path | None = None, sheet: Path | None = None
) -> dict[str, Any]:
    """Scores every colour photo in `folder`.

    Args:
        colorizer: the colorizer to evaluate.
        folder: colour photos, searched recursively.
        size: the working size, as in `Colorizer.colorize`.
        save: folder for the coloured pictures, under their own names as PNG.
        sheet: file for a contact sheet of grey, coloured and true photos, as PNG.

    Returns:
        {"photos": number, "skipped": {name: reason}, "size": size, "rows": {"grey" | "model" | "truth":
        {"psnr", "ssim", "dE00", "cf", "dcf"}}}.

    Raises:
        ValueError: no photo in `folder` can be scored.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    rows: dict[str, list[tuple[float, ...]]] = {"grey": [], "model": []}
    true_cf: list[float] = []
    groups: list[list[Image.Image]] = []  # of the contact sheet
    skipped: dict[str, str] = {}
    step = max(1, len(files) // SHEET_PHOTOS)
    names: set[Path] = set()
    for file in tqdm(files, unit="photo", disable=None):
        try:
            photo = read_photo(file)
        except (PhotoError, OSError) as error:
            skipped[str(file.relative_to(folder))] = str(error)
            continue
        truth = np.asarray(photo.original)
        truth_lab = color.rgb_to_lab(truth.astype(np.float32) / 255)
        prediction = colorizer.predict(photo, size)
        images = {
            name: np.asarray(prediction.render(x).convert("RGB")) for name, x in (("grey", 0), ("model", 1))
        }
        for name, image in images.items():
            rows[name].append(score(image, truth, truth_lab))
        true_cf.append(metrics.colorfulness(truth))
        if save:
            target = save / picture_name(file.relative_to(folder), names)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_photo(Image.fromarray(images["model"]), target, photo)
        if sheet and (len(true_cf) - 1) % step == 0 and len(groups) < SHEET_PHOTOS:
            group = (images["grey"], images["model"], truth)
            groups.append([square_tile(Image.fromarray(image), SHEET_SIDE) for image in group])
    if not true_cf:
        raise ValueError(f"There is no photo to score in {folder}. Received: {len(files)} files")
    table = {
        name: dict(zip(METRICS, np.nanmean(values, axis=0).tolist(), strict=True))
        for name, values in rows.items()
    }
    table["truth"] = {"psnr": None, "ssim": 1.0, "dE00": 0.0, "cf": float(np.mean(true_cf))}
    for row in table.values():
        row["dcf"] = abs(row["cf"] - table["truth"]["cf"])
    if sheet:
        data = io.BytesIO()
        contact_sheet(groups, across=2).save(data, "PNG", optimize=True)
        replace_file(sheet, data.getbuffer())
    return {"photos": len(true_cf), "skipped": skipped, "size": size, "rows": table}


def format_table(result: dict[str, Any]) -> str:
    """The table as text, with the number of photos and the reasons for those that were skipped."""
    lines = [f"{result['photos']} photos, {len(result['skipped'])} skipped; working size {result['size']}"]
    lines += [printable(f"  skipped {name}: {reason}") for name, reason in result["skipped"].items()]
    lines.append(f"{'':8}{'PSNR dB':>9}{'SSIM':>8}{'dE00':>8}{'CF':>8}{'dCF':>8}")
    for name, row in result["rows"].items():
        psnr = f"{row['psnr']:9.2f}" if row["psnr"] is not None else f"{'':9}"
        lines.append(f"{name:8}{psnr}{row['ssim']:8.3f}{row['dE00']:8.2f}{row['cf']:8.1f}{row['dcf']:8.1f}")
    lines.append(
        "Protocol: full resolution, 8-bit sRGB, means over photos; see colorizer/evaluation/evaluate.py."
    )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="colorizer evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="colour photos")
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument(
        "--size",
        type=int,
        default=SIZE,
        help=f"working size: the network sees about SIZE² pixels (default: {SIZE})",
    )
    parser.add_argument("--save", type=Path, metavar="OUT", help="write the coloured pictures here as PNG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table here")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="contact sheet (default: OUT/../OUT-sheet.png)"
    )
    hints = parser.add_argument_group("with hints", "what colours corrected by hand improve")
    hints.add_argument("--hints", type=int, nargs="+", metavar="N", help="numbers of hints, such as 0 1 5 20")
    hints.add_argument("--first", type=int, metavar="N", help="use only N photos, evenly spread")
    hints.add_argument(
        "--methods", nargs="+", choices=hint_benchmark.METHODS,
        help="what is compared (default: all; levin takes most of the time)",
    )  # fmt: skip
    hints.add_argument("--plot", type=Path, metavar="FILE", help="the figures against the number of hints")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    if options.hints is None and (options.first is not None or options.plot or options.methods):
        parser.error("--first, --methods and --plot belong to --hints")
    if options.hints and options.sheet:
        parser.error("--sheet shows photos without --hints. Received: both")
    if options.hints and not 0 <= min(options.hints) <= max(options.hints) <= MAX_HINTS:
        parser.error(f"--hints must lie between 0 and {MAX_HINTS}. Received: {options.hints}")
    if options.first is not None and options.first < 1:
        parser.error(f"--first must be at least 1. Received: {options.first}")
    sheet = options.sheet
    if sheet is None and options.save and not options.hints:
        # Not inside OUT: other tools score every picture in that folder.
        sheet = options.save.with_name(f"{options.save.name}-sheet.png")
    try:
        for target in (sheet, options.json, options.plot, options.save and options.save / "picture"):
            if target:
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.is_dir():
                    raise IsADirectoryError(f"{target} is a folder, not a file to write")
        colorizer = Colorizer.from_pretrained(options.weights)
        if options.hints:
            result = benchmark(
                colorizer, options.folder, options.hints, options.size, options.first, options.save,
                options.methods or hint_benchmark.METHODS,
            )  # fmt: skip
            table = hint_benchmark.format_table(result)
        else:
            result = evaluate(colorizer, options.folder, options.size, options.save, sheet)
            table = format_table(result)
        print(table)  # first: what follows may fail, and all the work was for this
        # With the checksum, nobody mistakes this table for that of other weights.
        result["weights"] = manifest.sha256(find_weights(options.weights))
        if options.plot:
            hint_benchmark.save_plot(options.plot, result)
        if options.json:
            replace_file(options.json, (json.dumps(result, indent=2) + "\n").encode())
    except (WeightsError, ValueError, OSError) as error:
        say(f"colorizer evaluate: {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
