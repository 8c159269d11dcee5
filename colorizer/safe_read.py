"""Reads small files that another user or a broken program may have put there.

    read_small(folder / "colorizer.json", limit=65536)      # bytes; OSError for anything else
    read_small(cache_file, limit=65536, own=True)           # and only if it belongs to this user

A pipe in the place of a file would block the reader for ever, /dev/zero would fill its memory.
"""

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, limit: int, own: bool = False) -> bytes:
    """The content of a regular file.

    Args:
        path: of the file; a link is followed unless `own`.
        limit: the largest size in bytes.
        own: whether the file must belong to this process's user, and must not be a link.

    Raises:
        OSError: there is no such file, it is not a regular file, it is larger than `limit`, or it is another
            user's.
    """
    # Without O_NONBLOCK, opening a pipe waits for a writer.
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    if own:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags), "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if own and hasattr(os, "getuid") and state.st_uid != os.getuid():
            raise PermissionError(errno.EPERM, f"the file of another user, {state.st_uid}", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(path))
    return data
