"""Colours a film, from file to file: steady colours, its own luma, its sound and its timestamps.

    films = FilmColorizer(colorizer)
    report = films.color(Path("film.mp4"), Path("out/film.mp4"))
    report.notes, report.frames

The way of a frame: it is decoded; its small picture is coloured by the network, and the optical flow from the
frame before is computed (several frames at a time, one on each core); the colours are averaged along the flow
within a shot; they become chroma, and the frame is encoded. Some forty frames are in memory at a time,
however long the film is. Parts of ten seconds are kept as soon as they are finished: a film that was stopped
goes on from the last one.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from colorizer import __version__
from colorizer.atomic_write import partial_path
from colorizer.colorizer import Colorizer
from colorizer.cpu import cores
from colorizer.film_types import CONTAINERS
from colorizer.hints.hint import Hint
from colorizer.limits import SIZE, check_size, check_strength, check_tone
from colorizer.video.analysis import Analyser, Look
from colorizer.video.chroma import ChromaTable
from colorizer.video.encoder import Quality, SegmentWriter, output_format
from colorizer.video.film_hints import TimedHints, track_hints
from colorizer.video.flow import Flow
from colorizer.video.joiner import join_film
from colorizer.video.provenance import comment_for, digest_of_film
from colorizer.video.segments import Resume, SegmentFolder
from colorizer.video.shots import is_cut
from colorizer.video.source import FilmSource, SourceFrame
from colorizer.video.temporal import TemporalFilter

# A part ends with the block that completes so many frames: at most so many are coloured again after a stop.
PART_FRAMES = 240
# The frames that are analysed ahead may hold this much memory; two at least are, and `AHEAD` at most.
AHEAD, AHEAD_BYTES = 12, 64_000_000
# So many times of frames are told one by one.
NAMED = 5


class FilmStopped(Exception):
    """The user has asked to stop; the parts that are finished are kept."""


@dataclass(frozen=True)
class FilmOptions:
    """What is asked for. Raises ValueError for what cannot be.

    Attributes:
        size: as in `Colorizer.colorize`.
        strength: as in `Colorizer.colorize`.
        tone: what is added to a* and b* everywhere.
        hints: colours corrected by hand, each set on one frame.
        quality: how the pictures are encoded.
    """

    size: int = SIZE
    strength: float = 1.0
    tone: tuple[float, float] = (0.0, 0.0)
    hints: tuple[TimedHints, ...] = ()
    quality: Quality = field(default_factory=Quality)

    def __post_init__(self) -> None:
        check_size(self.size)
        check_strength(self.strength)
        check_tone(*self.tone)


@dataclass(frozen=True)
class FilmProgress:
    """How far a film is.

    Attributes:
        done: frames that are encoded, in this run and before.
        resumed: those of them that an earlier run had finished.
        total: how many there are, about; None if the file does not say.
    """

    done: int
    resumed: int
    total: int | None


@dataclass(frozen=True)
class FilmReport:
    """What was done.

    Attributes:
        frames: how many the film has.
        shots: how many shots were found, in this run.
        notes: sentences about what the film lost or what could not be read.
    """

    frames: int
    shots: int
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Analysed:
    """A frame whose colours are known, but not yet steady."""

    frame: SourceFrame
    look: Look
    ab: np.ndarray
    flow: Flow | None


class FilmColorizer:
    """A colorizer for films. Films are coloured one after the other."""

    def __init__(self, colorizer: Colorizer, options: FilmOptions | None = None, workers: int | None = None):
        """Takes what all films share.

        Args:
            colorizer: best with one thread, as `workers` frames are analysed at a time.
            options: for all films.
            workers: one for each core if None.
        """
        self._colorizer = colorizer
        self._options = options or FilmOptions()
        self._workers = workers or cores()

    def color(
        self,
        source: Path,
        target: Path,
        progress: Callable[[FilmProgress], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> FilmReport:
        """Colours a film.

        Args:
            source: the film.
            target: the path of the result; its suffix names the container.
            progress: is called after every block of frames.
            stopped: is asked after every frame; True ends the work with `FilmStopped`.

        Raises:
            FilmError: no film, or it cannot be written so.
            FilmStopped: `stopped` said so; the same call goes on later.
            OSError: the disk is full, or a file cannot be read.
        """
        digest = digest_of_film(source)
        quality = self._options.quality
        with FilmSource(source) as film:
            job = {
                "version": __version__,
                "source": digest,
                "options": repr(self._options),
            }
            with SegmentFolder(target, job) as folder:
                work = _Work(self._colorizer, self._options, film, folder, self._workers)
                work.run(progress, stopped)
                partial = partial_path(target)
                kind = CONTAINERS[target.suffix.lower()][0]
                try:
                    notes = join_film(
                        film, work.parts, work.last_duration, partial, kind, quality, comment_for(digest)
                    )
                    with partial.open("rb") as file:
                        os.fsync(file.fileno())
                    os.replace(partial, target)
                finally:
                    partial.unlink(missing_ok=True)
                folder.remove()
        return FilmReport(work.frames, work.shots, (*_notes_about(film, quality), *work.notes(), *notes))


class _Work:
    """The work on the pictures of one film."""

    def __init__(
        self,
        colorizer: Colorizer,
        options: FilmOptions,
        film: FilmSource,
        folder: SegmentFolder,
        workers: int,
    ):
        self._options, self._film, self._folder, self._workers = options, film, folder, workers
        self._analyser = Analyser(colorizer, film.info, options.size, options.strength, options.tone)
        self._hints: dict[int, tuple[Hint, ...]] = {}
        self._table = ChromaTable(output_format(film.info, options.quality.codec).encoding)
        resume = folder.resume
        self.parts = list(folder.finished)
        self.frames = self._resumed = 0 if resume is None else resume.frames
        self.last_duration = 0 if resume is None else resume.duration
        self.shots = 0
        self._repeated: list[float] = []
        self._filter = TemporalFilter(None if resume is None else resume.filter)
        self._waiting: deque[_Analysed] = deque()

    def notes(self) -> list[str]:
        """Sentences about the frames."""
        notes = list(dict.fromkeys(self._film.problems))
        if self._repeated:
            times = ", ".join(_clock(seconds) for seconds in self._repeated[:NAMED])
            more = f" and {len(self._repeated) - NAMED} more" if len(self._repeated) > NAMED else ""
            notes.append(
                f"{len(self._repeated)} frame{'s' if len(self._repeated) > 1 else ''} could not be decoded, "
                f"and the frame before is repeated: at {times}{more}"
            )
        return notes

    def run(self, progress: Callable[[FilmProgress], None], stopped: Callable[[], bool]) -> None:
        """Colours all frames that no earlier run has finished, part by part."""
        progress(FilmProgress(self.frames, self._resumed, self._film.info.frames))
        self._hints = track_hints(self._film, self._analyser, self._options.hints, stopped)
        steady = self._steady(stopped)
        batch = next(steady, None)
        while batch is not None:
            number = len(self.parts)
            path = self._folder.path(number)
            with SegmentWriter(path, self._film.info, self._options.quality) as writer:
                while batch is not None:
                    for analysed, ab in batch:
                        writer.write(analysed.frame, ab, self._table)
                        if stopped():
                            raise FilmStopped
                    self.frames += len(batch)
                    progress(FilmProgress(self.frames, self._resumed, self._film.info.frames))
                    last, state = batch[-1][0], self._filter.state
                    if writer.frames >= PART_FRAMES:
                        break
                    batch = next(steady, None)
                frame = last.frame
                self.last_duration = frame.duration
                resume = Resume(frame.pts, frame.duration, self.frames, state, last.look.lightness)
                self._folder.keep(number, resume)
            self.parts.append(path)
            batch = next(steady, None) if batch is not None else None

    def _steady(self, stopped: Callable[[], bool]) -> Iterator[list[tuple[_Analysed, np.ndarray]]]:
        """Blocks of frames with their steady colours."""

        def leave(maps: Iterator[np.ndarray]) -> list[tuple[_Analysed, np.ndarray]]:
            return [(self._waiting.popleft(), ab) for ab in maps]

        for analysed in self._analysed():
            if stopped():
                raise FilmStopped
            flow = analysed.flow
            if flow is not None and is_cut(flow):
                if block := leave(self._filter.flush()):
                    yield block
                flow = None
            if flow is None:
                self.shots += 1
            else:
                flow = flow.resized(analysed.ab.shape[1], analysed.ab.shape[0])
            self._waiting.append(analysed)
            if block := leave(self._filter.push(analysed.ab, flow)):
                yield block
        if block := leave(self._filter.flush()):
            yield block

    def _analysed(self) -> Iterator[_Analysed]:
        """The frames in order, with colours and flow; several are worked on at a time."""
        resume = self._folder.resume
        earlier: Future[Look] | None = None
        if resume is not None:
            earlier = Future()
            earlier.set_result(Look(None, resume.lightness))
        width, height = self._film.info.size
        bytes_each = 2 * width * height * (2 if self._film.info.encoding.bits > 8 else 1)
        ahead = max(self._workers, min(AHEAD, AHEAD_BYTES // bytes_each))
        running: deque[tuple[Future[_Analysed], Future[Look]]] = deque()
        cv2.setNumThreads(1)  # several frames at a time leave nothing to divide
        pool = ThreadPoolExecutor(self._workers)
        try:
            for frame in self._film.frames(None if resume is None else resume.pts):
                if frame.repeated:
                    self._repeated.append(float(frame.pts * self._film.info.time_base))
                look: Future[Look] = Future()
                running.append((pool.submit(self._analyse, frame, earlier, look), look))
                earlier = look
                if len(running) > ahead:
                    yield running.popleft()[0].result()
            while running:
                yield running.popleft()[0].result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            # While they are cancelled one by one, a worker may begin a frame whose earlier one never will.
            for analysed, look in running:
                if analysed.cancelled():
                    look.cancel()
            pool.shutdown()

    def _analyse(self, frame: SourceFrame, earlier: Future[Look] | None, mine: Future[Look]) -> _Analysed:
        try:
            look = self._analyser.look(frame.luma())
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(look)
        ab = self._analyser.colors(look, self._hints.get(frame.pts, ()))
        # The frame before was begun earlier, so this never waits for something that waits itself.
        flow = None if earlier is None else self._analyser.flow(earlier.result(), look)
        return _Analysed(frame, look, ab, flow)


def _notes_about(film: FilmSource, quality: Quality) -> list[str]:
    notes, info = [], film.info
    form = output_format(info, quality.codec)
    if info.converted:
        notes.append(f"its frames are {info.pixel_format} and have no luma of their own: they are converted")
    if form.shift < 0:
        notes.append(
            f"{quality.codec} holds {form.encoding.bits} of the film's {info.encoding.bits} bits; "
            "ffv1 holds all"
        )
    if info.transparent or film.stream.metadata.get("alpha_mode") == "1":  # VP8 and VP9 keep it aside
        notes.append("its transparency is left out")
    if quality.codec == "h264" and form.encoding.bits > 8:
        notes.append(
            f"h264 with {form.encoding.bits} bits is written, which many players cannot show; more show h265"
        )
    if "420" not in form.name:
        notes.append(f"a side is odd, so {form.name} is written, which some players cannot show")
    if info.interlaced and quality.codec != "h264":
        notes.append(f"it is interlaced, which {quality.codec} is not told; h264 is")
    if info.color[1] in (16, 18):
        notes.append("it is HDR and taken as standard range, so its lightness is not right")
    return notes


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{rest:06.3f}"
