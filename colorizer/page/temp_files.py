"""Where visitors' photos lie while the page has them: in one folder, of which nothing stays.

Gradio deletes the files that it knows. It forgets uploads that broke off, the empty files and folders that
uploads leave behind, and everything if a signal ends its process. Here the page gets a temporary folder of
its own, which only its user can read: what has been forgotten there goes with the hours, the folder goes when
the page ends, and that of a page that was killed goes when the next one starts.
"""

import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import gradio as gr
from filelock import FileLock

from colorizer.page.disk_full import telling_of_a_full_disk

PREFIX = "colorizer-page-"
LOCK = "lock"  # in the page's folder; held as long as it runs, whatever ends it
# Beside each other: what a handler writes into Gradio's own folder, Gradio neither copies nor gives out.
GRADIO, DESK = "gradio", "desk"
NOTED = "DEFAULT_TEMP_DIR"  # Gradio's name for it
USER = os.getuid() if hasattr(os, "getuid") else 0  # Windows calls everybody 0 in a file's state
YOUNG = 60  # seconds in which a new folder may not have its lock yet

_desk: Path | None = None  # where handlers write


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for what Gradio takes in and gives out and what handlers write; deleted at the end.

    It is made in GRADIO_TEMP_DIR, or else where temporary files go on this machine; those of Gradio and of
    Python go into it from then on. What pages that run no more have left there is deleted first.
    """
    global _desk
    before, desk_before, python_before = os.environ.get("GRADIO_TEMP_DIR"), _desk, tempfile.tempdir
    parent = Path(before or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
    lock = FileLock(folder / LOCK)
    lock.acquire()
    gradio, _desk = folder / GRADIO, folder / DESK
    _desk.mkdir()
    os.environ["GRADIO_TEMP_DIR"] = str(gradio)
    tempfile.tempdir = str(_desk)
    # Several of Gradio's modules note the folder when they are imported. A language model's photos go there,
    # and so does a folder that is made as the page starts, which fails if the usual one is another user's.
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("gradio", "gradio_client") and NOTED in vars(module):
            setattr(module, NOTED, str(gradio))
    try:
        yield folder
    finally:
        _desk, tempfile.tempdir = desk_before, python_before
        if before is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = before
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)  # what is still being written goes at the next start


@contextmanager
def scratch() -> Iterator[str]:
    """A folder for what a handler writes, until it has been taken into Gradio's.

    Raises:
        gr.Error: the disk is full.
    """
    with telling_of_a_full_disk(), new_folder() as folder:
        yield folder


def new_folder() -> tempfile.TemporaryDirectory:
    """A temporary folder among what the page keeps; anywhere if there is no `own_folder`.

    Raises:
        gr.Error: the disk is full.
    """
    with telling_of_a_full_disk():
        return tempfile.TemporaryDirectory(dir=_desk)


def sweep(parent: Path) -> None:
    """Deletes the folders of this user's pages that run no more."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            state = folder.lstat()
            # Where all users write, a folder or a link with such a name may be anybody's.
            ours = stat.S_ISDIR(state.st_mode) and state.st_uid == USER
            young = time.time() - state.st_mtime < YOUNG and not (folder / LOCK).exists()
            if ours and not young:
                with FileLock(folder / LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
        # Its page runs; another page has just deleted it; or it cannot be had, which must stop no page.
        except OSError:
            continue


def kept(page: gr.Blocks) -> set[str]:
    """The files that a page shows for as long as it runs: its examples."""
    return {str(Path(file)) for block in page.blocks.values() for file in getattr(block, "keep_in_cache", ())}


def put_away(folder: Path, seconds: float, spared: Collection[str] = ()) -> None:
    """Deletes the files below a folder that nobody has written to for so long, and empty folders alike.

    Args:
        folder: of the page; the folders that it is made of stay.
        seconds: the age from which the others go, by the time of their last change.
        spared: paths of files that stay.
    """
    before = time.time() - seconds
    staying = {*(folder / name for name in (LOCK, GRADIO, DESK)), *map(Path, spared)}
    for place, folders, files in os.walk(folder, topdown=False):
        for path in [Path(place, name) for name in files + folders]:
            # Gradio may be first, a folder may have something in it, a file may not be ours to delete.
            with suppress(OSError):
                if path not in staying and path.lstat().st_mtime < before:
                    (path.rmdir if path.is_dir() and not path.is_symlink() else path.unlink)()


@contextmanager
def housekeeping(folder: Path, page: gr.Blocks, every: float, age: float) -> Iterator[None]:
    """Puts away what is older than `age` seconds, in rounds of `every` seconds, while the body runs."""
    done = Event()

    def rounds() -> None:
        while not done.wait(every):
            put_away(folder, age, kept(page))
            sweep(folder.parent)

    Thread(target=rounds, daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def ended_by_sigterm(close: Callable[[], None]) -> Iterator[None]:
    """Lets SIGTERM, with which services and containers are stopped, end the body in order.

    Args:
        close: called at the end, however it comes about.

    Raises:
        SystemExit: with 143, as shells report SIGTERM.
    """

    def end(number: int, _frame) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        close()
