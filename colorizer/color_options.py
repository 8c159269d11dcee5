"""The options of the command that colours photos and films: what they are, and whether they fit together.

    options = parse(["grandma.jpg", "-o", "coloured/"])

This loads neither NumPy nor Pillow, so that help and wrong usage are answered at once.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from colorizer import __version__
from colorizer.film_types import CODECS
from colorizer.limits import MAX_STRENGTH, MAX_WARMTH, SIZE, check_size, check_strength, tone_of
from colorizer.shard import Shard
from colorizer.terminal import printable


class Parser(argparse.ArgumentParser):
    """A parser whose errors quote what the user wrote without control characters."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and the message, and exits with status 2."""
        super().error(printable(message))


def parse(arguments: Sequence[str], epilog: str = "") -> argparse.Namespace:
    """Reads the command line; wrong usage exits with status 2 and a sentence. `epilog` ends the help."""
    parser = Parser(
        prog="colorizer",
        description="Colours black-and-white photos. The colours are a network's guess, not the truth.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"colorizer {__version__}")
    add_file_options(parser)
    add_color_options(parser)
    add_hint_options(parser)
    add_film_options(parser)
    add_work_options(parser)
    options = parser.parse_args(arguments)
    try:
        check_options(options)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:  # a name that is too long, a folder that may not be entered
        parser.error(f"{error.filename}: {error.strerror}")
    return options


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """What is coloured, and where the results go."""
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "-o", "--output", type=Path, metavar="OUT",
        help="a folder; or a file name, if one photo is given and OUT ends like a photo",
    )  # fmt: skip
    place.add_argument(
        "--beside", action="store_true", help="write wedding-colour.jpg beside wedding.jpg, without OUT"
    )


def add_color_options(parser: argparse.ArgumentParser) -> None:
    """How the colours are made."""
    parser.add_argument(
        "--size", type=int, default=SIZE, help=f"the network sees about SIZE² pixels (default: {SIZE})"
    )
    parser.add_argument(
        "--strength", type=float, default=1.0,
        help=f"0 is grey, 1 as predicted (default), up to {MAX_STRENGTH:g}",
    )  # fmt: skip
    parser.add_argument(
        "--tone", type=float, default=0.0,
        help=f"0 as predicted (default), 1 warmer, -1 cooler, up to {MAX_WARMTH:g}",
    )  # fmt: skip
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument("--negative", action="store_true", help="the photos are negatives: invert them")


def add_hint_options(parser: argparse.ArgumentParser) -> None:
    """Options for colours corrected by hand."""
    group = parser.add_argument_group(
        "colours corrected by hand",
        "For wedding.jpg, hints in wedding.hints.json beside it are used. See docs/hints.md.",
    )
    own = group.add_mutually_exclusive_group()
    own.add_argument(
        "--hints", type=Path, metavar="FILE", help="JSON, or an earlier result, which holds its hints"
    )
    own.add_argument(
        "--hints-dir", type=Path, metavar="DIR", help="where wedding.hints.json lies if not beside the photo"
    )
    group.add_argument(
        "--reference", type=Path, metavar="PHOTO", help="photos without hints get colours like this picture's"
    )


def add_film_options(parser: argparse.ArgumentParser) -> None:
    """Options for films."""
    group = parser.add_argument_group("films", 'They need the extra "video". See docs/film.md.')
    group.add_argument(
        "--codec", choices=CODECS, help="how the pictures are encoded (default: h264; in WebM vp9)"
    )
    group.add_argument(
        "--crf", type=int, metavar="N",
        help="quality of the pictures, 1 to 51, less is better (default: 18 for h264); 0 keeps the film's "
        "brightness to the last bit",
    )  # fmt: skip


def add_work_options(parser: argparse.ArgumentParser) -> None:
    """How files are read and written, and by how many processes."""
    parser.add_argument("--overwrite", action="store_true", help="colour again what is already there")
    parser.add_argument(
        "--pages", choices=("first", "all"), default="first",
        help="of a TIFF or PDF document: all become scan-p01.tif and so on (default: first)",
    )  # fmt: skip
    parser.add_argument(
        "--keep-date", action="store_true", help="give the result the date of its photo's file"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N",
        help="photos at a time, each on one processor core (default: as many as there are cores)",
    )  # fmt: skip
    parser.add_argument(
        "--shard", metavar="K/N",
        help="only the photos of the Kth of N shares; N machines, K = 1 … N, colour each photo once",
    )  # fmt: skip
    parser.add_argument(
        "--no-limits", action="store_true",
        help="photos of any size, taking any time (the limits: see README)",
    )  # fmt: skip


def check_options(options: argparse.Namespace) -> None:
    """Checks that the options are in range and fit together; reads the shard.

    Raises:
        ValueError: they do not; the text names the option.
    """
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers must be at least 1. Received: {options.workers}")
    if options.crf is not None and not 0 <= options.crf <= 51:
        raise ValueError(f"--crf must lie between 0 and 51. Received: {options.crf}")
    try:
        check_size(options.size)
        check_strength(options.strength)
        tone_of(options.tone)
    except ValueError as error:
        raise ValueError(f"--{error}") from error
    if options.shard is not None:
        try:
            options.shard = Shard.parse(options.shard)
        except ValueError as error:
            raise ValueError(f"--shard: {error}") from error
    stream = Path("-")
    if stream in (*options.photos, options.output) and (
        len(options.photos) > 1 or options.output is None or options.output.is_dir()
    ):
        raise ValueError("- stands for a single photo: colorizer - -o -, or colorizer - -o FILE")
    if stream in options.photos and options.hints_dir:
        raise ValueError("--hints-dir is for photos with names; for standard input, use --hints FILE")
    for photo in options.photos:
        if photo != stream and not photo.exists():
            raise ValueError(f"there is no file or folder {photo}")
    if options.hints and (len(options.photos) > 1 or options.photos[0].is_dir()):
        raise ValueError("--hints is for a single photo; for several, put PHOTO.hints.json beside each")
    if options.hints_dir and not options.hints_dir.is_dir():
        raise ValueError(f"there is no folder {options.hints_dir}")
