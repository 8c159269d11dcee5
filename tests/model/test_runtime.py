"""The choice of what computes the network: measured, cached, or decided by the environment."""

import sys
from pathlib import Path

import numpy as np
import pytest

from colorizer import Colorizer
from colorizer.evaluation import metrics
from colorizer.image.color import rgb_to_lab
from colorizer.image.reader import read_photo
from colorizer.model.benchmark import Layer, LayerTimer, layer_seconds
from colorizer.model.network import build_network
from colorizer.model.runtime import Runtime, fastest_precision, select_runtime
from colorizer.model.spec import ARCHITECTURE, BACKENDS, INT8, PRECISIONS
from colorizer.model.tensorflow_backend import compile_network
from colorizer.pretrained.locate import read_weights
from tests.helpers.layer_timers import no_timer, sequence, timer
from tests.helpers.network import TINY
from tests.helpers.paths import EXAMPLES as FOLDER

EXAMPLES = sorted(FOLDER.glob("*.jpg"))[:3]
NCNN, NCNN_FLOAT, TENSORFLOW = Runtime("ncnn", INT8), Runtime("ncnn"), Runtime("tensorflow")


pytestmark = pytest.mark.usefixtures("nothing_decided")


# --- the value -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("onnx",), r"backend must be one of tensorflow, ncnn\. Received: 'onnx'"),
        (("ncnn", "int4"), r"precision must be one of float32, mixed_bfloat16, int8\. Received: 'int4'"),
        (("ncnn", "mixed_bfloat16"), r"ncnn computes in float32 or int8\. Received: 'mixed_bfloat16'"),
        (("tensorflow", "int8"), r"tensorflow computes in float32 or mixed_bfloat16\. Received: 'int8'"),
        (("ncnn", "float32", 0), r"threads must be at least 1, or None\. Received: 0"),
    ],
)
def test_a_runtime_that_does_not_exist_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Runtime(*arguments)


@pytest.mark.slow
def test_a_network_in_bfloat16_is_not_for_ncnn(monkeypatch):
    network = build_network(TINY, "mixed_bfloat16", seed=0)
    with pytest.raises(ValueError, match="Received: a network in mixed_bfloat16"):
        NCNN_FLOAT.compile(network)
    lightness = np.ones((1, 16, 16, 1), np.float32)
    compiled = Runtime("tensorflow", "mixed_bfloat16").compile(network)
    np.testing.assert_array_equal(compiled(lightness), compile_network(network)(lightness))
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")  # the network's precision comes first
    assert Colorizer.from_network(network).predict(np.zeros((9, 9), np.uint8)).photo.size == (9, 9)


def test_a_keras_network_which_has_no_largest_inputs_is_computed_in_float32(tiny_network):
    lightness = np.random.default_rng(0).random((1, 32, 48, 1), np.float32)
    np.testing.assert_array_equal(
        NCNN.compile(tiny_network)(lightness), NCNN_FLOAT.compile(tiny_network)(lightness)
    )


@pytest.mark.slow
def test_weights_without_largest_inputs_are_computed_in_float32():
    weights, lightness = read_weights(), np.random.default_rng(0).random((1, 32, 48, 1), np.float32)
    exact, uncalibrated = (runtime.load(weights)(lightness) for runtime in (NCNN_FLOAT, NCNN))
    np.testing.assert_array_equal(uncalibrated, exact)
    in_8_bits = NCNN.load(weights, input_maxima=[100.0] * len(ARCHITECTURE))(lightness)
    assert not np.array_equal(in_8_bits, exact)


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_and_a_keras_network_with_them_give_the_same_colors(tiny_network, backend):
    arrays = tiny_network.get_weights()
    weights = list(zip(arrays[::2], arrays[1::2], strict=True))
    lightness = np.random.default_rng(0).random((1, 32, 48, 1), np.float32)
    loaded = Runtime(backend).load(weights, TINY)(lightness)
    np.testing.assert_array_equal(loaded, Runtime(backend).compile(tiny_network)(lightness))


