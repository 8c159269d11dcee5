"""Time and memory of this program, beside the usual way, and beside a network of ECCV16's size.

    make bench                                            # everything; ten minutes on two cores
    PYTHONPATH=. python scripts/bench.py large network    # only some of: large huge network folder training

Prints Markdown tables of one run; docs/performance.md keeps one. The photos are an example, enlarged and with
grain. Every job runs in a process of its own, so that its memory can be measured: the peak while it works,
above the level when it is ready and idle. Times are medians; of a folder, the faster of two runs. Jobs that
are compared run in turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_jobs import JOBS
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "examples" / "saratoga-broadway-1900s.jpg"
SIZES = {"small": (300, 200), "medium": (1732, 1155), "large": (4000, 3000), "huge": (11547, 8660)}
FOLDER = 200  # photos of medium size
MEGA = 1e6
STEP_FLOP = 56e9  # of one training step on a picture of 256x256: 3x the forward pass's 18.8 GFLOP


def make_photo(path: Path, size: tuple[int, int], seed: int = 0) -> None:
    """A grey JPEG with the detail and the grain of a scan."""
    image = Image.open(SOURCE).convert("L").resize(size, Image.LANCZOS)
    grain = np.random.default_rng(seed).standard_normal((512, 512), np.float32) * 4
    pixels = np.asarray(image).astype(np.float32)
    pixels += np.tile(grain, (-(-size[1] // 512), -(-size[0] // 512)))[: size[1], : size[0]]
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=90)


# --- measuring -----------------------------------------------------------------------------------------


def status(field: str) -> int:
    """A number of this process in bytes, from Linux: VmRSS is its memory now, VmHWM the peak so far."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{field}:")[2].split()[0]) * 1024


