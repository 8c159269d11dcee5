"""What the page keeps for its visitors between two requests, and whose it deletes when there is too much.

    key = STORE.put("203.0.113.7", session, session.bytes)     # the key goes into the visitor's gr.State
    session = STORE.get(key)                                   # None after an hour, or if room was needed

Gradio would keep the photos of the last fifty sessions, whoever they are of: somebody who opens fifty empty
pages would delete everybody's photos. Here room is made by deleting the oldest entry of the address that
holds the most; whoever holds little loses nothing.
"""

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from colorizer.page.settings import SETTINGS


@dataclass
class _Entry:
    owner: str
    value: Any
    size: float
    used: float
    close: Callable[[], None] | None


class SessionStore:
    """Values by secret keys, limited in bytes, in number for each owner, and in age. Safe between threads."""

    def __init__(
        self,
        most_bytes: float = SETTINGS.session_bytes,
        most_per_owner: int = SETTINGS.sessions_per_address,
        seconds: float = SETTINGS.keep_seconds,
    ):
        """Takes the limits; entries are deleted `seconds` after they were last used."""
        self.most_bytes, self.most_per_owner, self.seconds = most_bytes, most_per_owner, seconds
        self._entries: dict[str, _Entry] = {}  # the least recently used first
        self._lock = Lock()

    def __deepcopy__(self, memo: dict) -> "SessionStore":
        """Itself: Gradio copies its configuration, and what that refers to, for each visitor."""
        return self

    def put(self, owner: str, value: Any, size: float = 0, close: Callable[[], None] | None = None) -> str:
        """Keeps a value; returns its key.

        Args:
            owner: the visitor's address.
            value: what to keep.
            size: bytes of memory that it takes.
            close: called when it is deleted.
        """
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._entries[key] = _Entry(owner, value, size, time.monotonic(), close)
            removed = self._expired() + self._surplus(owner)
        self._close(removed)
        return key

    def get(self, key: str | None) -> Any | None:
        """The value, or None if it was deleted or never was."""
        with self._lock:
            removed = self._expired()
            entry = self._entries.pop(key, None) if isinstance(key, str) else None
            if entry is not None:
                entry.used = time.monotonic()
                self._entries[key] = entry
        self._close(removed)
        return entry and entry.value

    def replace(self, key: str | None, value: Any, more_bytes: float = 0) -> None:
        """Puts another value in the place of one, if that is still there.

        Args:
            key: of the value.
            value: what to keep from now on.
            more_bytes: memory that it takes beyond what the old one took; may be negative.
        """
        with self._lock:
            entry = self._entries.pop(key, None) if isinstance(key, str) else None
            if entry is None:
                return
            entry.value, entry.size, entry.used = value, entry.size + more_bytes, time.monotonic()
            self._entries[key] = entry
            removed = self._surplus(entry.owner)
        self._close(removed)

    def delete(self, key: str | None) -> None:
        """Deletes a value, if it is still there."""
        with self._lock:
            entry = self._entries.pop(key, None)
        self._close([entry] if entry else [])

    def holds(self, key: Any) -> bool:
        """Whether there is a value for the key."""
        return isinstance(key, str) and key in self._entries

    def _expired(self) -> list[_Entry]:
        end = time.monotonic() - self.seconds
        return [self._entries.pop(key) for key, entry in list(self._entries.items()) if entry.used < end]

    def _surplus(self, owner: str) -> list[_Entry]:
        removed = []
        mine = [key for key, entry in self._entries.items() if entry.owner == owner]
        removed += [self._entries.pop(key) for key in mine[: -self.most_per_owner]]
        while (
            sum(entry.size for entry in self._entries.values()) > self.most_bytes and len(self._entries) > 1
        ):
            held = Counter()
            for entry in self._entries.values():
                held[entry.owner] += entry.size
            greediest = max(held, key=held.__getitem__)
            oldest = next(key for key, entry in self._entries.items() if entry.owner == greediest)
            removed.append(self._entries.pop(oldest))
        return removed

    @staticmethod
    def _close(entries: list[_Entry]) -> None:
        for entry in entries:
            if entry.close is not None:
                entry.close()


def memory_budget() -> float:
    """Bytes for sessions: the setting, or a quarter of this machine's memory if that is less."""
    try:
        return min(SETTINGS.session_bytes, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 4)
    except (AttributeError, ValueError, OSError):  # not on Windows
        return SETTINGS.session_bytes
