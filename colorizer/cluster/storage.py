"""A folder on a disk, a file server or in a bucket: anything that fsspec knows.

    storage = Storage("s3://archive/coloured")       # or gs://, hf://, file://, or a plain path
    storage.stat("sea/a.jpg")                        # Stat(size, modified), or None
    storage.write("sea/a.jpg", data)                 # whole, or not at all

Whoever reads never sees half a file: on a disk a file gets its name when it is complete, and a bucket shows
an object when all of it has arrived.
"""

import os
import posixpath
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from colorizer.atomic_write import remove_leftovers, replace_file

# Their files appear in one step, so that no temporary name is needed.
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hf", "oss", "r2", "memory"}
# What file systems call the time of the last change.
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")


@dataclass(frozen=True)
class Stat:
    """What a file system says about a file.

    Attributes:
        size: in bytes.
        modified: seconds since 1970; None if the file system does not say.
    """

    size: int
    modified: float | None


class Storage:
    """The files below one folder or prefix; their paths are relative to it, with slashes.

    Attributes:
        url: as it was given.
        root: the folder's path within its file system.
        local: whether it is a disk, or looks like one.
    """

    def __init__(self, url: str):
        """Opens nothing yet.

        Raises:
            ValueError: an unknown protocol.
            ImportError: the library for the protocol is not installed; the text says which.
        """
        self.url = url
        # A cached listing would not see what other machines write, and would grow with every folder.
        self.fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self.root = root.rstrip("/")
        self.local = isinstance(self.fs, LocalFileSystem)
        protocol = self.fs.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        self._whole_puts = bool(names & OBJECT_STORES)

    def path(self, name: str) -> str:
        """The path of a file within its file system."""
        return f"{self.root}/{name}"

    def local_path(self, name: str) -> Path | None:
        """The path of a file on a disk; None elsewhere."""
        return Path(self.path(name)) if self.local else None

    def same_file(self, name: str, other: "Storage", other_name: str) -> bool:
        """Whether two names stand for one file, links included where there are some."""
        if self.local and other.local:
            try:
                return os.path.samefile(self.path(name), other.path(other_name))
            except FileNotFoundError:
                return False
        return type(self.fs) is type(other.fs) and self.path(name) == other.path(other_name)

    def stat(self, name: str) -> Stat | None:
        """Size and time of a file; None if there is none.

        Raises:
            OSError: the file system cannot say, or it is a folder.
        """
        try:
            with self._naming_errors(name):
                info = self.fs.info(self.path(name))
        except FileNotFoundError:
            return None
        if info.get("type") == "directory":
            raise IsADirectoryError(f"{name} is a folder")
        return Stat(int(info.get("size") or 0), _modified(info))

    def read(self, name: str) -> bytes:
        """All bytes of a file.

        Raises:
            OSError: it cannot be read.
        """
        with self._naming_errors(name):
            return bytes(self.fs.cat_file(self.path(name)))

    def scan(self, folder: str) -> Iterator[tuple[str, bool]]:
        """The names in a folder, and whether each is a folder itself; "" is the root.

        Raises:
            OSError: it cannot be read.
        """
        path = self.path(folder).rstrip("/")
        if self.local:
            with os.scandir(path) as found:
                for entry in found:
                    yield entry.name, entry.is_dir(follow_symlinks=False)
            return
        with self._naming_errors(folder):
            found = self.fs.ls(path, detail=True)
        for info in found:
            file = info["name"].rstrip("/")
            if file != path:  # an empty object may stand for the folder itself
                yield posixpath.basename(file), info["type"] == "directory"

    def write(self, name: str, data: bytes) -> None:
        """Writes a file in one step, with the folders above it.

        Raises:
            OSError: it cannot be written.
        """
        path = self.path(name)
        folder = posixpath.dirname(path)
        if self.local:
            os.makedirs(folder, exist_ok=True)
            _tidy_up(folder)
            replace_file(Path(path), data)
            return
        with self._naming_errors(name):
            if self._whole_puts:
                self.fs.pipe_file(path, data)
                return
            self.fs.makedirs(folder, exist_ok=True)
            partial = f"{folder}/.{secrets.token_hex(8)}.partial"
            try:
                self.fs.pipe_file(partial, data)
                self.fs.mv(partial, path)
            except BaseException:
                if self.fs.exists(partial):
                    self.fs.rm_file(partial)
                raise

    @contextmanager
    def _naming_errors(self, name: str) -> Iterator[None]:
        """Within it, errors say which file they are about; those of a disk do so by themselves."""
        if self.local:
            yield
        else:
            with naming_errors(f"{self.url.rstrip('/')}/{name}"):
                yield

    def ignores_case(self) -> bool:
        """Whether `A.jpg` and `a.jpg` are one file here. The folder must exist and be writable."""
        if not self.local:
            return False
        probe = Path(self.root, f".Case-{secrets.token_hex(8)}")
        probe.touch()
        try:
            return probe.with_name(probe.name.lower()).exists()
        finally:
            probe.unlink()


@contextmanager
def naming_errors(url: str) -> Iterator[None]:
    """Within it, whatever the library of a bucket raises is an OSError that begins with the URL.

    s3fs says "Access Denied" and not to what, and some of its errors, such as those about missing
    credentials, are classes of botocore's. A ValueError stays as it is.
    """
    try:
        yield
    except ValueError:
        raise
    except Exception as error:  # each library has its own
        kind: type[OSError] = OSError
        if isinstance(error, OSError):  # a class of the library's may want other arguments
            kind = next(base for base in type(error).__mro__ if base.__module__ == "builtins")
        named = kind(f"{url}: {str(error) or type(error).__name__}")
        named.errno = getattr(error, "errno", None)
        raise named from error


@lru_cache(maxsize=4096)
def _tidy_up(folder: str) -> None:
    """Removes, once for every folder, what a killed process of this machine had begun to write there."""
    remove_leftovers(Path(folder))


def _modified(info: dict[str, Any]) -> float | None:
    for key in _TIMES:
        value = info.get(key)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return None