def run_jobs(names: list[str], photo: Path, out: Path, times: int) -> dict[str, dict[str, float]]:
    """Runs jobs in turns in this process; seconds (median), and bytes above idle of the last one."""
    small = out / "small.jpg"
    make_photo(small, SIZES["small"])
    for name in names:
        JOBS[name](small, out)()  # compiling and loading happen once, and are not part of a photo's cost
    ready = {name: JOBS[name](photo, out) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    most = 0.0
    for _ in range(times):
        for name, work in ready.items():
            idle = status("VmRSS")
            Path("/proc/self/clear_refs").write_text("5")  # resets the peak
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
        most = max(most, status("VmHWM") - idle)
    result = {name: {"seconds": statistics.median(times)} for name, times in seconds.items()}
    result[names[-1]]["memory"] = most
    return result


def in_process(names: list[str], photo: Path, out: Path, times: int) -> dict[str, dict[str, float]]:
    """`run_jobs` in a process of its own."""
    command = [sys.executable, __file__, "--jobs", *names, "--photo", photo, "--out", out, "--times", times]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [str(part) for part in command], env=environment, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def table(*rows: tuple) -> None:
    """Prints rows as Markdown, the first as their heading."""
    heading, *body = rows
    for row in (heading, ["---"] * len(heading), *body):
        print("|", " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row), "|")
    print(flush=True)


# --- what is measured ----------------------------------------------------------------------------------


def large(folder: Path, kind: str = "large", times: int = 15) -> None:
    """A large photo, file to file, beside Pillow alone and beside the usual way."""
    photo = folder / f"{kind}.jpg"
    make_photo(photo, SIZES[kind])
    width, height = SIZES[kind]
    print(f"### A grey JPEG of {width * height / MEGA:.0f} megapixels, file to file\n")
    results = in_process(["pillow", "ours"], photo, folder, times)
    unit = results["pillow"]["seconds"]
    rows = [("Pillow, decoded and encoded", unit, 1.0, "")]
    if kind == "large":  # at 100 megapixels, the usual way's float64 arrays would take 15 GB
        results |= in_process(["usual"], photo, folder, 3)
    for name, words in (("ours", "this"), ("usual", "the usual way")):
        if found := results.get(name):
            seconds = found["seconds"]
            rows.append((words, seconds, seconds / unit, round(found["memory"] / MEGA)))
    table(("", "seconds", "times Pillow", "MB above idle"), *rows)


def huge(folder: Path) -> None:
    """A photo of 100 megapixels."""
    large(folder, "huge", 5)


def network_alone(folder: Path) -> None:
    """The network by itself."""
    photo = folder / "medium.jpg"
    make_photo(photo, SIZES["medium"])
    print("### The network\n")
    results = in_process(["network", "eccv16"], photo, folder, 15)
    results |= in_process(["bare_views", "tensorflow_views", "views", "edges"], photo, folder, 51)
    unit, bare = results["network"]["seconds"], results["bare_views"]["seconds"]
    table(
        ("", "milliseconds", "ratio"),
        ("this network at 256x256", f"{unit * 1e3:.0f}", 1.0),
        (
            "ECCV16's size at 256x256",
            f"{results['eccv16']['seconds'] * 1e3:.0f}",
            results["eccv16"]["seconds"] / unit,
        ),
        ("its views of a photo, bare", f"{bare * 1e3:.0f}", 1.0),
        *(
            (words, f"{results[name]['seconds'] * 1e3:.0f}", results[name]["seconds"] / bare)
            for name, words in (
                ("tensorflow_views", "the same, compiled by TensorFlow"),
                ("views", "the views through Colorizer"),
                ("edges", "and aligned with edges"),
            )
        ),
    )


def folder_of_photos(folder: Path, rounds: int = 2) -> None:
    """A folder through the command, one photo at a time and as many as there are cores, in turns."""
    album = folder / "album"
    album.mkdir()
    for number in range(FOLDER):
        make_photo(album / f"{number:03}.jpg", SIZES["medium"], number)
    print(f"### A folder of {FOLDER} photos of 2 megapixels through the command\n")
    ways = {"one worker": ["--workers", "1"], "as many as there are cores": []}
    seconds: dict[str, list[float]] = {words: [] for words in ways}
    for _ in range(rounds):
        for words, options in ways.items():
            start = time.perf_counter()
            command = [sys.executable, "-m", "colorizer", album, "-o", folder / "out", "--overwrite"]
            subprocess.run(
                [str(part) for part in (*command, *options)], cwd=ROOT, check=True, stderr=subprocess.DEVNULL
            )
            seconds[words].append(time.perf_counter() - start)
    best = {words: min(times) for words, times in seconds.items()}
    one = best["one worker"]
    table(("", "seconds", "times as fast"), *((words, time_, one / time_) for words, time_ in best.items()))


def training(folder: Path, size: int = 96, minutes: float = 0.75) -> None:
    """A training run, beside its step, its loader, and the limit of this processor's arithmetic."""
    import tensorflow as tf

    from colorizer.model.runtime import fastest_precision
    from colorizer.training.config import TrainingConfig
    from colorizer.training.trainer import Trainer

    random = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for number in range(200):
        image = Image.fromarray(random.integers(0, 256, (8, 12, 3), np.uint8)).resize(
            SIZES["small"], Image.BICUBIC
        )
        image.save(folder / "photos" / f"{number:03}.jpg")
    config = TrainingConfig(
        photos=(str(folder / "photos"),), out=str(folder / "run"), cache=str(folder / "cache"), size=(size,),
        minutes=minutes, eval_every=10**6, val_photos=8,
    )  # fmt: skip
    trainer = Trainer(config)
    start = time.perf_counter()
    trainer.run()
    print(f"({time.perf_counter() - start:.0f} s in all)", file=sys.stderr)
    whole = trainer.state["crops"] / trainer.state["seconds"]

    def per_second(work: Callable[[], object], pictures: float, times: int = 7) -> float:
        work()
        seconds = []
        for _ in range(times):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        return pictures / statistics.median(seconds)

    batch = trainer.stream.batch(0, config.batch, size)
    step = per_second(lambda: trainer.objective.train_on_batch(batch), config.batch)
    load = per_second(lambda: trainer.stream.batch(0, config.batch, size), config.batch)
    side = 2048
    precision = fastest_precision(training=True)
    matrix = tf.ones((side, side), tf.bfloat16 if "bfloat16" in precision else tf.float32)
    products = per_second(lambda: tf.matmul(matrix, matrix).numpy(), 1)
    limit = products * 2 * side**3 / (STEP_FLOP * (size / 256) ** 2)
    print(f"### Training, {size}x{size} pixels, {precision}\n")
    table(
        ("", "pictures a second", "share of the limit"),
        ("the arithmetic's limit, at the speed of a product of large matrices", limit, 1.0),
        ("a step on a batch in memory", step, step / limit),
        ("a run, with photos loaded in the background", whole, whole / limit),
        ("the loader alone, on one core", load, load / limit),
    )
    waiting = trainer.state["waited"] / trainer.state["seconds"]
    print(f"Of the run, {waiting:.1%} was spent waiting for photos.\n")


PARTS = {
    "large": large,
    "huge": huge,
    "network": network_alone,
    "folder": folder_of_photos,
    "training": training,
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is given")
    for name in ("--photo", "--out"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.jobs:
        print(json.dumps(run_jobs(options.jobs, options.photo, options.out, options.times)))
        return
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[part](Path(folder))


if __name__ == "__main__":
    main()
