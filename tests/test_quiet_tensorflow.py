"""What the user sees at the start: a result, an error, an address, and nothing of TensorFlow's own log."""

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader

import pytest
from PIL import Image

from colorizer import quiet_tensorflow
from tests.helpers.paths import ROOT

GREETINGS = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"I0000 00:00:1795747820.796810   17011 port.cc:153] oneDNN custom operations are on. You may see\n"
)


def test_greetings_are_dropped_and_everything_else_arrives(capfd):
    with quiet_tensorflow.without_greetings():
        os.write(2, GREETINGS + b"F0000 00:00:1795747820.7   17011 cpu.cc:1] needs AVX\nImportant\n")
    assert capfd.readouterr().err == "F0000 00:00:1795747820.7   17011 cpu.cc:1] needs AVX\nImportant\n"
    os.write(2, GREETINGS)
    assert capfd.readouterr().err.encode() == GREETINGS


def test_what_was_written_before_an_error_arrives_too(capfd):
    with pytest.raises(ImportError), quiet_tensorflow.without_greetings():
        os.write(2, b"libfoo.so is missing\n")
        raise ImportError("libfoo.so")
    assert capfd.readouterr().err == "libfoo.so is missing\n"


def test_tensorflow_is_found_where_it_is_and_loaded_by_its_own_loader():
    code = (
        "from colorizer import quiet_tensorflow\n"
        "quiet_tensorflow.install(); quiet_tensorflow.install()\n"
        "import tensorflow as tf\n"
        "print(type(tf.__spec__.loader).__name__, float(tf.constant(1.0) + 1))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.split(), done.stderr) == ([SourceFileLoader.__name__, "2.0"], "")


def test_the_command_prints_its_result_and_nothing_else_where_tensorflow_does_the_work(tmp_path):
    Image.linear_gradient("L").save(tmp_path / "grandma.png")
    command = [sys.executable, "-m", "colorizer", str(tmp_path / "grandma.png"), "-o", str(tmp_path / "out")]
    environment = os.environ | {"COLORIZER_RUNTIME": "tensorflow"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert (done.stdout, done.stderr) == ("", "1 coloured, 0 already there, 0 failed\n")
