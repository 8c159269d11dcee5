"""The choice of what computes the network is cached, and the cache is trusted only if it is sound."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from colorizer.model import runtime
from colorizer.model.runtime import Runtime, cache_file, select_runtime
from colorizer.model.spec import INT8
from tests.helpers.layer_timers import no_timer, timer

NCNN, NCNN_FLOAT, TENSORFLOW = Runtime("ncnn", INT8), Runtime("ncnn"), Runtime("tensorflow")

pytestmark = pytest.mark.usefixtures("nothing_decided")


@pytest.fixture
def cached() -> Callable[[], bool]:
    """Whether the cache says that ncnn is faster, so that nothing is measured."""

    def ask() -> bool:
        return select_runtime(timer=timer(ncnn=9)) == NCNN

    return ask


def test_that_ncnn_was_faster_is_known_at_the_next_start(cached):
    assert not cached()
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN
    assert cached()
    assert select_runtime(timer=no_timer()) == NCNN


def test_that_tensorflow_was_faster_is_measured_anew_each_time():
    assert select_runtime(timer=timer(ncnn=2)) == TENSORFLOW
    assert not cache_file().exists()


def test_for_another_processor_or_other_libraries_it_is_not_known(cached, monkeypatch):
    select_runtime(timer=timer(ncnn=0.1))
    monkeypatch.setattr(runtime, "_fingerprint", lambda: b"another")
    assert not cached()
    assert "ncnn 1" in cache_file().read_text()


@pytest.mark.parametrize("content", [b"", b"ncnn", b"\xff\xfe\x00", bytes(1 << 20)])
def test_a_damaged_cache_file_counts_as_none(cached, content):
    cache_file().parent.mkdir(parents=True)
    cache_file().write_bytes(content)
    assert not cached()
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN
    assert cached()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_folder(path: Path) -> None:
    path.mkdir()


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [make_pipe, link_to_zeros, make_folder, link_to_itself])
def test_what_lies_in_place_of_the_cache_file_neither_blocks_nor_fills_the_memory(cached, make):
    cache_file().parent.mkdir(parents=True)
    make(cache_file())
    assert not cached()
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN


def test_the_cache_file_of_another_user_counts_as_none(cached, monkeypatch):
    select_runtime(timer=timer(ncnn=0.1))
    assert cached()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not cached()


def test_where_nothing_can_be_cached_the_choice_is_the_same(cached):
    cache_file().parent.parent.write_text("a file where the folder should be")
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN
    assert not cached()


def test_a_choice_that_the_environment_influenced_is_not_cached_and_the_environment_beats_the_cache(
    monkeypatch,
):
    monkeypatch.setenv("COLORIZER_PRECISION", "float32")
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN_FLOAT
    assert not cache_file().exists()
    monkeypatch.delenv("COLORIZER_PRECISION")
    select_runtime(timer=timer(ncnn=0.1))
    assert select_runtime(timer=no_timer()) == NCNN
    monkeypatch.setenv("COLORIZER_PRECISION", "mixed_bfloat16")
    assert select_runtime(timer=no_timer()).backend == "tensorflow"
    monkeypatch.delenv("COLORIZER_PRECISION")
    monkeypatch.setenv("COLORIZER_RUNTIME", "tensorflow")
    assert select_runtime(timer=timer(ncnn=0.1)) == TENSORFLOW


def test_without_the_package_ncnn_the_cache_is_not_asked(monkeypatch):
    select_runtime(timer=timer(ncnn=0.1))
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert select_runtime(timer=timer(ncnn=0.1)) == TENSORFLOW
