"""The network's pass: one compilation for every size, a precision that nobody can see, the faster runtime."""

import sys
from pathlib import Path

import numpy as np
import pytest

from colorizer import Colorizer
from colorizer.evaluation import metrics
from colorizer.image.color import rgb_to_lab
from colorizer.image.reader import read_photo
from colorizer.model import benchmark, runtime
from colorizer.model.network import build_network
from colorizer.model.runtime import fastest, fastest_precision, fastest_runtime, surely_ncnn
from colorizer.model.spec import PRECISIONS
from colorizer.model.tensorflow_backend import compiled
from tests.helpers.network import TINY
from tests.helpers.paths import EXAMPLES as FOLDER

EXAMPLES = sorted(FOLDER.glob("*.jpg"))[:3]


def lab_of(colorizer: Colorizer, path: Path) -> np.ndarray:
    picture = colorizer.predict(read_photo(path).shrunk(512)).render()
    return rgb_to_lab(np.asarray(picture, np.float32) / 255)


def test_pictures_in_bfloat16_look_like_those_in_float32():
    exact, fast = (Colorizer.from_pretrained(precision=precision) for precision in PRECISIONS)
    differences = [metrics.ciede2000(lab_of(exact, path), lab_of(fast, path)).mean() for path in EXAMPLES]
    assert len(differences) == 3
    assert np.mean(differences) < 0.5


def test_the_compiled_pass_gives_what_the_network_gives_at_any_size(tiny_network):
    forward = compiled(tiny_network)
    for height, width in ((32, 48), (64, 64), (8, 200)):
        seen = np.random.default_rng(height).random((1, height, width, 1), np.float32)
        np.testing.assert_allclose(forward(seen), np.asarray(tiny_network(seen)), atol=1e-5)


def test_it_keeps_the_weights_of_the_moment_it_was_compiled(tiny_network):
    from keras.models import clone_model

    network = clone_model(tiny_network)
    forward, seen = compiled(network), np.ones((1, 16, 16, 1), np.float32)
    before = forward(seen)
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    np.testing.assert_array_equal(forward(seen), before)
    assert not np.allclose(compiled(network)(seen), before)


@pytest.fixture
def forgotten(monkeypatch, tmp_path):
    """The choice of precision and runtime, not made yet, neither in this process nor in an earlier one."""
    monkeypatch.setattr(runtime, "MEMORY", tmp_path / "cache" / "ncnn-is-faster")
    for choice in (fastest_precision, fastest_runtime, runtime._first_seconds):
        choice.cache_clear()
    yield
    for choice in (fastest_precision, fastest_runtime, runtime._first_seconds):
        choice.cache_clear()


def test_the_environment_decides_the_precision(monkeypatch, forgotten):
    monkeypatch.setenv("COLORIZER_PRECISION", "float32")
    assert fastest_precision() == "float32"


def test_a_precision_that_is_none_is_refused(monkeypatch, forgotten):
    monkeypatch.setenv("COLORIZER_PRECISION", "int4")
    with pytest.raises(ValueError, match=r"must be one of float32, mixed_bfloat16\. Received: 'int4'"):
        fastest_precision()


@pytest.mark.parametrize("learning", [False, True])
def test_without_a_wish_the_processor_decides(monkeypatch, forgotten, learning):
    monkeypatch.delenv("COLORIZER_PRECISION", raising=False)
    assert fastest_precision(learning) in PRECISIONS


@pytest.mark.parametrize(("bfloat16", "faster"), [(0.7, "mixed_bfloat16"), (0.9, "float32"), (20, "float32")])
def test_bfloat16_must_be_clearly_faster_and_for_training_that_with_its_gradients(
    monkeypatch, forgotten, bfloat16, faster
):
    monkeypatch.delenv("COLORIZER_PRECISION", raising=False)
    # Forward alone, it is always faster here.
    seconds = {("bfloat16", True): bfloat16, ("bfloat16", False): 0.5}
    monkeypatch.setattr("colorizer.model.benchmark.tensorflow_seconds", lambda *layer: seconds.get(layer, 1))
    assert fastest_precision(learning=True) == faster
    assert fastest_precision() == "mixed_bfloat16"


