"""Whose photo is next when many wait: who has used the network least.

    share = FairShare()
    index = share.next(["ann", "bob", "ann"])    # whose turn it is among those who wait, in order of arrival
    share.start("bob"); …; share.finish("bob", 0.8)

    with FairTurns().turn("bob"): …              # the same between threads

This is start-time fair queueing (Goyal, Vin and Cheng 1996, https://doi.org/10.1109/90.649569) with equal
weights: every owner has a virtual clock that advances by the seconds its photos took; the owner whose clock
is furthest behind is served next, and who comes back after a pause starts at the present time. So one visitor
with a hundred photos, or with very large ones, delays the others as little as one more visitor would.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition

EXPECTED_SECONDS = 0.3  # that a photo is charged with until it is known how long it took
MOST_OWNERS = 10_000  # whose clocks are remembered


class FairShare:
    """Virtual clocks of owners. Not safe between threads."""

    def __init__(self):
        self._now = 0.0
        self._clocks: dict[str, float] = {}

    def _clock(self, owner: str) -> float:
        return max(self._now, self._clocks.get(owner, 0.0))

    def next(self, owners: Sequence[str]) -> int:
        """The index of the one to serve, of those who wait in order of arrival."""
        return min(range(len(owners)), key=lambda index: self._clock(owners[index]))

    def start(self, owner: str) -> None:
        """Notes that an owner's photo is begun."""
        self._now = self._clock(owner)
        self._clocks[owner] = self._now + EXPECTED_SECONDS
        if len(self._clocks) > MOST_OWNERS:
            self._clocks = {owner: clock for owner, clock in self._clocks.items() if clock > self._now}

    def finish(self, owner: str, seconds: float) -> None:
        """Notes how long it took."""
        self._clocks[owner] = self._clocks.get(owner, self._now) + seconds - EXPECTED_SECONDS


class FairTurns:
    """Lets one thread at a time in, in fair order."""

    def __init__(self):
        self._share, self._changed = FairShare(), Condition()
        self._waiting: list[tuple[str, object]] = []
        self._busy = False

    @contextmanager
    def turn(self, owner: str) -> Iterator[None]:
        """Waits for the owner's turn, and holds it while the body runs."""
        ticket = (owner, object())
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: not self._busy and self._first() is ticket)
            self._waiting.remove(ticket)
            self._busy = True
            self._share.start(owner)
        start = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._share.finish(owner, time.monotonic() - start)
                self._changed.notify_all()

    def _first(self) -> tuple[str, object]:
        return self._waiting[self._share.next([owner for owner, _ in self._waiting])]
