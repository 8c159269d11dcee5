"""Films on the command line: `colorizer film.mp4 -o coloured/` comes here for each film.

    result = color_films(FilmBatch(colorizer, options), jobs, stop)

Films are coloured one after the other, each with all cores and with a bar that shows the time left. As with
photos, a film that fails is named and the others go on, and a result is a whole file or not there.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from colorizer.atomic_write import remove_leftovers
from colorizer.batch import FATAL, Result, Stop
from colorizer.colorizer import Colorizer
from colorizer.errors import FilmError
from colorizer.file_plan import Job
from colorizer.film_types import CONTAINERS, film_codec
from colorizer.hints.hint_file import find_hint_file
from colorizer.terminal import printable
from colorizer.video.encoder import Quality
from colorizer.video.film import FilmColorizer, FilmOptions, FilmProgress, FilmStopped
from colorizer.video.film_hints import TimedHints, read_film_hints
from colorizer.video.provenance import digest_of_film, source_of_film


@dataclass(frozen=True)
class FilmBatch:
    """The colorizer and the settings for all films of a run.

    Attributes:
        colorizer: with one thread, see `FilmColorizer`.
        options: all but the codec, which depends on the container.
        hints: for every film; None for those in the file beside the film, if there is one.
        hints_dir: the folder with these files; None if they lie beside the films.
        codec: one of `film_types.CODECS`; None for what is usual in a film's container.
        crf: see `Quality`.
        overwrite: whether films are coloured again whose result exists.
        keep_date: whether a result's file gets the date of the film's file.
        workers: frames that are analysed at a time; one for each core if None.
    """

    colorizer: Colorizer
    options: FilmOptions = field(default_factory=FilmOptions)
    hints: tuple[TimedHints, ...] | None = None
    hints_dir: Path | None = None
    codec: str | None = None
    crf: int | None = None
    overwrite: bool = False
    keep_date: bool = False
    workers: int | None = None

    def hints_for(self, job: Job) -> tuple[TimedHints, ...]:
        """The hints of a film.

        Raises:
            HintError: the file of its hints is malformed.
        """
        if self.hints is not None:
            return self.hints
        file = find_hint_file(self.hints_dir / job.name if self.hints_dir else job.beside)
        return read_film_hints(file) if file else ()

    def quality_for(self, target: Path) -> Quality:
        """The codec and quality in the container that a path names.

        Raises:
            FilmError: the container is not written, or cannot hold the codec.
        """
        container = CONTAINERS.get(target.suffix.lower())
        if container is None:
            known = " ".join(CONTAINERS)
            raise FilmError(f"Films are written as {known}. Received: {target.name}")
        codec = film_codec(target.suffix, self.codec)
        if codec not in container[1]:
            raise FilmError(f"{target.suffix} holds {', '.join(container[1])}. Received: {codec}")
        return Quality(codec, self.crf)


def color_films(batch: FilmBatch, jobs: Sequence[Job], stop: Stop) -> Result:
    """Colours films; reports failures on standard error and continues.

    Args:
        batch: the colorizer with its settings.
        jobs: the films and their targets.
        stop: checked after every frame.

    Returns:
        The counts, of films. `stopped_by` says what ended the run early: a signal, or a full disk.
    """
    result = Result()
    for folder in {job.target.parent for job in jobs}:
        remove_leftovers(folder)
    for job in jobs:
        if stop.by or result.stopped_by:
            break
        try:
            if _is_done(job, batch.overwrite):
                result.skipped += 1
                continue
            _color(batch, job, stop)
            result.done += 1
        except FilmStopped:
            break
        # FilmError is a ValueError; FFmpeg's errors are OSErrors where the system has a number for them.
        except (OSError, ValueError, MemoryError) as error:
            result.failures.append(f"{job.source}: {str(error) or type(error).__name__}")
            print(printable(f"failed: {result.failures[-1]}"), file=sys.stderr)
            if isinstance(error, OSError) and error.errno in FATAL:
                result.stopped_by = f"the disk ({os.strerror(error.errno or 0)})"
    result.stopped_by = result.stopped_by or stop.by
    result.left = len(jobs) - result.done - result.skipped - len(result.failures)
    return result


def _color(batch: FilmBatch, job: Job, stop: Stop) -> None:
    options = replace(batch.options, hints=batch.hints_for(job), quality=batch.quality_for(job.target))
    job.target.parent.mkdir(parents=True, exist_ok=True)
    films = FilmColorizer(batch.colorizer, options, batch.workers)
    silent = None if sys.stderr else True  # no bar in a log file, and none without standard error
    with tqdm(unit="frame", disable=silent, desc=printable(job.source.name)) as bar:

        def show(progress: FilmProgress) -> None:
            if bar.n == 0 and progress.resumed:
                bar.initial = bar.n = progress.resumed
            bar.total = max(progress.total or 0, progress.done) or None
            bar.update(progress.done - bar.n)

        report = films.color(job.source, job.target, show, lambda: bool(stop.by))
    if batch.keep_date:
        times = job.source.stat()
        os.utime(job.target, ns=(times.st_atime_ns, times.st_mtime_ns))
    for note in report.notes:
        print(printable(f"note: {job.source.name}: {note}"), file=sys.stderr)


def _is_done(job: Job, overwrite: bool) -> bool:
    """Whether the result exists; raises FileExistsError if the target is another file."""
    if not job.target.exists():
        return False
    if job.target.samefile(job.source):
        raise FileExistsError("it would overwrite itself: choose another OUT, or --beside")
    if overwrite:
        return False
    made_from = source_of_film(job.target)
    if made_from is None:
        raise FileExistsError(f"{job.target} exists and is not a result: choose another OUT, or --overwrite")
    if made_from != digest_of_film(job.source):
        raise FileExistsError(
            f"{job.target} exists and was made from another film, or from another version of this one: "
            "choose another OUT, or --overwrite"
        )
    return True
