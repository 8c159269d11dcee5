"""Training: photos in, weights out. `python train.py --photos PATH` is the command; this is the loop.

    Trainer(TrainingConfig(photos=("photos/",), val="val/", minutes=60)).run()

Out come, in the folder `out`: `colorizer.weights.h5` (the best so far by validation; with LPIPS in the loss,
which validation does not see, the latest) and its checksum, `training.json` (how they came about, for the
model card), `history.csv`, `history.png`, `samples.png`, and `checkpoint.npz`, from which `resume` goes on.
Every file is written under a temporary name and renamed, so a run killed at any moment leaves whole ones.

Keras alone is needed, on TensorFlow or on JAX (KERAS_BACKEND=jax), with Pillow, matplotlib and tqdm.
"""

import csv
import io
import json
import sys
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from colorizer.atomic_write import replace_file
from colorizer.evaluation import plots
from colorizer.model.network import build_network
from colorizer.model.runtime import fastest_precision
from colorizer.model.spec import ARCHITECTURE, Conv
from colorizer.pretrained import weights_file
from colorizer.pretrained.locate import load_weights
from colorizer.training import hub_dataset, run_record
from colorizer.training.augment import Film
from colorizer.training.config import TrainingConfig, check
from colorizer.training.init_from_teacher import inherit
from colorizer.training.objective import Objective, rarity_weights
from colorizer.training.optimizer import ConvMuon
from colorizer.training.perceptual import Teacher, read_arrays
from colorizer.training.photo_cache import BatchStream, PhotoCache
from colorizer.training.prefetch import Loader
from colorizer.training.teacher import build_mentor, load_mentor, load_mentors
from colorizer.training.validation import Validation

# The averaged weights take in the network's every so many steps: enough for an average over hundreds, and a
# copy of all weights a step costs a tenth of the time.
AVERAGE_EVERY = 8
# The side of the crops whose features a network inherits: five batches of 64 give each layer places enough.
INHERIT_SIZE = 96
# What a run that is gone on with must not change.
SCHEDULE = (
    "size",
    "lr",
    "warmup",
    "end",
    "batch",
    "optimizer",
    "seed",
    "hint",
    "freeze",
    "halved",
    "adversarial",
)


