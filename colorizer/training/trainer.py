"""The training loop: photos in, weights out. `python train.py --photos PATH` is the command.

    Trainer(TrainingConfig(photos=("photos/",), val="val/", minutes=60)).run()

A run leaves in the folder `out`: `colorizer.weights.h5` (the best so far by validation; with LPIPS in the
loss, which validation does not see, the latest) and its checksum, `training.json` (how they were trained, for
the model card), `history.csv`, `history.png`, `samples.png`, and `checkpoint.npz`, from which `resume`
continues. Every file is written under a temporary name and renamed, so a run that is killed leaves
no partial file.

It needs Keras, on TensorFlow or on JAX (KERAS_BACKEND=jax), Pillow, matplotlib and tqdm.
"""

import sys
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from colorizer.evaluation import plots
from colorizer.model.runtime import fastest_precision
from colorizer.model.spec import ARCHITECTURE, Conv
from colorizer.pretrained import manifest, weights_file
from colorizer.training import checkpoint, distribute, hub_dataset, run_record
from colorizer.training.assemble import build_objective, build_trained_network, fit_to_teacher, needs_vgg16
from colorizer.training.calibration import measure_input_maxima
from colorizer.training.config import TrainingConfig, check_config
from colorizer.training.crops import BatchStream
from colorizer.training.history import History
from colorizer.training.perceptual import LPIPS
from colorizer.training.prefetch import Loader
from colorizer.training.schedule import Schedule
from colorizer.training.shards import open_photos
from colorizer.training.teacher import load_ensemble
from colorizer.training.validation import Validation, held_out
from colorizer.training.vgg16 import read_arrays
from colorizer.training.weight_selection import WeightAverage, better_of, is_kept

# This many photos fix the weights of rare colours to a percent.
RARITY_PHOTOS = 2000
MOST_NAMED = 20  # unusable photos; the rest is only counted
CALIBRATION_CROPS = 64  # 256 others give ranges that are at most an eighth smaller


