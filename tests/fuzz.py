"""Sends hostile photos through reading, colouring and writing.

    make fuzz                                    # 10,000 files, and the largest photos of every type
    python -m tests.fuzz --files 1 --seed 417    # the 417th file again, by itself
    python -m tests.fuzz --files 0 --odd 3000    # sound photos with odd metadata, written as every type
    python -m tests.fuzz --files 0 --worst 120   # noise of 120 megapixels in every type: time and memory

Every file ends in a picture or in `PhotoError`, one with odd metadata in a picture. Anything else is printed
with its seed, and the status is 1.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer import Colorizer
from colorizer.errors import PhotoError
from colorizer.image.decoders import open_image
from colorizer.image.file_types import WRITERS
from colorizer.image.reader import read_photo
from colorizer.image.writer import write_photo
from colorizer.limits import Limits
from tests.helpers.hostile import KINDS, SUFFIXES, honest, hostile, kind_of
from tests.helpers.odd_metadata import odd_photo

# Small enough that thousands are made in minutes, with the limits small in proportion.
LIMITS = Limits(megabytes=1, megapixels=2, seconds=10)
SLOWEST = 2 * LIMITS.seconds  # no photo may need longer: the limit, and as much for a busy machine
# Bytes that all files together may add to the process: a picture at the limit needs 20 MB, an XMP that
# unfolds 50, and what is freed comes back in pieces.
MOST_MEMORY = 400e6


@dataclass
class Report:
    """What became of the files; by type, the longest time and the most memory that one of them needed."""

    outcomes: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, seconds: float, memory: float) -> None:
        """Keeps the maxima."""
        self.slowest[kind] = max(self.slowest.get(kind, 0), seconds)
        self.memory[kind] = max(self.memory.get(kind, 0), memory)


def run(colorizer, seeds: range, folder: Path, seconds: float = float("inf")) -> Report:
    """Sends hostile files through reading, colouring and writing, an honest photo after every fiftieth.

    Args:
        colorizer: a `Colorizer` with `LIMITS`.
        seeds: which files.
        folder: an empty one; afterwards it is empty again.
        seconds: stop after so long.
    """
    report, start = Report(), time.monotonic()
    honest_path = folder / "honest.png"
    honest_path.write_bytes(honest("PNG", 0))
    expected = np.asarray(colorizer.colorize(honest_path, size=32))
    for seed in seeds:
        if time.monotonic() - start > seconds:
            break
        name, data = hostile(seed)
        path = folder / name
        path.write_bytes(data)
        began, before = time.monotonic(), reset_peak_memory()
        try:
            prediction = colorizer.predict(path, size=32)
            target = folder / f"out{prediction.suffix}"
            prediction.save(target)
            with open_image(target) as image:
                image.load()
                if image.size != prediction.photo.size:
                    report.wrong.append(f"{name}: {image.size} came of {prediction.photo.size}")
            target.unlink()
            report.outcomes["coloured"] += 1
        except PhotoError as error:
            report.outcomes["refused"] += 1
            if len(str(error)) < 20:
                report.wrong.append(f"{name}: is refused with no reason: {error!r}")
        except Exception as error:  # noqa: BLE001
            report.wrong.append(f"{name}: {type(error).__name__}: {error}")
        took = time.monotonic() - began
        report.add(kind_of(seed), took, peak_memory() - before)
        if took > SLOWEST:
            report.wrong.append(f"{name}: took {took:.0f} seconds")
        path.unlink()
        left = [path.name for path in folder.iterdir() if path != honest_path]
        if left:
            report.wrong.append(f"{name}: left behind {left}")
            for each in left:
                (folder / each).unlink()
        if seed % 50 == 0 and not np.array_equal(colorizer.colorize(honest_path, size=32), expected):
            report.wrong.append(f"after {name}: an honest photo comes out differently")
    honest_path.unlink()
    return report


def run_odd(seeds: range, folder: Path) -> list[str]:
    """Reads photos with odd metadata and writes them as every type; returns what went wrong."""
    wrong = []
    for seed in seeds:
        name, data = odd_photo(seed)
        for suffix in sorted({suffix for suffix, _ in WRITERS.values()}):
            try:
                photo = read_photo(io.BytesIO(data))
                write_photo(photo.original.convert("RGB"), folder / f"out{suffix}", photo)
            except Exception as error:  # noqa: BLE001
                wrong.append(f"{name} as {suffix}: {type(error).__name__}: {error}")
    return wrong


def peak_memory() -> float:
    """The most memory that this process has had since the last `reset_peak_memory`, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1.0 if sys.platform == "darwin" else 1024.0)


