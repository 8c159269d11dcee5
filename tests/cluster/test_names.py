"""The names of results: never two alike, whatever lies beside a photo."""

import itertools
import unicodedata

import pytest

from colorizer.cluster.names import result_name
from colorizer.image.file_types import SUFFIXES


@pytest.mark.parametrize(
    ("photo", "result"),
    [
        ("a.jpg", "a.jpg"),
        ("sea/1951/d.TIFF", "sea/1951/d.TIFF"),
        ("a.gif", "a.gif.png"),
        ("a.PGM", "a.PGM.png"),
        ("a.mpo", "a.mpo.jpg"),
        ("v1.2.png", "v1.2.png"),
        ("scan", "scan~.png"),
        ("scan.0001", "scan.0001~.png"),
        ("a.gif.png", "a.gif.png.png"),
        ("a.mpo.jpg", "a.mpo.jpg.jpg"),
        ("scan~.png", "scan~.png.png"),
    ],
)
def test_a_photo_keeps_its_whole_name_with_a_suffix_that_can_hold_colour(photo, result):
    assert result_name(photo) == result


def test_no_two_names_become_one():
    parts = ["a", ".gif", ".png", ".jpg", ".mpo", "~", ".x"]
    names = {"".join(name) for length in range(1, 6) for name in itertools.product(parts, repeat=length)}
    results = {result_name(name) for name in names}
    assert len(results) == len(names) > 15_000
    assert all(result.endswith(tuple(SUFFIXES)) for result in results)


def test_where_case_is_not_told_apart_capitals_get_a_digest():
    names = ["sea/a.jpg", "sea/A.jpg", "SEA/a.jpg", "sea/a.JPG", "Sea/A.JPG"]
    results = [result_name(name, fold=True) for name in names]
    assert results[0] == "sea/a.jpg"
    assert len({result.casefold() for result in results}) == len(names)
    assert all(result.lower().endswith(".jpg") for result in results)


def test_where_spellings_of_unicode_are_not_told_apart_one_of_them_gets_a_digest():
    composed, decomposed = (unicodedata.normalize(form, "café.jpg") for form in ("NFC", "NFD"))
    assert result_name(composed, fold=True) == composed
    results = {unicodedata.normalize("NFC", result_name(name, fold=True)) for name in (composed, decomposed)}
    assert len(results) == 2


def test_a_name_that_is_not_utf8_has_a_result():
    name = b"CAF\xe9.jpg".decode("utf-8", "surrogateescape")
    assert result_name(name) == name
    assert result_name(name, fold=True).endswith(".jpg")
