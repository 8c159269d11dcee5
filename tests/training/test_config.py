"""The options of training: what is out of range is refused at once and by its name."""

import pytest

from colorizer.training.config import TrainingConfig
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"photos": ()}, "needs photos"),
        ({"size": (20,)}, "size must be a multiple of 8, at least 16. Received: 20"),
        ({"batch": 0}, "batch must be more than 0. Received: 0"),
        ({"lr": float("nan")}, "lr must be more than 0. Received: nan"),
        ({"level": -1.0}, "level must be at least 0. Received: -1.0"),
        (
            {"teacher": "x.tar.gz", "size": (32, 24)},
            "size must be at least 32 with a teacher. Received: 24",
        ),
        ({"network": "unet"}, "network must be one of colorizer, mentor. Received: 'unet'"),
        ({"network": "mentor"}, "stands on VGG16 and needs --teacher. Received: none"),
        (
            {"network": "mentor", "teacher": "x.tar.gz", "size": (64, 72)},
            "size must be a multiple of 16. Received: (64, 72)",
        ),
        (
            {"network": "mentor", "teacher": "x.tar.gz", "size": (64,), "hint": 1.0},
            "learns from true colours alone. Received: hint 1.0, mentor ()",
        ),
        (
            {"mentor": ("x",), "teacher": "x.tar.gz", "mentor_size": 40},
            "mentor_size must be a multiple of 16. Received: (40,)",
        ),
        ({"halved": True, "size": (40,)}, "size must be a multiple of 16, at least 16. Received: 40"),
        (
            {"halved": True, "mentor": ("x",), "teacher": "x.tar.gz", "size": (48,)},
            "size must be a multiple of 32. Received: (48,)",
        ),
        ({"mentor_size": 64}, "mentor_size is for a mentor. Received: 64 without"),
        ({"freeze": 13, "init": "x"}, "freeze must be less than 13, the network's layers. Received: 13"),
        ({"freeze": 2}, "Received: network colorizer and init None"),
        ({"trust": 1.5}, "trust must lie between 0 and 1. Received: 1.5"),
        ({"hint": 50.0}, "hint needs --teacher. Received: 50.0 without"),
        ({"lpips": -1.0}, "lpips must be at least 0. Received: -1.0"),
        ({"lpips_after": 1.0}, "lpips_after must be at least 0 and less than 1. Received: 1.0"),
        ({"workers": -1}, "workers must be at least 0. Received: -1"),
        ({"window": 33}, "window must be 0, or even and between 32 and the smallest size"),
        ({"window": 128, "size": (64,)}, "the smallest size, 64. Received: 128"),
        ({"end": 1.5}, "end must lie between 0 and 1. Received: 1.5"),
        ({"lr": -1.0}, "lr must be more than 0. Received: -1.0"),
        ({"minutes": 0.0}, "minutes must be more than 0. Received: 0.0"),
        ({"zoom": 0.5}, "zoom must be at least 1. Received: 0.5"),
        ({"stretch": 0.5}, "stretch must be at least 1. Received: 0.5"),
        ({"dropout": 1.0}, "dropout must be at least 0 and less than 1. Received: 1.0"),
        ({"loss": "l1"}, "loss must be one of mse, rarity, huber. Received: 'l1'"),
        ({"warmup": 0.0}, "warmup must lie between 0 and 1, both excluded. Received: 0.0"),
        ({"film": 2.0}, "film must lie between 0 and 1. Received: 2.0"),
        ({"seed": -1}, "seed must be at least 0. Received: -1"),
        ({"optimizer": "sgd"}, "optimizer must be one of muon, adam. Received: 'sgd'"),
        ({"precision": "int8"}, "precision must be one of float32, mixed_bfloat16. Received: 'int8'"),
    ],
)
def test_options_out_of_range_are_refused_by_name_before_photos_are_read(change, sentence):
    with pytest.raises(ValueError) as error:
        Trainer(TrainingConfig(**{"photos": ("nowhere",)} | change), TINY)
    assert sentence in str(error.value)
