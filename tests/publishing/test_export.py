"""The network in other runtimes gives the colours that it gives in Keras."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.image.reader import read_photo
from colorizer.model.network import build_network
from colorizer.pretrained.locate import load_weights
from colorizer.publishing import export
from tests.helpers.paths import EXAMPLES as FOLDER

EXAMPLES = sorted(FOLDER.glob("*.jpg"))
LARGEST_DIFFERENCE = 0.005  # of (ab + 128) / 255: a unit and a quarter of a* or b*


def run_onnx(path: Path, lightness: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return session.run(None, {session.get_inputs()[0].name: lightness})[0]


def run_litert(path: Path, lightness: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], lightness)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def run_saved_model(path: Path, lightness: np.ndarray) -> np.ndarray:
    import tensorflow

    loaded = tensorflow.saved_model.load(str(path))
    return loaded.serve(lightness).numpy()


RUNTIMES = {"onnx": run_onnx, "litert": run_litert, "tf_saved_model": run_saved_model}


@pytest.fixture(scope="module")
def network():
    network = build_network(precision="float32")
    load_weights(network)
    return network


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """Ten photos as the network sees them, (10, 128, 128, 1): the examples, and the first two upside down."""
    photos = [Image.fromarray(read_photo(path).lightness).resize((128, 128)) for path in EXAMPLES]
    photos = (photos + [photo.rotate(180) for photo in photos])[:10]
    return np.clip([np.asarray(photo) for photo in photos], 0, 100)[..., None].astype(np.float32) / 100


@pytest.mark.parametrize("kind", export.FORMATS)
def test_ten_photos_get_the_same_colours_in_the_formats_own_runtime(kind, network, photos, tmp_path):
    path = tmp_path / "colorizer"
    export.export(network, kind, path, (128, 128))
    assert [file.name for file in tmp_path.iterdir()] == ["colorizer"]
    assert export.bytes_of(path) > 24_000_000
    expected = np.asarray(network(photos))
    step = 1 if kind == "litert" else 10
    answers = [RUNTIMES[kind](path, photos[i : i + step]) for i in range(0, 10, step)]
    assert np.abs(np.concatenate(answers) - expected).max() < LARGEST_DIFFERENCE
    if kind != "litert":  # any size
        wide = photos[:1, :64, :96]
        assert np.abs(RUNTIMES[kind](path, wide) - np.asarray(network(wide))).max() < LARGEST_DIFFERENCE


def test_what_cannot_be_written_is_one_sentence_and_leaves_what_was_there(tiny_network, tmp_path, capsys):
    with pytest.raises(
        ValueError, match=r"format must be one of onnx, litert, tf_saved_model\. Received: 'h5'"
    ):
        export.export(tiny_network, "h5", tmp_path / "x")
    with pytest.raises(ValueError, match="two multiples of 8"):
        export.export(tiny_network, "litert", tmp_path / "x", (100, 96))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep me")
    with pytest.raises(export.ExportError, match="exists already and is not an empty folder"):
        export.export(tiny_network, "tf_saved_model", tmp_path / "full")
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "letter.txt"]
    assert export.main(["--format", "onnx", "-o", str(tmp_path / "x"), "--weights", str(tmp_path)]) == 2
    assert "There are no weights at" in capsys.readouterr().err


def test_a_size_that_the_format_would_not_have_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        export.main(["--format", "onnx", "--size", "64", "64", "-o", str(tmp_path / "x")])
    assert stop.value.code == 2
    assert "--size belongs to litert; onnx accepts any size" in capsys.readouterr().err


def test_a_missing_converter_is_named(tiny_network, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tf2onnx", None)
    monkeypatch.setattr("keras.src.utils.module_utils.tf2onnx.module", None)
    monkeypatch.setattr("keras.src.utils.module_utils.tf2onnx._available", None)
    with pytest.raises(export.ExportError, match="tf2onnx"):
        export.export(tiny_network, "onnx", tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []
