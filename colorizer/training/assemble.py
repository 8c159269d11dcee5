"""Builds what a run trains, from its configuration: the network, its teacher, its loss and its optimizer.

    network = build_trained_network(config, arrays, precision, ARCHITECTURE)
    objective = build_objective(config, network, teacher, lpips=lpips, sample_photos=sample_photos)

`trainer.py` calls this once; nothing here runs a step.
"""

from collections.abc import Callable

import keras
import numpy as np

from colorizer.model.network import build_network
from colorizer.model.spec import Conv
from colorizer.pretrained.locate import load_weights
from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss, rarity_weights
from colorizer.training.config import TrainingConfig
from colorizer.training.crops import BatchStream
from colorizer.training.distillation import Distillation
from colorizer.training.init_from_teacher import init_from_teacher
from colorizer.training.objective import Objective
from colorizer.training.optimizer import ConvMuon
from colorizer.training.perceptual import LPIPS, PerceptualLoss
from colorizer.training.teacher import build_teacher, load_teacher

# Side and number of the crops to which initial layers are fitted: five batches of 64 give each enough places.
FIT_SIDE, FIT_BATCH, FIT_BATCHES = 96, 64, 5


def build_trained_network(
    config: TrainingConfig, arrays: dict[str, np.ndarray], precision: str, architecture: tuple[Conv, ...]
) -> keras.Model:
    """The network with its initial weights, and its frozen layers frozen.

    Raises:
        WeightsError: `config.init` holds no weights of this network.
    """
    if config.network == "teacher":
        network = build_teacher(arrays, precision, config.dropout, config.seed)
    else:
        network = build_network(architecture, precision, config.seed)
    if config.init:
        load_weights(network, config.init)
    for number in range(1, config.frozen_layers + 1):
        network.get_layer(f"conv{number}").trainable = False
    return network


def fit_to_teacher(
    network: keras.Model,
    config: TrainingConfig,
    arrays: dict[str, np.ndarray],
    architecture: tuple[Conv, ...],
    stream: BatchStream,
) -> None:
    """Initialises the network's first half from the teacher; in float32, whatever the precision."""
    start = build_network(architecture, "float32", config.seed)
    teacher = load_teacher(config.teacher[0], arrays, "float32")
    photos = [stream.batch(FIT_BATCH * i, FIT_BATCH, FIT_SIDE) for i in range(FIT_BATCHES)]
    explained = init_from_teacher(start, teacher, np.concatenate(photos), config.seed)
    print("share of the teacher's features explained, by layer:", *(f"{share:.2f}" for share in explained))
    network.set_weights(start.get_weights())


def needs_vgg16(config: TrainingConfig) -> bool:
    """Whether VGG16 itself is part of the loss; a teacher has its own."""
    return bool(config.lpips or config.adversarial or (config.feature_weight and not config.teacher))


def build_objective(
    config: TrainingConfig,
    network: keras.Model,
    teacher: keras.Model | None,
    *,
    lpips: LPIPS | None,
    sample_photos: Callable[[], list[np.ndarray]],
) -> Objective:
    """The network with its loss, compiled.

    Args:
        config: of the run.
        network: as `build_trained_network` returns it.
        teacher: as `teacher.load_ensemble` returns it; None if the network learns from true colours alone.
        lpips: needed where `needs_vgg16` says so.
        sample_photos: returns (H, W, 3) uint8 RGB photos, from which rare colours are counted.
    """
    distillation = perceptual = None
    if teacher is not None or config.feature_weight:
        distillation = Distillation(
            teacher=teacher,
            weight=config.distillation_weight,
            teacher_size=config.teacher_size,
            feature_weight=config.feature_weight,
            vgg16=lpips,
        )
    if config.lpips or config.adversarial:
        if lpips is None:
            raise ValueError("--lpips and --adversarial need VGG16. Received: lpips=None")
        perceptual = PerceptualLoss(
            lpips=lpips,
            weight=config.lpips,
            adversarial_weight=config.adversarial,
            crop=config.lpips_crop,
        )
    rarity = rarity_weights(sample_photos()) if config.loss == "rarity" else None
    objective = Objective(
        network,
        color_loss=ColorLoss(
            config.loss,
            rarity=rarity,
            log_loss_scale=config.log_loss_scale,
            redescending=config.redescending > 0,
        ),
        film=FilmLook(share=config.film),
        distillation=distillation,
        perceptual=perceptual,
        dropout=0.0
        if config.network == "teacher"
        else config.dropout,  # a teacher has its own dropout layers
        two_scale=config.two_scale,
        seed=config.seed,
    )
    optimizer = {"muon": ConvMuon, "adam": keras.optimizers.Adam}[config.optimizer](config.lr)
    objective.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    return objective
