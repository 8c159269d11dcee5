"""The record of a run names the runs that it builds on."""

import json

import pytest

from colorizer.pretrained import manifest
from colorizer.training import run_record
from colorizer.training.config import TrainingConfig


@pytest.mark.parametrize("name", ["", manifest.WEIGHTS_NAME])
def test_a_run_that_starts_from_a_folder_or_from_its_file_records_what_came_before(tmp_path, name):
    earlier = {"command": "python train.py --photos old", "photos": 9, "crops": 1000, "minutes": 5}
    (tmp_path / manifest.TRAINING_NAME).write_text(json.dumps(earlier))
    (tmp_path / manifest.WEIGHTS_NAME).touch()
    (tmp_path / "out").mkdir()
    config = TrainingConfig(photos=("new",), init=str(tmp_path / name))
    run_record.write(tmp_path / "out", config, {"crops": 200, "minutes": 1}, photos=3)
    record = json.loads((tmp_path / "out" / manifest.TRAINING_NAME).read_text())
    assert record["command"].startswith("python train.py --photos old\npython train.py --photos new")
    assert (record["crops"], record["minutes"]) == (1200, 6)