def test_a_slow_moment_while_float32_is_timed_does_not_decide(monkeypatch, forgotten):
    monkeypatch.delenv("COLORIZER_PRECISION", raising=False)
    seconds = {"float32": [14, 8], "bfloat16": [8]}
    monkeypatch.setattr(
        "colorizer.model.benchmark.tensorflow_seconds", lambda dtype, _: seconds[dtype].pop(0)
    )
    assert fastest_precision() == "float32"


@pytest.fixture
def timed(monkeypatch, forgotten):
    """Sets how long a layer takes in either runtime, and what the environment asks for."""

    def set_to(
        tensorflow: list[float], ncnn: float, precision: str | None = None, runtime: str | None = None
    ):
        for name, value in (("COLORIZER_PRECISION", precision), ("COLORIZER_RUNTIME", runtime)):
            monkeypatch.delenv(name, raising=False)
            if value:
                monkeypatch.setenv(name, value)
        times = iter(tensorflow)
        monkeypatch.setattr(
            benchmark,
            "tensorflow_seconds",
            lambda dtype, learning=False: 20 if dtype == "bfloat16" else next(times),
        )
        monkeypatch.setattr(benchmark, "ncnn_seconds", lambda: ncnn)

    return set_to


@pytest.mark.parametrize(("ncnn", "faster"), [(0.5, "ncnn"), (0.9, "tensorflow"), (2, "tensorflow")])
def test_ncnn_must_be_clearly_faster(timed, ncnn, faster):
    timed([1, 1, 1], ncnn)
    assert fastest_runtime() == faster


def test_a_slow_moment_while_tensorflow_is_timed_does_not_decide(timed):
    timed([3, 1], 0.9)  # the first of them for the precision, too
    assert fastest_runtime() == "tensorflow"


def test_bfloat16_is_tensorflows(timed):
    timed([1, 1, 1], 0.1, precision="mixed_bfloat16")
    assert fastest_runtime() == "tensorflow"
    timed([1, 1, 1], 0.1, runtime="ncnn")
    fastest_runtime.cache_clear()
    network = build_network(TINY, "mixed_bfloat16", seed=0)
    seen = np.ones((1, 16, 16, 1), np.float32)
    np.testing.assert_array_equal(fastest(network)(seen), compiled(network)(seen))


def test_the_environment_decides_the_runtime(timed):
    timed([1, 1, 1], 0.1, runtime="tensorflow")
    assert fastest_runtime() == "tensorflow"


def test_ncnn_is_taken_if_asked_for_also_where_bfloat16_is_faster(timed, monkeypatch):
    timed([], 1, runtime="ncnn")
    monkeypatch.setattr(
        benchmark, "tensorflow_seconds", lambda dtype, _=False: {"float32": 1, "bfloat16": 0.1}[dtype]
    )
    assert fastest_precision() == "mixed_bfloat16"
    assert runtime.best_precision() == "float32"


def test_without_the_package_tensorflow_does_it_unless_ncnn_was_asked_for(timed, monkeypatch):
    monkeypatch.setitem(sys.modules, "ncnn", None)
    timed([1, 1, 1], 0.1)
    assert fastest_runtime() == "tensorflow"
    fastest_runtime.cache_clear()
    timed([1, 1, 1], 0.1, runtime="ncnn")
    with pytest.raises(ValueError, match=r"needs the package ncnn\. Received: no such package"):
        fastest_runtime()


def test_a_runtime_that_is_none_is_refused(timed):
    timed([1, 1, 1], 1, runtime="onnx")
    with pytest.raises(ValueError, match=r"must be one of tensorflow, ncnn\. Received: 'onnx'"):
        fastest_runtime()


# --- what is known from an earlier start --------------------------------------------------------------


