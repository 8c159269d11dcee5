"""Shares of a folder: together all photos, each once, the same on every machine."""

import unicodedata
from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from colorizer.shard import Shard

PATHS = [PurePath(f"box{n % 7}/{n:04}.jpg") for n in range(2000)]


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_every_photo_belongs_to_exactly_one_share(count):
    shards = [Shard(number, count) for number in range(1, count + 1)]
    assert all(sum(shard.holds(path) for shard in shards) == 1 for path in PATHS)


def test_the_shares_are_about_equal():
    sizes = [sum(Shard(number, 10).holds(path) for path in PATHS) for number in range(1, 11)]
    assert min(sizes) > 150
    assert max(sizes) < 250


def test_the_share_of_a_path_never_changes():
    # Known values: if they change, machines with two versions of the program leave photos out.
    expected = {"a.jpg": 50, "sea/1951/d.webp": 96, "Ångström.tif": 89}
    assert all(Shard(number, 100).holds(PurePath(name)) for name, number in expected.items())


def test_the_share_does_not_depend_on_how_a_system_writes_the_path():
    for number in range(1, 6):
        shard = Shard(number, 5)
        assert shard.holds(PurePosixPath("sea/d.jpg")) == shard.holds(PureWindowsPath("sea\\d.jpg"))
        composed, decomposed = (unicodedata.normalize(form, "Café.jpg") for form in ("NFC", "NFD"))
        assert shard.holds(PurePath(composed)) == shard.holds(PurePath(decomposed))


def test_a_file_name_that_is_not_utf8_has_a_share_as_well():
    name = PurePath(b"caf\xe9.jpg".decode("utf-8", "surrogateescape"))
    assert sum(Shard(number, 3).holds(name) for number in (1, 2, 3)) == 1


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "1/2/3", "a/b", "1.5/4", "１/2"])
def test_a_share_that_cannot_be_is_refused(text):
    with pytest.raises(ValueError, match=f"K from 1 to N, such as 3/100. Received: {text}"):
        Shard.parse(text)


def test_a_share_is_written_as_it_is_read():
    assert str(Shard.parse("3/100")) == "3/100"
