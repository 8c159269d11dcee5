"""Hostile photos: a minute of them, the same ones every time; `make fuzz` sends ten thousand."""

import subprocess
import sys

import numpy as np
import pytest

from colorizer import Colorizer, PhotoError
from colorizer.image.reader import read_photo
from tests import fuzz
from tests.helpers.hostile import ATTACKS, KINDS, SUFFIXES, hostile
from tests.helpers.paths import ROOT


def test_a_minute_of_hostile_photos_ends_in_pictures_or_in_reasons():
    # In a process of its own: the most memory that this one has had says nothing about the photos.
    command = [sys.executable, "-m", "tests.fuzz", "--files", "100000", "--seconds", "60"]
    environment = {"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "0 wrong" in done.stdout


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_always_gives_the_same_file(seed):
    assert hostile(seed) == hostile(seed)


def test_the_files_are_of_every_kind_and_attacked_in_every_way():
    names = [hostile(seed)[0] for seed in range(500)]
    assert {name.split("-")[1].split(".")[0] for name in names} == {a.__name__ for a in ATTACKS}
    assert {name.split(".")[1] for name in names} == {SUFFIXES.get(kind, kind.lower()) for kind in KINDS}


@pytest.mark.parametrize("size", [(1, 65000), (65000, 1)])
def test_a_thread_of_pixels_takes_no_more_memory_than_its_pixels(tiny_colorizer, size):
    photo = read_photo(np.zeros((size[1], size[0]), np.uint8))
    before = fuzz.peak_memory()
    assert tiny_colorizer.predict(photo).render().size == size
    assert fuzz.peak_memory() - before < 100e6


def test_a_side_beyond_the_limit_is_refused_with_the_limit(tiny_network):
    with pytest.raises(PhotoError, match="at most 65535 a side"):
        Colorizer.from_network(tiny_network).colorize(np.zeros((1, 70000), np.uint8))
