"""The command `colorizer cluster`: colours a folder or a manifest on all machines of a Ray cluster.

    colorizer cluster /archive/scans /archive/coloured                    # on this machine alone
    colorizer cluster /archive/scans /archive/coloured --address auto     # on the cluster that it belongs to
    colorizer cluster plates.parquet s3://archive/coloured --root s3://archive/scans --address auto

Killed or stopped, the same command goes on where it was. Exit status: 0, or 1 if a photo failed, or 2 if
nothing could be begun, or 130 or 143 if it was stopped by SIGINT or SIGTERM.
"""

import argparse
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext

import pyarrow as pa
import pyarrow.compute
from tqdm import tqdm

# Ray reports how it is used, unless told not to before it is loaded; a folder of photos is nobody's business.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# It also warns of what is meant here, such as workers that start again; its log files have all of it.
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray

from colorizer.batch import Stop
from colorizer.cluster.local_node import local_node
from colorizer.cluster.manifest import entries, root_of
from colorizer.cluster.photo import PhotoSettings
from colorizer.cluster.pipeline import Resources, Source, color_all
from colorizer.cluster.report import FAILED, Report
from colorizer.cluster.storage import Storage
from colorizer.cluster.worker import WorkerSettings
from colorizer.errors import WeightsError
from colorizer.limits import MAX_STRENGTH, SIZE, Limits, check_size, check_strength
from colorizer.pretrained.locate import read_weights
from colorizer.terminal import printable, say

# What a worker takes when idle, and for every megapixel of its photo: 120 megapixels took 1.4 GB as a colour
# JPEG, 1.8 as a colour PNG. As TIFF with 16 bits it would be 2.6, but such a file is larger than the limit.
WORKER_BYTES, MEGAPIXEL_BYTES = 400e6, 12e6
SHOWN_FAILURES = 100  # the report has all of them


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = parse(arguments)
    try:
        limits = Limits.from_environment()
        out = Storage(options.output)
        root = options.root or root_of(options.input)
        _check_places(Storage(root), out)
        source = Source(options.input, options.column, options.output)
        read_weights(options.weights)
        if next(entries(source.url, source.column, source.leave_out), None) is None:
            return _complain(f"there are no photos in {options.input}", 1)
        run = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
        report = Report(out, f"{run}-{os.getpid()}")
        asked = {name: value for name, value in vars(options).items() if value is not None}
        started = report.begin(json.dumps(asked, indent=1))
        fold = options.ignore_case or out.ignores_case()
    except (OSError, ValueError, ImportError, WeightsError) as error:
        return _complain(str(error))
    photos = PhotoSettings(
        root,
        options.output,
        fold,
        options.size,
        options.strength,
        options.negative,
        options.overwrite,
        started,
    )
    settings = WorkerSettings(photos, options.weights, limits, options.cores, inherited_environment())
    memory = options.memory * 1e9 if options.memory else WORKER_BYTES + MEGAPIXEL_BYTES * limits.megapixels
    resources = Resources(options.workers, options.cores, memory)
    with ExitStack() as stack:
        try:
            stack.enter_context(_connected(options.address))
        except (OSError, ValueError) as error:
            return _complain(f"there is no Ray cluster at {options.address or 'this machine'}: {error}")
        if not resources.workers_now():
            need = f"{resources.cores} cores and {resources.memory / 1e9:.2f} GB of memory"
            say(f"note: there is no room for a worker, which needs {need}; Ray waits for some. See --memory")
        return _run(color_all(settings, source, resources), report)


