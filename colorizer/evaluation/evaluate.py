"""Scores the colorizer on colour photos: greys them, colours them, compares with the truth.

    colorizer evaluate FOLDER
    colorizer evaluate FOLDER --weights W --save OUT --json figures.json

Protocol. Every photo in FOLDER, at its own resolution, in sRGB. Its L* alone goes in, by way of the same
`Colorizer.predict` that users call. PSNR, SSIM (data range 255) and colourfulness on 8-bit RGB, CIEDE2000
as the mean over pixels; each figure is the mean over photos. The grey row is the photo's own L* with
a* = b* = 0: PSNR and SSIM reward caution, so no figure means anything without it. dCF is the distance of
the mean colourfulness from the truth's.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorizer.atomic_write import replace_file
from colorizer.colorizer import Colorizer
from colorizer.errors import PhotoError, WeightsError
from colorizer.evaluation import metrics, plots
from colorizer.image import color
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from colorizer.limits import SIZE
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import find_weights

FIGURES = ("psnr", "ssim", "dE00", "cf")
SHEET_PHOTOS, SHEET_SIDE = 24, 192


def score(image: np.ndarray, truth: np.ndarray, truth_lab: np.ndarray) -> tuple[float, ...]:
    """PSNR, SSIM, CIEDE2000 and colourfulness of one (H, W, 3) uint8 picture."""
    lab = color.rgb_to_lab(image.astype(np.float32) / 255)
    similar = metrics.ssim(image, truth) if min(truth.shape[:2]) >= 7 else float("nan")
    difference = float(metrics.ciede2000(lab, truth_lab).mean())
    return metrics.psnr(image, truth), similar, difference, metrics.colorfulness(image)


def _tile(image: np.ndarray) -> np.ndarray:
    """A square of `SHEET_SIDE`, the whole picture on white."""
    picture = Image.fromarray(image)
    picture.thumbnail((SHEET_SIDE, SHEET_SIDE), Image.LANCZOS)
    tile = Image.new("RGB", (SHEET_SIDE, SHEET_SIDE), "white")
    tile.paste(picture, ((SHEET_SIDE - picture.width) // 2, (SHEET_SIDE - picture.height) // 2))
    return np.asarray(tile)


def evaluate(
    colorizer: Colorizer, folder: Path, size: int = SIZE, save: Path | None = None, sheet: Path | None = None
) -> dict:
    """Scores every colour photo in `folder`.

    Args:
        colorizer: the one to score.
        folder: colour photos, searched recursively.
        size: the working size, as in `Colorizer.colorize`.
        save: if given, the coloured pictures go here under their own names as PNG.
        sheet: if given, a contact sheet of grey, coloured and true photos goes here as PNG.

    Returns:
        {"photos": number, "skipped": {name: why}, "size": size, "rows": {"grey" | "model" | "truth":
        {"psnr", "ssim", "dE00", "cf", "dcf"}}}.

    Raises:
        ValueError: no photo in `folder` can be scored.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    rows: dict[str, list] = {"grey": [], "model": []}
    true_cf, tiles, skipped = [], [], {}
    step = max(1, len(files) // SHEET_PHOTOS)
    saved: set[Path] = set()
    for file in tqdm(files, unit="photo", disable=None):
        try:
            photo = read_photo(file)
        except PhotoError as error:
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
            target = save / file.relative_to(folder).with_suffix(".png")
            if target in saved:  # one.jpg beside one.png
                target = target.with_name(f"{file.name}.png")
            saved.add(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_photo(Image.fromarray(images["model"]), target, photo)
        if sheet and (len(true_cf) - 1) % step == 0 and len(tiles) < SHEET_PHOTOS:
            tiles.append([_tile(images["grey"]), _tile(images["model"]), _tile(truth)])
    if not true_cf:
        raise ValueError(f"There is no photo to score in {folder}. Received: {len(files)} files")
    table = {
        name: dict(zip(FIGURES, np.nanmean(values, axis=0).tolist(), strict=True))
        for name, values in rows.items()
    }
    table["truth"] = {"psnr": None, "ssim": 1.0, "dE00": 0.0, "cf": float(np.mean(true_cf))}
    for row in table.values():
        row["dcf"] = abs(row["cf"] - table["truth"]["cf"])
    if sheet:
        plots.save_samples(sheet, *(np.stack(column) for column in zip(*tiles, strict=True)))
    return {"photos": len(true_cf), "skipped": skipped, "size": size, "rows": table}


def format_table(result: dict) -> str:
    """The figures as text, with what they were measured on."""
    lines = [
        f"{result['photos']} photos, {len(result['skipped'])} skipped; the network sees {result['size']}²"
    ]
    lines += [f"  skipped {name}: {why}" for name, why in result["skipped"].items()]
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
        "--size", type=int, default=SIZE, help=f"the network sees SIZE² pixels (default: {SIZE})"
    )
    parser.add_argument("--save", type=Path, metavar="OUT", help="write the coloured pictures here as PNG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table here as well")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="contact sheet (default: OUT/../OUT-sheet.png)"
    )
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    sheet = options.sheet
    if sheet is None and options.save:
        # Not inside OUT: that folder is for tools that score every picture in it.
        sheet = options.save.with_name(f"{options.save.name}-sheet.png")
    for target in (sheet, options.json):
        if target:
            target.parent.mkdir(parents=True, exist_ok=True)
    try:
        colorizer = Colorizer.from_pretrained(options.weights)
        result = evaluate(colorizer, options.folder, options.size, options.save, sheet)
    except (WeightsError, ValueError) as error:
        print(f"colorizer evaluate: {error}", file=sys.stderr)
        return 2
    print(format_table(result))
    result["weights"] = manifest.sha256(
        find_weights(options.weights)
    )  # figures must not be taken for those of other weights
    if options.json:
        replace_file(options.json, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