class Trainer:
    """One training run."""

    def __init__(self, config: TrainingConfig, architecture: tuple[Conv, ...] = ARCHITECTURE):
        """Opens the photos and builds the network.

        Raises:
            ValueError: an option out of its range, or fewer than 100 usable photos.
            FileNotFoundError: photos, weights or checkpoint that are neither here nor on the Hub.
        """
        check_config(config)
        self.config, self.schedule = config, Schedule(config)
        self.processes = distribute.start(config)  # before anything is built
        self.out = Path(config.out)
        self.out.mkdir(parents=True, exist_ok=True)
        precision = config.precision or fastest_precision(training=True)
        arrays = read_arrays(config.perceptual) if config.perceptual else {}
        self.network = build_trained_network(config, arrays, precision, architecture)
        teacher = load_ensemble(config.teacher, arrays, precision) if config.teacher else None
        self._open_photos(precision)
        if config.init_from_teacher and not config.resume:
            with self.processes.on_one_device():
                fit_to_teacher(self.network, config, arrays, architecture, self.stream)
        self.objective = build_objective(
            config,
            self.network,
            teacher,
            lpips=LPIPS(arrays, precision) if needs_vgg16(config) else None,
            sample_photos=self._sample_photos,
        )
        # What is validated; in distributed training a copy, since process 0 does it alone.
        self.validated = self.objective
        if config.distribute and self.processes.leads:
            with self.processes.on_one_device():
                self.validated = distribute.build_validated(config, arrays, precision, architecture)
        self.average = WeightAverage(self.network, config.average_share)
        self._compiled_shape: tuple[int, ...] = ()  # of the batches that the compiled step is for
        # The state of the run, saved with every checkpoint. `crops` counts pictures, `steps` steps.
        self.state: dict[str, Any] = {
            "crops": 0, "steps": 0, "seconds": 0.0, "waited": 0.0,
            "next_evaluation": self.evaluation_interval, "evaluations": [], "best": None,
        }  # fmt: skip
        if config.resume:
            self._build_optimizer()
            self.state |= checkpoint.restore(self.out, self.objective, self.average.arrays, config)
            self._say(f"resumed after {self.state['crops']} crops, {self.state['seconds'] / 60:.1f} minutes")

    def _open_photos(self, precision: str) -> None:
        config = self.config
        photos = [hub_dataset.local_photos(path) for path in config.photos]
        with self.processes.one_first():  # it decodes; the others find the photos decoded
            self.cache = open_photos(photos, config.cache, workers=config.workers)
        for name, why in list(self.cache.unreadable.items())[:MOST_NAMED]:
            self._say(f"skipped {name}: {why}")
        self._say(
            f"{len(self.cache)} photos to learn from, {len(self.cache.unreadable)} skipped; in {precision}"
        )
        self.train_photos = len(self.cache) - (0 if config.val else held_out(self.cache))
        self.processes.check_same("photos", self.cache.checksum)
        if self.processes.leads:
            self.validation = Validation.of(
                hub_dataset.local_photos(config.val) if config.val else None,
                self.cache,
                config.cache,
                config.size[-1],
                config.val_photos,
                config.log_loss_scale,
            )
        self.stream = BatchStream(
            self.cache,
            config.seed,
            config.zoom,
            self.train_photos,
            config.stretch,
            self.cache.shard_sizes,
            config.rotation,
        )

    def _say(self, text: str) -> None:
        if self.processes.leads:
            print(text)

    def _sample_photos(self) -> list[np.ndarray]:
        step = max(1, self.train_photos // RARITY_PHOTOS)
        return [self.cache[i] for i in range(0, self.train_photos, step)]

    @property
    def evaluation_interval(self) -> int:
        """Crops between two evaluations."""
        return min(self.train_photos, self.config.eval_every)

    @property
    def progress(self) -> float:
        """The share of the run that is done, in [0, 1]."""
        return self.progress_at(self.state["crops"])

    def progress_at(self, crops: int) -> float:
        """The share of the run that is done after so many crops; by minutes, the share that is done now."""
        if self.config.minutes is not None:
            return min(1.0, float(self.state["seconds"] / (60 * self.config.minutes)))
        return min(1.0, crops / (self.config.epochs * self.train_photos))

    def batch_shape(self, position: int) -> tuple[int, int]:
        """How many crops are in the batch that starts at this one, and their side."""
        size = self.schedule.crop_size(self.progress_at(position))
        return self.schedule.batch_size(size), size

    def run(self) -> None:
        """Trains to the end, and leaves everything in `out`."""
        losses: list[float] = []
        self._build_optimizer()
        saved = clock = time.monotonic()
        bar = tqdm(
            total=1.0,
            initial=self.progress,
            bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}",
            mininterval=0.1 if sys.stderr.isatty() else 60,  # a log needs no more than a line a minute
            disable=not self.processes.leads,
        )
        requested, compiled = self.state["crops"], False
        ahead: deque[tuple[int, Future[np.ndarray]]] = deque()
        with Loader(self.stream, self.config.workers) as loader, bar:
            while self.progress < 1:
                while len(ahead) <= loader.ahead:
                    count, size = self.batch_shape(requested)
                    ahead.append((count, loader.prepare(*self.processes.share(requested, count), size)))
                    requested += count
                losses.append(self._step(*ahead.popleft()))
                now = time.monotonic()
                # The first step compiles, which can take a minute. The schedule, and above all its warm-up,
                # does not advance during that time.
                self.state["seconds"] += self.processes.agree(now - clock) if compiled else 0.0
                clock, compiled = now, True
                bar.update(self.progress - bar.n)
                news = f"{self.state['crops']} crops, loss {np.mean(losses[-50:]):.1f}"
                bar.set_postfix_str(news, refresh=False)
                if self.state["crops"] >= self.state["next_evaluation"] or self.progress >= 1:
                    if self.processes.leads:
                        self._evaluate(float(np.mean(losses)), bar)
                    losses.clear()
                    self.state["next_evaluation"] += self.evaluation_interval
                if now - saved > self.config.checkpoint_seconds or self.progress >= 1:
                    if self.processes.leads:
                        self._save_checkpoint()
                    saved = now
        if self.processes.leads:
            plots.save_samples(self.out / "samples.png", *self.validation.samples(self.validated))
            self._calibrate()

    def _calibrate(self) -> None:
        """Measures, for the weights that were kept, what computing in 8-bit integers needs."""
        if self.config.network == "teacher":
            return
        network = self.validated.network
        current = network.get_weights()
        weights_file.load(network, self.out / manifest.WEIGHTS_NAME)
        photos = self.stream.batch(0, CALIBRATION_CROPS, self.config.size[-1])
        manifest.add_input_maxima(self.out, measure_input_maxima(network, photos))
        network.set_weights(current)

    def _step(self, count: int, prepared: "Future[np.ndarray]") -> float:
        """Trains on one batch of so many crops, of which this process has its share; the batch's loss."""
        progress = self.progress
        self.objective.optimizer.learning_rate = self.schedule.learning_rate(progress)
        if self.objective.scale is not None:
            self.objective.scale.assign(self.schedule.redescending_scale(progress))
        if self.config.lpips_after:
            self.objective.lpips_enabled.assign(float(progress >= self.config.lpips_after))
        if self.config.adversarial:
            self.objective.adversarial_enabled.assign(float(progress >= self.config.adversarial_after))
        before = time.monotonic()
        batch = prepared.result()
        self.state["waited"] += time.monotonic() - before
        if batch.shape != self._compiled_shape:
            # TensorFlow would compile the second size for any size, which rounds differently. Compiled for
            # each size alone, a resumed run computes what an uninterrupted one does, to the last bit.
            self.objective.make_train_function(force=True)
            self._compiled_shape = batch.shape
        loss = float(self.objective.train_on_batch(batch))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} at step {self.state['steps']}: try a lower --lr than "
                f"{self.config.lr}, or continue from the last checkpoint with --resume."
            )
        self.state["crops"] += count
        self.state["steps"] += 1
        if self.processes.leads:
            self.average.update(self.network, self.state["steps"])
        return loss

    def _build_optimizer(self) -> None:
        """Makes the optimizer's variables, so that a checkpoint can be loaded into them."""
        if not self.objective.optimizer.built:
            self.objective.optimizer.build(self.objective.trainable_variables)

    def _evaluate(self, loss: float, bar: tqdm) -> None:
        """Validates, keeps the weights if they are what the run is for, writes the history."""
        network = self.validated.network
        if network is not self.network:
            network.set_weights(self.network.get_weights())
        scores, weights, averaged = better_of(
            network, self.average, lambda: self.validation.score(self.validated)
        )
        row = {
            "crops": self.state["crops"],
            "epoch": round(self.state["crops"] / self.train_photos, 3),
            "minutes": round(self.state["seconds"] / 60, 2),
            "size": self.schedule.crop_size(self.progress),
            "lr": self.schedule.learning_rate(self.progress),
            "loss": loss,
            **scores,
            "averaged": int(averaged),
            # The share of the run spent waiting for photos: what a faster loader could gain.
            "waiting": round(self.state["waited"] / max(self.state["seconds"], 1e-9), 4),
        }
        self.state["evaluations"].append(row)
        if is_kept(row["val_loss"], self.state["best"], self.config):
            self.state["best"] = row["val_loss"]
            current = network.get_weights()
            network.set_weights(weights)
            weights_file.save(network, self.out)
            network.set_weights(current)
            run_record.write(self.out, self.config, row, self.train_photos)
        history = History(self.state["evaluations"])
        history.write(self.out)
        bar.write(history.last_line())

    def _save_checkpoint(self) -> None:
        checkpoint.save(self.out, self.objective, self.average.arrays, self.state, self.config)
