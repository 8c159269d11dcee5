"""The options of training: what is wrong or out of range is refused at once and by its name."""

import pytest

from colorizer.training.config import TrainingConfig
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"photos": ()}, "needs photos"),
        ({"size": (20,)}, "size must be a multiple of 8, at least 16. Received: 20"),
        ({"size": 64}, "size must be a list. Received: 64"),
        ({"batch": 0}, "batch must be more than 0. Received: 0"),
        ({"batch": 2.5}, "batch must be a whole number. Received: 2.5"),
        ({"batch": True}, "batch must be a whole number. Received: True"),
        ({"out": 3}, "out must be text. Received: 3"),
        ({"resume": "yes"}, "resume must be true or false. Received: 'yes'"),
        ({"lr": float("nan")}, "lr must be more than 0. Received: nan"),
        ({"epochs": float("inf")}, "epochs must be more than 0. Received: inf"),
        ({"log_loss_scale": -1.0}, "log_loss_scale must be at least 0. Received: -1.0"),
        (
            {"perceptual": "x.tar.gz", "size": (32, 24)},
            "With --perceptual, size must be at least 32. Received: 24",
        ),
        ({"network": "unet"}, "network must be one of colorizer, teacher. Received: 'unet'"),
        ({"network": "teacher"}, "is built on VGG16 and needs --perceptual. Received: none"),
        (
            {"network": "teacher", "perceptual": "x.tar.gz", "size": (64, 72)},
            "size must be a multiple of 16. Received: (64, 72)",
        ),
        (
            {"network": "teacher", "perceptual": "x.tar.gz", "size": (64,), "feature_weight": 1.0},
            "learns from true colours alone. Received: feature_weight 1.0, teacher ()",
        ),
        (
            {"teacher": ("x",), "perceptual": "x.tar.gz", "teacher_size": 40},
            "teacher_size must be a multiple of 16. Received: (40,)",
        ),
        ({"two_scale": True, "size": (40,)}, "size must be a multiple of 16, at least 16. Received: 40"),
        (
            {"two_scale": True, "teacher": ("x",), "perceptual": "x.tar.gz", "size": (48,)},
            "size must be a multiple of 32. Received: (48,)",
        ),
        ({"teacher_size": 64}, "teacher_size needs a teacher. Received: 64 without"),
        ({"teacher_size": -16}, "teacher_size must be at least 0. Received: -16"),
        (
            {"frozen_layers": 13, "init": "x"},
            "frozen_layers must be less than 13, the network's layers. Received: 13",
        ),
        ({"frozen_layers": 2}, "Received: network colorizer and init None"),
        (
            {"distillation_weight": 1.5},
            "distillation_weight must be at least 0 and at most 1. Received: 1.5",
        ),
        ({"feature_weight": 50.0}, "feature_weight needs --perceptual. Received: 50.0 without"),
        ({"adversarial": 5.0}, "adversarial needs --perceptual. Received: 5.0 without"),
        ({"lpips": -1.0}, "lpips must be at least 0. Received: -1.0"),
        ({"lpips_after": 1.0}, "lpips_after must be at least 0 and less than 1. Received: 1.0"),
        ({"redescending": -1.0}, "redescending must be at least 0. Received: -1.0"),
        ({"redescending_after": 1.0}, "redescending_after must be at least 0 and less than 1. Received: 1.0"),
        ({"workers": -1}, "workers must be at least 0. Received: -1"),
        ({"lpips_crop": 33}, "lpips_crop must be 0, or even and between 32 and the smallest size"),
        ({"lpips_crop": 128, "size": (64,)}, "the smallest size, 64. Received: 128"),
        ({"lpips_after": 0.5}, "lpips_after needs --lpips. Received: 0.5 without"),
        ({"lpips_crop": 48}, "lpips_crop needs --lpips. Received: 48 without"),
        ({"adversarial_after": 0.3}, "adversarial_after needs --adversarial. Received: 0.3 without"),
        ({"redescending_after": 0.2}, "redescending_after needs --redescending. Received: 0.2 without"),
        ({"end": 1.5}, "end must be at least 0 and at most 1. Received: 1.5"),
        ({"lr": -1.0}, "lr must be more than 0. Received: -1.0"),
        ({"minutes": 0.0}, "minutes must be more than 0. Received: 0.0"),
        ({"zoom": 0.5}, "zoom must be at least 1. Received: 0.5"),
        ({"stretch": 0.5}, "stretch must be at least 1. Received: 0.5"),
        ({"rotation": 200.0}, "rotation must be at least 0 and at most 180. Received: 200.0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and less than 1. Received: 1.0"),
        ({"loss": "l1"}, "loss must be one of mse, rarity. Received: 'l1'"),
        ({"warmup": 0.0}, "warmup must be more than 0 and less than 1. Received: 0.0"),
        ({"film": 2.0}, "film must be at least 0 and at most 1. Received: 2.0"),
        ({"seed": -1}, "seed must be at least 0. Received: -1"),
        ({"average_share": -0.1}, "average_share must be at least 0. Received: -0.1"),
        ({"optimizer": "sgd"}, "optimizer must be one of muon, adam. Received: 'sgd'"),
        ({"processes": 0}, "processes must be at least 1. Received: 0"),
        ({"processes": 2}, "processes needs --distribute. Received: 2 without"),
        ({"process": 1}, "process needs more than one of --processes. Received: 1 with 1"),
        (
            {"distribute": True, "processes": 2, "process": 2},
            "process must be less than processes, 2. Received: 2",
        ),
        ({"precision": "int8"}, "precision must be one of float32, mixed_bfloat16. Received: 'int8'"),
    ],
)
def test_options_out_of_range_are_refused_by_name_before_photos_are_read(change, sentence):
    with pytest.raises(ValueError) as error:
        Trainer(TrainingConfig(**{"photos": ("nowhere",)} | change), TINY)
    assert sentence in str(error.value)
