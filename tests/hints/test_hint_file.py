"""Hints in files: JSON, and coloured photos that hold the hints that made them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer import Hint, HintError, format_hints, read_hints
from colorizer.hints.hint_file import find_hint_file
from colorizer.image.metadata_writer import XMP_FORMATS
from colorizer.image.provenance import hints_of, source_of
from colorizer.prediction import Prediction

HINTS = (
    Hint(0.3, 0.4, "#e0701e"),
    Hint(0.2, 0.8, (12.5, -30.25), outline=((0.1, 0.7), (0.4, 0.7), (0.2, 0.95)), reach=2.0),
    Hint(1 / 3, 0.1),
)


@pytest.fixture(scope="module")
def prediction(tiny_colorizer, tmp_path_factory) -> Prediction:
    path = tmp_path_factory.mktemp("photo") / "boat.png"
    Image.linear_gradient("L").save(path)
    return tiny_colorizer.predict(path, size=32)


def test_hints_are_read_from_json(tmp_path):
    path = tmp_path / "boat.json"
    path.write_text(format_hints(HINTS))
    assert read_hints(path) == read_hints(str(path)) == HINTS
    path.write_text(format_hints(HINTS), encoding="utf-8-sig")  # as some editors of Windows save it
    assert read_hints(path) == HINTS


@pytest.mark.parametrize("kind", sorted(XMP_FORMATS))
def test_a_coloured_photo_of_every_type_with_xmp_holds_its_hints(prediction, tmp_path, kind):
    suffix = {"JPEG": "jpg", "TIFF": "tif", "HEIF": "heic"}.get(kind, kind.lower())
    path = tmp_path / f"boat.{suffix}"
    assert prediction.with_hints(HINTS).save(path) == ()
    assert read_hints(path) == HINTS
    assert source_of(path) == prediction.photo.digest


@pytest.mark.parametrize("suffix", ["bmp", "jp2", "tga"])
def test_a_type_without_xmp_gets_a_note(prediction, tmp_path, suffix):
    (note,) = prediction.with_hints(HINTS).save(tmp_path / f"boat.{suffix}")
    assert "has no place for its hints" in note
    with pytest.raises(HintError, match=rf"boat\.{suffix}: this photo was not coloured with hints"):
        read_hints(tmp_path / f"boat.{suffix}")


def test_hints_too_long_for_a_jpeg_are_left_out_with_a_note_and_fit_a_png(prediction, tmp_path):
    turns = np.linspace(0, 2 * np.pi, 1000)
    circle = tuple(zip((0.5 + np.sin(turns) / 3).tolist(), (0.5 + np.cos(turns) / 3).tolist(), strict=True))
    hints = tuple(Hint(0.4 + n / 20, 0.5, (float(n), 0.0), circle) for n in range(3))
    (note,) = prediction.with_hints(hints).save(tmp_path / "boat.jpg")
    assert "its hints are too long for a JPEG and left out" in note
    assert source_of(tmp_path / "boat.jpg") == prediction.photo.digest
    assert prediction.with_hints(hints).save(tmp_path / "boat.png") == ()
    assert read_hints(tmp_path / "boat.png") == hints


def test_a_photo_without_hints_says_so(prediction, tmp_path):
    prediction.save(tmp_path / "plain.jpg")
    assert hints_of(tmp_path / "plain.jpg") == ""
    prediction.photo.original.save(tmp_path / "grey.jpg")
    assert hints_of(tmp_path / "grey.jpg") is None
    for name in ("plain.jpg", "grey.jpg"):
        with pytest.raises(HintError, match="was not coloured with hints"):
            read_hints(tmp_path / name)


def test_a_result_that_is_coloured_again_does_not_keep_the_old_hints(prediction, tiny_colorizer, tmp_path):
    prediction.with_hints(HINTS).save(tmp_path / "first.png")
    again = tiny_colorizer.predict(tmp_path / "first.png", size=32)
    again.save(tmp_path / "second.png")
    assert hints_of(tmp_path / "second.png") == ""


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b"Dear grandson", "must be JSON"),
        ("a.json", b'[{"x": NaN, "y": 0, "keep": true}]', "Numbers must be finite"),
        ("a.json", b"[" + b" " * 6_000_000 + b"]", "larger than 5000000 bytes"),
        ("a.jpg", b"Dear grandson", "was not coloured with hints"),
        ("a.json", None, "cannot be read: No such file"),
        ("a.jpg", None, "cannot be read: No such file"),
        ("", None, "cannot be read: "),
    ],
)
def test_what_holds_no_hints_gets_a_sentence_that_names_the_file(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HintError) as error:
        read_hints(path)
    assert str(error.value).startswith(str(path))
    assert reason in str(error.value)
    assert len(str(error.value)) < 400


def test_hints_of_a_hostile_result_are_checked_like_any_others(prediction, tmp_path):
    path = tmp_path / "boat.jpg"
    prediction.with_hints([Hint(0.5, 0.5, "#123456")]).save(path)
    path.write_bytes(path.read_bytes().replace(b"&quot;x&quot;: 0.5", b"&quot;x&quot;: 7.5"))
    with pytest.raises(
        HintError, match=r"boat\.jpg: Hint 1: x must be a number from 0 to 1\. Received: 7\.5"
    ):
        read_hints(path)


def test_the_file_beside_a_photo_has_its_name_with_or_without_the_suffix(tmp_path: Path):
    photo = tmp_path / "boat.jpg"
    assert find_hint_file(photo) is None
    (tmp_path / "boat.hints.json").touch()
    assert find_hint_file(photo) == tmp_path / "boat.hints.json"
    (tmp_path / "boat.jpg.hints.json").touch()
    assert find_hint_file(photo) == tmp_path / "boat.jpg.hints.json"
    assert find_hint_file(tmp_path / "ship.jpg") is None
