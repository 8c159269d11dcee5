"""Weights that still load in five years, or say plainly why they do not."""

import hashlib
import json
import pickle
import shutil

import h5py
import numpy as np
import pytest

from colorizer import Colorizer, WeightsError
from colorizer.model.network import build_network
from colorizer.model.spec import Conv
from colorizer.pretrained import manifest, weights_file
from colorizer.pretrained.locate import SHIPPED, find_weights, load_weights, read_weights
from tests.helpers.network import TINY


@pytest.fixture
def saved(tmp_path, tiny_network):
    """A folder with the tiny network's weights and their manifest."""
    weights_file.save(tiny_network, tmp_path)
    return tmp_path


def test_what_was_saved_is_what_is_loaded(saved, tiny_network):
    other = build_network(TINY, seed=99)
    load_weights(other, saved)
    for loaded, original in zip(other.get_weights(), tiny_network.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, original)


def test_without_keras_the_same_numbers_are_read(saved, tiny_network):
    read = [array for layer in read_weights(saved, TINY) for array in layer]
    for mine, original in zip(read, tiny_network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, original)


# Both ways in: into a Keras network, and without Keras.
WAYS = {
    "load": lambda source, table=TINY: load_weights(build_network(table), source),
    "read": lambda source, table=TINY: read_weights(source, table),
}


@pytest.fixture(params=WAYS)
def take(request):
    """Takes the tiny network's weights from a source, in either way."""
    return WAYS[request.param]


def test_a_folder_and_the_file_itself_mean_the_same(saved):
    assert find_weights(saved) == find_weights(saved / "colorizer.weights.h5")


def test_the_manifest_holds_the_checksum_of_the_file(saved):
    manifest = json.loads((saved / "colorizer.json").read_text())
    digest = hashlib.sha256((saved / "colorizer.weights.h5").read_bytes()).hexdigest()
    assert (manifest["file"], manifest["sha256"]) == ("colorizer.weights.h5", digest)


def test_saving_leaves_nothing_half_written(saved):
    assert sorted(path.name for path in saved.iterdir()) == ["colorizer.json", "colorizer.weights.h5"]


def test_one_flipped_bit_is_noticed(saved, take):
    path = saved / "colorizer.weights.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        WeightsError, match=r"is damaged or was changed: its sha256 is [0-9a-f]{64}, colorizer"
    ):
        take(saved)


def test_a_truncated_file_without_a_manifest_is_refused(saved, take):
    (saved / "colorizer.json").unlink()
    path = saved / "colorizer.weights.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        take(path)


def test_where_a_damaged_file_was_refused_a_whole_one_is_taken(saved, take):
    (saved / manifest.MANIFEST).unlink()
    whole = (saved / manifest.FILE).read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:200] + bytes(2000) + whole[2200:]):
        (saved / manifest.FILE).write_bytes(damaged)
        with pytest.raises(WeightsError):
            take(saved)
    (saved / manifest.FILE).write_bytes(whole)
    take(saved)


def test_another_networks_weights_are_refused(saved, take):
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        take(saved, (Conv(4, stride=2), Conv(2, upsample=True)))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json"])
def test_a_broken_manifest_is_refused(saved, text, take):
    (saved / "colorizer.json").write_text(text)
    with pytest.raises(WeightsError, match=r"colorizer\.json is not a manifest"):
        take(saved)


def test_missing_weights_are_refused_with_the_place_that_was_searched(tmp_path):
    with pytest.raises(WeightsError, match=r"There are no weights at .*colorizer\.weights\.h5"):
        Colorizer.from_pretrained(tmp_path)
    with pytest.raises(WeightsError, match=r"There are no weights at .*mine\.weights\.h5"):
        Colorizer.from_pretrained(tmp_path / "mine.weights.h5")


def test_the_shipped_weights_load_from_their_folder_and_their_file():
    folder = Colorizer.from_pretrained(SHIPPED)
    file = Colorizer.from_pretrained(SHIPPED / manifest.FILE)
    seen = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    np.testing.assert_array_equal(folder.predict(seen).ab, file.predict(seen).ab)
    assert sum(array.size for layer in read_weights() for array in layer) == 6_219_410


# --- weights are data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_hostile_weights_without_a_manifest_are_refused_or_are_numbers(saved, seed, take):
    random = np.random.default_rng(seed)
    data = bytearray((saved / "colorizer.weights.h5").read_bytes())
    if seed % 3 == 0:
        data = data[: int(random.integers(0, len(data)))]
    for _ in range(int(random.integers(0, 30))):
        place = int(random.integers(0, max(1, len(data) if seed % 2 else min(4000, len(data)))))
        data[place : place + 1] = random.bytes(1)
    path = saved / f"{seed}.weights.h5"
    path.write_bytes(data)
    try:
        take(path)
    except WeightsError as error:
        assert f"{path} does not hold weights of this network: " in str(error)


class Mine:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["evil.weights.h5", "colorizer.weights.h5", "evil.keras", "evil.pkl"])
def test_code_in_a_weights_file_is_never_run(tmp_path, name):
    path, trace = tmp_path / name, tmp_path / "was here"
    path.write_bytes(pickle.dumps(Mine(trace)))
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        Colorizer.from_pretrained(path)
    assert not trace.exists()


def test_pickles_and_layers_hidden_inside_hdf5_are_never_run(saved, tmp_path, take):
    trace = tmp_path / "was here"
    evil = np.void(pickle.dumps(Mine(trace)))
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / "colorizer.weights.h5", path)
    with h5py.File(path, "r+") as file:
        layer = next(iter(file["layers"].values()))["vars"]
        del layer["0"]
        layer["0"] = evil
        file.attrs["model_config"] = '{"class_name": "Lambda", "config": {"function": "evil"}}'
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        take(path)
    assert not trace.exists()


def test_weights_that_lie_elsewhere_on_the_disk_are_not_followed(saved, tmp_path, take):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / "colorizer.weights.h5", path)
    with h5py.File(path, "r+") as file:
        name = next(iter(file["layers"]))
        del file["layers"][name]
        file["layers"][name] = h5py.ExternalLink(str(saved / "colorizer.weights.h5"), f"/layers/{name}")
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        take(path)


def test_numbers_that_lie_in_another_file_are_not_read_either(saved, tmp_path, take):
    outside, path = tmp_path / "outside", tmp_path / "evil.weights.h5"
    outside.write_bytes(bytes(4 * 4))
    shutil.copy(saved / manifest.FILE, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        del layer["1"]
        layer.create_dataset("1", (4,), "f4", external=[(str(outside), 0, 16)])
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        take(path)


def test_an_array_that_claims_to_be_larger_than_any_memory_is_not_read(saved, tmp_path):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / manifest.FILE, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        del layer["1"]
        layer.create_dataset("1", (1 << 40,), "f4", chunks=(1 << 10,))
    with pytest.raises(WeightsError, match=r"layers/conv2d/vars/1 should be numbers of shape \(4,\)"):
        read_weights(path, TINY)
