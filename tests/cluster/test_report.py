"""The report: every row once, in files that are complete."""

import os

import pyarrow as pa
import pyarrow.parquet
import pytest

from colorizer.cluster import report as module
from colorizer.cluster.report import COLOURED, FAILED, SCHEMA, SKIPPED, Report, Row, pack, to_table, unpack
from colorizer.cluster.storage import Storage

ROWS = [
    Row("a.jpg", COLOURED, "a.jpg", "", 40, 30, 0.5, "1" * 64, "2" * 64),
    Row("b.jpg", SKIPPED, "b.jpg", "its result is there and newer"),
    Row("c.jpg", FAILED, "c.jpg", "there is no such file", seconds=0.25),
]


def read(folder) -> list[dict]:
    return pyarrow.parquet.read_table(folder / "report").to_pylist()


def test_rows_travel_as_one_row_and_come_back():
    both = pa.concat_tables([pack(ROWS), pack(ROWS[:1])])
    assert pack(ROWS).num_rows == 1
    assert unpack(both) == to_table([*ROWS, ROWS[0]])


def test_rows_are_written_and_counted(tmp_path):
    report = Report(Storage(str(tmp_path)), "first")
    report.begin("{}")
    report.add(to_table(ROWS))
    report.close()
    assert str(report) == "1 coloured, 1 already there, 1 failed"
    rows = read(tmp_path)
    assert [row["path"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows[0] == {
        name: getattr(ROWS[0], name) for name in SCHEMA.names if name != "fatal"
    } | {"run": "first"}  # fmt: skip
    assert rows[2]["seconds"] == 0.25
    assert rows[2]["input_sha256"] is None


def test_a_file_appears_when_enough_rows_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_A_FILE", 5)
    report = Report(Storage(str(tmp_path)), "first")
    report.add(to_table(ROWS))
    assert not (tmp_path / "report").exists()
    report.add(to_table(ROWS))
    assert len(read(tmp_path)) == 6


def test_a_file_appears_when_rows_have_waited_long_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_A_FILE", 0.0)
    report = Report(Storage(str(tmp_path)), "first")
    for _ in range(3):
        report.add(to_table(ROWS))
    report.close()
    assert len(list((tmp_path / "report" / "run=first").glob("part-*.parquet"))) == 3
    assert len(read(tmp_path)) == 9


def test_the_runs_of_an_archive_are_read_as_one_table(tmp_path):
    for run in ("first", "second"):
        report = Report(Storage(str(tmp_path)), run)
        report.begin("{}")
        report.add(to_table(ROWS))
        report.close()
    assert [row["run"] for row in read(tmp_path)] == ["first"] * 3 + ["second"] * 3


def test_the_start_of_a_run_is_told_by_the_clock_of_the_storage(tmp_path):
    started = Report(Storage(str(tmp_path)), "first").begin("{}")
    assert started == os.stat(tmp_path / "report" / "run=first" / "_settings.json").st_mtime


def test_a_run_that_cannot_write_ends_before_it_begins(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        Report(Storage(str(tmp_path / "out")), "first").begin("{}")


def test_a_name_that_is_not_utf8_is_escaped(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    assert to_table([Row(name, FAILED)]).column("path").to_pylist() == ["caf\\udce9.jpg"]
