"""The command: colours a photo, or whole folders.

    python -m colorizer grandma.jpg -o coloured/
    python -m colorizer scans/ album/ -o coloured/ --strength 1.2

Folders are searched recursively and keep their shape under OUT. A file comes out as the type it went in
(GIF and the like as PNG), with its EXIF, and never half written; what is there already is skipped, so an
interrupted run is simply started again. Exit status: 0, or 1 if a photo failed, or 2 for wrong usage.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

# What a folder is searched for; a file named on the command line is tried whatever its suffix.
PHOTO_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", ".bmp", ".gif", ".pgm",
    ".ppm", ".jp2", ".tga", ".mpo",
}  # fmt: skip


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line; wrong usage exits with status 2 and a sentence."""
    from colorizer.colorizer import LARGEST_SIZE, SIZE, SMALLEST_SIZE, STRONGEST

    parser = argparse.ArgumentParser(
        prog="python -m colorizer",
        description="Colours black-and-white photos. The colours are a network's guess, not the truth.",
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT",
        help="a folder; or a file name, if one photo is given and OUT ends like a photo",
    )  # fmt: skip
    parser.add_argument(
        "--size", type=int, default=SIZE, help=f"the network sees about SIZE² pixels (default: {SIZE})"
    )
    parser.add_argument(
        "--strength", type=float, default=1.0, help="0 is grey, 1 as predicted (default), up to 2"
    )
    parser.add_argument("--weights", help="file, folder or hf://owner/name@revision (default: the shipped)")
    parser.add_argument("--overwrite", action="store_true", help="colour again what is already there")
    options = parser.parse_args(arguments)
    if not SMALLEST_SIZE <= options.size <= LARGEST_SIZE:
        parser.error(f"--size must lie between {SMALLEST_SIZE} and {LARGEST_SIZE}. Received: {options.size}")
    if not 0 <= options.strength <= STRONGEST:
        parser.error(f"--strength must lie between 0 and {STRONGEST:g}. Received: {options.strength}")
    for photo in options.photos:
        if not photo.exists():
            parser.error(f"there is no file or folder {photo}")
    return options


def find(inputs: list[Path], output: Path) -> Iterator[tuple[Path, Path]]:
    """Pairs every photo with the place of its coloured copy, whose suffix is still the photo's own."""
    single = len(inputs) == 1 and inputs[0].is_file() and not output.is_dir()
    if single and output.suffix.lower() in PHOTO_SUFFIXES:
        yield inputs[0], output
        return
    inside = output.resolve()
    for source in inputs:
        if source.is_file():
            yield source, output / source.name
            continue
        for file in sorted(source.rglob("*")):
            wanted = file.suffix.lower() in PHOTO_SUFFIXES and not file.name.startswith(".")
            # OUT may lie inside the folder: what was coloured last time is not coloured again.
            if wanted and file.is_file() and not file.resolve().is_relative_to(inside):
                yield file, output / file.relative_to(source)


def color_all(colorizer, pairs: list[tuple[Path, Path]], options: argparse.Namespace) -> int:
    """Colours one photo after the other; says what failed and goes on. Returns the number of failures."""
    from colorizer.output import suffix_of
    from colorizer.photo import read_photo

    done = skipped = 0
    failures: list[str] = []
    taken: dict[Path, Path] = {}
    with tqdm(pairs, unit="photo", disable=None) as progress:
        for source, target in progress:
            progress.set_postfix_str(source.name)
            try:
                if target in taken:
                    raise FileExistsError(f"{taken[target]} has the same name and was written to {target}")
                taken[target] = source
                if target.exists() and target.samefile(source):
                    raise FileExistsError("it would overwrite itself: give another OUT")
                if target.exists() and not options.overwrite:
                    skipped += 1
                    continue
                photo = read_photo(source)
                if target.name == source.name and suffix_of(photo).lower() != target.suffix.lower():
                    target = target.with_suffix(suffix_of(photo))
                    if target.exists() and not options.overwrite:
                        skipped += 1
                        continue
                target.parent.mkdir(parents=True, exist_ok=True)
                colorizer.predict(photo, options.size).save(target, options.strength)
                done += 1
            # PhotoError is a ValueError; MemoryError can come with a huge scan. One photo's trouble is
            # named and must not cost the other 49,999.
            except (OSError, ValueError, MemoryError) as error:
                failures.append(f"{source}: {error or type(error).__name__}")
                progress.write(f"failed: {failures[-1]}", file=sys.stderr)
    print(f"{done} coloured, {skipped} already there, {len(failures)} failed", file=sys.stderr)
    return len(failures)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = parse(arguments)
    pairs = list(find(options.photos, options.output))
    if not pairs:
        print(f"colorizer: there are no photos in {', '.join(map(str, options.photos))}", file=sys.stderr)
        return 1

    from colorizer.colorizer import Colorizer
    from colorizer.weights import WeightsError

    try:
        colorizer = Colorizer.from_pretrained(options.weights)
    except WeightsError as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 2
    return 1 if color_all(colorizer, pairs, options) else 0


if __name__ == "__main__":
    sys.exit(main())
