"""The names of the results: all different, on every disk, and the same in every run."""

import os
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from colorizer.errors import PhotoError
from colorizer.file_plan import find_photos, plan_files
from colorizer.shard import Shard


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(folder: Path) -> list[str]:
    """The results planned for an album, by the sorted names of its photos."""
    plan = plan_files([folder], Path("out"))
    return [job.target.relative_to("out").as_posix() for job in plan.jobs]


def test_a_photo_keeps_its_name_and_a_type_that_cannot_hold_colour_becomes_png(tmp_path):
    touch(tmp_path, "a.JPG", "b.gif", "c/d.tiff", "e.pgm", "f.mpo")
    assert names(tmp_path) == ["a.JPG", "b.png", "c/d.tiff", "e.png", "f.jpg"]


def test_photos_that_differ_only_in_a_suffix_that_changes_keep_all_of_their_name(tmp_path):
    touch(tmp_path, "a.gif", "a.png", "a.ppm", "b.gif", "b.pgm")
    assert names(tmp_path) == ["a.gif.png", "a.png", "a.ppm.png", "b.gif.png", "b.pgm.png"]


def test_the_longer_name_may_be_taken_too(tmp_path):
    touch(tmp_path, "a.gif", "a.gif.png", "a.png")
    assert sorted(names(tmp_path)) == ["a.gif-2.png", "a.gif.png", "a.png"]


def test_names_that_differ_only_in_case_or_unicode_form_are_told_apart(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD"))
    touch(tmp_path, "A.jpg", "a.jpg", composed, decomposed)
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("this file system cannot hold both names")
    found = names(tmp_path)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in found}) == 4
    assert {"A.jpg", "a-2.jpg"} <= set(found)


def test_the_second_photo_of_a_name_gets_a_number_and_a_note(tmp_path):
    first, second = touch(tmp_path / "x", "a.jpg"), touch(tmp_path / "y", "a.jpg", "a-2.jpg")
    plan = plan_files([first / "a.jpg", second], tmp_path / "out")
    assert sorted(job.target.name for job in plan.jobs) == ["a-2.jpg", "a-3.jpg", "a.jpg"]
    assert [job.target.name for job in plan.jobs if job.source == second / "a-2.jpg"] == ["a-2.jpg"]
    assert len(plan.notes) == 1
    assert "a-3.jpg, because" in plan.notes[0]


def test_a_photo_named_twice_is_coloured_once(tmp_path):
    touch(tmp_path, "a.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    plan = plan_files([tmp_path / "a.jpg", tmp_path, tmp_path / "link.jpg"], Path("out"))
    assert [job.target for job in plan.jobs] == [Path("out/a.jpg")]


def test_no_result_gets_the_name_of_another_photo(tmp_path):
    first, second = touch(tmp_path / "x", "a.jpg"), touch(tmp_path / "y", "a.jpg")
    plan = plan_files([second / "a.jpg", first / "a.jpg"], first)
    targets = {job.source: job.target for job in plan.jobs}
    assert targets[second / "a.jpg"] == first / "a-2.jpg"


def test_beside_keeps_the_folder(tmp_path):
    touch(tmp_path, "wedding.jpg", "party.gif", "party.png")
    plan = plan_files([tmp_path], None)
    assert sorted(job.target.name for job in plan.jobs) == [
        "party-colour.png", "party.gif-colour.png", "wedding-colour.jpg",
    ]  # fmt: skip
    assert {job.target.parent for job in plan.jobs} == {tmp_path}


def test_a_result_beside_its_photo_that_cannot_say_so_is_known_by_its_name(tmp_path):
    photos = {"a.bmp", "B.TGA", "c.MOV", "d.AVI", "letter.jpg", "walk-colour.bmp"}
    results = {"a-colour.bmp", "B-colour-2.TGA", "c-colour.MOV", "d-colour.mkv", "letter.jpg-colour.bmp"}
    touch(tmp_path, *photos, *results)
    assert {relative.name for _, relative in find_photos([tmp_path])} == photos


def test_hidden_files_and_other_types_are_no_photos(tmp_path):
    touch(tmp_path, ".a.jpg", "letter.txt", "b.jpg")
    assert [relative for _, relative in find_photos([tmp_path])] == [Path("b.jpg")]


def test_a_pipe_and_a_device_are_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        with pytest.raises(PhotoError, match="is a device or a pipe, not a photo"):
            plan_files([path], tmp_path / "out")


# --- shards: several machines, each with its share ---------------------------------------------------------


def test_the_shards_of_a_folder_are_together_its_whole_plan(tmp_path):
    album = touch(tmp_path, *(f"box{n % 3}/{n}.{suffix}" for n in range(20) for suffix in ("gif", "png")))
    whole = plan_files([album], Path("out")).jobs
    shards = [plan_files([album], Path("out"), shard=Shard(number, 4)).jobs for number in (1, 2, 3, 4)]
    assert all(shards)
    assert sorted(job.target for shard in shards for job in shard) == sorted(job.target for job in whole)


def test_the_shard_of_a_photo_does_not_depend_on_where_the_folder_is_mounted(tmp_path):
    for place in ("here", "somewhere/else"):
        touch(tmp_path / place, *(f"{n}.jpg" for n in range(20)))
    first, second = (
        [job.source.name for job in plan_files([tmp_path / place], Path("out"), shard=Shard(1, 3)).jobs]
        for place in ("here", "somewhere/else")
    )
    assert first == second


def test_all_pages_of_a_document_are_in_one_shard(tmp_path):
    pages = [Image.new("L", (8, 8), shade) for shade in (0, 100, 200)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    counts = [len(plan_files([tmp_path], Path("out"), True, Shard(number, 2)).jobs) for number in (1, 2)]
    assert sorted(counts) == [0, 3]
