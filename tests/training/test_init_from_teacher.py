"""Initial weights from a teacher: the first layers give its features, as nearly as they can."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from colorizer.model.network import build_network
from colorizer.model.spec import ARCHITECTURE
from colorizer.pretrained.weights_file import save
from colorizer.training import init_from_teacher as module
from colorizer.training.config import TrainingConfig, check_config
from colorizer.training.init_from_teacher import PAIRS, init_from_teacher
from colorizer.training.teacher import build_teacher, load_teacher
from colorizer.training.trainer import Trainer
from colorizer.training.vgg16 import read_arrays
from tests.helpers.network import TINY
from tests.helpers.vgg import FILTERS

RANDOM = np.random.default_rng(0)
# The network's table with the widths of the tests' VGG16.
STUDENT = tuple(
    replace(conv, filters=FILTERS[PAIRS[number].source]) if number < len(PAIRS) else conv
    for number, conv in enumerate(TINY)
)
# Smooth, so that neighbours are alike, as in photos.
PHOTOS = np.kron(RANDOM.integers(0, 256, (24, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)


@pytest.fixture
def teacher(kernels, tmp_path) -> keras.Model:
    arrays = read_arrays(kernels)
    save(build_teacher(arrays, "float32", seed=0), tmp_path / "teacher")
    return load_teacher(tmp_path / "teacher", arrays, "float32")


def test_the_real_network_has_the_widths_and_the_halvings_of_vgg16():
    filters = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert [conv.filters for conv in ARCHITECTURE[:7]] == [filters[pair.source] for pair in PAIRS]
    sizes = np.cumprod([conv.stride for conv in ARCHITECTURE[:7]])
    halvings = [2 ** sum(pair.source + 1 >= before for before in (2, 4, 7)) for pair in PAIRS]
    assert list(sizes) == halvings


def test_it_starts_near_the_teacher(teacher):
    network = build_network(STUDENT, "float32", seed=0)
    explained = init_from_teacher(network, teacher, PHOTOS)
    assert len(explained) == len(PAIRS)
    assert min(explained) > 0.25
    assert explained[-1] > 0.5


def test_the_deepest_output_has_a_mean_square_of_one(teacher):
    network = build_network(STUDENT, "float32", seed=0)
    init_from_teacher(network, teacher, PHOTOS)
    deepest = keras.Model(network.input, network.get_layer("relu7").output)
    answer = np.asarray(deepest(module._lightness(PHOTOS)))
    assert np.sqrt(np.mean(answer**2)) == pytest.approx(1, abs=1e-3)


def test_a_layer_that_can_give_the_same_output_does():
    kernel, bias = RANDOM.normal(0, 1, (3, 3, 5, 4)).astype(np.float32), RANDOM.normal(0, 1, 4)
    maps = RANDOM.random((2, 12, 12, 5)).astype(np.float32)
    wanted = np.asarray(keras.ops.conv(maps, kernel, strides=2, padding="same")) + bias
    places = tuple(axis.ravel() for axis in np.indices(wanted.shape[:3]))
    inputs = module._neighbourhoods(maps, places, 2)
    np.testing.assert_allclose(inputs @ kernel.reshape(45, 4) + bias, wanted[places], atol=1e-4)
    # From its own kernel, and from another as far as the ridge allows.
    fitted, _, share = module._fit(inputs, wanted[places], kernel)
    np.testing.assert_allclose(fitted, kernel, atol=1e-3)
    assert share == pytest.approx(1, abs=1e-6)
    assert module._fit(inputs, wanted[places], np.zeros_like(kernel))[2] > 0.9


def test_the_second_half_stays_as_it_was(teacher):
    network, untouched = (build_network(STUDENT, "float32", seed=0) for _ in range(2))
    init_from_teacher(network, teacher, PHOTOS)
    for number in range(len(PAIRS) + 1, len(STUDENT) + 1):
        mine, before = (n.get_layer(f"conv{number}").get_weights()[0] for n in (network, untouched))
        np.testing.assert_array_equal(mine, before)


def test_a_network_of_other_widths_is_refused(teacher):
    with pytest.raises(ValueError, match=r"conv\d must have as many filters as the teacher, \d"):
        init_from_teacher(build_network(TINY, "float32"), teacher, PHOTOS)


def test_training_starts_there_and_continues_from_its_checkpoint(photos, kernels, teacher, tmp_path, capsys):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "out"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=1, loss="mse", precision="float32", perceptual=str(kernels),
        teacher=(str(tmp_path / "teacher"),), init_from_teacher=True,
    )  # fmt: skip
    trainer = Trainer(config, STUDENT)
    assert "explained, by layer: 0." in capsys.readouterr().out
    trainer.run()
    again = Trainer(replace(config, resume=True, epochs=2), STUDENT)
    assert "explained" not in capsys.readouterr().out
    for mine, theirs in zip(trainer.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("options", [{"teacher": ()}, {"teacher": ("m",), "init": "weights"}])
def test_it_needs_a_teacher_and_no_other_initial_weights(options):
    with pytest.raises(ValueError, match="init_from_teacher needs a teacher and no other initial weights"):
        check_config(
            TrainingConfig(photos=("p",), perceptual="p", init_from_teacher=True, size=(64,), **options)
        )
