"""Many photos through the page's public endpoint: by many clients at once, or for a long time.

    make load                                            # 40 clients at once, 400 photos
    make soak                                            # 2,000 photos, one after another
    python -m tests.load --clients 8 --photos 24

The page runs in a process of its own, as `app.py` starts it, so that its memory can be told. Every result is
compared with what the same colorizer makes of the photo alone. Status 1 if one is lost or wrong, or if memory
or waiting time grows.

A fresh process grows until every thread has its buffers; for how many photos depends on the processor. So
photos are sent in rounds until a round adds next to nothing, and memory is compared from there on. A page
that keeps something of every photo never gets there, and fails for it.
"""

import argparse
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from colorizer.limits import SIZE
from colorizer.model.runtime import select_runtime
from tests.helpers.paths import ROOT

KINDS = 20  # photos of different pixels; the bytes of every one are different
ROUND = 20  # photos of a round of the warm-up, or one for each client if these are more
MOST_ROUNDS = 12  # after that many it must have settled; two or three are usual
SETTLED = 1.02  # times the memory after the round before: a page that keeps its photos adds more in a round
MORE_MEMORY = 1.1  # times what it was after the warm-up, at the end
SLOWER = 1.1  # times the first hundred's latency, the last hundred's in a soak
DIFFERENT = 0.5  # mean of the 8-bit levels: another photo's colours differ by tens


def photo(number: int) -> bytes:
    """One of `KINDS` grey JPEGs of 640x480; no two numbers have the same bytes."""
    blocks = np.random.default_rng(number % KINDS).integers(0, 256, (6, 8), dtype=np.uint8)
    data = io.BytesIO()
    image = Image.fromarray(blocks).resize((640, 480), Image.BICUBIC)
    image.save(data, "JPEG", quality=90, comment=f"photo {number}")
    return data.getvalue()


def send(client: httpx.Client, name: str, data: bytes) -> bytes:
    """Sends a photo as any program would, waits for its colours, and takes them home."""
    answer = client.post("/gradio_api/upload", files={"files": (name, data)}).raise_for_status()
    file = {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}
    request = {"data": [file, 1.0, SIZE]}
    answer = client.post("/gradio_api/call/colorize", json=request).raise_for_status()
    stream = client.get(f"/gradio_api/call/colorize/{answer.json()['event_id']}").raise_for_status().text
    if "event: complete" not in stream:
        raise ValueError(f"{name}: {stream[-300:]}")
    link = json.loads(stream.rpartition("data: ")[2])[0]["url"]
    return client.get(link).raise_for_status().content


@contextmanager
def page(folder: Path, variables: dict[str, str] | None = None, *options: str):
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
    folder: int = 0  # bytes in the page's temporary folder at the end

    def __str__(self) -> str:
        ordered, (before, after) = sorted(self.seconds), self.memory
        return (
            f"{len(self.seconds)} of {self.photos} photos came back right; latency: median "
            f"{statistics.median(ordered):.2f} s, p95 {ordered[int(0.95 * (len(ordered) - 1))]:.2f} s; "
            f"memory {before / 1e6:.0f} -> {after / 1e6:.0f} MB; temporary files {self.folder / 1e6:.0f} MB"
        )


def settled(samples: list[float]) -> bool:
    """Whether the last round of a warm-up added next to nothing to the memory."""
    return len(samples) > 1 and samples[-1] <= SETTLED * samples[-2]


def in_megabytes(samples: list[float]) -> str:
    return " -> ".join(f"{sample / 1e6:.0f}" for sample in samples)


def warm(send_all: Callable[[range], object], server: int, first: int, size: int) -> list[float]:
    """Sends rounds of photos until the page's memory has settled; returns it after each round, in bytes."""
    samples: list[float] = []
    while not settled(samples) and len(samples) < MOST_ROUNDS:
        start = first + len(samples) * size
        send_all(range(start, start + size))
        samples.append(memory(server))
    return samples


def run(clients: int, photos: int) -> Report:
    """Sends photos by several clients at once and judges what comes back."""
    from colorizer import Colorizer

    colorizer, report, expected = Colorizer.from_pretrained(), Report(photos), {}

    def right(number: int, data: bytes) -> bool:
        with Image.open(io.BytesIO(data)) as image:
            got = np.asarray(image).astype(int)
        return np.abs(got - expected[number % KINDS]).mean() < DIFFERENT

    with tempfile.TemporaryDirectory() as name, page(Path(name)) as (address, server):
        folder = Path(name)
        for number in range(KINDS):
            (folder / "alone.jpg").write_bytes(photo(number))
            alone = folder / "alone-colour.jpg"
            colorizer.predict(folder / "alone.jpg").save(alone)
            expected[number] = np.asarray(Image.open(alone)).astype(int)

        def one(number: int) -> float:
            data, start = photo(number), time.monotonic()
            with httpx.Client(base_url=address, timeout=600) as client:
                result = send(client, f"{number}.jpg", data)
            took = time.monotonic() - start
            if not right(number, result):
                raise ValueError(f"{number}.jpg: it came back in other colours than when it is alone")
            return took

        with ThreadPoolExecutor(clients) as pool:
            warm_up = warm(
                lambda numbers: list(pool.map(one, numbers)), server.pid, photos, max(ROUND, clients)
            )
            before, report.warm_up = warm_up[-1], len(warm_up) * max(ROUND, clients)
            for future in [pool.submit(one, number) for number in range(photos)]:
                try:
                    report.seconds.append(future.result())
                except (httpx.HTTPError, ValueError, OSError) as error:
                    report.wrong.append(str(error) or type(error).__name__)
        report.memory = (before, memory(server.pid))
        report.folder = bytes_in(folder / "gradio")
    if not settled(warm_up):
        report.wrong.append(f"memory grew in every round of the warm-up: {in_megabytes(warm_up)} MB")
    elif report.memory[1] > MORE_MEMORY * before:
        report.wrong.append(f"memory grew from {before / 1e6:.0f} to {report.memory[1] / 1e6:.0f} MB")
    return report


def main() -> int:
    """The command; 0 if all came back right, and nothing grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clients", type=int, default=40, help="at once")
    parser.add_argument("--photos", type=int, default=400, help="in all")
    options = parser.parse_args()
    report = run(options.clients, options.photos)
    if options.clients == 1 and options.photos >= 200:
        first, last = (statistics.median(report.seconds[part]) for part in (slice(100), slice(-100, None)))
        print(f"median of the first hundred {first:.3f} s, of the last {last:.3f} s")
        if last > SLOWER * first:
            report.wrong.append("the last hundred took longer than the first")
    print("\n".join([*report.wrong, str(report)]))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