# --- the choice of the precision -----------------------------------------------------------------------


def test_the_environment_decides_the_precision(monkeypatch):
    monkeypatch.setenv("COLORIZER_PRECISION", "float32")
    assert fastest_precision(timer=no_timer()) == "float32"


def test_an_unknown_precision_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("COLORIZER_PRECISION", "int4")
    message = r"COLORIZER_PRECISION must be one of float32, mixed_bfloat16, int8\. Received: 'int4'"
    with pytest.raises(ValueError, match=message):
        fastest_precision()
    with pytest.raises(ValueError, match=message):
        select_runtime()


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
def test_by_default_a_measurement_decides_the_precision(training):
    assert fastest_precision(training) in PRECISIONS


@pytest.mark.parametrize(("bfloat16", "faster"), [(0.7, "mixed_bfloat16"), (0.9, "float32"), (20, "float32")])
def test_bfloat16_must_be_clearly_faster_and_for_training_with_its_gradients(bfloat16, faster):
    times = timer(bfloat16=0.5, mixed_bfloat16=bfloat16)
    assert fastest_precision(training=True, timer=times) == faster
    assert fastest_precision(timer=times) == "mixed_bfloat16"


def test_a_busy_moment_during_the_first_measurement_of_float32_does_not_decide():
    assert fastest_precision(timer=sequence(float32=[14, 8], mixed_bfloat16=[8])) == "float32"


# --- the choice of the backend -------------------------------------------------------------------------


def test_by_default_a_measurement_decides_the_backend():
    assert select_runtime().backend in BACKENDS


@pytest.mark.parametrize(("ncnn", "faster"), [(0.5, NCNN), (0.9, TENSORFLOW), (2, TENSORFLOW)])
def test_ncnn_must_be_clearly_faster(ncnn, faster):
    assert select_runtime(timer=timer(ncnn)) == faster


def test_a_busy_moment_during_the_first_measurement_of_tensorflow_does_not_decide():
    times = sequence(float32=[3, 1], mixed_bfloat16=[20], ncnn=[0.9])
    assert select_runtime(timer=times) == TENSORFLOW


def test_two_choices_in_one_process_are_the_same_whatever_a_third_measurement_would_say():
    times = sequence(float32=[10, 10, 1, 1], mixed_bfloat16=[2], ncnn=[3])
    assert select_runtime(timer=times) == Runtime("tensorflow", "mixed_bfloat16")
    assert select_runtime(timer=times) == Runtime("tensorflow", "mixed_bfloat16")


def test_bfloat16_is_tensorflows_if_it_is_faster_or_required(monkeypatch):
    bfloat16 = Runtime("tensorflow", "mixed_bfloat16")
    assert select_runtime(timer=timer(ncnn=0.1, bfloat16=0.1)) == bfloat16
    assert select_runtime(timer=timer(ncnn=0.1, bfloat16=0.2)) == NCNN
    assert select_runtime("mixed_bfloat16", timer=no_timer()) == bfloat16
    monkeypatch.setenv("COLORIZER_PRECISION", "mixed_bfloat16")
    assert select_runtime(timer=no_timer()) == bfloat16


