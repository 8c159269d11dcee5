"""The example photos: coloured in the background while the page starts, so that a click shows one at once.

examples = Examples(colorizer)
examples.warm.wait()                          # one is done: the network has run
examples.session(examples.paths[0], SIZE)     # None until it is made
examples.stop()
"""

import time
from pathlib import Path
from string import capwords
from threading import Event, Thread, main_thread

from colorizer.colorizer import Colorizer
from colorizer.hints import geodesic
from colorizer.limits import SIZE
from colorizer.page.session import Session
from colorizer.resources import EXAMPLES

DELAY_SECONDS = 3  # before the other examples are made: a visitor's own photo goes first


class Examples:
    """The example photos with their predictions, made in the background while the page starts."""

    def __init__(self, colorizer: Colorizer):
        self.paths = sorted(EXAMPLES.glob("*.jpg"))
        self.warm = Event()
        self._sessions: dict[str, Session] = {}
        self._stopped = Event()
        # No daemon: Python would end it in the middle of compiled code, which ends the process with an error.
        self._thread = Thread(target=self._make, args=(colorizer,), name="examples")
        self._thread.start()

    def stop(self) -> None:
        """Ends the work after the example in hand, and waits for it."""
        self._stopped.set()
        self._thread.join()

    def _make(self, colorizer: Colorizer) -> None:
        try:
            for number, path in enumerate(self.paths):
                if number == 1:
                    self._wait(DELAY_SECONDS)
                if self._ending():
                    return
                session = Session.of(colorizer.predict(str(path)))
                session.preview.render()
                self._sessions[path.name] = session
                self.warm.set()  # every step has run once: what is compiled at first use is compiled
                if number == 0:
                    geodesic.warm_up()  # for the first correction
        except RuntimeError:  # a process that is about to end starts no more threads, nor their strips
            if not self._ending():
                raise
        finally:
            self.warm.set()

    def _ending(self) -> bool:
        return self._stopped.is_set() or not main_thread().is_alive()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._ending() and time.monotonic() < end:
            self._stopped.wait(0.1)

    def captioned(self) -> list[tuple[str, str]]:
        """Their paths, each with a few words taken from the file's name."""
        words = {path: capwords(path.stem.replace("-", " ")).replace("Nasa", "NASA") for path in self.paths}
        return [(str(path), caption) for path, caption in words.items()]

    def session(self, path: Path, size: float) -> Session | None:
        """The finished session of an example, if there is one in this size yet."""
        return self._sessions.get(path.name) if size == SIZE else None
