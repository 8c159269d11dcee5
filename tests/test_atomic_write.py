"""What a killed process leaves behind, on a disk of one's own and on one that several machines share."""

import os
import subprocess
import sys
import time

from colorizer import atomic_write
from colorizer.atomic_write import ABANDONED, partial_path, remove_leftovers, replace_file


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_dead_process_of_this_machine_began_is_removed(tmp_path):
    (tmp_path / f".a.jpg.{atomic_write._HOST}.{dead_process()}.0.partial").touch()
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_another_machine_is_writing_stays(tmp_path):
    # Its process has a number that no process has here.
    theirs = tmp_path / f".a.jpg.another-machine.{dead_process()}.0.partial"
    theirs.touch()
    remove_leftovers(tmp_path)
    assert theirs.exists()


def test_what_another_machine_began_a_day_ago_is_removed(tmp_path):
    theirs = tmp_path / ".a.jpg.another-machine.1.0.partial"
    theirs.touch()
    long_ago = time.time() - ABANDONED - 60
    os.utime(theirs, (long_ago, long_ago))
    remove_leftovers(tmp_path)
    assert not theirs.exists()


def test_a_file_that_is_being_written_here_stays(tmp_path):
    def parts():
        yield b"half"
        remove_leftovers(tmp_path)
        yield b" and half"

    replace_file(tmp_path / "a.jpg", parts())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"half and half"]


def test_a_temporary_name_of_a_killed_process_is_recognised(tmp_path):
    partial = partial_path(tmp_path / "film.mp4")
    partial.touch()
    remove_leftovers(tmp_path)
    assert partial.exists()  # this process lives
    partial.rename(tmp_path / partial.name.replace(f".{os.getpid()}.", f".{dead_process()}."))
    remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())
