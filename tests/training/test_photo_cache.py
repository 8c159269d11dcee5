"""Training photos: found wherever they lie, decoded once, broken ones named, crops repeatable."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.training.photo_cache import SHORT_SIDE, PhotoCache


def build(tmp_path: Path, *paths: Path, fewest: int = 1) -> PhotoCache:
    return PhotoCache.build(paths, tmp_path / "cache", fewest=fewest)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_is_searched_recursively_zips_and_tars_included(tmp_path, photo_bytes):
    folder = tmp_path / "photos"
    write(folder / "a.png", photo_bytes(0))
    write(folder / "deep" / "er" / "b.jpg", photo_bytes(1, "JPEG"))
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("x/c.png", photo_bytes(2))
    with tarfile.open(folder / "deep" / "d.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("y/d.png")
        member.size = len(photo_bytes(3))
        archive.addfile(member, io.BytesIO(photo_bytes(3)))
    cache = build(tmp_path, folder)
    assert sorted(Path(name).name for name in cache.names) == ["a.png", "b.jpg", "c.png", "d.png"]
    assert cache.unreadable == {}


def test_a_zip_a_tar_and_a_single_photo_can_be_named_directly(tmp_path, photo_bytes):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", photo_bytes(0))
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.add(write(tmp_path / "b.png", photo_bytes(1)), "b.png")
    cache = build(tmp_path, tmp_path / "a.zip", tmp_path / "b.tar", tmp_path / "b.png")
    assert len(cache) == 3


def test_what_was_cached_is_the_photo(tmp_path, photo_bytes, color_image):
    cache = build(tmp_path, write(tmp_path / "a.png", photo_bytes(7)))
    np.testing.assert_array_equal(cache[0], np.asarray(color_image(40, 40, 7)))


def test_avif_is_read(tmp_path, photo_bytes, color_image):
    cache = build(tmp_path, write(tmp_path / "a.avif", photo_bytes(3, "AVIF", 64, quality=95)))
    assert np.abs(cache[0].astype(int) - np.asarray(color_image(64, 64, 3))).mean() < 6


def test_a_sideways_photo_is_turned_upright(tmp_path, color_image):
    exif = Image.Exif()
    exif[0x0112] = 6
    color_image(60, 40).save(tmp_path / "a.jpg", exif=exif)
    assert build(tmp_path, tmp_path / "a.jpg")[0].shape == (60, 40, 3)


def test_a_large_photo_is_kept_no_larger_than_training_needs(tmp_path, color_image):
    color_image(1200, 800).save(tmp_path / "a.jpg")
    assert build(tmp_path, tmp_path / "a.jpg")[0].shape == (SHORT_SIDE, SHORT_SIDE * 3 // 2, 3)


def test_unusable_photos_are_counted_and_named_and_the_rest_goes_on(tmp_path, photo_bytes):
    folder = tmp_path / "photos"
    write(folder / "good.png", photo_bytes(0))
    write(folder / "half.png", photo_bytes(1)[:200])
    write(folder / "text.jpg", b"not a photo")
    write(folder / "notes.txt", b"ignored, as it does not claim to be a photo")
    Image.linear_gradient("L").save(folder / "grey.png")
    write(folder / "tiny.png", photo_bytes(2, side=8))
    cache = build(tmp_path, folder)
    assert [Path(name).name for name in cache.names] == ["good.png"]
    reasons = {Path(name).name: why for name, why in cache.unreadable.items()}
    assert sorted(reasons) == ["grey.png", "half.png", "text.jpg", "tiny.png"]
    assert "it is grey" in reasons["grey.png"]
    assert "only 8x8 pixels" in reasons["tiny.png"]


def test_fewer_than_100_usable_photos_is_an_error_that_says_how_many(tmp_path, photo_bytes):
    for number in range(99):
        write(tmp_path / "photos" / f"{number}.png", photo_bytes(number))
    write(tmp_path / "photos" / "broken.jpg", b"")
    with pytest.raises(
        ValueError, match=r"at least 100 usable colour photos. Received: 99 \(and 1 unusable\)"
    ):
        PhotoCache.build([tmp_path / "photos"], tmp_path / "cache")


def test_no_usable_photo_at_all_is_the_same_error_and_leaves_no_cache(tmp_path):
    write(tmp_path / "photos" / "broken.jpg", b"not a photo")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"usable colour photos. Received: 0 \(and 1 unusable\)"):
            build(tmp_path, tmp_path / "photos")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_photo_inside_a_zip_is_named_and_the_rest_goes_on(tmp_path, photo_bytes):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", photo_bytes(number))
    data = bytearray(path.read_bytes())
    data[data.find(photo_bytes(1)) + 200] ^= 1
    path.write_bytes(data)
    cache = build(tmp_path, path)
    assert [Path(name).name for name in cache.names] == ["0.png", "2.png"]
    assert [Path(name).name for name in cache.unreadable] == ["1.png"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no photos at .*nowhere"):
        build(tmp_path, tmp_path / "nowhere")


def test_photos_are_decoded_once_and_again_only_when_they_changed(tmp_path, photo_bytes, monkeypatch):
    folder = tmp_path / "photos"
    write(folder / "a.png", photo_bytes(0))
    first = build(tmp_path, folder)
    with monkeypatch.context() as patch:
        patch.setattr("colorizer.training.photo_cache.decode", lambda data: pytest.fail("decoded again"))
        assert build(tmp_path, folder).folder == first.folder
    write(folder / "b.png", photo_bytes(1))
    assert len(build(tmp_path, folder)) == 2


def test_an_interrupted_decoding_leaves_no_half_cache(tmp_path, photo_bytes, monkeypatch):
    path = write(tmp_path / "a.png", photo_bytes(0))

    def interrupt(data):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("colorizer.training.photo_cache.decode", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path, path)
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(build(tmp_path, path)) == 1
