"""Many photos through the page's public endpoint: by many clients at once, for a long time, or in a flood.

    make load                                            # 40 clients at once, 400 photos
    make soak                                            # 2,000 photos, one after another
    python -m tests.load --clients 8 --photos 24
    make flood                                           # 40 clients, and once more while one floods the page

The page runs in a process of its own, as `app.py` starts it, so that its memory can be measured; every client
has an address of its own. Every result is compared with what the same colorizer makes of the photo alone.
Status 1 if one is lost or wrong, if memory or waiting time grows, or if a flood makes the others wait more
than twice as long.

A fresh process grows until every thread has its buffers; for how many photos depends on the processor. So
photos are sent in rounds until a round adds next to nothing, and memory is compared from there on. A page
that keeps much of every photo never gets there, and fails for it; what it may keep is `SESSION_BYTES`.
"""

import argparse
import io
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx
import numpy as np
from PIL import Image

from colorizer.model.runtime import select_runtime
from colorizer.page.settings import SETTINGS
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image
from tests.helpers.visitor import Visitor

KINDS = 20  # photos of different pixels; the bytes of every one are different
ROUND = 20  # photos of a round of the warm-up, or one for each client if these are more
MOST_ROUNDS = 12  # after that many it must have settled; two or three are usual
SETTLED = 1.02  # times the memory after the round before: a page that keeps its photos adds more in a round
MORE_MEMORY = 1.1  # times what it was after the warm-up, at the end
# Besides: Gradio keeps a record of each session, and every photo is one, up to `SETTINGS.gradio_sessions`.
SESSION_BYTES = 0.22e6
ADDRESSES = 40  # of the clients together, at least: one alone would be too fast for the limit of an address
SLOWER = 1.1  # times the first hundred's latency, the last hundred's in a soak
FLOODED = 2.0  # times the quiet page's latency (p95), that of a flooded one
DIFFERENT = 0.5  # mean of the 8-bit levels: another photo's colours differ by tens


def photo(number: int) -> bytes:
    """One of `KINDS` grey JPEGs of 640x480; no two numbers have the same bytes."""
    blocks = np.random.default_rng(number % KINDS).integers(0, 256, (6, 8), dtype=np.uint8)
    data = io.BytesIO()
    image = Image.fromarray(blocks).resize((640, 480), Image.BICUBIC)
    image.save(data, "JPEG", quality=90, comment=f"photo {number}")
    return data.getvalue()


def source(client: int) -> str:
    """The address of a client: all of 127.0.0.0/8 is this machine."""
    return f"127.0.2.{client % 250 + 1}"


@contextmanager
def page(
    folder: Path, variables: dict[str, str] | None = None, *options: str
) -> Iterator[tuple[str, subprocess.Popen]]:
    """The page as `app.py` starts it, with more variables and options; gives its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # In the same runtime as here: it is measured, and another process may choose another one.
    runtime = select_runtime()
    environment = os.environ | {
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "TMPDIR": str(folder),
        "COLORIZER_PRECISION": runtime.precision,
        "COLORIZER_RUNTIME": runtime.backend,
        **(variables or {}),
    }
    log = open(folder / "log", "w+")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), *options],
        cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        address, end = f"http://127.0.0.1:{port}", time.monotonic() + 120
        while True:
            try:
                httpx.get(address).raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the page does not start: {(folder / 'log').read_text()}") from None
                time.sleep(0.5)
        yield address, process
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def memory(process: int) -> float:
    """Bytes that a process holds in memory (Linux)."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) * 1024


class PeakMemory:
    """The most memory that a process and those that it starts take while the body runs (Linux)."""

    EVERY = 0.05  # seconds between two looks

    def __init__(self, process: int):
        self.process, self.bytes = process, 0.0
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self.EVERY):
            self.bytes = max(self.bytes, sum(map(memory_if_there, (self.process, *self._started()))))

    def _started(self) -> list[int]:
        numbers = []
        for task in Path(f"/proc/{self.process}/task").glob("*/children"):
            with suppress(OSError):  # a thread that has just ended
                numbers += [int(number) for number in task.read_text().split()]
        return numbers


def memory_if_there(process: int) -> float:
    """Bytes that a process holds; 0 if it has ended."""
    try:
        return memory(process)
    except (OSError, IndexError):  # it has just ended
        return 0.0


