"""What the page's process asks of the system: many open files, and freed memory back.

raise_file_limit()
return_freed_memory()
"""

import ctypes
import sys

FILES = 65_536  # descriptors to ask the system for
# Of glibc's mallopt, see `man mallopt`.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE = 1 << 20  # bytes: pictures are larger, what Python works with is smaller
ARENAS = 2  # as many as a free Space has cores


def raise_file_limit() -> int:
    """Lets this process open as many files as the system allows; returns the number."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def return_freed_memory() -> bool:
    """Gives memory back to the system as soon as a picture is deleted; returns whether that was possible.

    By default glibc keeps what was freed, for each of the page's threads separately: with two gigabytes of
    photos in sessions the process grew to five. Large blocks of their own are no slower here.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library than glibc
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE) and mallopt(M_ARENA_MAX, ARENAS))
