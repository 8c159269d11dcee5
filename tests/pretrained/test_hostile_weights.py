"""Weights are data: whatever a file of weights holds, nothing in it is run, followed or believed."""

import os
import pickle
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from colorizer import Colorizer, WeightsError
from colorizer.model.spec import BACKENDS
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import SHIPPED
from tests.helpers.paths import ROOT


@pytest.mark.parametrize("seed", range(60))
def test_hostile_weights_without_a_manifest_are_refused_or_are_numbers(saved, seed, read):
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
        read(path)
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


def test_pickles_and_layers_hidden_inside_hdf5_are_never_run(saved, tmp_path, read):
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
        read(path)
    assert not trace.exists()


def test_weights_that_lie_elsewhere_on_the_disk_are_not_followed(saved, tmp_path, read):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / "colorizer.weights.h5", path)
    with h5py.File(path, "r+") as file:
        name = next(iter(file["layers"]))
        del file["layers"][name]
        file["layers"][name] = h5py.ExternalLink(str(saved / "colorizer.weights.h5"), f"/layers/{name}")
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        read(path)


def test_numbers_that_lie_in_another_file_are_not_read_either(saved, tmp_path, read):
    outside, path = tmp_path / "outside", tmp_path / "evil.weights.h5"
    outside.write_bytes(bytes(4 * 4))
    shutil.copy(saved / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        del layer["1"]
        layer.create_dataset("1", (4,), "f4", external=[(str(outside), 0, 16)])
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        read(path)


def test_an_array_that_claims_to_be_larger_than_any_memory_is_not_read(saved, tmp_path, read):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        del layer["1"]
        layer.create_dataset("1", (1 << 40,), "f4", chunks=(1 << 10,))
    with pytest.raises(WeightsError, match=r"must be floats of shape \(4,\)|too many for this network"):
        read(path)


def virtual(file: h5py.File, layer: h5py.Group, source: str) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[...] = h5py.VirtualSource(source, "layers/conv2d/vars/1", (4,))
    layer.create_virtual_dataset("1", layout)


def virtual_in_itself(file: h5py.File, layer: h5py.Group, source: str) -> None:
    file["elsewhere"] = np.zeros(4, np.float32)
    layout = h5py.VirtualLayout((4,), "f4")
    layout[...] = h5py.VirtualSource(".", "elsewhere", (4,))
    layer.create_virtual_dataset("1", layout)


def soft_link(file: h5py.File, layer: h5py.Group, source: str) -> None:
    layer["1"] = h5py.SoftLink("/nowhere")


def group(file: h5py.File, layer: h5py.Group, source: str) -> None:
    layer.create_group("1")


def text(file: h5py.File, layer: h5py.Group, source: str) -> None:
    layer["1"] = ["four", "words", "of", "text"]


@pytest.mark.parametrize("replace", [virtual, virtual_in_itself, soft_link, group, text])
def test_an_array_that_is_something_else_is_refused(saved, tmp_path, read, replace):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(saved / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        del layer["1"]
        replace(file, layer, str(saved / manifest.WEIGHTS_NAME))
    with pytest.raises(WeightsError, match="does not hold weights of this network"):
        read(path)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_lie_in_another_file_end_in_a_sentence_not_in_a_crash(tmp_path, backend):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(SHIPPED / manifest.WEIGHTS_NAME, path)
    with h5py.File(path, "r+") as file:
        layer = file["layers/conv2d/vars"]
        layout = h5py.VirtualLayout(layer["0"].shape, "f4")
        source = str(SHIPPED / manifest.WEIGHTS_NAME)
        layout[...] = h5py.VirtualSource(source, "layers/conv2d/vars/0", layer["0"].shape)
        del layer["0"]
        layer.create_virtual_dataset("0", layout)
    command = [sys.executable, "-m", "colorizer", str(ROOT / "examples" / "detroit-1915.jpg")]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out.jpg"), "--weights", str(path)],
        env=os.environ | {"COLORIZER_RUNTIME": backend}, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "layers/conv2d/vars/0 lies in another file" in done.stderr
