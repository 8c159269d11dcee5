"""Colours many photos: several at a time, each failure reported on its own, safe to stop at any moment.

    with Stop() as stop:
        result = color_all(BatchColorizer(colorizer), plan.jobs, workers=2, stop=stop)

Each worker processes a photo from file to file on one thread. Pillow, NumPy and TensorFlow release Python's
lock, so that one photo is decoded while the network works on the next and a third is encoded. Every file is
written whole or not at all (`atomic_write.py`), and existing results are skipped: to continue an interrupted
run, start it again.
"""

import errno
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Condition
from typing import Any, Self

from PIL import Image
from tqdm import tqdm

from colorizer.atomic_write import FULL, remove_leftovers
from colorizer.colorizer import Colorizer
from colorizer.errors import HintError
from colorizer.file_plan import Job
from colorizer.hints.hint import Hint, parse_hints
from colorizer.hints.hint_file import find_hint_file, read_hints
from colorizer.image import pdf
from colorizer.image.file_types import SUFFIXES, suffix_of
from colorizer.image.metadata_writer import XMP_FORMATS
from colorizer.image.negative import invert
from colorizer.image.photo import Photo
from colorizer.image.provenance import digest_of_file, hints_of, source_of
from colorizer.image.reader import pixels_of, read_photo
from colorizer.limits import SIZE, tone_of
from colorizer.terminal import printable

# Pixels in memory at the same time, about 12 bytes each: large scans must not add up.
MAX_PIXELS_AT_ONCE = 100_000_000
# With these errors no other photo can be written either.
FATAL = {*FULL, errno.EROFS}


@dataclass
class Result:
    """The counts of a batch."""

    done: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    left: int = 0
    stopped_by: str = ""

    def __str__(self) -> str:
        text = f"{self.done} coloured, {self.skipped} already there, {len(self.failures)} failed"
        if self.stopped_by:
            text += f"; stopped by {self.stopped_by}, {self.left} left: the same command continues from here"
        return text


class Stop:
    """Makes SIGINT and SIGTERM end a batch after the current photos; a second signal ends it at once."""

    def __init__(self) -> None:
        self.by, self.status = "", 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: object) -> None:
        self.by, self.status = signal.Signals(number).name, 128 + number
        for other in self._before:
            signal.signal(other, signal.SIG_DFL)


