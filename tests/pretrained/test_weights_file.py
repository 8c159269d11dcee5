"""Weights that still load in five years, or say plainly why they do not."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from colorizer import Colorizer, WeightsError
from colorizer.model.network import build_network
from colorizer.model.runtime import Runtime
from colorizer.model.spec import BACKENDS, Conv
from colorizer.pretrained import manifest, weights_file
from colorizer.pretrained.locate import SHIPPED, find_weights, load_weights, read_weights
from tests.helpers.network import TINY


def test_what_was_saved_is_what_is_loaded(saved, tiny_network):
    other = build_network(TINY, seed=99)
    load_weights(other, saved)
    for loaded, original in zip(other.get_weights(), tiny_network.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, original)


def test_without_keras_the_same_numbers_are_read(saved, tiny_network):
    arrays = [array for layer in read_weights(saved, TINY) for array in layer]
    for mine, original in zip(arrays, tiny_network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, original)


def test_a_folder_and_the_file_itself_mean_the_same(saved):
    assert find_weights(saved) == find_weights(saved / "colorizer.weights.h5")


def test_the_manifest_holds_the_checksum_of_the_file(saved):
    manifest = json.loads((saved / "colorizer.json").read_text())
    digest = hashlib.sha256((saved / "colorizer.weights.h5").read_bytes()).hexdigest()
    assert (manifest["file"], manifest["sha256"]) == ("colorizer.weights.h5", digest)


def test_saving_leaves_nothing_half_written(saved):
    assert sorted(path.name for path in saved.iterdir()) == ["colorizer.json", "colorizer.weights.h5"]


def test_one_flipped_bit_is_noticed(saved, read):
    path = saved / "colorizer.weights.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        WeightsError, match=r"is damaged or was changed: its sha256 is [0-9a-f]{64}, colorizer"
    ):
        read(saved)


def test_a_truncated_file_without_a_manifest_is_refused(saved, read):
    (saved / "colorizer.json").unlink()
    path = saved / "colorizer.weights.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        read(path)


def test_where_a_damaged_file_was_refused_an_intact_one_is_read(saved, read):
    (saved / manifest.MANIFEST_NAME).unlink()
    intact = (saved / manifest.WEIGHTS_NAME).read_bytes()
    for damaged in (intact[: len(intact) // 2], intact[:200] + bytes(2000) + intact[2200:]):
        (saved / manifest.WEIGHTS_NAME).write_bytes(damaged)
        with pytest.raises(WeightsError):
            read(saved)
    (saved / manifest.WEIGHTS_NAME).write_bytes(intact)
    read(saved)


def test_another_networks_weights_are_refused(saved, read):
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        read(saved, (Conv(4, stride=2), Conv(2, upsample=True)))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "not json", "[" * 100_000, '{"file": null, "sha256": null}', " " * (1 << 21),
     '{"file": "colorizer.weights.h5", "sha256": null}', '{"file": "colorizer.weights.h5", "sha256": "12"}'],
    ids=lambda text: text[:45],
)  # fmt: skip
def test_a_broken_manifest_is_refused(saved, text, read):
    (saved / "colorizer.json").write_text(text)
    with pytest.raises(WeightsError, match=r"colorizer\.json is not a manifest"):
        read(saved)


def test_a_manifest_that_names_another_file_does_not_switch_the_checksum_off(saved, read):
    record = {"file": "another.weights.h5", "sha256": "0" * 64}
    (saved / "colorizer.json").write_text(json.dumps(record))
    with pytest.raises(WeightsError, match=r"must name colorizer\.weights\.h5\. Received: 'another"):
        read(saved)


def test_weights_of_another_name_may_lie_beside_the_manifest_of_the_standard_ones(saved, read):
    shutil.copy(saved / "colorizer.weights.h5", saved / "mine.weights.h5")
    read(saved / "mine.weights.h5")


def test_a_pipe_in_place_of_the_manifest_blocks_nobody(saved, read):
    (saved / "colorizer.json").unlink()
    os.mkfifo(saved / "colorizer.json")
    with pytest.raises(WeightsError, match=r"is not a manifest of weights: .*not a regular file"):
        read(saved)


def test_a_pipe_in_place_of_the_weights_blocks_nobody(tmp_path, read):
    os.mkfifo(tmp_path / "colorizer.weights.h5")
    with pytest.raises(WeightsError, match="There are no weights at"):
        read(tmp_path)


@pytest.mark.parametrize("source", ["x" * 5000, "a/" + "b" * 5000, "weights\0.h5"])
def test_a_name_that_no_file_can_have_is_one_short_sentence(source, read):
    with pytest.raises(WeightsError) as refused:
        read(source)
    assert len(str(refused.value)) < 600


def test_missing_weights_are_refused_with_the_place_that_was_searched(tmp_path):
    with pytest.raises(WeightsError, match=r"There are no weights at .*colorizer\.weights\.h5"):
        Colorizer.from_pretrained(tmp_path)
    with pytest.raises(WeightsError, match=r"There are no weights at .*mine\.weights\.h5"):
        Colorizer.from_pretrained(tmp_path / "mine.weights.h5")


@pytest.mark.slow
def test_the_shipped_weights_load_from_their_folder_and_their_file():
    folder = Colorizer.from_pretrained(SHIPPED)
    file = Colorizer.from_pretrained(SHIPPED / manifest.WEIGHTS_NAME)
    photo = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    np.testing.assert_array_equal(folder.predict(photo).ab, file.predict(photo).ab)
    assert sum(array.size for layer in read_weights() for array in layer) == 6_219_410


# --- weights that fit, and are nonsense ----------------------------------------------------------------


def shipped_with(change: Callable[[np.ndarray], np.ndarray], path: Path) -> Path:
    """The shipped weights, changed array by array, as a file without a manifest."""
    shutil.copy(SHIPPED / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        for layer in file["layers"].values():
            for array in (layer["vars"][name] for name in layer["vars"]):
                array[...] = change(array[()])
    return path


def one_number(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[array.size // 2] = value
        return array

    return change


def noise(scale: float) -> Callable[[np.ndarray], np.ndarray]:
    random = np.random.default_rng(0)
    return lambda array: random.normal(0, scale, array.shape)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value, saved, read):
    path = tmp_path / "mine.weights.h5"
    shutil.copy(saved / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        file["layers/conv2d_3/vars/0"][1, 2, 3, 4] = value
    with pytest.raises(WeightsError, match=r"conv2d_3/vars/0 must be finite numbers\. Received: 1 that"):
        read(path)


@pytest.mark.slow
@pytest.mark.parametrize("runtime", [Runtime(backend) for backend in BACKENDS], ids=BACKENDS)
@pytest.mark.parametrize(
    "change",
    [
        one_number(3e38),
        one_number(-1e20),
        noise(0.001),
        noise(0.05),
        noise(1),
        np.zeros_like,
        lambda a: 2 * a,
    ],
    ids=["3e38", "-1e20", "noise of 0.001", "noise of 0.05", "noise of 1", "zeros", "doubled"],
)
def test_weights_that_do_not_color_a_known_picture_plausibly_are_refused(tmp_path, change, runtime):
    path = shipped_with(change, tmp_path / "mine.weights.h5")
    with pytest.raises(
        WeightsError, match=r"mine\.weights\.h5 (give no colours|do not colour a known picture)"
    ):
        Colorizer.from_pretrained(path, runtime=runtime)


@pytest.mark.slow
def test_weights_that_learnt_little_are_accepted(tmp_path):
    Colorizer.from_pretrained(shipped_with(lambda array: 0.9 * array, tmp_path / "mine.weights.h5"))
    weights_file.save(build_network(precision="float32", seed=0), tmp_path / "untrained")
    Colorizer.from_pretrained(tmp_path / "untrained")
