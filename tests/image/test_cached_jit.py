"""Compiled functions on disk: found again, never outdated, and never the reason why a photo fails."""

import re
import runpy
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching, compiler, config

from colorizer.image.cached_jit import CachedFunction, fingerprint
from tests.helpers.disk import full_disk

MODULE = """
def build(constants):
    def scale(x):
        _ = constants
        return FACTOR * x
    return scale
"""


@pytest.fixture
def new_process(tmp_path, monkeypatch) -> Callable[[float], CachedFunction]:
    """Loads a module whose function multiplies by a constant of another module, as a new process would."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "scaling.py"
    path.write_text(MODULE)

    def load(factor: float = 2.0) -> CachedFunction:
        names = {"FACTOR": np.float64(factor)}
        return CachedFunction(runpy.run_path(str(path), names)["build"](fingerprint(names)))

    return load


def cache_files(folder: Path) -> list[Path]:
    return [file for file in (folder / "cache").rglob("*") if file.is_file()]


def test_a_compiled_function_is_kept_for_the_next_start(new_process, tmp_path, monkeypatch):
    assert new_process()(4.0) == 8
    assert {file.suffix for file in cache_files(tmp_path)} == {".nbi", ".nbc"}
    monkeypatch.setattr(compiler, "compile_extra", None)  # compiling again would fail
    assert new_process()(4.0) == 8


def test_a_constant_that_changed_elsewhere_is_noticed_though_the_file_is_the_same(new_process):
    assert new_process(2.0)(4.0) == 8
    assert new_process(3.0)(4.0) == 12


def test_without_the_fingerprint_numba_would_use_the_old_constant(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "scaling.py").write_text(MODULE)
    results = []
    for factor in (2.0, 3.0):
        module = runpy.run_path(str(tmp_path / "scaling.py"), {"FACTOR": np.float64(factor)})
        results.append(CachedFunction(module["build"](0))(4.0))
    assert results == [8, 8]


def test_the_fingerprint_depends_on_every_numpy_value_and_on_nothing_else():
    table = np.arange(5, dtype=np.float32)
    first = fingerprint({"A": table, "B": np.float32(1)})
    assert fingerprint({"B": np.float32(1), "A": table.copy(), "name": "x", "f": print}) == first
    changed = table.copy()
    changed[3] = np.nextafter(changed[3], np.float32(9))
    assert fingerprint({"A": changed, "B": np.float32(1)}) != first
    assert fingerprint({"A": table, "B": np.float64(1)}) != first


@pytest.mark.slow
def test_an_error_of_the_function_is_raised_as_it_is_and_is_no_fault_of_the_cache(new_process, tmp_path):
    (tmp_path / "scaling.py").write_text(
        "def build(constants):\n"
        "    def scale(x):\n"
        "        if x < 0:\n"
        "            raise ValueError('negative')\n"
        "        return constants * x\n"
        "    return scale\n"
    )
    function = new_process()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="negative"):
            function(-1.0)
        with pytest.raises(Exception, match="No implementation of function"):
            function("text")


def test_without_a_writable_folder_the_function_is_compiled_all_the_same(monkeypatch):
    def twice(x: float) -> float:
        return 2 * x

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.warns(UserWarning, match="cannot be cached"):
        assert CachedFunction(twice)(4.0) == 8


def test_a_full_disk_costs_the_next_start_some_seconds_and_no_photo(new_process, monkeypatch):
    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", full_disk)
    twice = new_process()
    with pytest.warns(UserWarning, match="cannot be cached.*No space left"):
        assert twice(4.0) == 8
    assert twice(5.0) == 10


@pytest.mark.parametrize("content", [b"", b"\x80\x04damaged", b"cos\nnothing_there\n."])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_cache_file_costs_no_photo(new_process, tmp_path, content, suffix):
    new_process()(4.0)
    for file in cache_files(tmp_path):
        if file.suffix == suffix:
            file.write_bytes(content)
    with pytest.warns(UserWarning, match=f"cannot be cached.*{re.escape(str(tmp_path))}"):
        assert new_process()(4.0) == 8
