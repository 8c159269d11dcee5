"""Crops of the photos: random, and the same for the same seed and position."""

import numpy as np
import pytest

from colorizer.training.crops import BatchStream
from colorizer.training.photo_cache import PhotoCache


@pytest.fixture(scope="module")
def cache(tmp_path_factory, photos) -> PhotoCache:
    return PhotoCache.build([photos], tmp_path_factory.mktemp("cache"))


def test_a_batch_is_square_crops_of_the_requested_size(cache):
    batch = BatchStream(cache, seed=0, zoom=2).batch(0, 5, 24)
    assert (batch.shape, batch.dtype) == ((5, 24, 24, 3), np.uint8)


def test_crops_follow_from_seed_and_position_alone(cache):
    one, two, other = (BatchStream(cache, seed=seed, zoom=2) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.batch(200, 4, 16)[2], two.batch(202, 1, 16)[0])
    assert (one.batch(200, 4, 16) != other.batch(200, 4, 16)).any()


def test_every_pass_takes_every_photo_once_in_an_order_of_its_own(cache):
    stream = BatchStream(cache, seed=0, zoom=2)
    passes = [[stream.photo_number(i) for i in range(turn * 120, turn * 120 + 120)] for turn in (0, 1)]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(120))
    assert passes[0] != passes[1]


def test_photos_held_out_for_validation_are_never_cropped(cache):
    stream = BatchStream(cache, seed=0, zoom=2, count=100)
    assert {stream.photo_number(i) for i in range(300)} == set(range(100))


def test_without_zoom_a_square_photo_is_shown_whole_or_mirrored(cache):
    crop = BatchStream(cache, seed=0, zoom=1).crop(5, 40).astype(int)
    photo = cache[BatchStream(cache, seed=0, zoom=1).photo_number(5)].astype(int)
    assert min(np.abs(crop - photo).max(), np.abs(crop - photo[:, ::-1]).max()) <= 1


def striped(width: int, height: int) -> np.ndarray:
    """A photo of even rows that become brighter downwards, and nowhere black."""
    rows = np.linspace(60, 250, height).astype(np.uint8)
    return np.broadcast_to(rows[:, None, None], (height, width, 3)).copy()


def test_rotated_crops_show_the_photo_at_an_angle_of_up_to_as_many_degrees():
    stream = BatchStream([striped(200, 200)], seed=0, zoom=1.5, count=1, rotation=30)
    angles = []
    for number in range(60):
        crop = stream.crop(number, 64)[..., 0].astype(float)
        down, right = (np.mean(change[16:48, 16:48]) for change in np.gradient(crop))
        angles.append(np.degrees(np.arctan2(right, down)))
    assert -32 < min(angles) < -20
    assert 20 < max(angles) < 32


@pytest.mark.parametrize("size", [(200, 200), (90, 200), (200, 31)])
def test_rotated_crops_lie_within_the_photo(size):
    stream = BatchStream([striped(*size)], seed=0, zoom=2, count=1, stretch=1.5, rotation=180)
    assert stream.batch(0, 100, 32).min() >= 58  # nothing black from beyond the border


def test_stretched_crops_show_some_things_wider_and_some_higher():
    round_things = np.zeros((100, 100, 3), np.uint8)
    round_things[40:60, 40:60] = 255
    cache = [round_things]
    crops = [BatchStream(cache, seed=0, zoom=1, stretch=2, count=1).crop(i, 100) for i in range(60)]
    seen = np.array(
        [((crop[..., 0] > 127).any(axis=0).sum(), (crop[..., 0] > 127).any(axis=1).sum()) for crop in crops]
    )
    shapes = seen[:, 0] / seen[:, 1]
    assert shapes.min() < 0.7
    assert shapes.max() > 1.4
    assert shapes.max() < 2.2
    assert seen.min() >= 20  # never smaller than in the photo, so that nothing beside it is invented