class MemorySemaphore:
    """Admits photos as long as they have at most `limit` pixels together, and always one."""

    def __init__(self, limit: int = MAX_PIXELS_AT_ONCE):
        self._limit, self._used, self._changed = limit, 0, Condition()

    @contextmanager
    def acquire(self, pixels: int) -> Iterator[None]:
        """Waits until this many pixels are free, and holds them."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._limit)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


@dataclass(frozen=True, eq=False)
class BatchColorizer:
    """The colorizer and the settings for every photo of a batch.

    Attributes:
        colorizer: shared by all workers.
        size: as in `Colorizer.colorize`.
        strength: as in `Colorizer.colorize`.
        overwrite: whether photos whose result exists are coloured again.
        keep_date: whether a result's file gets the date of the photo's file.
        negative: whether the photos are negatives and are inverted.
        tone: 0 as predicted, 1 warmer, -1 cooler; see `limits.tone_of`.
        hints: for every photo; None for those in the file beside the photo, if there is one.
        hints_dir: the folder with these files, in the shape of the folder of the photos; None if they lie
            beside the photos.
        reference: a picture that gives its colours to photos without hints; see `Prediction.hints_like`.
        memory: how many pixels are in memory at the same time.
    """

    colorizer: Colorizer
    size: int = SIZE
    strength: float = 1.0
    overwrite: bool = False
    keep_date: bool = False
    negative: bool = False
    tone: float = 0.0
    hints: tuple[Hint, ...] | None = None
    hints_dir: Path | None = None
    reference: Image.Image | None = None
    memory: MemorySemaphore = field(default_factory=MemorySemaphore)

    def color(self, job: Job) -> tuple[bool, tuple[str, ...]]:
        """Colours one photo.

        Returns:
            Whether there was no result yet, and notes about the photo.

        Raises:
            OSError, ValueError, MemoryError: the photo cannot be read, coloured or written, or the target
                exists and is not its result.
        """
        hints = self._hints(job)
        if self._is_done(job.source, job.target, hints):
            return False, ()
        with self.memory.acquire(pixels_of(job.source)):
            photo = self._read(job)
            target = job.target
            if not job.exact and suffix_of(photo).lower() != target.suffix.lower():
                target = job.target_of_type(suffix_of(photo))
                if self._is_done(job.source, target, hints):
                    return False, ()
            target.parent.mkdir(parents=True, exist_ok=True)
            prediction = self.colorizer.predict(photo, self.size).with_tone(*tone_of(self.tone))
            if self.reference and not hints:
                hints = prediction.hints_like(self.reference)
            notes = prediction.with_hints(hints).save(target, self.strength)
            if self.keep_date:
                times = job.source.stat()
                os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
        return True, photo.notes + notes

    def _hints(self, job: Job) -> tuple[Hint, ...]:
        if self.hints is not None:
            return self.hints
        file = find_hint_file(self.hints_dir / job.name if self.hints_dir else job.beside)
        return read_hints(file) if file else ()

    def _read(self, job: Job) -> Photo:
        limits = self.colorizer.limits
        if job.source.suffix.lower() == ".pdf":
            picture, count = pdf.read_page(job.source, job.page, limits)
            several = job.page is None and count > 1
            note = f"{job.source.name}: it has {count} pages; only the first is coloured"
            photo = replace(
                read_photo(picture, limits),
                path=job.source,
                digest=digest_of_file(job.source),
                notes=(note,) if several else (),
            )
        else:
            photo = read_photo(job.source, limits, job.page)
        return invert(photo) if self.negative else photo

    def _is_done(self, source: Path, target: Path, hints: tuple[Hint, ...]) -> bool:
        """Whether the result exists, with these hints; raises FileExistsError if the target is another file.

        Without hints, a result with hints is left alone: somebody has corrected it.
        """
        if not target.exists():
            return False
        if target.samefile(source):
            raise FileExistsError("it would overwrite itself: choose another OUT, or --beside")
        if self.overwrite:
            return False
        made_from = source_of(target)
        if made_from is None and SUFFIXES.get(target.suffix.lower()) in XMP_FORMATS:
            raise FileExistsError(f"{target} exists and is not a result: choose another OUT, or --overwrite")
        if made_from and made_from != digest_of_file(source):
            raise FileExistsError(
                f"{target} exists and was made from another photo, or from another version of this one: "
                "choose another OUT, or --overwrite"
            )
        return made_from is None or not hints or _has_hints(target, hints)


def _has_hints(target: Path, hints: tuple[Hint, ...]) -> bool:
    """Whether a result was made with these hints."""
    try:
        return parse_hints(hints_of(target) or "[]") == hints
    except HintError:
        return False


def color_all(batch: BatchColorizer, jobs: Iterable[Job], workers: int, stop: Stop) -> Result:
    """Colours many photos; reports failures on standard error and continues.

    Args:
        batch: the colorizer with its settings.
        jobs: the photos and their targets, each target different (see `file_plan.py`).
        workers: photos at a time.
        stop: checked before every photo.

    Returns:
        The counts. `stopped_by` says what ended the batch early: a signal, or a full disk.
    """
    jobs = list(jobs)
    result = Result()
    for folder in {job.target.parent for job in jobs}:
        remove_leftovers(folder)

    def collect_result(source: Path, future: Future[tuple[bool, tuple[str, ...]]]) -> None:
        try:
            new, notes = future.result()
            result.done += new
            result.skipped += not new
            for note in notes:
                progress.write(printable(f"note: {note}"), file=sys.stderr)
        # PhotoError is a ValueError; a huge scan can raise MemoryError. The failure of one photo is reported
        # and must not cost the other 49,999.
        except (OSError, ValueError, MemoryError) as error:
            result.failures.append(f"{source}: {str(error) or type(error).__name__}")
            progress.write(printable(f"failed: {result.failures[-1]}"), file=sys.stderr)
            if isinstance(error, OSError) and error.errno in FATAL:
                result.stopped_by = f"the disk ({error.strerror})"

    silent = None if sys.stderr else True  # no bar in a log file, and none where there is no standard error
    with (
        tqdm(total=len(jobs), unit="photo", disable=silent) as progress,
        ThreadPoolExecutor(workers) as pool,
    ):
        todo = iter(jobs)
        running: dict[Future[tuple[bool, tuple[str, ...]]], Path] = {}
        while True:
            if not (stop.by or result.stopped_by):
                # One more than there are workers, so that none waits for this loop.
                for job in islice(todo, workers + 1 - len(running)):
                    running[pool.submit(batch.color, job)] = job.source
            if not running:
                break
            # Python handles a signal between two waits, so within half a second.
            finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            if stop.by:
                for future in [future for future in running if future.cancel()]:
                    del running[future]
            for future in finished:
                if future in running:
                    collect_result(running.pop(future), future)
                    progress.update()
    result.stopped_by = result.stopped_by or stop.by
    result.left = len(jobs) - result.done - result.skipped - len(result.failures)
    return result