def test_the_environment_decides_the_backend(monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNTIME", "tensorflow")
    assert select_runtime(timer=timer(ncnn=0.1)) == TENSORFLOW
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")
    assert select_runtime(timer=no_timer()) == NCNN


def test_the_environment_decides_the_precision_in_ncnn(monkeypatch):
    monkeypatch.setenv("COLORIZER_PRECISION", "int8")
    assert select_runtime(timer=no_timer()) == NCNN
    assert fastest_precision(training=True, timer=timer()) == "float32"  # training knows no 8-bit integers
    monkeypatch.setenv("COLORIZER_PRECISION", "float32")
    assert select_runtime(timer=timer(ncnn=0.1)) == NCNN_FLOAT
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")
    assert select_runtime(timer=no_timer()) == NCNN_FLOAT


def test_an_unknown_backend_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNTIME", "onnx")
    with pytest.raises(ValueError, match=r"RUNTIME must be one of tensorflow, ncnn\. Received: 'onnx'"):
        select_runtime()


def test_without_the_package_ncnn_tensorflow_does_it_unless_ncnn_is_required(monkeypatch):
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert select_runtime(timer=timer(ncnn=0.1)) == TENSORFLOW
    assert select_runtime(fast_start=True, timer=timer(ncnn=0.1)) == TENSORFLOW
    monkeypatch.setenv("COLORIZER_RUNTIME", "ncnn")
    with pytest.raises(ValueError, match=r"ncnn is required, for int8\. Received: no such package"):
        select_runtime()


def test_without_tensorflow_ncnn_does_it_and_nothing_is_measured(monkeypatch):
    monkeypatch.setattr("colorizer.model.tensorflow_backend.available", lambda: False)
    assert select_runtime(timer=no_timer()) == NCNN
    monkeypatch.setitem(sys.modules, "ncnn", None)
    with pytest.raises(ImportError, match="needs the package ncnn or TensorFlow"):
        select_runtime(timer=no_timer())


def test_a_fast_start_is_ncnn_unmeasured_unless_something_else_is_required(monkeypatch):
    assert select_runtime(fast_start=True, timer=no_timer()) == NCNN
    assert select_runtime("float32", fast_start=True, timer=no_timer()) == NCNN_FLOAT
    monkeypatch.setenv("COLORIZER_PRECISION", "mixed_bfloat16")
    assert select_runtime(fast_start=True, timer=no_timer()).backend == "tensorflow"
    monkeypatch.delenv("COLORIZER_PRECISION")
    monkeypatch.setenv("COLORIZER_RUNTIME", "tensorflow")
    assert select_runtime(fast_start=True, timer=timer(ncnn=0.1)) == TENSORFLOW


@pytest.mark.filterwarnings("ignore:TensorFlow keeps its number of threads")
def test_the_number_of_threads_is_handed_down_and_measured_with():
    measured: list[Layer] = []
    times = LayerTimer(lambda layer: measured.append(layer) or (0.1 if layer.backend == "ncnn" else 1))
    assert select_runtime("float32", threads=2, timer=times) == Runtime("ncnn", "float32", 2)
    assert Layer("ncnn", threads=2) in measured
    assert select_runtime(threads=3, fast_start=True).threads == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer",
    [
        Layer("ncnn", threads=1),
        Layer("ncnn", INT8),
        Layer("tensorflow"),
        Layer("tensorflow", "mixed_bfloat16"),
    ],
)
def test_a_layer_is_really_timed(layer):
    assert 0 < layer_seconds(layer) < 10


# --- the pictures --------------------------------------------------------------------------------------


def lab_of(colorizer: Colorizer, path: Path) -> np.ndarray:
    picture = colorizer.predict(read_photo(path).shrunk(512)).render()
    return rgb_to_lab(np.asarray(picture, np.float32) / 255)


@pytest.mark.slow
@pytest.mark.parametrize("fast", [Runtime("tensorflow", "mixed_bfloat16"), NCNN])
def test_pictures_in_a_faster_precision_look_like_those_in_float32(fast):
    colorizers = [Colorizer.from_pretrained(runtime=runtime) for runtime in (NCNN_FLOAT, fast)]
    pictures = [[lab_of(colorizer, path) for colorizer in colorizers] for path in EXAMPLES]
    differences = [metrics.ciede2000(exact, rounded).mean() for exact, rounded in pictures]
    assert len(differences) == 3
    assert 0 < np.mean(differences) < 0.5


@pytest.mark.slow
def test_pictures_are_the_same_in_either_backend():
    pictures = [
        np.asarray(Colorizer.from_pretrained(runtime=Runtime(backend)).colorize(EXAMPLES[0]), np.int16)
        for backend in BACKENDS
    ]
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.max() <= 1  # where a half is rounded up or down
    assert np.mean(difference > 0) < 1e-3
