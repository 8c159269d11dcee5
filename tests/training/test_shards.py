"""Photos in shards: tar files that any tool reads, read photo by photo in an order that the seed decides."""

import itertools
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from colorizer.training import shards
from colorizer.training.crops import WINDOW, BatchStream
from colorizer.training.photo_cache import PhotoCache, iterate_sources
from colorizer.training.prefetch import Loader
from colorizer.training.shards import ShardedPhotos, ShardWriter, open_photos

SIZES = (3, 50, 1, 20, 46)


@pytest.fixture(scope="module")
def sharded(photos, tmp_path_factory) -> Path:
    """120 photos in shards, as the command makes them."""
    out = tmp_path_factory.mktemp("sharded") / "shards"
    assert shards.main([str(photos), str(out)]) == 0
    return out


def shard_of(number: int) -> int:
    return int(np.searchsorted(np.cumsum(SIZES), number, "right"))


# --- writing -------------------------------------------------------------------------------------------


def test_shards_are_plain_tars_of_jpegs_which_also_work_as_archives_of_photos(sharded, tmp_path):
    names = []
    for path in sorted(sharded.glob("*.tar")):
        with tarfile.open(path) as tar:
            names += tar.getnames()
    assert sorted(names) == [f"{number:09}.jpg" for number in range(120)]
    assert len(PhotoCache.build(sorted(sharded.glob("*.tar")), tmp_path)) == 120


def test_photos_of_one_folder_are_dealt_out_to_several_shards(sharded):
    places = []
    for path in sharded.glob("*.tar"):
        with tarfile.open(path) as tar:
            places.append(sorted(int(name[:9]) for name in tar.getnames()))
    assert len(places) > 20
    assert max(numbers[-1] - numbers[0] for numbers in places) > 60


def test_a_shard_is_closed_when_it_is_full(tmp_path, photo_bytes):
    with ShardWriter(tmp_path / "shards", shard_bytes=20_000) as writer:
        for number in range(300):
            writer.add(photo_bytes(number, "JPEG", quality=95))
    sizes = [path.stat().st_size for path in (tmp_path / "shards").glob("*.tar")]
    assert len(sizes) > shards.OPEN_SHARDS
    assert max(sizes) < 20_000 + 3_000 + tarfile.RECORDSIZE  # the last photo, and the padding of a tar
    assert len(ShardedPhotos([tmp_path / "shards"])) == 300


def test_unusable_photos_are_named_and_the_rest_goes_on(tmp_path, photo_bytes, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "good.png").write_bytes(photo_bytes(0))
    (folder / "broken.jpg").write_bytes(b"not a photo")
    assert shards.main([str(folder), str(tmp_path / "shards")]) == 0
    assert "1 photos in 1 shards, 0.0 MB; 1 unusable" in capsys.readouterr().out
    assert "broken.jpg: " in (tmp_path / "shards" / "unusable.txt").read_text()


@pytest.mark.slow
def test_processes_write_the_same_shards(photos, sharded, tmp_path):
    assert shards.main([str(photos), str(tmp_path / "shards"), "--workers", "2"]) == 0
    assert ShardedPhotos([tmp_path / "shards"]).checksum == ShardedPhotos([sharded]).checksum


