"""What importing loads and what it leaves alone; `lint-imports` checks which module may import which."""

import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

pytestmark = pytest.mark.slow

LARGE = {
    "keras", "tensorflow", "gradio", "matplotlib", "skimage", "ray", "pyarrow", "fsspec",
    "colorizer.cluster", "colorizer.training",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Which of the large libraries a fresh process has loaded after some lines."""
    report = f"\nimport sys\nprint('loaded', *(name for name in {sorted(LARGE)} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "module", ["colorizer", "batch", "cli", "image.writer", "pretrained.locate", "model.runtime"]
)
def test_the_core_loads_neither_keras_nor_gradio_nor_training(module):
    assert loaded_by(f"import colorizer.{module}") == set()


def test_a_photo_is_colored_without_them_where_ncnn_does_the_work():
    code = """
import os
os.environ["COLORIZER_RUNTIME"] = "ncnn"
from colorizer import Colorizer
Colorizer.from_pretrained().colorize("examples/detroit-1915.jpg")
"""
    assert loaded_by(code) == set()


def test_the_options_of_training_are_told_without_keras():
    code = """
import sys
sys.argv = ["train.py", "--help"]
import runpy
try:
    runpy.run_path("train.py", run_name="__main__")
except SystemExit as end:
    assert end.code == 0
"""
    assert loaded_by(code) - {"colorizer.training"} == set()


def test_a_host_programs_garbage_is_still_collected_when_the_package_is_used():
    code = """
import gc, weakref
import colorizer

class Ring: pass
ring = Ring()
ring.itself = ring
gone = weakref.ref(ring)
for name in colorizer.__all__:
    getattr(colorizer, name)
del ring
gc.collect()
assert gone() is None
assert gc.isenabled() and gc.get_freeze_count() == 0
"""
    loaded_by(code)