def inherited_environment() -> dict[str, str]:
    """The settings of the environment that workers need: all but the page's password."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("COLORIZER_") and name != "COLORIZER_AUTH"
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line; wrong usage exits with status 2 and a sentence."""
    parser = argparse.ArgumentParser(
        prog="colorizer cluster", description="Colours photos on many machines, with Ray. See docs/scale.md."
    )
    parser.add_argument(
        "input", metavar="IN",
        help="a folder, or a manifest of paths (.txt, .csv, .parquet); a path or a URL (s3://, gs://, hf://)",
    )  # fmt: skip
    parser.add_argument("output", metavar="OUT", help="a folder; a path that all machines see, or a URL")
    parser.add_argument("--address", help='of a Ray cluster, such as "auto" (default: this machine alone)')
    parser.add_argument("--root", help="what the paths of a manifest are relative to (default: its folder)")
    parser.add_argument("--column", default="path", help="of a CSV or Parquet manifest (default: path)")
    parser.add_argument("--workers", type=int, metavar="N", help="at most N (default: as many as fit)")
    parser.add_argument("--cores", type=int, default=1, metavar="N", help="of each worker (default: 1)")
    parser.add_argument(
        "--memory", type=float, metavar="GB",
        help="that Ray reserves for each worker (default: what the largest photo within the limits needs)",
    )  # fmt: skip
    parser.add_argument("--size", type=int, default=SIZE, help=f"as of `colorizer` (default: {SIZE})")
    parser.add_argument("--strength", type=float, default=1.0, help=f"0 to {MAX_STRENGTH:g} (default: 1)")
    parser.add_argument("--weights", help="file, folder or owner/name@revision, the same on all machines")
    parser.add_argument("--overwrite", action="store_true", help="colour again what is already there")
    parser.add_argument("--negative", action="store_true", help="the photos are negatives: invert them")
    parser.add_argument(
        "--ignore-case", action="store_true",
        help="names for a disk that cannot tell A.jpg from a.jpg (default: only if OUT is one)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    for name in ("input", "output", "root"):  # workers are elsewhere
        place = getattr(options, name)
        if place and "://" not in place:
            setattr(options, name, os.path.abspath(place))
    for name in ("workers", "cores", "memory"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name} must be more than 0. Received: {value:g}")
    try:
        check_size(options.size)
        check_strength(options.strength)
    except ValueError as error:
        parser.error(f"--{error}")
    return options


def _check_places(root: Storage, out: Storage) -> None:
    """Refuses an OUT that holds IN, where results and photos would mix.

    Raises:
        ValueError: it does.
    """
    inside = type(root.fs) is type(out.fs) and f"{root.root}/".startswith(f"{out.root}/")
    if inside:
        raise ValueError(f"OUT contains the photos, so results and photos would mix. Received: {out.url}")


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Joins a cluster, or starts one on this machine and ends it.

    Raises:
        OSError: there is no cluster at the address.
        ValueError: it is none.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    host, _, port = address.rpartition(":")
    if port.isdecimal():  # Ray itself would try for minutes
        socket.create_connection((host, int(port)), timeout=10).close()
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors are told below, in a sentence
    with local_node() if address == "local" else nullcontext(address) as place:
        ray.init(place, log_to_driver=False, logging_level=logging.ERROR)
        try:
            yield
        finally:
            ray.shutdown()


class _StopAtOnce(Stop):
    """Makes a signal end the wait for rows: the next ones may be half a minute away."""

    waiting = False

    def _ask(self, number: int, frame: object) -> None:
        super()._ask(number, frame)
        if self.waiting:
            raise KeyboardInterrupt


def _cause(error: BaseException) -> str:
    """What went wrong on a worker, without Ray's account of how it travelled."""
    while (inner := getattr(error, "cause", None) or error.__cause__) is not None:
        error = inner
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


def _complain(text: str, status: int = 2) -> int:
    say(f"colorizer cluster: {text}")
    return status


def _run(tables: Iterator[pa.Table], report: Report) -> int:
    """Keeps the report while rows come; returns the exit status."""
    fatal = ""
    shown = 0
    with _StopAtOnce() as stop, tqdm(unit="photo", disable=None) as progress:
        try:
            while not (stop.by or fatal):
                stop.waiting = True
                table = next(tables, None)
                stop.waiting = False
                if table is None:
                    break
                report.add(table)
                progress.update(table.num_rows)
                for row in table.filter(pa.compute.field("status") == FAILED).to_pylist():
                    if shown < SHOWN_FAILURES:
                        progress.write(printable(f"failed: {row['path']}: {row['reason']}"), file=sys.stderr)
                    shown += 1
                    fatal = row["reason"] if row["fatal"] else fatal
        except KeyboardInterrupt:
            pass
        except ray.exceptions.RayError as error:
            fatal = _cause(error)
        finally:
            stop.waiting = False
            report.close()
    if shown > SHOWN_FAILURES:
        say(f"… and {shown - SHOWN_FAILURES} more; the report has all of them")
    ended = stop.by or (f"an error: {fatal}" if fatal else "")
    say(f"{report}{f'; stopped by {ended}; the same command continues from here' if ended else ''}")
    say(f"report: {report.url}")
    if stop.status:
        return stop.status
    if fatal and not report.counts.total():
        return 2
    return 1 if fatal or report.counts[FAILED] else 0