def test_an_interrupted_writing_leaves_no_half_shards(tmp_path, photo_bytes):
    with pytest.raises(KeyboardInterrupt), ShardWriter(tmp_path / "shards") as writer:
        writer.add(photo_bytes(0, "JPEG"))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_and_missing_photos_exit_with_2_and_a_sentence(sharded, tmp_path, capsys):
    assert shards.main([str(tmp_path), str(sharded)]) == 2
    assert "into a new folder. Received:" in capsys.readouterr().err
    assert shards.main([str(tmp_path / "nowhere"), str(tmp_path / "shards")]) == 2
    assert "There are no photos at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_walked_in_the_order_of_all_its_sorted_paths(tmp_path, photo_bytes):
    for name in ("b/x.png", "b.png", "a/z/y.png", "a/z.png", "B.png", "b-c/1.png", "b/0/9.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(photo_bytes(0))
    (tmp_path / "link").symlink_to(tmp_path / "a")  # to a folder: not followed
    found = [source.name for source in iterate_sources(tmp_path)]
    assert found == [str(path) for path in sorted(tmp_path.rglob("*")) if path.is_file()]


# --- reading -------------------------------------------------------------------------------------------


def test_what_was_written_is_read_within_the_error_of_a_fine_jpeg(tmp_path, color_image):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(40):
        color_image(60, 50, number).save(folder / f"{number:02}.png")
    shards.main([str(folder), str(tmp_path / "shards")])
    photos = ShardedPhotos([tmp_path / "shards"])
    wanted = [np.asarray(color_image(60, 50, number), int) for number in range(40)]
    best = []
    for number in range(40):
        errors = [np.abs(photos[number] - each).mean() for each in wanted]
        assert min(errors) < 1.5
        best.append(int(np.argmin(errors)))
    assert sorted(best) == list(range(40))


def test_several_folders_are_one_sequence(sharded, tmp_path, photo_bytes):
    with ShardWriter(tmp_path / "more") as writer:
        writer.add(photo_bytes(7, "JPEG", side=64))
    both = ShardedPhotos([sharded, tmp_path / "more"])
    assert len(both) == 121
    assert both[120].shape == (64, 64, 3)
    np.testing.assert_array_equal(both[3], ShardedPhotos([sharded])[3])
    assert both.checksum != ShardedPhotos([sharded]).checksum


def test_another_process_opens_the_photos_by_itself(sharded):
    photos = ShardedPhotos([sharded])
    assert len(pickle.dumps(photos)) < 1000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(photos))[17], photos[17])
    stream = BatchStream(photos, 3, 2.0, 100, 1.3, photos.shard_sizes)
    with Loader(stream, workers=1) as loader:
        np.testing.assert_array_equal(loader.prepare(95, 10, 24).result(), stream.batch(95, 10, 24))


def test_folders_of_shards_are_recognised_and_mixing_them_with_others_is_refused(sharded, photos, tmp_path):
    assert isinstance(open_photos([sharded], tmp_path), ShardedPhotos)
    assert isinstance(open_photos([photos], tmp_path), PhotoCache)
    with pytest.raises(ValueError, match=r"all in shards or none\. Received: "):
        open_photos([sharded, photos], tmp_path)
    with pytest.raises(ValueError, match=r"at least 200 usable colour photos. Received: 120"):
        open_photos([sharded], tmp_path, fewest=200)


def test_damage_is_reported_with_its_place(tmp_path, photo_bytes):
    with ShardWriter(tmp_path / "shards") as writer:
        for number in range(3):
            writer.add(photo_bytes(number, "JPEG"))
    for path in (tmp_path / "shards").glob("*.tar"):
        data = bytearray(path.read_bytes())
        data[512:600] = bytes(88)
        path.write_bytes(data)
    with pytest.raises(OSError, match=r"\d+\.tar is damaged at byte 512: "):
        ShardedPhotos([tmp_path / "shards"])[0]
    (tmp_path / "shards" / "index.bin").write_bytes(bytes(16))
    with pytest.raises(ValueError, match=r"must list 3 photos\. Received: 1"):
        ShardedPhotos([tmp_path / "shards"])


# --- the order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [120, 100, 3])
def test_every_pass_takes_every_photo_once_in_an_order_of_its_own(count, monkeypatch):
    monkeypatch.setattr("colorizer.training.crops.WINDOW", 2)
    stream = BatchStream(range(120), 0, 1.0, count, shard_sizes=SIZES)
    passes = [[stream.photo_number(turn * count + i) for i in range(count)] for turn in (0, 1)]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(count))
    assert passes[0] != passes[1]
    assert passes[0] == [
        BatchStream(range(120), 0, 1.0, count, shard_sizes=SIZES).photo_number(i) for i in range(count)
    ]


def test_a_pass_reads_a_few_shards_at_a_time_and_mixes_their_photos(monkeypatch):
    monkeypatch.setattr("colorizer.training.crops.WINDOW", 2)
    stream = BatchStream(range(120), 0, 1.0, shard_sizes=SIZES)
    touched = [shard_of(stream.photo_number(i)) for i in range(120)]
    windows = list(dict.fromkeys(touched))
    first, second = set(windows[:2]), set(windows[2:4])
    ends = [sum(SIZES[shard] for shard in first), sum(SIZES[shard] for shard in first | second)]
    assert set(touched[: ends[0]]) == first
    assert set(touched[ends[0] : ends[1]]) == second
    changes = sum(a != b for a, b in itertools.pairwise(touched))
    assert changes > len(SIZES)  # not one shard after the other


def test_the_files_kept_open_are_enough_for_the_shards_that_are_mixed():
    assert 2 * WINDOW <= shards.OPEN_FILES
