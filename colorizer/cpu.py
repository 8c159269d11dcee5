"""The number of processor cores that this process may use."""

import os


def cores() -> int:
    """The number of cores that the operating system gives to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
