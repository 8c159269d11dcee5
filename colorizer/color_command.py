"""Colours photos and films from the command line: `colorizer PHOTO … -o OUT`.

    status = color(["scans/", "-o", "coloured/"])        # 0, 1, 2, 130 or 143, see `cli.py`

`color_options.py` reads the command line, `file_plan.py` decides the names of the results; here the work is
chosen and handed to `batch.py`, `pipe.py` or `video/`. Every library is loaded as late as possible.
"""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.color_options import parse
from colorizer.cpu import cores
from colorizer.errors import HintError, PhotoError, WeightsError
from colorizer.fast_import import gc_paused, hide_modules
from colorizer.film_types import is_film
from colorizer.limits import UNLIMITED, Limits, tone_of
from colorizer.terminal import complain, say

if TYPE_CHECKING:
    from PIL import Image

    from colorizer.batch import Stop
    from colorizer.colorizer import Colorizer
    from colorizer.file_plan import Job
    from colorizer.hints.hint import Hint

# With fewer photos, TensorFlow needs more time to load than it could save: 3 s, for about 8 ms a photo
# where there is bfloat16.
FEW = 300
# Keras would load the first two, half a second's work, for galleries and tables that nobody asks the command
# for. Numba would load the third, a sixth of the command's time with one photo, for linear algebra that no
# kernel has.
UNUSED = ("matplotlib", "pandas", "scipy")


def read_corrections(options: argparse.Namespace) -> "tuple[tuple[Hint, ...] | None, Image.Image | None]":
    """The hints and the reference photo that the options name.

    Raises:
        HintError: the hints are malformed.
        PhotoError: the reference is not a photo.
        OSError: it cannot be read.
        ValueError: a limit in the environment is not a number above 0.
    """
    from colorizer.hints.hint_file import read_hints
    from colorizer.image.reader import read_photo

    hints = read_hints(options.hints) if options.hints and not is_film(options.photos[0]) else None
    if not options.reference:
        return hints, None
    limits = UNLIMITED if options.no_limits else Limits.from_environment()
    return hints, read_photo(options.reference, limits).original


def color(arguments: Sequence[str], epilog: str = "") -> int:
    """Colours photos: `colorizer color`, or `colorizer` alone; returns its exit status.

    Args:
        arguments: of the command line.
        epilog: the end of the help.
    """
    options = parse(arguments, epilog)
    if Path("-") in (*options.photos, options.output):
        return color_pipe(options)
    from colorizer.file_plan import plan_files

    try:
        plan = plan_files(
            options.photos, options.output, options.pages == "all", options.shard, options.codec
        )
    except (PhotoError, OSError) as error:
        return complain(str(error), 2)
    for failure in plan.failures:
        say(f"failed: {failure}")
    if not plan.jobs and options.shard is not None:  # an empty share is not a failure
        return complain(f"there are no photos in shard {options.shard}", 1 if plan.failures else 0)
    if not plan.jobs:
        return complain(f"there are no photos in {', '.join(map(str, options.photos))}", 1)
    for note in plan.notes:
        say(f"note: {note}")
    try:
        jobs = supported_jobs(plan.jobs, options.photos)
        is_file = len(jobs) == 1 or jobs[0].exact  # of a document, OUT names several files
        check_writable(jobs[0].target.parent if is_file or options.beside else options.output)
    except ValueError as error:
        return complain(str(error), 2)
    try:
        hints, reference = read_corrections(options)
    except (OSError, ValueError) as error:
        return complain(str(error), 2)
    films = [job for job in jobs if job.is_film]
    # A single photo gets all cores. Several photos get one core each, so that no core waits.
    alone = len(jobs) == 1 and options.workers is None and not films
    workers = 1 if alone else min(options.workers or cores(), len(jobs))
    try:
        colorizer = load(options, threads=None if alone else 1, photos=FEW if films else len(jobs))
    except (WeightsError, ValueError) as error:
        return complain(str(error), 2)
    from colorizer.batch import BatchColorizer, Stop, color_all

    batch = BatchColorizer(
        colorizer, options.size, options.strength, options.overwrite, options.keep_date, options.negative,
        options.tone, hints, options.hints_dir, reference,
    )  # fmt: skip
    photos = [job for job in jobs if not job.is_film]
    failed = bool(plan.failures)
    with Stop() as stop:
        if photos:
            result = color_all(batch, photos, workers, stop)
            say(result)
            failed |= bool(result.failures)
        if films and not stop.by:
            failed |= color_films(options, colorizer, films, stop)
    return stop.status or (1 if failed else 0)


def supported_jobs(jobs: "tuple[Job, ...]", named: Sequence[Path]) -> "tuple[Job, ...]":
    """All jobs; without the films where their libraries are missing.

    Raises:
        ValueError: nothing is left, or a film that the command line names is.
    """
    films = [job for job in jobs if job.is_film]
    missing = [name for name in ("av", "cv2") if find_spec(name) is None]
    if not films or not missing:
        return jobs
    verb = "is" if len(missing) == 1 else "are"
    advice = (
        f'films need the extra "video", and {" and ".join(missing)} {verb} not installed: '
        'in the repository, pip install ".[video]"'
    )
    photos = tuple(job for job in jobs if not job.is_film)
    if not photos or any(job.source in named for job in films):
        raise ValueError(f"{films[0].source} is a film, and {advice}")
    say(f"note: {len(films)} films are left out: {advice}")
    return photos


def check_writable(folder: Path) -> None:
    """Makes the folder of the results and checks that files can be written there: before the work, not after.

    Raises:
        ValueError: they cannot.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(f"nothing can be written to {folder}: {error.strerror}") from error


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
    if options.negative or options.reference:
        say("note: --negative and --reference are for photos; films are coloured without them")
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
    from colorizer.hints.hint_file import find_hint_file, read_hints

    photo = options.photos[0]
    try:
        hints, reference = read_corrections(options)
        if hints is None and photo != Path("-"):
            file = find_hint_file(options.hints_dir / photo.name if options.hints_dir else photo)
            hints = read_hints(file) if file else None
        colorizer = load(options, threads=None, photos=1)
    except (WeightsError, ValueError, OSError) as error:
        return complain(str(error), 2)
    from colorizer.pipe import color_stream

    try:
        notes = color_stream(
            colorizer, photo, options.output, options.size, options.strength, options.negative,
            options.tone, hints or (), reference,
        )  # fmt: skip
    except (OSError, ValueError, MemoryError) as error:
        return complain(str(error) or type(error).__name__, 1)
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
        from colorizer.image.decoders import silence_libtiff
        from colorizer.model.runtime import select_runtime

        silence_libtiff()
        limits = UNLIMITED if options.no_limits else Limits.from_environment()
        if options.no_limits:
            lift_pillows_limit()
        runtime = select_runtime(threads=threads, fast_start=photos < FEW)
        return Colorizer.from_pretrained(options.weights, limits, runtime)


def lift_pillows_limit() -> None:
    """Pillow refuses 179 megapixels by itself."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
