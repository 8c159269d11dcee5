"""What Ray costs, how it scales within this machine, and what a manifest of ten million lines takes.

    PYTHONPATH=. python scripts/bench_cluster.py overhead --photos 2000    # beside the ordinary command
    PYTHONPATH=. python scripts/bench_cluster.py scaling --photos 1000     # 1 and 2 workers, 1 to 4 nodes
    PYTHONPATH=. python scripts/bench_cluster.py manifest --lines 10000000     # first photo, memory

Prints Markdown tables of one run; docs/scale.md keeps one. Photos are those of 2 megapixels of bench.py. The
jobs that are compared run in turns, each twice, and the faster run counts. Times are those of whole commands,
from the shell's point of view, so Ray's start is part of them. All use ncnn, as workers on Ray do by default.
Nodes are processes on this machine: they show what Ray costs, not what a network does.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import SIZES, make_photo, table

ROOT = Path(__file__).resolve().parent.parent
DIFFERENT = 20  # photos; the others are links to their files
ENVIRONMENT = os.environ | {
    "COLORIZER_RUNTIME": "ncnn",
    "PYTHONPATH": str(ROOT),
    "RAY_USAGE_STATS_ENABLED": "0",
}
COMMAND = [sys.executable, "-m", "colorizer"]
REPEATS = 2


def make_album(folder: Path, count: int) -> Path:
    """A folder of photos."""
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:06}.jpg"
        if number < DIFFERENT:
            make_photo(path, SIZES["medium"], number)
        else:
            os.link(folder / f"{number % DIFFERENT:06}.jpg", path)
    return folder


def run(*words: object) -> None:
    """Runs the command to its end."""
    command = [*COMMAND, *map(str, words)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")


def fastest(jobs: dict[str, Callable[[Path], None]], out: Path) -> dict[str, float]:
    """The seconds of each job, which gets a fresh folder to write to; jobs run in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(REPEATS):
        for name, job in jobs.items():
            shutil.rmtree(out, ignore_errors=True)
            start = time.monotonic()
            job(out)
            seconds[name].append(time.monotonic() - start)
            print(f"{name}: {seconds[name][-1]:.1f} s", file=sys.stderr)
    return {name: min(times) for name, times in seconds.items()}


def overhead(folder: Path, photos: int) -> None:
    """The same folder by the ordinary command and by Ray, with as many workers."""
    album = make_album(folder / "album", photos)
    jobs = {
        "the ordinary command, 2 workers": lambda out: run(album, "-o", out, "--workers", 2),
        "`colorizer cluster`, 2 workers": lambda out: run("cluster", album, out, "--workers", 2),
    }
    seconds = fastest(jobs, folder / "out")
    first = next(iter(seconds.values()))
    rows = [(name, f"{time_:.1f}", f"{photos / time_:.1f}", time_ / first) for name, time_ in seconds.items()]
    table((f"{photos} photos of 2 megapixels", "seconds", "photos a second", "ratio"), *rows)


@contextlib.contextmanager
def cluster(nodes: int, cores: int) -> Iterator[str]:
    """A Ray cluster of nodes on this machine; gives its address."""
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 80_000_000}
    running = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **store}
    )
    try:
        for _ in range(nodes):
            running.add_node(num_cpus=cores, **store)
        running.wait_for_nodes()
        yield running.address
    finally:
        running.shutdown()


def scaling(folder: Path, photos: int) -> None:
    """The same folder with more workers, and with the same workers on more nodes."""
    album = make_album(folder / "album", photos)
    rows = []
    for nodes, cores, workers in ((1, 2, 1), (1, 2, 2), (2, 1, 2), (4, 1, 2)):
        with cluster(nodes, cores) as address:
            options = ("--address", address, "--workers", workers)
            job = {f"{nodes} nodes, {workers} workers": lambda out, o=options: run("cluster", album, out, *o)}
            (seconds,) = fastest(job, folder / "out").values()
        rows.append((str(nodes), str(workers), f"{seconds:.1f}", f"{photos / seconds:.1f}"))
    first = float(rows[0][2])
    rows = [(*row, first / float(row[2])) for row in rows]
    table(("nodes", "workers", f"seconds for {photos} photos", "photos a second", "times as fast"), *rows)


def manifest(folder: Path, lines: int) -> None:
    """A manifest whose paths mostly do not exist: time to the first photo, rate, memory of the driver."""
    album = make_album(folder / "album", 100)
    print("colouring the photos that will be skipped …", file=sys.stderr)
    run(album, "-o", folder / "out", "--workers", 2)
    (folder / "out" / "000000.jpg").unlink()
    names = folder / "plates.txt"
    with open(names, "w") as file:  # the first is to be coloured; of the others, every tenth is there already
        for number in range(lines):
            there = number % 10 == 0
            file.write(
                f"{number // 10 % 100:06}.jpg\n"
                if there
                else f"box{number // 1000:06}/plate-{number:09}.tif\n"
            )
    command = [*COMMAND, "cluster", str(names), str(folder / "out"), "--root", str(album)]
    start = time.monotonic()
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    samples: list[tuple[float, float]] = []
    first: list[float] = []

    def watch() -> None:
        while process.poll() is None:
            seconds = time.monotonic() - start
            if not first and (folder / "out" / "000000.jpg").exists():
                first.append(seconds)
            with contextlib.suppress(OSError, IndexError):
                memory = Path(f"/proc/{process.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
                samples.append((seconds, int(memory) / 1024))
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    watcher.join()
    total = time.monotonic() - start
    print(errors.splitlines()[-2], file=sys.stderr)
    rows = [
        ("first photo coloured after", f"{first[0]:.1f} s"),
        ("all lines after", f"{total:.0f} s"),
        ("lines a second", f"{lines / total:.0f}"),
        *(
            (f"driver's memory at {share:.0%} of the time", f"{at(samples, share * total):.0f} MB")
            for share in (0.1, 0.25, 0.5, 0.75, 0.98)
        ),
    ]
    table((f"{lines} lines, {names.stat().st_size / 1e6:.0f} MB", ""), *rows)


def at(samples: list[tuple[float, float]], moment: float) -> float:
    """The last sample before a moment."""
    return [memory for seconds, memory in samples if seconds <= moment][-1]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("overhead", "scaling", "manifest"))
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "manifest":
            manifest(Path(folder), options.lines)
        else:
            {"overhead": overhead, "scaling": scaling}[options.what](Path(folder), options.photos)


if __name__ == "__main__":
    main()
