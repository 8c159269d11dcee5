"""The time that hints take on one photo: the first of them, many, and one more.

    PYTHONPATH=. python scripts/bench_hints.py              # with two threads
    PYTHONPATH=. python scripts/bench_hints.py --threads 1

Prints a Markdown table of medians; docs/hints.md keeps one. "corrected map" is `Prediction.with_hints` and
`colors` on a map 320 elements long, which the preview and the full photo share. "one more" is the same for a
prediction that has the other hints already, as when somebody adds hint after hint.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from colorizer import Colorizer, Hint
from colorizer.hints import geodesic
from colorizer.model.runtime import select_runtime

PHOTO = Path(__file__).resolve().parent.parent / "examples" / "louis-armstrong-1946.jpg"
COUNTS = (1, 2, 5, 10, 20, 50)


def milliseconds(function: Callable[[], object], times: int) -> float:
    """The median time of a call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="default: 2")
    parser.add_argument("--times", type=int, default=15, help="calls of which the median is taken")
    options = parser.parse_args()
    runtime = select_runtime(threads=options.threads, fast_start=True)
    prediction = replace(Colorizer.from_pretrained(runtime=runtime).predict(PHOTO), threads=options.threads)
    geodesic.warm_up()
    random = np.random.default_rng(0)
    values = random.uniform((0, 0, -50, -50), (1, 1, 50, 50), (max(COUNTS) + 1, 4)).tolist()
    hints = [Hint(x, y, (a, b)) for x, y, a, b in values]
    height, width = prediction.ab.shape[:2]
    print(f"Map of {width}x{height}, {options.threads} threads, medians of {options.times}, in ms\n")
    print("| hints | corrected map | one more |\n|---:|---:|---:|")
    for count in COUNTS:
        some = prediction.with_hints(hints[:count])
        first = milliseconds(lambda n=count: prediction.with_hints(hints[:n]).colors(), options.times)
        more = milliseconds(lambda n=count, p=some: p.with_hints(hints[: n + 1]).colors(), options.times)
        print(f"| {count} | {first:.0f} | {more:.0f} |", flush=True)


if __name__ == "__main__":
    main()