def current_memory() -> float:
    """The memory of this moment where the system tells it, else the peak, in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_memory()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024.0


def reset_peak_memory() -> float:
    """Forgets the peak, where the system can; returns the memory of this moment."""
    if os.access("/proc/self/clear_refs", os.W_OK):
        Path("/proc/self/clear_refs").write_text("5")
    return current_memory()


WORST = """
import os, sys, time
from pathlib import Path
from tests.fuzz import Limits, colorizer_with
from tests.load import PeakMemory
path = Path(sys.argv[1])
colorizer = colorizer_with(Limits(megabytes=1e6))
began = time.monotonic()
with PeakMemory(os.getpid()) as peak:
    try:
        prediction = colorizer.predict(path)
        prediction.save(path.with_name("out" + prediction.suffix))
        outcome = "coloured"
    except ValueError as error:
        outcome = str(error)
print(f"{time.monotonic() - began:.1f} s, {peak.bytes / 1e6:.0f} MB with the encoder, {outcome}")
"""


def worst(megapixels: float) -> None:
    """Prints what noise, the most expensive content, needs from file to file under the default time limit."""
    side = int((megapixels * 1e6) ** 0.5)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8))
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"noise.{SUFFIXES.get(kind, kind.lower())}")
            options = {"speed": 10} if kind == "AVIF" else {"method": 0} if kind == "WEBP" else {}
            try:
                image.save(path, kind, **options)
            except (OSError, ValueError) as error:
                print(f"{kind}: cannot be so large ({error})")
                continue
            line = [sys.executable, "-c", WORST, str(path)]
            done = subprocess.run(line, capture_output=True, text=True, check=False)
            print(f"{kind}, {side}x{side}: {done.stdout.strip() or done.stderr[-300:]}", flush=True)


def colorizer_with(limits: Limits) -> Colorizer:
    """A colorizer with a tiny network."""
    from colorizer.model.network import build_network
    from tests.helpers.network import TINY

    return Colorizer.from_network(build_network(TINY, "float32", 0), limits)


def main() -> int:
    """The command; 0 if every file ended as it must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first file")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--odd", type=int, default=0, help="photos with odd metadata")
    parser.add_argument("--worst", type=float, metavar="MEGAPIXELS", help="colour noise of every type, too")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    colorizer = colorizer_with(LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        run(colorizer, range(50), Path(folder))  # whatever is loaded only when it is needed
        before, start = reset_peak_memory(), time.monotonic()
        seeds = range(options.seed, options.seed + options.files)
        report = run(colorizer, seeds, Path(folder), options.seconds)
        report.wrong += run_odd(range(options.seed, options.seed + options.odd), Path(folder))
    for kind, memory in report.memory.items():
        if memory > MOST_MEMORY:
            report.wrong.append(f"a file made from {kind} took {memory / 1e6:.0f} MB")
    grown = max(0.0, current_memory() - before)
    if grown > MOST_MEMORY:
        report.wrong.append(f"memory grew by {grown / 1e6:.0f} MB")
    print("\n".join(report.wrong))
    for kind in sorted(report.slowest):
        print(
            f"{kind:9} at most {report.slowest[kind]:5.2f} s and {report.memory[kind] / 1e6:4.0f} MB a file"
        )
    print(
        f"{report.outcomes.total()} files in {time.monotonic() - start:.0f} s: {dict(report.outcomes)}, "
        f"{len(report.wrong)} wrong; memory +{grown / 1e6:.0f} MB"
    )
    if options.worst:
        worst(options.worst)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
