"""The parts of a film that are finished, in a folder beside the result, so that work can go on after a stop.

    with SegmentFolder(target, job) as folder:           # job: what the parts depend on
        folder.finished                                  # paths of whole parts, in order
        folder.resume                                    # what the next part begins with, or None
        folder.path(number), folder.keep(number, Resume(...))
        folder.remove()                                  # when the film is whole

Each part is a file of coloured pictures, whole or not there. Beside it lies what the filter remembered at its
end: so a film that was stopped goes on as if it had not been, and comes out the same, byte for byte. The
folder is `.film.mp4.parts`; it belongs to one film, one choice of options and one process at a time.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from colorizer.atomic_write import replace_file
from colorizer.errors import FilmError
from colorizer.video.temporal import FilterState

try:
    import fcntl
except ImportError:  # Windows: there, nobody notices that two processes colour the same film
    fcntl = None  # type: ignore[assignment]

JOB_FILE, LOCK_FILE = "job.json", "lock"


@dataclass(frozen=True, eq=False)
class Resume:
    """What the next part begins with.

    Attributes:
        pts: the time of the last finished frame.
        duration: how long it is shown, in the same units; 0 if unknown.
        frames: how many frames are finished.
        filter: the filter's state after that frame; None if a shot ended there.
        lightness: the small lightness of that frame, for the flow to the next one.
    """

    pts: int
    duration: int
    frames: int
    filter: FilterState | None
    lightness: np.ndarray


class SegmentFolder:
    """The folder of one film; use it in a `with` statement, which keeps other processes out."""

    def __init__(self, target: Path, job: Mapping[str, object]):
        """Names the folder.

        Args:
            target: the path of the coloured film.
            job: what the parts depend on, as JSON can hold it; parts of another job are removed.
        """
        self.folder = target.with_name(f".{target.name}.parts")
        self._job = json.dumps(job, sort_keys=True)
        self._lock: IO[str] | None = None
        self.finished: list[Path] = []
        self.resume: Resume | None = None

    def __enter__(self) -> "SegmentFolder":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / LOCK_FILE).open("w")
        try:
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise FilmError(f"Another process colours this film: {self.folder} is in use.") from None
        try:
            self._find_finished()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    def path(self, number: int) -> Path:
        """The path of a part, from 0 on."""
        return self.folder / f"{number:05}.nut"

    def keep(self, number: int, resume: Resume) -> None:
        """Writes down what comes after a part; call it before the part gets its name."""
        state = resume.filter
        partial = self.folder / "resume.partial"
        with partial.open("wb") as file:
            nothing = np.zeros((0, 0, 3), np.float32)
            np.savez(
                file,
                pts=resume.pts,
                duration=resume.duration,
                frames=resume.frames,
                lightness=resume.lightness,
                sums=nothing if state is None else state.sums,
                chroma=np.array((0, 0) if state is None else state.chroma, float),
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._resume_path(number))

    def remove(self) -> None:
        """Removes the folder: the film is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _resume_path(self, number: int) -> Path:
        return self.path(number).with_suffix(".npz")

    def _find_finished(self) -> None:
        job = self.folder / JOB_FILE
        if not (job.is_file() and job.read_text() == self._job):
            for file in self.folder.iterdir():
                if file.name != LOCK_FILE:
                    file.unlink()
            replace_file(job, self._job.encode())
        number = 0
        while self.path(number).is_file() and self._resume_path(number).is_file():
            number += 1
        self.finished = [self.path(n) for n in range(number)]
        for file in self.folder.glob("*.partial"):
            file.unlink()
        if number:
            self.resume = _load(self._resume_path(number - 1))


def _load(path: Path) -> Resume:
    with np.load(path, allow_pickle=False) as data:
        state = None
        if data["sums"].size:
            single, steady = data["chroma"].tolist()
            state = FilterState(data["sums"], (single, steady))
        pts, duration, frames = (int(data[name]) for name in ("pts", "duration", "frames"))
        return Resume(pts, duration, frames, state, data["lightness"])
