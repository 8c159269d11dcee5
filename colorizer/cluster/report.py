"""The report: a row about every photo, in Parquet files that are complete while the run goes on.

    report = Report(out, "2026-11-27T072200Z")
    report.add(table); …; report.close()
    pandas.read_parquet("coloured/report")              # all runs, with a column "run"

A killed driver loses the rows of the last minute, never a photo: the next run finds it done.
"""

import io
import time
from collections import Counter
from dataclasses import dataclass, fields

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from colorizer.cluster.storage import Storage

COLOURED, SKIPPED, FAILED = "coloured", "skipped", "failed"
FOLDER = "report"  # below OUT
ROWS_A_FILE = 20_000  # 3 MB
SECONDS_A_FILE = 30.0


@dataclass(frozen=True)
class Row:
    """What became of one photo.

    Attributes:
        path: the photo, relative to IN, or as its manifest has it.
        status: COLOURED, SKIPPED or FAILED.
        output: its result, relative to OUT; empty if it could not have one.
        reason: why it was skipped or has failed; of a coloured photo, what its result cannot hold.
        width: in pixels; None where the photo was not read.
        height: in pixels.
        seconds: that reading, colouring and writing took.
        input_sha256: of the photo's file, in hexadecimal.
        output_sha256: of the result.
        fatal: whether no other photo can be written either: the disk is full. Not part of the report.
    """

    path: str
    status: str
    output: str = ""
    reason: str = ""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    input_sha256: str | None = None
    output_sha256: str | None = None
    fatal: bool = False


_TYPES = {
    "width": pa.int32(),
    "height": pa.int32(),
    "seconds": pa.float32(),
    "fatal": pa.bool_(),
}
SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.string())) for field in fields(Row)])


def to_table(rows: list[Row]) -> pa.Table:
    """Rows as they travel from a worker. Names that are not UTF-8 are written as Python escapes them."""
    columns = {name: [getattr(row, name) for row in rows] for name in SCHEMA.names}
    for name in ("path", "output", "reason"):
        columns[name] = [text.encode("utf-8", "backslashreplace").decode() for text in columns[name]]
    return pa.table(columns, schema=SCHEMA)


class Report:
    """Writes the rows of one run, a file at a time, and counts them.

    Attributes:
        counts: how many rows have each status.
        url: of the run's folder, for messages.
    """

    def __init__(self, out: Storage, run: str):
        self.counts: Counter[str] = Counter()
        self._out, self._folder = out, f"{FOLDER}/run={run}"
        self.url = f"{out.url.rstrip('/')}/{self._folder}"
        self._waiting: list[pa.Table] = []
        self._files = 0
        self._written = time.monotonic()

    def begin(self, settings: str) -> float | None:
        """Writes what the run was asked for beside the rows.

        Returns:
            When the run began, by the clock of OUT; None if that does not say.

        Raises:
            OSError: nothing can be written to OUT.
        """
        name = f"{self._folder}/_settings.json"  # readers of Parquet leave out what begins with "_"
        self._out.write(name, settings.encode())
        stat = self._out.stat(name)
        return stat.modified if stat else None

    def add(self, table: pa.Table) -> None:
        """Takes rows, and writes those that have waited long enough.

        Raises:
            OSError: nothing can be written to OUT.
        """
        for status in pyarrow.compute.value_counts(table.column("status")):
            self.counts[status["values"].as_py()] += status["counts"].as_py()
        self._waiting.append(table.drop_columns("fatal"))
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= ROWS_A_FILE or time.monotonic() - self._written > SECONDS_A_FILE:
            self.close()

    def close(self) -> None:
        """Writes the rows that wait.

        Raises:
            OSError: nothing can be written to OUT.
        """
        self._written = time.monotonic()
        if not self._waiting:
            return
        data = io.BytesIO()
        pyarrow.parquet.write_table(pa.concat_tables(self._waiting), data, compression="zstd")
        self._out.write(f"{self._folder}/part-{self._files:06}.parquet", data.getvalue())
        self._files += 1
        self._waiting = []

    def __str__(self) -> str:
        done, skipped, failed = (self.counts[status] for status in (COLOURED, SKIPPED, FAILED))
        return f"{done} coloured, {skipped} already there, {failed} failed"


def pack(rows: list[Row]) -> pa.Table:
    """Rows as one row, a list: Ray then keeps them together."""
    structs = to_table(rows).to_struct_array().combine_chunks()
    return pa.table({"rows": pa.ListArray.from_arrays([0, len(rows)], structs)})


def unpack(table: pa.Table) -> pa.Table:
    """The rows that `pack` has put together."""
    return pa.Table.from_struct_array(table.column("rows").combine_chunks().flatten())
