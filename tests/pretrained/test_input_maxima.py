"""The largest inputs of each convolution in the manifest, which 8-bit integers need."""

import json
from pathlib import Path

import pytest

from colorizer import WeightsError
from colorizer.model.spec import ARCHITECTURE
from colorizer.pretrained import manifest, weights_file
from colorizer.pretrained.locate import find_weights


@pytest.fixture
def calibrated(tmp_path, tiny_network) -> Path:
    """A weights file whose manifest has the largest inputs 1 to 13."""
    path = weights_file.save(tiny_network, tmp_path)
    manifest.add_input_maxima(tmp_path, range(1, 14))
    return path


def test_largest_inputs_are_read_as_they_were_added_and_the_manifest_is_still_whole(calibrated):
    assert manifest.input_maxima(calibrated, 13) == tuple(range(1, 14))
    manifest.verify_checksum(calibrated)


def test_a_manifest_without_them_or_of_another_file_and_no_manifest_have_none(calibrated, tiny_network):
    other = calibrated.with_name("mine.weights.h5")
    assert manifest.input_maxima(other, 13) is None
    weights_file.save(tiny_network, calibrated.parent)  # other weights: the old ones no longer hold
    assert manifest.input_maxima(calibrated, 13) is None
    calibrated.with_name(manifest.MANIFEST_NAME).unlink()
    assert manifest.input_maxima(calibrated, 13) is None


@pytest.mark.parametrize(
    "maxima",
    [
        "many",
        [1.0] * 12,
        [1.0] * 12 + [0],
        [1.0] * 12 + [float("nan")],
        [1e-40] * 13,
        [1e40] * 13,
        [True] * 13,
        ["1"] * 13,
        {},
    ],
)
def test_largest_inputs_that_cannot_be_are_refused(calibrated, maxima):
    path = calibrated.with_name(manifest.MANIFEST_NAME)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"input_maxima": maxima}))
    with pytest.raises(WeightsError, match="must have 13 input_maxima from 1e-06 to 1e\\+09"):
        manifest.input_maxima(calibrated, 13)


def test_the_shipped_weights_have_them():
    assert manifest.input_maxima(find_weights(), len(ARCHITECTURE))
