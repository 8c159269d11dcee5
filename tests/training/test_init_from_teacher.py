"""Inheriting: the network's first layers say what the mentor's say, as nearly as they can."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from colorizer.model.network import build_network
from colorizer.model.spec import ARCHITECTURE
from colorizer.pretrained.weights_file import save
from colorizer.training import init_from_teacher as module
from colorizer.training.config import TrainingConfig, check
from colorizer.training.init_from_teacher import PAIRS, inherit
from colorizer.training.perceptual import read_arrays
from colorizer.training.teacher import build_mentor, load_mentor
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY
from tests.helpers.vgg import FILTERS

RANDOM = np.random.default_rng(0)
# The network's table with the widths of the tests' VGG16.
HEIR = tuple(
    replace(conv, filters=FILTERS[PAIRS[number].told_by]) if number < len(PAIRS) else conv
    for number, conv in enumerate(TINY)
)
# Smooth, so that neighbours have to do with each other, as in photos.
PHOTOS = np.kron(RANDOM.integers(0, 256, (24, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)


@pytest.fixture
def mentor(kernels, tmp_path) -> keras.Model:
    arrays = read_arrays(kernels)
    save(build_mentor(arrays, "float32", seed=0), tmp_path / "mentor")
    return load_mentor(tmp_path / "mentor", arrays, "float32")


def test_the_real_network_has_the_widths_and_the_halvings_of_vgg16():
    filters = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert [conv.filters for conv in ARCHITECTURE[:7]] == [filters[pair.told_by] for pair in PAIRS]
    sizes = np.cumprod([conv.stride for conv in ARCHITECTURE[:7]])
    halvings = [2 ** sum(pair.told_by + 1 >= before for before in (2, 4, 7)) for pair in PAIRS]
    assert list(sizes) == halvings


def test_it_begins_near_to_the_mentor_and_random_weights_do_not(mentor):
    network = build_network(HEIR, "float32", seed=0)
    explained = inherit(network, mentor, PHOTOS)
    assert len(explained) == len(PAIRS)
    assert min(explained) > 0.25
    assert explained[-1] > 0.5


def test_the_deepest_answer_has_size_one(mentor):
    network = build_network(HEIR, "float32", seed=0)
    inherit(network, mentor, PHOTOS)
    deepest = keras.Model(network.input, network.get_layer("relu7").output)
    answer = np.asarray(deepest(module._lightness(PHOTOS)))
    assert np.sqrt(np.mean(answer**2)) == pytest.approx(1, abs=1e-3)


def test_a_layer_that_can_say_the_same_says_the_same():
    kernel, bias = RANDOM.normal(0, 1, (3, 3, 5, 4)).astype(np.float32), RANDOM.normal(0, 1, 4)
    maps = RANDOM.random((2, 12, 12, 5)).astype(np.float32)
    wanted = np.asarray(keras.ops.conv(maps, kernel, strides=2, padding="same")) + bias
    places = tuple(axis.ravel() for axis in np.indices(wanted.shape[:3]))
    seen = module._neighbourhoods(maps, places, 2)
    np.testing.assert_allclose(seen @ kernel.reshape(45, 4) + bias, wanted[places], atol=1e-4)
    # From its own kernel, and from a strange one as far as the hold lets go.
    fitted, _, share = module._fit(seen, wanted[places], kernel)
    np.testing.assert_allclose(fitted, kernel, atol=1e-3)
    assert share == pytest.approx(1, abs=1e-6)
    assert module._fit(seen, wanted[places], np.zeros_like(kernel))[2] > 0.9


def test_the_second_half_stays_as_it_was(mentor):
    network, untouched = (build_network(HEIR, "float32", seed=0) for _ in range(2))
    inherit(network, mentor, PHOTOS)
    for number in range(len(PAIRS) + 1, len(HEIR) + 1):
        mine, before = (n.get_layer(f"conv{number}").get_weights()[0] for n in (network, untouched))
        np.testing.assert_array_equal(mine, before)


def test_a_network_of_other_widths_cannot_inherit(mentor):
    with pytest.raises(ValueError, match=r"conv\d must have as many filters as the mentor, \d"):
        inherit(build_network(TINY, "float32"), mentor, PHOTOS)


def test_training_begins_there_and_goes_on_from_its_checkpoint(photos, kernels, mentor, tmp_path, capsys):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "out"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=1, loss="mse", precision="float32", teacher=str(kernels),
        mentor=(str(tmp_path / "mentor"),), inherit=True,
    )  # fmt: skip
    trainer = Trainer(config, HEIR)
    assert "inherited: 0." in capsys.readouterr().out
    trainer.run()
    again = Trainer(replace(config, resume=True, epochs=2), HEIR)
    assert "inherited" not in capsys.readouterr().out
    for mine, theirs in zip(trainer.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("options", [{"mentor": ()}, {"mentor": ("m",), "init": "weights"}])
def test_it_needs_a_mentor_and_no_other_start(options):
    with pytest.raises(ValueError, match="inherit is a start of its own, from a mentor"):
        check(TrainingConfig(photos=("p",), teacher="t", inherit=True, size=(64,), **options))
