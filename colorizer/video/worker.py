"""A process that colours one stranger's film, for a page that must survive whatever is in it.

    python -m colorizer.video.worker SOURCE TARGET '{"strength": 1.0, "frames": 3600, …}'

The parsers of films run here and nowhere else: if one of them crashes, hangs or takes too much memory, the
page ends this process and goes on. The network stays with the page, which decides whose turn it is. So this
process asks it for the colours of each small picture, by pipes; every message is a line of JSON, some with
bytes behind it:

    → {"ask": [width, height]}, then width x height levels of grey
    ← {"shape": [h, w]}, then h x w x 2 float32, a* and b*
    → {"done": frames, "total": frames or null}
    → {"notes": [...]} or {"error": "a sentence"}, at the end
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import cv2
import numpy as np

from colorizer.colorizer import Colorizer
from colorizer.errors import FilmError, HintError
from colorizer.image.photo import Photo
from colorizer.limits import SIZE, UNLIMITED
from colorizer.prediction import Prediction
from colorizer.video.encoder import Quality
from colorizer.video.film import FilmColorizer, FilmOptions, FilmProgress
from colorizer.video.source import FilmSource

HEADER = 10_000  # bytes of a message's first line at most


@dataclass(frozen=True)
class WorkerLimits:
    """What one film may use; see `page/film_process.py` for the reasons.

    Attributes:
        seconds: the film's length.
        pixels: of a frame.
        frames: of the film.
        memory: bytes of address space.
        result: bytes of a written file.
        processor: seconds of work, all cores together.
    """

    seconds: float
    pixels: int
    frames: int
    memory: int
    result: int
    processor: int


class RemoteColorizer(Colorizer):
    """A colorizer whose network is in another process."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO):
        """Takes the pipes."""
        super().__init__(_no_network, UNLIMITED, threads=1)
        self._requests, self._answers, self._lock = requests, answers, Lock()

    def predict(self, photo: object, size: int = SIZE, stretch_faded: bool = False) -> Prediction:
        """Asks for the colours of a small grey picture, which is never stretched; the page chooses the size.

        Raises:
            EOFError: the other process is gone.
        """
        if not isinstance(photo, Photo):
            raise TypeError(f"A Photo is expected. Received: {type(photo)}")
        levels = np.ascontiguousarray(photo.image)
        height, width = levels.shape
        with self._lock:
            self.send({"ask": [width, height]}, levels.tobytes())
            answer = json.loads(self._answers.readline(HEADER) or b"null")
            if answer is None:
                raise EOFError("The page is gone.")
            rows, columns = answer["shape"]
            data = self._answers.read(rows * columns * 8)
        ab = np.frombuffer(data, np.float32).reshape(rows, columns, 2)
        return Prediction(photo, ab, UNLIMITED, threads=1)

    def send(self, message: dict[str, object], data: bytes = b"") -> None:
        """Writes a message."""
        self._requests.write(json.dumps(message).encode() + b"\n" + data)
        self._requests.flush()

    def tell(self, message: dict[str, object]) -> None:
        """Writes a message that needs no answer, between two requests."""
        with self._lock:
            self.send(message)


def _no_network(_: np.ndarray) -> np.ndarray:
    raise NotImplementedError("The network is in another process.")


def color_film(
    colorizer: RemoteColorizer, source: Path, target: Path, strength: float, limits: WorkerLimits
) -> None:
    """Colours a film within limits and tells how far it is.

    Raises:
        FilmError: no film, or more than is allowed.
    """
    with FilmSource(source) as film:
        width, height = film.info.size
        if width * height > limits.pixels:
            raise FilmError(
                f"{source.name} has frames of {width}x{height}; here at most {limits.pixels / 1e6:.1f} "
                "megapixels are coloured. The command accepts any size."
            )
        if film.info.seconds is not None and film.info.seconds > limits.seconds:
            raise FilmError(
                f"{source.name} is {film.info.seconds:.0f} seconds long; here at most {limits.seconds:g} are "
                "coloured. The command accepts any length."
            )

    def show(progress: FilmProgress) -> None:
        if progress.done > limits.frames:  # the file has not said how long it is
            raise FilmError(
                f"{source.name} has more than {limits.frames} frames, which are coloured here at most."
            )
        colorizer.tell({"done": progress.done, "total": progress.total})

    codec = "vp9" if target.suffix.lower() == ".webm" else "h264"
    options = FilmOptions(strength=strength, quality=Quality(codec))
    report = FilmColorizer(colorizer, options).color(source, target, show)
    colorizer.tell({"notes": list(report.notes)})


def restrict(limits: WorkerLimits) -> None:
    """Gives this process no more than it needs, and less of the processor than the page."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    os.nice(10)
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.result),
        (resource.RLIMIT_CPU, limits.processor),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def main() -> int:
    """Colours the film that the command line names."""
    source, target, text = sys.argv[1:]
    settings = json.loads(text)
    strength = settings.pop("strength")
    limits = WorkerLimits(**settings)
    # Libraries that print something must not print it into the conversation.
    requests = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    restrict(limits)
    cv2.setNumThreads(1)
    colorizer = RemoteColorizer(requests, sys.stdin.buffer)
    try:
        color_film(colorizer, Path(source), Path(target), strength, limits)
    except (FilmError, HintError) as error:
        colorizer.tell({"error": str(error)})
    except MemoryError:
        colorizer.tell({"error": "The film needs more memory than one film may use here."})
    except OSError as error:
        colorizer.tell({"error": "", "errno": error.errno})
    return 0


if __name__ == "__main__":
    sys.exit(main())
