"""Files that are either whole or not there: written under a temporary name, then renamed."""

import errno
import os
import platform
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
"""What the system says when a disk, or a user's share of it, is full."""
ABANDONED = 86400.0  # seconds after which a file that another machine began counts as abandoned
_HOST = platform.node().replace(".", "-")[:40]
_numbers = count()
Bytes = bytes | bytearray | memoryview


def replace_file(path: Path, data: Bytes | Iterable[Bytes]) -> None:
    """Writes `path` in one step: a reader sees the old file or the new one, never half of one.

    Args:
        path: of the file.
        data: what to write, or parts of it, each written as it comes.
    """
    partial = partial_path(path)
    try:
        with open(partial, "wb") as file:
            file.writelines([data] if isinstance(data, Bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def partial_path(path: Path) -> Path:
    """A temporary name beside `path`, which `remove_leftovers` recognises if this process is killed."""
    # A name may be as long as the file system allows, so that only its beginning fits.
    return path.with_name(f".{path.name[:40]}.{_HOST}.{os.getpid()}.{next(_numbers)}.partial")


def remove_leftovers(folder: Path) -> None:
    """Removes what `replace_file` had begun in `folder` when its process was killed.

    The folder may be on a disk that several machines write to. Only a machine itself knows which of its
    processes still run, so what another machine began is removed when it is a day old.
    """
    if os.name == "nt":  # asking there whether a process lives would end it
        return
    for partial in folder.glob(".*.partial"):
        *_, host, process, _, _ = ("", "", *partial.name.split("."))
        own = host == _HOST and process.isdigit()
        if (own and not _alive(int(process))) or (not own and _age(partial) > ABANDONED):
            partial.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Seconds since a file was written to; 0 if it has gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user's
        pass
    return True