def test_that_ncnn_was_faster_is_known_at_the_next_start_and_nothing_is_timed_again(timed):
    timed([1, 1, 1], 0.1)
    assert not surely_ncnn()
    assert fastest_runtime() == "ncnn"
    fastest_runtime.cache_clear()
    timed([], 9)
    assert surely_ncnn()
    assert fastest_runtime() == "ncnn"


def test_that_tensorflow_was_faster_is_found_out_anew_each_time(timed):
    timed([1, 1, 1], 2)
    assert fastest_runtime() == "tensorflow"
    assert not runtime.MEMORY.exists()


def test_of_another_processor_or_other_libraries_it_is_not_known(timed, monkeypatch):
    timed([1, 1, 1], 0.1)
    fastest_runtime()
    monkeypatch.setattr(runtime, "_circumstances", lambda: "another")
    assert not surely_ncnn()
    assert "ncnn 1" in runtime.MEMORY.read_text()


@pytest.mark.parametrize("content", [b"", b"ncnn", b"\xff\xfe\x00"])
def test_a_memory_that_is_damaged_is_none(timed, content):
    runtime.MEMORY.parent.mkdir()
    runtime.MEMORY.write_bytes(content)
    timed([1, 1, 1], 0.1)
    assert not surely_ncnn()
    assert fastest_runtime() == "ncnn"
    assert surely_ncnn()


def test_where_nothing_can_be_kept_the_choice_is_made_all_the_same(timed):
    runtime.MEMORY.parent.write_text("a file where the folder should be")
    timed([1, 1, 1], 0.1)
    assert fastest_runtime() == "ncnn"
    assert not surely_ncnn()


def test_what_was_decided_for_a_wish_is_not_kept_and_a_wish_comes_before_what_is_known(timed):
    timed([1, 1, 1], 0.1, precision="float32")
    assert fastest_runtime() == "ncnn"
    assert not runtime.MEMORY.exists()
    runtime._remember()
    assert surely_ncnn()
    timed([], 0.1, precision="mixed_bfloat16")
    assert not surely_ncnn()
    timed([], 0.1, runtime="tensorflow")
    assert not surely_ncnn()


def test_who_wants_to_be_ready_soon_gets_ncnn_untimed_unless_something_else_was_asked_for(timed, monkeypatch):
    timed([], 9)
    assert surely_ncnn(soon=True)
    timed([], 0.1, precision="mixed_bfloat16")
    assert not surely_ncnn(soon=True)
    timed([], 0.1, runtime="tensorflow")
    assert not surely_ncnn(soon=True)
    timed([], 0.1)
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert not surely_ncnn(soon=True)


def test_without_tensorflow_ncnn_does_it_and_nothing_is_timed(timed, monkeypatch):
    timed([], 9)
    monkeypatch.setattr("colorizer.model.tensorflow_backend.available", lambda: False)
    assert surely_ncnn()
    assert fastest_runtime() == "ncnn"


def test_without_the_package_nothing_is_known(timed, monkeypatch):
    timed([], 0.1)
    runtime._remember()
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert not surely_ncnn()


def test_without_a_wish_the_processor_decides_the_runtime(monkeypatch, forgotten):
    monkeypatch.delenv("COLORIZER_RUNTIME", raising=False)
    assert fastest_runtime() in ("tensorflow", "ncnn")


def test_pictures_are_the_same_in_either_runtime(monkeypatch, forgotten):
    pictures = []
    for name in ("tensorflow", "ncnn"):
        monkeypatch.setenv("COLORIZER_RUNTIME", name)
        fastest_runtime.cache_clear()
        colorizer = Colorizer.from_pretrained(precision="float32")
        pictures.append(np.asarray(colorizer.colorize(EXAMPLES[0]), np.int16))
    off = np.abs(pictures[0] - pictures[1])
    assert off.max() <= 1  # where a half is rounded up or down
    assert np.mean(off > 0) < 1e-3
