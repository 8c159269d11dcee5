"""Whose photo is next when many wait: who has used the network least.

    share = FairShare()
    index = share.next(["ann", "bob", "ann"])    # whose turn it is among those who wait, in order of arrival
    share.start("bob"); …; share.finish("bob", 0.8)

    with FairTurns().turn("bob"): …              # the same between threads

This is start-time fair queueing (Goyal, Vin and Cheng 1996, https://doi.org/10.1109/90.649569) with equal
weights: every owner has a virtual clock that advances by the seconds its photos took; the owner whose clock
is furthest behind is served next, and who comes back after a pause starts at the present time. So one visitor
with a hundred photos, or with very large ones, delays the others as little as one more visitor would.

Owners who are less than `ALIKE` apart are served in order of arrival. Without that, somebody whose photo took
a tenth of a second longer, by chance, would wait until forty others had used up that tenth each.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Condition

EXPECTED_SECONDS = 0.3  # that a photo is charged with until it is known how long it took
MOST_OWNERS = 10_000  # whose clocks are remembered
ALIKE = 0.5  # seconds: several usual photos, and less than one of 25 megapixels on a busy page

# Seconds of the turns that were held so far in the present context, if somebody counts them: an event of the
# page's queue is charged with these, not with its wait for the turns of others.
held_seconds: ContextVar[list[float] | None] = ContextVar("held_seconds", default=None)


class FairShare:
    """Virtual clocks of owners. Not safe between threads."""

    def __init__(self):
        self._now = 0.0
        self._clocks: dict[str, float] = {}

    def _clock(self, owner: str) -> float:
        return max(self._now, self._clocks.get(owner, 0.0))

    def next(self, owners: Sequence[str]) -> int:
        """The index of the one to serve, of those who wait in order of arrival."""
        clocks = [self._clock(owner) for owner in owners]
        # The present is where the last of those who wait are: not the owner's who is served, or whoever is
        # ahead would take the others along and stay first.
        self._now = min(clocks)
        return next(index for index, clock in enumerate(clocks) if clock <= self._now + ALIKE)

    def start(self, owner: str) -> None:
        """Notes that an owner's photo is begun."""
        self._clocks[owner] = self._clock(owner) + EXPECTED_SECONDS
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
            seconds = time.monotonic() - start
            if (held := held_seconds.get()) is not None:
                held.append(seconds)
            with self._changed:
                self._busy = False
                self._share.finish(owner, seconds)
                self._changed.notify_all()

    def _first(self) -> tuple[str, object]:
        return self._waiting[self._share.next([owner for owner, _ in self._waiting])]
