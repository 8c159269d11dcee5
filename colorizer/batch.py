"""Many photos: several at a time, one's trouble never the others', and stopped at any moment without harm.

    with Stop() as stop:
        result = color_all(colorizer, pairs, workers=2, stop=stop)

Each worker takes a photo from file to file on one thread; Pillow, NumPy and TensorFlow let the others go on
meanwhile, so that one photo is decoded while the network looks at the next and a third is encoded. What is
written is written whole (`atomic_write.py`), what is there is skipped: an interrupted run is simply started
again.
"""

import errno
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Condition

from tqdm import tqdm

from colorizer.atomic_write import FULL, remove_leftovers
from colorizer.colorizer import Colorizer
from colorizer.image.reader import pixels_of, read_photo
from colorizer.image.writer import suffix_of
from colorizer.limits import SIZE

# Pixels in work at the same time: about 12 bytes each, so that large scans do not add up.
MOST_PIXELS = 100_000_000
# With these no other photo could be written either.
NO_OTHERS = {*FULL, errno.EROFS}


@dataclass
class Result:
    """What became of a batch."""

    done: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    left: int = 0
    stopped_by: str = ""

    def __str__(self) -> str:
        text = f"{self.done} coloured, {self.skipped} already there, {len(self.failures)} failed"
        if self.stopped_by:
            text += f"; stopped by {self.stopped_by}, {self.left} left: the same command goes on from here"
        return text


class Stop:
    """Lets SIGINT and SIGTERM end a batch after the photos in hand; a second signal ends it at once."""

    def __init__(self):
        self.by, self.status = "", 0
        self._before: dict = {}

    def __enter__(self) -> "Stop":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame):
        self.by, self.status = signal.Signals(number).name, 128 + number
        for other in self._before:
            signal.signal(other, signal.SIG_DFL)


class Gate:
    """Lets as many photos in as are within `MOST_PIXELS` together, and always one."""

    def __init__(self, most: int = MOST_PIXELS):
        self._most, self._inside, self._changed = most, 0, Condition()

    @contextmanager
    def room_for(self, pixels: int) -> Iterator[None]:
        """Waits until there is room for so many pixels, and holds it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._inside or self._inside + pixels <= self._most)
            self._inside += pixels
        try:
            yield
        finally:
            with self._changed:
                self._inside -= pixels
                self._changed.notify_all()


@dataclass(frozen=True)
class Batch:
    """How every photo of a batch is to be coloured."""

    colorizer: Colorizer
    size: int = SIZE
    strength: float = 1.0
    overwrite: bool = False
    gate: Gate = field(default_factory=Gate)

    def color(self, source: Path, target: Path) -> tuple[bool, tuple[str, ...]]:
        """Colours one photo; whether it was not there yet, and what is to be said about it.

        Args:
            source: the photo.
            target: the place for its copy, the suffix still the photo's own.

        Raises:
            OSError, ValueError, MemoryError: it cannot be read, coloured, or written.
        """
        if target.exists() and target.samefile(source):
            raise FileExistsError("it would overwrite itself: give another OUT")
        if target.exists() and not self.overwrite:
            return False, ()
        with self.gate.room_for(pixels_of(source)):
            photo = read_photo(source, self.colorizer.limits)
            if target.name == source.name and suffix_of(photo).lower() != target.suffix.lower():
                target = target.with_suffix(suffix_of(photo))
                if target.exists() and not self.overwrite:
                    return False, ()
            target.parent.mkdir(parents=True, exist_ok=True)
            self.colorizer.predict(photo, self.size).save(target, self.strength)
        return True, photo.notes


def color_all(batch: Batch, pairs: Iterable[tuple[Path, Path]], workers: int, stop: Stop) -> Result:
    """Colours many photos; says on standard error what failed and goes on.

    Args:
        batch: how.
        pairs: each photo with the place of its copy.
        workers: how many at a time.
        stop: asked before every photo.

    Returns:
        The numbers. `stopped_by` says what ended the batch early: a signal, or a disk without room.
    """
    pairs = list(pairs)
    result = Result()
    taken: dict[Path, Path] = {}
    for folder in {target.parent for _, target in pairs}:
        remove_leftovers(folder)

    def attempt(source: Path, target: Path, first: Path) -> tuple[bool, tuple[str, ...]]:
        if first != source:
            raise FileExistsError(f"{first} has the same name and was written to {target}")
        return batch.color(source, target)

    def settle(source: Path, future: Future) -> None:
        try:
            new, notes = future.result()
            result.done += new
            result.skipped += not new
            for note in notes:
                progress.write(f"note: {source}: {note}", file=sys.stderr)
        # PhotoError is a ValueError; MemoryError can come with a huge scan. One photo's trouble is
        # named and must not cost the other 49,999.
        except (OSError, ValueError, MemoryError) as error:
            result.failures.append(f"{source}: {error or type(error).__name__}")
            progress.write(f"failed: {result.failures[-1]}", file=sys.stderr)
            if isinstance(error, OSError) and error.errno in NO_OTHERS:
                result.stopped_by = f"the disk ({error.strerror})"

    silent = None if sys.stderr else True  # no bar in a file; nor where services leave nothing to write to
    with (
        tqdm(total=len(pairs), unit="photo", disable=silent) as progress,
        ThreadPoolExecutor(workers) as pool,
    ):
        todo, running = iter(pairs), {}
        while True:
            if not (stop.by or result.stopped_by):
                # One more than can be worked on, so that none waits for this loop.
                for source, target in islice(todo, workers + 1 - len(running)):
                    first = taken.setdefault(target, source)
                    running[pool.submit(attempt, source, target, first)] = source
            if not running:
                break
            # A signal is noticed within the half second: Python handles it between two waits.
            finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            if stop.by:
                for future in [future for future in running if future.cancel()]:
                    del running[future]
            for future in finished:
                if future in running:
                    settle(running.pop(future), future)
                    progress.update()
    result.stopped_by = result.stopped_by or stop.by
    result.left = len(pairs) - result.done - result.skipped - len(result.failures)
    return result
