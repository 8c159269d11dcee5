"""Training as its users run it: complete files in all cases, and nothing lost when it is killed."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from tqdm import tqdm

from colorizer.model.network import build_network
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import load_weights
from colorizer.publishing.model_card import build_card
from colorizer.training import run_record, shards
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image


@pytest.fixture(scope="module")
def trained(config) -> Path:
    """The folder that a whole run leaves behind."""
    Trainer(config, TINY).run()
    return Path(config.out)


def rows_of(out: Path) -> list[dict[str, str]]:
    with open(out / "history.csv") as file:
        return list(csv.DictReader(file))


def assert_every_file_is_whole(out: Path, but_partials: bool = False) -> None:
    """Opens everything in the folder; what a kill may leave is a temporary file under its temporary name."""
    assert but_partials or [path.name for path in out.iterdir() if path.name.startswith(".")] == []
    with np.load(out / "checkpoint.npz") as checkpoint:
        assert all(np.isfinite(checkpoint[name]).all() for name in checkpoint.files)
    for path in out.glob("*.png"):
        load_image(path)
    if (weights := out / "colorizer.weights.h5").exists():
        record = json.loads((out / "colorizer.json").read_text())
        assert record["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
        h5py.File(weights).close()


# --- what a run leaves behind --------------------------------------------------------------------------


def test_a_run_leaves_weights_history_curve_samples_and_checkpoint_all_whole(trained):
    names = {path.name for path in trained.iterdir()}
    assert names == {
        "checkpoint.npz",
        "colorizer.json",
        "colorizer.weights.h5",
        "history.csv",
        "history.png",
        "samples.png",
        "training.json",
    }
    assert_every_file_is_whole(trained)


@pytest.mark.parametrize(("lpips", "kept"), [(0.0, 1), (100.0, 2)])
def test_the_best_weights_are_kept_but_with_lpips_the_latest_since_validation_does_not_see_it(
    lpips, kept, config, tmp_path, monkeypatch
):
    trainer = Trainer(replace(config, out=str(tmp_path)), TINY)
    trainer.config = replace(trainer.config, lpips=lpips)  # choosing needs no LPIPS network
    scores = trainer.validation.score(trainer.objective)
    for row in (1, 2):  # the second is the worse
        monkeypatch.setattr(trainer.validation, "score", lambda _, loss=row: scores | {"val_loss": loss})
        trainer.network.set_weights([np.full_like(w, row) for w in trainer.network.get_weights()])
        trainer._evaluate(0.0, tqdm(disable=True))
    network = build_network(TINY)
    load_weights(network, tmp_path)
    assert all((w == kept).all() for w in network.get_weights())


def test_every_row_of_the_history_has_the_scores_beside_those_of_plain_grey(trained):
    rows = rows_of(trained)
    assert len(rows) >= 3
    for row in rows:
        for name in ("loss", "val_loss", "psnr", "dE00", "cf", "true_cf", "averaged"):
            assert np.isfinite(float(row[name]))
        assert float(row["grey_cf"]) < 0.5 < float(row["true_cf"])
        assert float(row["grey_psnr"]) < 40
        assert float(row["grey_dE00"]) > 0
        assert float(row["grey_loss"]) > 0


def test_it_learns_that_bright_is_blue_and_dark_is_red(trained):
    last = rows_of(trained)[-1]
    assert float(last["val_loss"]) < 0.8 * float(last["grey_loss"])
    assert float(last["psnr"]) > float(last["grey_psnr"])


def test_the_best_weights_are_kept_and_load_again(trained, config):
    best = min(float(row["val_loss"]) for row in rows_of(trained))
    trainer = Trainer(replace(config, out=str(trained.parent / "other")), TINY)
    load_weights(trainer.network, trained)
    answer = trainer.validation.score(trainer.objective)
    assert answer["val_loss"] == pytest.approx(best, rel=1e-3)


def test_the_weights_are_calibrated_for_8_bit_integers_once_the_run_has_ended(trained):
    maxima = manifest.input_maxima(trained / manifest.WEIGHTS_NAME, len(TINY))
    assert maxima is not None
    assert 0.5 < maxima[0] <= 1  # the lightness of bright photos


def test_the_record_for_the_model_card_has_the_command_but_no_paths(trained):
    about = json.loads((trained / "training.json").read_text())
    assert about["photos"] == 119
    assert about["command"].startswith("python train.py --photos photos")
    assert "--size 16 32 --batch 8 --epochs 3 --lr 0.005 --loss mse --precision float32" in about["command"]
    assert "--out out" in about["command"]  # a later stage names it so
    assert "/" not in about["command"]
    assert str(about["crops"]) in {row["crops"] for row in rows_of(trained)}
    assert "Not measured." in str(build_card(trained))


def test_the_record_of_a_later_stage_is_the_recipe_of_all(trained, config, tmp_path):
    stage = replace(config, init=str(trained), teacher=(str(trained),), out=str(tmp_path))
    run_record.write(tmp_path, stage, {"crops": 100, "minutes": 1.0}, 119)
    first, last = (json.loads((folder / "training.json").read_text()) for folder in (trained, tmp_path))
    *earlier, command = last["command"].splitlines()
    assert earlier == [first["command"]]  # the teacher's is that of the first stage here, and appears once
    assert "--init out" in command
    assert last["crops"] == first["crops"] + 100


def test_frozen_layers_stay_as_they_are(trained, config, tmp_path):
    stage = replace(config, init=str(trained), frozen_layers=2, epochs=0.3, out=str(tmp_path))
    trainer = Trainer(stage, TINY)
    before = [w.copy() for w in trainer.network.get_weights()]
    trainer.run()
    moved = [
        not np.array_equal(was, now) for was, now in zip(before, trainer.network.get_weights(), strict=True)
    ]
    assert moved == [False] * 4 + [True] * (len(moved) - 4)  # two kernels, two biases


def test_shards_may_be_what_is_validated_on(photos, config, tmp_path):
    assert shards.main([str(photos), str(tmp_path / "shards")]) == 0
    of_shards = {"photos": (str(tmp_path / "shards"),), "val": str(tmp_path / "shards")}
    trainer = Trainer(replace(config, **of_shards, out=str(tmp_path / "out")), TINY)
    assert (trainer.train_photos, len(trainer.validation.photos)) == (120, 120)


def test_initial_weights_are_used(trained, config, tmp_path):
    trainer = Trainer(replace(config, init=str(trained), out=str(tmp_path)), TINY)
    first = trainer.validation.score(trainer.objective)["val_loss"]
    assert first == pytest.approx(min(float(row["val_loss"]) for row in rows_of(trained)), rel=1e-3)


@pytest.mark.parametrize(("precision", "used"), [(None, "bfloat16"), ("float32", "float32")])
def test_the_precision_is_what_this_processor_does_faster_unless_one_is_given(
    config, tmp_path, monkeypatch, precision, used
):
    monkeypatch.setattr("colorizer.training.trainer.fastest_precision", lambda training: "mixed_bfloat16")
    trainer = Trainer(replace(config, precision=precision, out=str(tmp_path)), TINY)
    assert trainer.network.get_layer("conv2").compute_dtype == used


# --- what is refused -----------------------------------------------------------------------------------


def test_a_finished_run_continues_if_more_epochs_are_requested(config, trained, tmp_path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    longer = Trainer(replace(config, resume=True, out=str(tmp_path), epochs=2 * config.epochs), TINY)
    assert longer.progress == pytest.approx(0.5, abs=0.02)
    assert longer.schedule.learning_rate(longer.progress) == pytest.approx(config.lr / 2, rel=0.1)
    crops = longer.state["crops"]
    longer.run()
    assert longer.state["crops"] == pytest.approx(2 * crops, rel=0.1)


def test_resuming_with_nothing_to_resume_or_another_schedule_is_refused(config, trained, tmp_path):
    with pytest.raises(FileNotFoundError, match="needs a checkpoint"):
        Trainer(replace(config, resume=True, out=str(tmp_path)), TINY)
    with pytest.raises(ValueError, match=r"same schedule: lr was 0\.005. Received: 0\.1"):
        Trainer(replace(config, resume=True, lr=0.1), TINY)


# --- interrupted runs ----------------------------------------------------------------------------------


class Interrupted(Exception):
    """Stands for a power cut in the middle of a run."""


def stop_and_resume(config, stop: int, monkeypatch) -> None:
    """A run that ends after a step, and another that continues it to the end."""
    trainer = Trainer(replace(config, checkpoint_seconds=0), TINY)
    save = trainer._save_checkpoint

    def save_and_fail() -> None:
        save()
        if trainer.state["steps"] == stop:
            raise Interrupted

    monkeypatch.setattr(trainer, "_save_checkpoint", save_and_fail)
    with pytest.raises(Interrupted):
        trainer.run()
    resumed = Trainer(replace(config, checkpoint_seconds=0, resume=True), TINY)
    assert resumed.state["steps"] == stop
    resumed.run()


def assert_same_end(one: Path, other: Path) -> None:
    with np.load(one / "checkpoint.npz") as whole, np.load(other / "checkpoint.npz") as parts:
        states = [json.loads(each["about"].tobytes())["state"] for each in (whole, parts)]
        assert states[0]["steps"] == states[1]["steps"]
        assert states[0]["crops"] == states[1]["crops"]
        assert set(parts.files) == set(whole.files)
        for name in set(whole.files) - {"about"}:  # which has the time that the run needed
            np.testing.assert_array_equal(parts[name], whole[name], err_msg=name)


# After step 12 the run is past its half, and the crops grow from 16 to 32 pixels.
@pytest.mark.parametrize("stop", [12, 20])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does_to_the_last_bit(
    config, trained, tmp_path, monkeypatch, stop
):
    stop_and_resume(replace(config, out=str(tmp_path)), stop, monkeypatch)
    assert_same_end(trained, tmp_path)


def test_so_does_a_run_with_shards(photos, config, tmp_path, monkeypatch):
    assert shards.main([str(photos), str(tmp_path / "shards")]) == 0
    sharded = replace(config, photos=(str(tmp_path / "shards"),), epochs=1, size=(16,))
    Trainer(replace(sharded, out=str(tmp_path / "whole")), TINY).run()
    stop_and_resume(replace(sharded, out=str(tmp_path / "parts")), 6, monkeypatch)
    assert_same_end(tmp_path / "whole", tmp_path / "parts")
    assert json.loads((tmp_path / "whole" / "training.json").read_text())["photos"] == 119
    assert_every_file_is_whole(tmp_path / "whole")


def test_killed_at_any_moment_it_continues_from_the_last_checkpoint(photos, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "train.py", "--photos", str(photos), "--out", str(out)]
    command += ["--cache", str(tmp_path / "cache"), "--size", "16", "--batch", "4", "--epochs", "0.5"]
    command += ["--precision", "float32", "--checkpoint-seconds", "0", "--eval-every", "30"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    options = {"cwd": ROOT, "env": environment, "text": True}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as running:
        deadline = time.monotonic() + 120
        # Weights and a checkpoint are in place, and quite likely the next is being written when it is killed.
        while not (out / "colorizer.json").exists():
            assert running.poll() is None, running.stdout.read()
            assert time.monotonic() < deadline, "no weights within two minutes"
            time.sleep(0.05)
        time.sleep(0.4)
        running.send_signal(signal.SIGKILL)
    assert (out / "colorizer.weights.h5").exists()
    assert_every_file_is_whole(out, but_partials=True)
    with np.load(out / "checkpoint.npz") as checkpoint:
        before = json.loads(checkpoint["about"].tobytes())["state"]
    assert 0 < before["crops"] < 60

    done = subprocess.run([*command, "--resume"], capture_output=True, **options)
    assert done.returncode == 0, done.stderr
    assert f"resumed after {before['crops']} crops" in done.stdout
    with np.load(out / "checkpoint.npz") as checkpoint:
        after = json.loads(checkpoint["about"].tobytes())["state"]
    assert after["crops"] == 60  # half a pass over the 119 photos that are not held out
    assert after["steps"] == 15
    assert_every_file_is_whole(out)


def test_wrong_options_on_the_command_line_exit_with_2_and_a_sentence(tmp_path):
    command = [sys.executable, "train.py", "--photos", str(tmp_path / "nowhere"), "--cache", str(tmp_path)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "colorizer train: There are no photos at" in done.stderr


def test_training_needs_neither_scikit_image_nor_gradio_and_the_package_alone_not_even_keras():
    code = (
        "import sys, colorizer; assert 'keras' not in sys.modules;"
        "import colorizer.training; print(sorted({'skimage', 'gradio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
