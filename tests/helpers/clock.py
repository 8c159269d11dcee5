"""A clock that a test sets, for single modules; the rest of the process keeps the real one.

    clock = Clock(monkeypatch, session_store)
    clock.now += 3600

The pages of other tests run in this process: if `time.monotonic` itself were replaced, their event loops
would set their timers by a time that never comes.
"""

import time
from types import ModuleType, SimpleNamespace


class Clock:
    """Time that passes when a test says so, in the modules that are named."""

    def __init__(self, monkeypatch, *modules: ModuleType, now: float = 1000.0):
        self.now = now
        clock = SimpleNamespace(**{**vars(time), "monotonic": lambda: self.now})
        for module in modules:
            monkeypatch.setattr(module, "time", clock)
