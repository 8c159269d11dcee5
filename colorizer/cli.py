"""The command `colorizer`: colours a photo or whole folders, and starts everything else the project does.

    colorizer grandma.jpg -o coloured/
    colorizer scans/ album/ -o coloured/ --strength 1.2
    colorizer wedding.jpg --beside       # writes wedding-colour.jpg
    colorizer wedding.jpg --hints wedding.json -o out.jpg    # colours corrected by hand, see docs/hints.md
    colorizer - -o - < a.jpg > b.jpg     # in a pipeline
    colorizer film.mp4 -o coloured/      # a film, with the extra "video", see docs/film.md
    colorizer serve --port 8000          # or cluster, train, evaluate, …: `colorizer --help`

Folders are searched recursively and keep their shape under OUT. A file comes out as the type it went in
(GIF and the like as PNG), with its EXIF, and never half written; what is there already is skipped, so an
interrupted run is simply started again. Exit status: 0, or 1 if a photo failed, or 2 if nothing could be
begun, or 130 or 143 if it was stopped by SIGINT or SIGTERM after the photos in hand.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from colorizer import __version__, quiet_tensorflow
from colorizer.cpu import cores
from colorizer.errors import HintError, PhotoError, WeightsError
from colorizer.fast_import import gc_paused, hide_modules
from colorizer.film_types import CODECS, is_film
from colorizer.limits import (
    MAX_STRENGTH,
    MAX_WARMTH,
    SIZE,
    UNLIMITED,
    Limits,
    check_size,
    check_strength,
    tone_of,
)
from colorizer.shard import Shard
from colorizer.terminal import printable, say

if TYPE_CHECKING:
    from PIL import Image

    from colorizer.batch import Stop
    from colorizer.colorizer import Colorizer
    from colorizer.file_plan import Job
    from colorizer.hints.hint import Hint

# With fewer photos, TensorFlow needs more time to load than it could save: 3 s, for about 8 ms a photo
# where there is bfloat16.
FEW = 300
# Keras would load these, half a second's work, for galleries and tables that nobody asks the command for.
UNUSED = ("matplotlib", "pandas")


@dataclass(frozen=True)
class Command:
    """A sub-command: the module whose `main(arguments)` runs it, and the extra that has its libraries."""

    module: str
    purpose: str
    extra: str | None = None
    unused: tuple[str, ...] = ()  # libraries that Keras and Gradio load if they are there, without need


# A module is imported when its command is called: `colorizer --help` loads none of them.
COMMANDS = {
    "serve": Command("colorizer.page.serve", "start the page", "page", ("matplotlib",)),
    "cluster": Command("colorizer.cluster.command", "colour millions of photos on many machines", "cluster"),
    "train": Command("colorizer.training.cli", "train the network on photos of your own", "train"),
    "evaluate": Command(
        "colorizer.evaluation.evaluate", "measure how near the colours come to true ones", "eval"
    ),
    "publish": Command("colorizer.publishing.model_repo", "put weights on the Hugging Face Hub"),
    "deploy": Command("colorizer.publishing.space", "put the page on a Hugging Face Space"),
    "export": Command("colorizer.publishing.export", "write the network for another runtime", "export"),
    "card": Command("colorizer.publishing.model_card", "write the model card of weights"),
}
# The libraries that only an extra brings; without one, a sentence says which extra that is.
EXTRA_LIBRARIES = {
    "filelock", "fsspec", "gradio", "keras", "matplotlib", "onnx", "pyarrow", "ray", "skimage", "starlette",
    "tensorflow", "tf2onnx",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `colorizer`; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    quiet_tensorflow.install()
    name = arguments[0] if arguments else ""
    try:
        if name in COMMANDS:
            return run(name, arguments[1:])
        return color(arguments[1:] if name == "color" else arguments)
    except KeyboardInterrupt:  # Ctrl-C before the first photo, or a second one
        return _complain("stopped by SIGINT", 130)


def run(name: str, arguments: Sequence[str]) -> int:
    """Runs a sub-command; 2 if a library is missing that it needs."""
    command = COMMANDS[name]
    try:
        with gc_paused(), hide_modules(*command.unused):
            module = import_module(command.module)
        return int(module.main(arguments))
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRA_LIBRARIES:
            raise
        return _complain(
            f'`colorizer {name}` needs the extra "{command.extra}", and {library} is not installed: '
            f'in the repository, pip install ".[{command.extra}]"',
            2,
        )


class Parser(argparse.ArgumentParser):
    """A parser whose errors quote what the user wrote without control characters."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and the message, and exits with status 2."""
        super().error(printable(message))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line; wrong usage exits with status 2 and a sentence."""
    width = max(map(len, COMMANDS))
    others = "\n".join(f"  colorizer {name:{width}}  {command.purpose}" for name, command in COMMANDS.items())
    parser = Parser(
        prog="colorizer",
        description="Colours black-and-white photos. The colours are a network's guess, not the truth.",
        epilog=f"other commands, each with --help:\n{others}\n\n"
        "A folder of such a name is coloured by `colorizer color NAME -o OUT`.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"colorizer {__version__}")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "-o", "--output", type=Path, metavar="OUT",
        help="a folder; or a file name, if one photo is given and OUT ends like a photo",
    )  # fmt: skip
    place.add_argument(
        "--beside", action="store_true", help="write wedding-colour.jpg beside wedding.jpg, without OUT"
    )
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
    add_hint_options(parser)
    add_film_options(parser)
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument("--overwrite", action="store_true", help="colour again what is already there")
    parser.add_argument(
        "--pages", choices=("first", "all"), default="first",
        help="of a TIFF or PDF document: all become scan-p01.tif and so on (default: first)",
    )  # fmt: skip
    parser.add_argument("--negative", action="store_true", help="the photos are negatives: invert them")
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
    options = parser.parse_args(arguments)
    if options.workers is not None and options.workers < 1:
        parser.error(f"--workers must be at least 1. Received: {options.workers}")
    if options.crf is not None and not 0 <= options.crf <= 51:
        parser.error(f"--crf must lie between 0 and 51. Received: {options.crf}")
    try:
        check_size(options.size)
        check_strength(options.strength)
        tone_of(options.tone)
    except ValueError as error:
        parser.error(f"--{error}")
    if options.shard is not None:
        try:
            options.shard = Shard.parse(options.shard)
        except ValueError as error:
            parser.error(f"--shard: {error}")
    stream = Path("-")
    if stream in (*options.photos, options.output) and (
        len(options.photos) > 1 or options.output is None or options.output.is_dir()
    ):
        parser.error("- stands for a single photo: colorizer - -o -, or colorizer - -o FILE")
    for photo in options.photos:
        if photo != stream and not photo.exists():
            parser.error(f"there is no file or folder {photo}")
    if options.hints and (len(options.photos) > 1 or options.photos[0].is_dir()):
        parser.error("--hints is for a single photo; for several, put PHOTO.hints.json beside each")
    if options.hints_dir and not options.hints_dir.is_dir():
        parser.error(f"there is no folder {options.hints_dir}")
    return options


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


def read_corrections(options: argparse.Namespace) -> "tuple[tuple[Hint, ...] | None, Image.Image | None]":
    """The hints and the reference photo that the options name.

    Raises:
        HintError: the hints are malformed.
        PhotoError: the reference is not a photo.
        OSError: it cannot be read.
    """
    from colorizer.hints.hint_file import read_hints
    from colorizer.image.reader import read_photo

    hints = read_hints(options.hints) if options.hints and not is_film(options.photos[0]) else None
    if not options.reference:
        return hints, None
    limits = UNLIMITED if options.no_limits else Limits.from_environment()
    return hints, read_photo(options.reference, limits).original


def color(arguments: Sequence[str]) -> int:
    """Colours photos: `colorizer color`, or `colorizer` alone; returns its exit status."""
    options = parse(arguments)
    if Path("-") in (*options.photos, options.output):
        return color_pipe(options)
    from colorizer.file_plan import plan_files

    try:
        plan = plan_files(
            options.photos, options.output, options.pages == "all", options.shard, options.codec
        )
    except PhotoError as error:
        return _complain(str(error), 2)
    if not plan.jobs and options.shard is not None:  # an empty share is not a failure
        return _complain(f"there are no photos in shard {options.shard}", 0)
    if not plan.jobs:
        return _complain(f"there are no photos in {', '.join(map(str, options.photos))}", 1)
    for note in plan.notes:
        say(f"note: {note}")
    jobs = plan.jobs
    films = [job for job in jobs if job.is_film]
    if films and (missing := [name for name in ("av", "cv2") if find_spec(name) is None]):
        advice = (
            f'films need the extra "video", and {" and ".join(missing)} is not installed: '
            'in the repository, pip install ".[video]"'
        )
        jobs = tuple(job for job in jobs if not job.is_film)
        if not jobs or any(job.source in options.photos for job in films):
            return _complain(f"{films[0].source} is a film, and {advice}", 2)
        say(f"note: {len(films)} films are left out: {advice}")
        films = []
    folder = jobs[0].target.parent if len(jobs) == 1 or options.beside else options.output
    try:  # before the work, not after it
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return _complain(f"nothing can be written to {folder}: {error.strerror}", 2)

    try:
        hints, reference = read_corrections(options)
    except (HintError, PhotoError, OSError) as error:
        return _complain(str(error), 2)
    # A single photo gets all cores. Several get one each, which leaves none of them waiting.
    alone = len(jobs) == 1 and options.workers is None and not films
    workers = 1 if alone else min(options.workers or cores(), len(jobs))
    try:
        colorizer = load(options, threads=None if alone else 1, photos=FEW if films else len(jobs))
    except (WeightsError, ValueError) as error:
        return _complain(str(error), 2)
    from colorizer.batch import BatchColorizer, Stop, color_all

    batch = BatchColorizer(
        colorizer, options.size, options.strength, options.overwrite, options.keep_date, options.negative,
        options.tone, hints, options.hints_dir, reference,
    )  # fmt: skip
    photos = [job for job in jobs if not job.is_film]
    failed = False
    with Stop() as stop:
        if photos:
            result = color_all(batch, photos, workers, stop)
            say(result)
            failed = bool(result.failures)
        if films and not stop.by:
            failed |= color_films(options, colorizer, films, stop)
    return stop.status or (1 if failed else 0)


def color_films(options: argparse.Namespace, colorizer: "Colorizer", jobs: "list[Job]", stop: "Stop") -> bool:
    """Colours films; returns whether one of them failed."""
    from colorizer.video import command
    from colorizer.video.film import FilmOptions
    from colorizer.video.film_hints import read_film_hints

    try:
        hints = read_film_hints(options.hints) if options.hints else None
    except HintError as error:
        say(f"failed: {error}")
        return True
    settings = FilmOptions(options.size, options.strength, tone_of(options.tone))
    batch = command.FilmBatch(
        colorizer, settings, hints, options.hints_dir, options.codec, options.crf, options.overwrite,
        options.keep_date, options.workers,
    )  # fmt: skip
    result = command.color_films(batch, jobs, stop)
    say(f"films: {result}")
    return bool(result.failures)


def color_pipe(options: argparse.Namespace) -> int:
    """Colours a photo from standard input or to standard output; returns the exit status."""
    try:
        hints, reference = read_corrections(options)
        colorizer = load(options, threads=None, photos=1)
    except (WeightsError, ValueError, OSError) as error:
        return _complain(str(error), 2)
    from colorizer.pipe import color_stream

    source, target = options.photos[0], options.output
    try:
        notes = color_stream(
            colorizer, source, target, options.size, options.strength, options.negative,
            options.tone, hints or (), reference,
        )  # fmt: skip
    except (OSError, ValueError, MemoryError) as error:
        return _complain(str(error) or type(error).__name__, 1)
    for note in notes:
        say(f"note: {note}")
    return 0


def load(options: argparse.Namespace, threads: int | None, photos: int) -> "Colorizer":
    """The colorizer that the options ask for.

    Raises:
        WeightsError: no weights, or damaged ones.
        ValueError: a limit in the environment is not a number above 0.
    """
    with gc_paused(), hide_modules(*UNUSED):
        from colorizer.colorizer import Colorizer
        from colorizer.model.runtime import select_runtime

        limits = UNLIMITED if options.no_limits else Limits.from_environment()
        if options.no_limits:
            lift_pillows_limit()
        runtime = select_runtime(threads=threads, fast_start=photos < FEW)
        return Colorizer.from_pretrained(options.weights, limits, runtime)


def lift_pillows_limit() -> None:
    """Pillow refuses 179 megapixels by itself."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None


def _complain(text: str, status: int) -> int:
    say(f"colorizer: {text}")
    return status
