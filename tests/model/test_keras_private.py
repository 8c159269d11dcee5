"""What depends on Keras's private parts stops with a sentence when Keras changes."""

import ast

import h5py
import keras
import pytest

from colorizer.errors import UnknownKeras, WeightsError
from colorizer.model import keras_private
from colorizer.pretrained import weights_file
from colorizer.training.optimizer import ConvMuon
from tests.helpers.paths import ROOT


def test_another_version_of_keras_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(keras, "__version__", "3.99.0")
    with pytest.raises(UnknownKeras, match=r"needs Keras 3\.15: .* Received: 3\.99\.0"):
        ConvMuon(0.01)


@pytest.mark.parametrize("name", keras_private.MUON_METHODS)
def test_a_method_of_muon_that_is_gone_is_named(monkeypatch, name):
    monkeypatch.setattr(keras.optimizers.Muon, name, None)
    with pytest.raises(UnknownKeras, match=f"has no Muon.{name}"):
        ConvMuon(0.01)


def test_a_weights_file_of_another_layout_is_not_kept(tiny_network, tmp_path, monkeypatch):
    write = keras.Model.save_weights

    def save_under_other_names(network, path):
        write(network, path)
        with h5py.File(path, "r+") as file:
            file.move("layers/conv2d_1", "layers/convolution_1")

    monkeypatch.setattr(keras.Model, "save_weights", save_under_other_names)
    with pytest.raises(WeightsError, match=r"another layout: conv2 must be at layers/conv2d_1/vars/0"):
        weights_file.save(tiny_network, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_other_module_imports_keras_private_modules():
    for file in (ROOT / "colorizer").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith(("keras.src", "tensorflow.python")) for name in names), file
