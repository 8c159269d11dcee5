"""The schedule of a run: its rate, the scale of its loss, the size of its crops; and a run follows it."""

import time
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from colorizer.training.color_loss import PLAIN_SCALE
from colorizer.training.schedule import Schedule
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY


def test_the_rate_rises_and_then_falls_to_zero_in_a_line(config):
    trainer = Trainer(replace(config, warmup=0.1, lr=1.0), TINY)
    rates = [trainer.schedule.learning_rate(progress) for progress in (0, 0.05, 0.1, 0.55, 1.0)]
    assert rates[0] < 0.05
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] == pytest.approx(1, abs=0.01)
    assert rates[3] == pytest.approx(0.5, abs=0.01)
    assert rates[4] == 0


def test_a_run_by_minutes_starts_its_schedule_after_the_first_step_which_compiles(
    config, tmp_path, monkeypatch
):
    trainer = Trainer(replace(config, minutes=0.05, out=str(tmp_path / "out")), TINY)
    steps, rates = [], []
    step = trainer.objective.train_on_batch

    def slow_at_first(batch):
        rates.append(float(trainer.objective.optimizer.learning_rate.numpy()))
        if not steps:
            time.sleep(2)  # most of the three seconds
        steps.append(step(batch))
        return steps[-1]

    monkeypatch.setattr(trainer.objective, "train_on_batch", slow_at_first)
    trainer.run()
    # The two seconds were not a part of the run.
    assert rates[1] == pytest.approx(trainer.schedule.learning_rate(0.0))


def test_a_stage_that_another_follows_ends_at_a_share_of_its_rate(config):
    trainer = Trainer(replace(config, warmup=0.1, lr=1.0, end=0.4), TINY)
    assert trainer.schedule.learning_rate(0.55) == pytest.approx(0.7, abs=0.01)
    assert trainer.schedule.learning_rate(1.0) == pytest.approx(0.4)


def test_a_redescending_loss_is_plain_at_first_and_its_scale_then_falls_in_equal_ratios(config):
    schedule = Schedule(replace(config, redescending=10.0, redescending_after=0.5))
    scales = [schedule.redescending_scale(progress) for progress in (0, 0.49, 0.5, 0.75, 1)]
    assert scales == pytest.approx([PLAIN_SCALE, PLAIN_SCALE, 40, 20, 10])


def test_a_step_uses_the_scale_of_its_place_in_the_run(config, tmp_path, monkeypatch):
    trainer = Trainer(replace(config, out=str(tmp_path), redescending=12.0), TINY)
    monkeypatch.setattr(trainer.objective, "train_on_batch", lambda batch: 1.0)
    batch: Future[np.ndarray] = Future()
    batch.set_result(np.zeros((8, 32, 32, 3), np.uint8))
    for share in (0.0, 0.75):
        trainer.state["crops"] = share * config.epochs * trainer.train_photos
        trainer._step(8, batch)
        scale = float(trainer.objective.scale.value)
        assert scale == pytest.approx(trainer.schedule.redescending_scale(share))


def test_several_sizes_get_equal_shares_of_the_run(config):
    trainer = Trainer(replace(config, size=(16, 24, 24, 32)), TINY)
    assert [trainer.schedule.crop_size(p) for p in (0, 0.24, 0.26, 0.5, 0.76, 1.0)] == [
        16,
        16,
        24,
        24,
        32,
        32,
    ]
