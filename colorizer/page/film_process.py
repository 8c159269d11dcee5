"""One visitor's film, coloured in a process of its own that can be ended at any moment.

    film = FilmProcess(path, folder, strength=1.0)
    for step in film.run(colorizer, turns, owner): ...      # FilmStep(done, total)
    film.result, film.notes
    film.close()                                            # ends the process, deletes the folder

The process (`colorizer.video.worker`) takes the file apart and puts the coloured one together. It asks for
the colours of every small picture, and is answered here: each picture is one turn among all photos and films
that wait. What the process sends is checked, since a hostile film may have taken it over.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

import numpy as np
from PIL import Image

import colorizer as package
from colorizer.colorizer import Colorizer
from colorizer.errors import FilmError
from colorizer.film_types import film_output_suffix
from colorizer.image.photo import Photo
from colorizer.limits import SIZE
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.temp_files import scratch_dir

MAX_SIDE = 1300  # pixels of a picture that the process asks for; `video.analysis` sends at most 1280
HEADER = 10_000  # bytes of a message's first line
NAMED_SECRET = ("AUTH", "KEY", "PASSWORD", "SECRET", "TOKEN")  # variables that the process has no use for
FAILED = "The film could not be coloured: it is damaged, or needs more than one film may use here."


@dataclass(frozen=True)
class FilmLimits:
    """What one film of a visitor may use, each with its reason."""

    seconds: float = 60  # of the film: two minutes of work on two cores at 640x480
    pixels: int = 1920 * 1088  # of a frame: full HD, as encoders store it
    frames: int = 3600  # a minute at 60 frames a second
    memory: int = 6_000_000_000  # bytes of addresses; forty frames of full HD need a tenth
    result: int = 250_000_000  # bytes: a minute at 33 Mbit/s, and twice that while it is put together
    processor: int = 1800  # seconds, all cores together
    clock: float = 1800  # seconds until it is ended, however often others were first

    def for_worker(self, strength: float) -> str:
        """As `video.worker` reads it."""
        return json.dumps({k: v for k, v in asdict(self).items() if k != "clock"} | {"strength": strength})


@dataclass(frozen=True)
class FilmStep:
    """How far a film is.

    Attributes:
        done: frames that are coloured.
        total: about how many there are; None if the file does not say.
    """

    done: int
    total: int | None


def available() -> bool:
    """Whether the extra "video" is installed."""
    return find_spec("av") is not None and find_spec("cv2") is not None


class FilmProcess:
    """A film, its process, and the folder with its result."""

    def __init__(self, source: Path, strength: float = 1.0, limits: FilmLimits | None = None):
        """Starts the process.

        Args:
            source: the film; its name says what the result is called.
            strength: of the colours.
            limits: what it may use.
        """
        limits = limits or FilmLimits()
        self.cancelled, self.notes = False, []
        self._folder = scratch_dir()
        self.result = Path(self._folder.name, f"{source.stem}-colour{film_output_suffix(source)}")
        root = str(Path(package.__file__).resolve().parent.parent)
        environment = {
            k: v for k, v in os.environ.items() if not any(word in k.upper() for word in NAMED_SECRET)
        }
        environment["PYTHONPATH"] = root
        line = [
            sys.executable,
            "-m",
            "colorizer.video.worker",
            source,
            self.result,
            limits.for_worker(strength),
        ]
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
            cwd=self._folder.name, start_new_session=True,
        )  # fmt: skip
        self.started = time.monotonic()
        self._timer = Timer(limits.clock, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Ends the process; what was coloured is lost."""
        self.cancelled = True
        self._process.kill()

    def close(self) -> None:
        """Ends the process and deletes the folder."""
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()
        self._folder.cleanup()

    def run(self, colorizer: Colorizer, turns: FairTurns, owner: str) -> Iterator[FilmStep]:
        """Answers the process until the film is whole or cancelled.

        Args:
            colorizer: the page's.
            turns: among all photos and films.
            owner: the visitor.

        Yields:
            How far it is, after every block of frames.

        Raises:
            FilmError: it is no film, more than is allowed, or has ended the process.
            OSError: the disk is full.
        """
        try:
            while True:
                message = self._read()
                if "ask" in message:
                    self._answer(message, colorizer, turns, owner)
                elif "done" in message:
                    yield FilmStep(_count(message["done"]), _count(message.get("total") or 0) or None)
                elif "notes" in message:
                    self.notes = [str(note)[:500] for note in message["notes"]][:50]
                    return
                else:
                    if isinstance(number := message.get("errno"), int):
                        raise OSError(number, os.strerror(number))
                    raise FilmError(str(message.get("error"))[:500])
        # Whatever else the process sends, it is no longer the one that was started.
        except (
            BrokenPipeError,
            EOFError,
            KeyError,
            TypeError,
            json.JSONDecodeError,
            UnicodeDecodeError,
        ) as error:
            if not self.cancelled:
                raise FilmError(FAILED) from error

    def _read(self) -> dict:
        line = self._process.stdout.readline(HEADER)
        if not line.endswith(b"\n"):
            raise EOFError
        message = json.loads(line)
        if not isinstance(message, dict):
            raise TypeError
        return message

    def _answer(self, message: dict, colorizer: Colorizer, turns: FairTurns, owner: str) -> None:
        width, height = (_count(side) for side in message["ask"])
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
            raise TypeError
        data = self._process.stdout.read(width * height)
        if len(data) < width * height:
            raise EOFError
        photo = Photo(Image.frombytes("L", (width, height), data))
        with turns.turn(owner):
            ab = colorizer.predict(photo, SIZE, stretch_faded=False).ab
        header = json.dumps({"shape": ab.shape[:2]}).encode() + b"\n"
        self._process.stdin.write(header + np.ascontiguousarray(ab, np.float32).tobytes())
        self._process.stdin.flush()


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value
