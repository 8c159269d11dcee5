"""Where visitors' photos lie while the page has them: in one folder, of which nothing stays.

    with page_folder() as folder:       # before Gradio is imported
        ...
        with housekeeping(folder, 600, 3600, permanent): ...

Gradio deletes the files that it knows. It forgets uploads that broke off, the empty files and folders that
uploads leave behind, and everything if a signal ends its process. So the page gets a temporary folder of its
own, which only its user can read: old files in it are deleted as long as the page runs, the folder is deleted
when the page ends, and the folder of a page that was killed when the next one starts.
"""

import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from filelock import FileLock

PREFIX = "colorizer-page-"
LOCK = "lock"  # in the page's folder; held as long as the page runs, whatever ends it
# Two folders beside each other, because Gradio neither copies nor serves what a handler writes into its own.
GRADIO, SCRATCH = "gradio", "scratch"
USER = os.getuid() if hasattr(os, "getuid") else 0  # Windows calls everybody 0 in a file's state
GRACE_SECONDS = 60  # in which a new folder may not have its lock yet

_scratch: Path | None = None  # where handlers write


@contextmanager
def page_folder() -> Iterator[Path]:
    """A folder for the files that Gradio and handlers write; deleted at the end.

    It is made in GRADIO_TEMP_DIR, or else in the system's folder for temporary files. Several of Gradio's
    modules look up their folder once, when they are imported: so this comes first.
    """
    global _scratch
    gradio_before, scratch_before, python_before = (
        os.environ.get("GRADIO_TEMP_DIR"),
        _scratch,
        tempfile.tempdir,
    )
    parent = Path(gradio_before or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    remove_stale(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
    lock = FileLock(folder / LOCK)
    lock.acquire()
    gradio, _scratch = folder / GRADIO, folder / SCRATCH
    gradio.mkdir()
    _scratch.mkdir()
    os.environ["GRADIO_TEMP_DIR"] = str(gradio)
    tempfile.tempdir = str(_scratch)
    try:
        yield folder
    finally:
        _scratch, tempfile.tempdir = scratch_before, python_before
        if gradio_before is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = gradio_before
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)  # what is still being written goes at the next start


def scratch_dir() -> tempfile.TemporaryDirectory:
    """A temporary folder within the page's; anywhere if there is no `page_folder`."""
    return tempfile.TemporaryDirectory(dir=_scratch, ignore_cleanup_errors=True)


def remove_stale(parent: Path) -> None:
    """Deletes the folders of this user's pages that no longer run."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            state = folder.lstat()
            # Where all users write, a folder or a link with such a name may be anybody's.
            ours = stat.S_ISDIR(state.st_mode) and state.st_uid == USER
            starting = abs(time.time() - state.st_mtime) < GRACE_SECONDS and not (folder / LOCK).exists()
            if ours and not starting:
                with FileLock(folder / LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
        # Its page runs; another page has just deleted it; or it cannot be read, which must stop no page.
        except OSError:
            continue


class Expiry:
    """Deletes the files of a folder that have not changed for so long.

    Ages are taken from a clock that nobody can set, counted from when a file was first seen as it is: the
    computer's date may jump by hours, and must not delete a photo that was sent a moment ago.
    """

    def __init__(self, folder: Path, seconds: float):
        """Takes the page's folder and the age in seconds at which files are deleted."""
        self.folder, self.seconds = folder, seconds
        self._seen: dict[Path, tuple[tuple[int, ...], float]] = {}

    def delete_expired(self, permanent: Collection[str] = ()) -> None:
        """Makes one round; the page's own folders and the files named `permanent` stay."""
        now = time.monotonic()
        staying = {*(self.folder / name for name in (LOCK, GRADIO, SCRATCH)), *map(Path, permanent)}
        seen = {}
        for place, folders, files in os.walk(self.folder, topdown=False):
            for path in [Path(place, name) for name in files + folders]:
                # Gradio may be first, a folder may not be empty, a file may not be ours to delete.
                with suppress(OSError):
                    if path in staying:
                        continue
                    state = path.lstat()
                    what = (state.st_ino, state.st_mtime_ns, state.st_size)
                    before, since = self._seen.get(path, (None, now))
                    seen[path] = what, since if before == what else now
                    if now - seen[path][1] >= self.seconds:
                        (path.rmdir if stat.S_ISDIR(state.st_mode) else path.unlink)()
                        del seen[path]
        self._seen = seen


@contextmanager
def housekeeping(
    folder: Path, every: float, age: float, permanent: Callable[[], Collection[str]] = tuple
) -> Iterator[None]:
    """Deletes what is older than `age` seconds, in rounds of `every` seconds, while the body runs.

    Args:
        folder: the page's.
        every: seconds between two rounds.
        age: seconds; a file is deleted at most `every` seconds later.
        permanent: called in every round; gives the paths of files that stay.
    """
    done, expiry = Event(), Expiry(folder, age)

    def rounds() -> None:
        while not done.is_set():
            expiry.delete_expired(permanent())
            remove_stale(folder.parent)
            done.wait(every)

    thread = Thread(target=rounds, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def ended_by_sigterm(close: Callable[[], None]) -> Iterator[None]:
    """Lets SIGTERM, with which services and containers are stopped, end the body in order.

    Args:
        close: called at the end, however it comes about.

    Raises:
        SystemExit: with 143, as shells report SIGTERM.
    """

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        close()