class Trainer:
    """One training run."""

    def __init__(self, config: TrainingConfig, architecture: tuple[Conv, ...] = ARCHITECTURE):
        """Opens the photos and builds the network.

        Raises:
            ValueError: an option out of its range, or fewer than 100 usable photos.
            FileNotFoundError: photos, weights or checkpoint that are not there, on the Hub neither.
        """
        check(config)
        self.config = config
        precision = config.precision or fastest_precision(training=True)
        arrays = read_arrays(config.teacher) if config.teacher else {}
        mentor = load_mentors(config.mentor, arrays, precision) if config.mentor else None
        heard = config.lpips or config.adversarial or (config.hint and mentor is None)
        teacher = Teacher(arrays, precision) if heard else None
        self.out = Path(config.out)
        self.out.mkdir(parents=True, exist_ok=True)
        photos = [hub_dataset.local_photos(path) for path in config.photos]
        self.cache = PhotoCache.build(photos, config.cache, workers=config.workers)
        for name, why in list(self.cache.unreadable.items())[:20]:
            print(f"skipped {name}: {why}")
        print(f"{len(self.cache)} photos to learn from, {len(self.cache.unreadable)} skipped; in {precision}")
        self.validation = Validation.of(
            hub_dataset.local_photos(config.val) if config.val else None,
            self.cache,
            config.cache,
            config.size[-1],
            config.val_photos,
            config.level,
        )
        self.learn_from = len(self.cache) - (0 if config.val else self.validation.held_out)
        self.stream = BatchStream(self.cache, config.seed, config.zoom, self.learn_from, config.stretch)

        dropout = config.dropout
        if config.network == "mentor":
            self.network = build_mentor(arrays, precision, dropout, config.seed)
            dropout = 0.0  # it hides features by itself
        else:
            self.network = build_network(architecture, precision, config.seed)
        if config.init:
            load_weights(self.network, config.init)
        for number in range(1, config.freeze + 1):
            self.network.get_layer(f"conv{number}").trainable = False
        if config.inherit and not config.resume:
            self._inherit(arrays, architecture)
        table = None
        if config.loss == "rarity":
            step = max(1, self.learn_from // 2000)  # 2,000 photos fix the weights to a percent
            table = rarity_weights([self.cache[i] for i in range(0, self.learn_from, step)])
        self.objective = Objective(
            self.network,
            config.loss,
            Film(share=config.film),
            table,
            config.seed,
            config.level,
            teacher,
            config.lpips,
            config.window,
            config.hint,
            dropout,
            mentor,
            config.trust,
            config.mentor_size,
            config.halved,
            config.adversarial,
        )
        optimizer = {"muon": ConvMuon, "adam": keras.optimizers.Adam}[config.optimizer](config.lr)
        self.objective.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
        self.average = [w.copy() for w in self.network.get_weights()]
        # Where the run stands; saved with every checkpoint. `crops` counts pictures, `steps` steps.
        self.state: dict[str, Any] = {
            "crops": 0, "steps": 0, "seconds": 0.0, "waited": 0.0,
            "next_row": self.row_length, "rows": [], "best": None,
        }  # fmt: skip
        if config.resume:
            self._restore()

    def _inherit(self, arrays: dict[str, np.ndarray], architecture: tuple[Conv, ...]) -> None:
        """Fits the network's first half to the mentor's; in float32, whatever it is trained in."""
        start = build_network(architecture, "float32", self.config.seed)
        mentor = load_mentor(self.config.mentor[0], arrays, "float32")
        photos = [self.stream.batch(64 * i, 64, INHERIT_SIZE) for i in range(5)]
        explained = inherit(start, mentor, np.concatenate(photos), self.config.seed)
        print("of what the mentor's layers say, inherited:", *(f"{share:.2f}" for share in explained))
        self.network.set_weights(start.get_weights())

    @property
    def row_length(self) -> int:
        """How many crops make one row of the history."""
        return min(self.learn_from, self.config.rows)

    @property
    def progress(self) -> float:
        """How much of the run is done, in [0, 1]."""
        return self.progress_at(self.state["crops"])

    def progress_at(self, crops: int) -> float:
        """How much of the run is done after so many crops; by minutes, how much is done now."""
        if self.config.minutes is not None:
            return min(1.0, self.state["seconds"] / (60 * self.config.minutes))
        return min(1.0, crops / (self.config.epochs * self.learn_from))

    def run(self) -> None:
        """Trains to the end, and leaves everything in `out`."""
        losses: list[float] = []
        self._build()
        saved = clock = time.monotonic()
        bar = tqdm(
            total=1.0,
            initial=self.progress,
            bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}",
            mininterval=0.1 if sys.stderr.isatty() else 60,  # a log wants a line a minute
        )
        asked_for, compiled = self.state["crops"], False
        ahead: deque[Future[np.ndarray]] = deque()
        with Loader(self.stream, self.config.workers) as loader, bar:
            while (progress := self.progress) < 1:
                while len(ahead) <= loader.ahead:
                    count, size = self.batch_shape(asked_for)
                    ahead.append(loader.prepare(asked_for, count, size))
                    asked_for += count
                self.objective.optimizer.learning_rate = self.rate(progress)
                if self.config.lpips_after:
                    self.objective.heard.assign(float(progress >= self.config.lpips_after))
                if self.config.adversarial:
                    self.objective.fooling.assign(float(progress >= self.config.adversarial_after))
                before = time.monotonic()
                batch = ahead.popleft().result()
                self.state["waited"] += time.monotonic() - before
                losses.append(float(self.objective.train_on_batch(batch)))
                if not np.isfinite(losses[-1]):
                    raise FloatingPointError(
                        f"The loss became {losses[-1]} at step {self.state['steps']}: try a lower --lr than "
                        f"{self.config.lr}, or go on from the last checkpoint with --resume."
                    )
                self.state["crops"] += len(batch)
                self.state["steps"] += 1
                if self.state["steps"] % AVERAGE_EVERY == 0:
                    self._update_average()
                now = time.monotonic()
                # The first step compiles, which can take a minute: no part of the schedule, least of all of
                # the warm-up, is to pass meanwhile.
                self.state["seconds"] += now - clock if compiled else 0.0
                clock, compiled = now, True
                bar.update(self.progress - bar.n)
                news = f"{self.state['crops']} crops, loss {np.mean(losses[-50:]):.1f}"
                bar.set_postfix_str(news, refresh=False)
                if self.state["crops"] >= self.state["next_row"] or self.progress >= 1:
                    self._finish_row(float(np.mean(losses)), bar)
                    losses.clear()
                    self.state["next_row"] += self.row_length
                if now - saved > self.config.checkpoint_seconds or self.progress >= 1:
                    self._save_checkpoint()
                    saved = now
        plots.save_samples(self.out / "samples.png", *self.validation.samples(self.objective))

    def rate(self, progress: float) -> float:
        """The learning rate after this share of the run: a short rise, then a straight line down to `end`."""
        warmup, end = self.config.warmup, self.config.end
        fall = min(1.0, (1 - progress) / (1 - warmup))
        return self.config.lr * min(1.0, (progress + 1e-3) / warmup) * (end + (1 - end) * fall)

    def crop_size(self, progress: float) -> int:
        """The side of the crops after this share of the run."""
        sizes = self.config.size
        return sizes[min(len(sizes) - 1, int(progress * len(sizes)))]

    def batch_shape(self, position: int) -> tuple[int, int]:
        """How many crops make the batch that begins at this one, and their side."""
        size = self.crop_size(self.progress_at(position))
        return round(self.config.batch * max(self.config.size) / size), size

    def _build(self) -> None:
        """Makes the optimizer's variables, so that a checkpoint can be loaded into them."""
        if not self.objective.optimizer.built:
            self.objective.optimizer.build(self.objective.trainable_variables)

    def _update_average(self) -> None:
        taken = self.state["steps"] // AVERAGE_EVERY
        share = max(1 / taken, 1 / (self.config.average * taken + 1))
        for mean, now in zip(self.average, self.network.get_weights(), strict=True):
            mean += share * (now - mean)

    def _finish_row(self, loss: float, bar: tqdm) -> None:
        """Validates, keeps the weights if they are what the run is for, writes history and curve."""
        current = self.network.get_weights()
        figures_now = self.validation.score(self.objective)
        self.network.set_weights(self.average)
        figures_average = self.validation.score(self.objective)
        averaged = figures_average["val_loss"] < figures_now["val_loss"]
        row = {
            "crops": self.state["crops"],
            "epoch": round(self.state["crops"] / self.learn_from, 3),
            "minutes": round(self.state["seconds"] / 60, 2),
            "size": self.crop_size(self.progress),
            "lr": self.rate(self.progress),
            "loss": loss,
            **(figures_average if averaged else figures_now),
            "averaged": int(averaged),
            # The share of the run spent waiting for photos: what a faster loader could win.
            "waiting": round(self.state["waited"] / max(self.state["seconds"], 1e-9), 4),
        }
        self.state["rows"].append(row)
        best = self.state["best"]
        if best is None or row["val_loss"] < best or self.config.lpips or self.config.adversarial:
            self.state["best"] = row["val_loss"]
            if not averaged:
                self.network.set_weights(current)
            weights_file.save(self.network, self.out)
            run_record.write(self.out, self.config, row, self.learn_from)
        self.network.set_weights(current)
        text = io.StringIO()
        table = csv.DictWriter(text, fieldnames=list(row))
        table.writeheader()
        table.writerows(self.state["rows"])
        replace_file(self.out / "history.csv", text.getvalue().encode())
        plots.save_history(self.out / "history.png", self.state["rows"])
        bar.write(
            f"epoch {row['epoch']:.2f}  {row['minutes']:.1f} min  loss {loss:.1f}  val {row['val_loss']:.1f}"
            f" (grey {row['grey_loss']:.1f})  PSNR {row['psnr']:.2f} (grey {row['grey_psnr']:.2f})"
            f"  dE00 {row['dE00']:.2f} (grey {row['grey_dE00']:.2f})"
            f"  colorfulness {row['cf']:.1f} (true {row['true_cf']:.1f}){'  averaged' if averaged else ''}"
        )

    def _save_checkpoint(self) -> None:
        arrays = {f"weight{i}": w for i, w in enumerate(self.network.get_weights())}
        arrays |= {f"average{i}": w for i, w in enumerate(self.average)}
        arrays |= {
            f"optimizer{i}": keras.ops.convert_to_numpy(v)
            for i, v in enumerate(self.objective.optimizer.variables)
        }
        if self.objective.pupil is not None:
            arrays |= {f"pupil{i}": w for i, w in enumerate(self.objective.pupil.get_weights())}
        if self.objective.discriminator is not None:
            found = self.objective.discriminator.get_weights()
            arrays |= {f"discriminator{i}": w for i, w in enumerate(found)}
        arrays["seeds"] = keras.ops.convert_to_numpy(self.objective.seeds.state)
        about = {"state": self.state, "config": asdict(self.config)}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        data = io.BytesIO()
        np.savez(data, **arrays)
        replace_file(self.out / "checkpoint.npz", data.getbuffer())

    def _restore(self) -> None:
        path = self.out / "checkpoint.npz"
        if not path.exists():
            raise FileNotFoundError(
                f"--resume needs a checkpoint. Received: {self.out} without checkpoint.npz"
            )
        with np.load(path) as saved:
            about = json.loads(saved["about"].tobytes())
            for name in SCHEDULE:
                now = getattr(self.config, name)
                before = about["config"].get(name, now)  # options are added in time
                if before != (list(now) if isinstance(now, tuple) else now):
                    raise ValueError(
                        f"--resume goes on with the same schedule: {name} was {before}. Received: {now}"
                    )
            self.state |= about["state"]
            count = len(self.average)
            self.network.set_weights([saved[f"weight{i}"] for i in range(count)])
            self.average = [saved[f"average{i}"] for i in range(count)]
            if self.objective.pupil is not None:
                self.objective.pupil.set_weights([saved["pupil0"], saved["pupil1"]])
            if (judge := self.objective.discriminator) is not None:
                judge.set_weights([saved[f"discriminator{i}"] for i in range(len(judge.weights))])
            self._build()
            for i, variable in enumerate(self.objective.optimizer.variables):
                variable.assign(saved[f"optimizer{i}"])
            self.objective.seeds.state.assign(saved["seeds"])
        for leftover in self.out.glob(".*.partial*"):  # of the moment it was killed
            leftover.unlink()
        print(f"resumed after {self.state['crops']} crops, {self.state['seconds'] / 60:.1f} minutes")