def bytes_in(folder: Path) -> int:
    """The size of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@dataclass
class Report:
    """What became of the photos."""

    photos: int
    warm_up: int = 0  # photos before those, not counted in anything else
    seconds: list[float] = field(default_factory=list)  # in the order of the photos
    wrong: list[str] = field(default_factory=list)
    memory: tuple[float, float] = (0, 0)  # bytes after the warm-up and at the end
    peak: float = 0  # bytes of memory, at most, with the processes that the page starts
    folder: int = 0  # bytes in the page's temporary folder at the end

    @property
    def p95(self) -> float:
        """Seconds within which 95 % of the photos came back."""
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]

    def __str__(self) -> str:
        before, after = self.memory
        return (
            f"{len(self.seconds)} of {self.photos} photos came back right; latency: median "
            f"{statistics.median(self.seconds):.2f} s, p95 {self.p95:.2f} s; "
            f"memory {before / 1e6:.0f} -> {after / 1e6:.0f} MB, peak {self.peak / 1e6:.0f} MB; "
            f"temporary files {self.folder / 1e6:.0f} MB"
        )


def settled(samples: list[float]) -> bool:
    """Whether the last round of a warm-up added next to nothing to the memory."""
    return len(samples) > 1 and samples[-1] <= SETTLED * samples[-2]


def in_megabytes(samples: list[float]) -> str:
    """Bytes for people."""
    return " -> ".join(f"{sample / 1e6:.0f}" for sample in samples)


def warm(send_all: Callable[[range], object], server: int, first: int, size: int) -> list[float]:
    """Sends rounds of photos until the page's memory has settled; returns it after each round, in bytes."""
    samples: list[float] = []
    while not settled(samples) and len(samples) < MOST_ROUNDS:
        start = first + len(samples) * size
        send_all(range(start, start + size))
        samples.append(memory(server))
    return samples


class Expected:
    """What the photos look like in colour, made without the page."""

    def __init__(self):
        from colorizer import Colorizer

        colorizer = Colorizer.from_pretrained()
        self._pixels = []
        with tempfile.TemporaryDirectory() as folder:
            for number in range(KINDS):
                alone, colored = Path(folder, "alone.jpg"), Path(folder, "alone-colour.jpg")
                alone.write_bytes(photo(number))
                colorizer.predict(alone).save(colored)
                self._pixels.append(np.asarray(load_image(colored)).astype(int))

    def check(self, number: int, data: bytes) -> None:
        """Refuses other colours than those with a ValueError."""
        with Image.open(io.BytesIO(data)) as image:
            got = np.asarray(image).astype(int)
        if np.abs(got - self._pixels[number % KINDS]).mean() >= DIFFERENT:
            raise ValueError(f"{number}.jpg: it came back in other colours than when it is alone")


def run(clients: int, photos: int, flooded: bool = False) -> Report:
    """Sends photos by several clients at once and judges what comes back.

    Args:
        clients: at once, each with an address of its own.
        photos: in all.
        flooded: whether one more client floods the page meanwhile.
    """
    report, expected = Report(photos), Expected()
    with tempfile.TemporaryDirectory() as name, page(Path(name)) as (address, server):

        def color(number: int) -> float:
            data, start = photo(number), time.monotonic()
            with Visitor(address, source(number % max(clients, ADDRESSES)), timeout=600) as visitor:
                result = visitor.color(f"{number}.jpg", data)
            took = time.monotonic() - start
            expected.check(number, result)
            return took

        with ThreadPoolExecutor(clients) as pool, PeakMemory(server.pid) as peak:
            warm_up = warm(
                lambda numbers: list(pool.map(color, numbers)), server.pid, photos, max(ROUND, clients)
            )
            report.warm_up = len(warm_up) * max(ROUND, clients)
            with flood(address) if flooded else nullcontext():
                for future in [pool.submit(color, number) for number in range(photos)]:
                    try:
                        report.seconds.append(future.result())
                    except (httpx.HTTPError, ValueError, OSError) as error:
                        report.wrong.append(str(error) or type(error).__name__)
        report.memory = (warm_up[-1], memory(server.pid))
        report.peak = peak.bytes
        report.folder = bytes_in(Path(name, "gradio"))
    sessions = min(photos, SETTINGS.gradio_sessions) * SESSION_BYTES
    if not settled(warm_up):
        report.wrong.append(f"memory grew in every round of the warm-up: {in_megabytes(warm_up)} MB")
    elif report.memory[1] > MORE_MEMORY * warm_up[-1] + sessions and not flooded:  # a flood makes sessions
        report.wrong.append(f"memory grew: {in_megabytes(list(report.memory))} MB")
    return report


@contextmanager
def flood(address: str) -> Iterator[None]:
    """One client that asks for as much as it can, in a process of its own."""
    line = [sys.executable, "-m", "tests.flood", address]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()  # until its first large photos are there
        yield
        if process.poll() is not None:
            raise RuntimeError("the flood ended early")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def main() -> int:
    """The command; 0 if all came back right, and nothing grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clients", type=int, default=40, help="at once")
    parser.add_argument("--photos", type=int, default=400, help="in all")
    parser.add_argument("--flood", action="store_true", help="once more while one client floods the page")
    options = parser.parse_args()
    report = run(options.clients, options.photos)
    wrong = report.wrong
    if options.clients == 1 and options.photos >= 200:
        first, last = (statistics.median(report.seconds[part]) for part in (slice(100), slice(-100, None)))
        print(f"median of the first hundred {first:.3f} s, of the last {last:.3f} s")
        if last > SLOWER * first:
            wrong.append("the last hundred took longer than the first")
    print(report)
    if options.flood:
        flooded = run(options.clients, options.photos, flooded=True)
        print(f"while one client floods the page: {flooded}")
        wrong += flooded.wrong
        if flooded.p95 > FLOODED * report.p95:
            wrong.append(f"the flood made the others wait {flooded.p95 / report.p95:.1f} times as long")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
