"""Attacks on the running page, each with its verdict.

    make attack                          # all of them, some minutes
    python -m tests.attack --short       # those that take no time, as `make test` does
    python -m tests.attack slow_headers  # by name

The page runs in a process of its own, as `app.py` starts it, with stand-ins for Ghostscript and ffmpeg first
on its PATH: they note that they were called. The attacks themselves are in `tests/attacks_*.py`. All traffic
stays on this machine, and is bounded. Status 1 if an attack is not held.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import load
from tests.helpers.visitor import Visitor

HONEST = "127.0.0.7"
STAND_IN = '#!/bin/sh\necho "$0 $*" >> {log}\nexit 1\n'
MOST_LOG = 200_000  # bytes that all attacks together may make the page write
MOST_MEMORY = 3e9  # bytes that the page may hold more than at its start: its sessions' two, and some
MOST_PEAK = 7e9  # bytes that it and the processes that it starts may take for a moment


class Broken(AssertionError):
    """An attack that is not held; the text says what happened."""


def require(held: bool, what: str) -> None:
    """Refuses what must not happen."""
    if not held:
        raise Broken(what)


@dataclass
class Target:
    """A page under attack."""

    address: str
    process: int
    folder: Path
    calls: Path
    memory_before: float
    attackers: int = 0

    @property
    def attacker(self) -> str:
        """The attacker's address: one attack's limits must not stop the next before it has begun."""
        return f"127.0.3.{self.attackers % 250 + 1}"

    def hostile(self, **options) -> Visitor:
        """The attacker."""
        return Visitor(self.address, self.attacker, **options)

    def honest(self, **options) -> Visitor:
        """Somebody else."""
        return Visitor(self.address, HONEST, **options)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What the page has written so far."""
        return (self.folder / "log").read_text(errors="replace")

    def memory(self) -> float:
        """Bytes that the page holds."""
        return load.memory(self.process)

    def files(self) -> set[Path]:
        """All files below the page's temporary folders."""
        return {path for path in self.folder.rglob("*") if path.is_file()} - {self.folder / "log"}

    def suffer(self, name: str) -> str:
        """Makes an attack; returns what was seen, and the most memory that it took.

        Raises:
            Broken: it is not held.
        """
        self.attackers += 1
        with load.PeakMemory(self.process) as peak:
            seen = ATTACKS[name][0](self)
            self.check()
        require(peak.bytes < MOST_PEAK, f"the page took {peak.bytes / 1e6:.0f} MB for a moment ({seen})")
        return f"{seen} (peak {peak.bytes / 1e6:.0f} MB)"

    def check(self) -> None:
        """What holds after every attack."""
        require(not self.calls.exists(), f"a program was started: {self.calls}")
        require(len(self.log) < MOST_LOG, f"the log has {len(self.log)} bytes: {self.log[-500:]}")
        more = self.memory() - self.memory_before
        require(more < MOST_MEMORY, f"the page holds {more / 1e6:.0f} MB more than at its start")
        with self.honest() as visitor:
            start = time.monotonic()
            visitor.http.get("/").raise_for_status()
            require(time.monotonic() - start < 5, "the page answers slowly")


Attack = Callable[[Target], str]
ATTACKS: dict[str, tuple[Attack, bool, tuple[str, ...]]] = {}


def attack(slow: bool = False, options: tuple[str, ...] = ()) -> Callable[[Attack], Attack]:
    """Lists a function as an attack: it returns what was seen, or raises `Broken`.

    Args:
        slow: whether it is left out of the short form.
        options: of `app.py`, for the page that it needs.
    """

    def listed(function: Attack) -> Attack:
        ATTACKS[function.__name__] = function, slow, options
        return function

    return listed


@contextmanager
def target(folder: Path, *options: str) -> Iterator[Target]:
    """Starts a page to attack, with stand-ins for the programs that it must not start."""
    programs, calls = folder / "bin", folder / "calls"
    programs.mkdir(parents=True)
    for name in ("gs", "gswin64c", "ffmpeg", "ffprobe"):
        (programs / name).write_text(STAND_IN.format(log=calls))
        (programs / name).chmod(0o755)
    place = folder / "page"
    place.mkdir()
    path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    with load.page(place, path, *options) as (address, process):
        yield Target(address, process.pid, place, calls, load.memory(process.pid))


def run(names: list[str]) -> dict[str, str]:
    """Runs attacks; returns those that were not held, with what happened."""
    broken = {}
    for options in sorted({ATTACKS[name][2] for name in names}):
        with tempfile.TemporaryDirectory() as folder, target(Path(folder), *options) as page:
            for name in [name for name in names if ATTACKS[name][2] == options]:
                start = time.monotonic()
                try:
                    seen = page.suffer(name)
                    verdict = "held"
                except Exception as error:  # noqa: BLE001
                    seen = broken[name] = f"{type(error).__name__}: {error}"
                    verdict = "BROKEN"
                print(f"{verdict:7} {name:40} {time.monotonic() - start:5.1f} s  {seen}", flush=True)
    return broken


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 if everything was held."""
    from tests import attacks_fairness, attacks_files, attacks_login, attacks_requests  # noqa: F401

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="attacks; all if none is named")
    parser.add_argument("--short", action="store_true", help="leave out those that take long")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(ATTACKS):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}")
    names = options.names or [name for name, (_, slow, _) in ATTACKS.items() if not (options.short and slow)]
    broken = run(names)
    print(f"{len(names) - len(broken)} of {len(names)} attacks held")
    return 1 if broken else 0


if __name__ == "__main__":
    from tests.attack import main as start  # as a module, whose list the attacks are added to

    sys.exit(start())
