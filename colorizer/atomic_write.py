"""Files that are either whole or not there: written under a temporary name, then renamed."""

import errno
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
"""What the system says when a disk, or a user's share of it, is full."""
_numbers = count()
Bytes = bytes | bytearray | memoryview


def replace_file(path: Path, data: Bytes | Iterable[Bytes]) -> None:
    """Writes `path` in one step: whoever looks sees the old file or the new one, never half.

    Args:
        path: of the file.
        data: what to write, or parts of it, each written as it comes.
    """
    # A name may be as long as the file system allows, so that only its beginning fits.
    partial = path.with_name(f".{path.name[:40]}.{os.getpid()}.{next(_numbers)}.partial")
    try:
        with open(partial, "wb") as file:
            file.writelines([data] if isinstance(data, Bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Removes what `replace_file` had begun in `folder` when its process was killed."""
    if os.name == "nt":  # asking there whether a process lives would end it
        return
    for partial in folder.glob(".*.partial"):
        process = partial.name.split(".")[-3]
        if process.isdigit() and not _alive(int(process)):
            partial.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user's
        pass
    return True
