"""Which photos there are, one after another, never all at once: the first is known before the last is found.

    for entry in entries("s3://archive/scans"): ...         # a folder: paths below it
    for entry in entries("/archive/plates.parquet"): ...    # a manifest: its column "path"

A folder is listed as the ordinary command does it: photos by their suffix, nothing hidden. A manifest is a
text file with a path in every line, a CSV file with a header, or a Parquet file. Its paths are relative to
its own folder, or whole paths or URLs below it; `--root` names another folder.
"""

import csv
import os
import posixpath
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TextIO

import fsspec
import pyarrow.parquet

from colorizer.cluster.storage import Storage, naming_errors
from colorizer.file_plan import PHOTO_SUFFIXES

MANIFESTS = (".txt", ".csv", ".parquet", ".txt.gz", ".csv.gz")
PARQUET_ROWS = 4096  # read at a time


def is_manifest(source: str) -> bool:
    """Whether IN is a manifest, by its suffix, and not a folder."""
    return source.lower().endswith(MANIFESTS)


def root_of(source: str) -> str:
    """The folder that the paths of IN are relative to: IN itself, or the folder of a manifest."""
    if not is_manifest(source):
        return source
    return posixpath.dirname(source) if "://" in source else os.path.dirname(os.path.abspath(source))


def entries(source: str, column: str = "path", leave_out: str | None = None) -> Iterator[str]:
    """The photos of IN: paths below a folder, or what a manifest says, which `relative` understands.

    Args:
        source: a folder or a manifest; a path or a URL.
        column: of a CSV or Parquet file.
        leave_out: OUT, which may lie below IN.

    Raises:
        OSError: IN, or a folder of it, cannot be read.
        ValueError: a manifest without the column.
    """
    if not is_manifest(source):
        yield from _folder(Storage(source), leave_out)
        return
    with naming_errors(source) if "://" in source else nullcontext():
        yield from _manifest(source, column)


def relative(entry: str, root: Storage) -> str:
    """The path of a manifest's entry below the root.

    Args:
        entry: a path relative to the root, or a whole path or URL below it.
        root: what the manifest's paths are relative to.

    Raises:
        ValueError: it is not below the root.
    """
    path = entry
    if "://" in entry or entry.startswith("/"):
        path = root.fs._strip_protocol(entry) if "://" in entry else entry
        if not path.startswith(f"{root.root}/") or ("://" in entry and not _same_protocol(entry, root)):
            raise ValueError(f"it is not below {root.url or root.root}; --root names another folder")
        path = path[len(root.root) + 1 :]
    path = posixpath.normpath(path)
    if path in (".", "..") or path.startswith(("../", "/")):
        raise ValueError(f"it is not below {root.url or root.root}")
    return path


def _same_protocol(entry: str, root: Storage) -> bool:
    protocol = root.fs.protocol
    return entry.partition("://")[0] in ((protocol,) if isinstance(protocol, str) else protocol)


def _manifest(source: str, column: str) -> Iterator[str]:
    if source.lower().endswith(".parquet"):
        with fsspec.open(source, "rb") as file:
            table = pyarrow.parquet.ParquetFile(file)
            _check_column(column, table.schema_arrow.names, source)
            for batch in table.iter_batches(PARQUET_ROWS, columns=[column]):
                yield from (path for path in batch.column(0).to_pylist() if path)
        return
    # File names are bytes: those that are not UTF-8 come back as they were.
    with fsspec.open(
        source, "rt", compression="infer", encoding="utf-8", errors="surrogateescape", newline=""
    ) as file:
        yield from _csv(file, column, source) if ".csv" in source.lower()[-7:] else _text(file)


def _text(file: TextIO) -> Iterator[str]:
    for line in file:
        if entry := line.rstrip("\r\n"):
            yield entry


def _csv(file: TextIO, column: str, source: str) -> Iterator[str]:
    rows = csv.DictReader(file)
    _check_column(column, list(rows.fieldnames or ()), source)
    for row in rows:
        if entry := row[column]:
            yield entry


def _check_column(column: str, columns: list[str], source: str) -> None:
    if column not in columns:
        raise ValueError(
            f'{source} has no column "{column}"; --column names another. Received: {", ".join(columns)}'
        )


def _folder(storage: Storage, leave_out: str | None) -> Iterator[str]:
    """The photos below a folder, relative to it: one folder in memory at a time, on a disk not even that."""
    without = Storage(leave_out) if leave_out else None
    skipped = without.root if without and type(without.fs) is type(storage.fs) else None
    folders = [""]
    while folders:
        folder = folders.pop()
        for name, is_folder in storage.scan(folder):
            path = f"{folder}/{name}" if folder else name
            if name.startswith(".") or storage.path(path) == skipped:
                continue
            if is_folder:
                folders.append(path)
            elif posixpath.splitext(name)[1].lower() in PHOTO_SUFFIXES:
                yield path
