"""Augmentation of the grey side of a training pair: what film, scanner and age do to lightness.

A digital photo's L* is its ideal grey version; old film differs. Orthochromatic film hardly recorded red,
prints fade, film has grain. Half of the pairs get mild versions of all that, the other half stay clean; the
target colour is always the true one. It is written in Keras operations, so that it runs inside the training
step on any backend.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from colorizer.image import color


@dataclass(frozen=True)
class FilmLook:
    """How far the grey side may differ from true lightness; all on a scale of 0 (not at all) to 1."""

    share: float = 0.5  # of the pictures that change at all: the rest keeps the network exact on clean scans
    channel_mix: float = 0.5  # towards a random mix of red, green and blue; 1 would be a pure filter
    contrast: float = 0.25  # gamma between exp(-x) and exp(x); +-0.25 is about a paper grade
    fade: float = 0.1  # black lifted and white lowered by at most this
    grain: float = 0.03  # standard deviation; 0.03 is coarse grain at 256 pixels


def augment_lightness(linear: Any, film: FilmLook, seeds: keras.random.SeedGenerator) -> Any:
    """What film with random properties would have recorded.

    Args:
        linear: (N, H, W, 3) linear RGB in [0, 1].
        film: the strength of each change.
        seeds: the source of chance.

    Returns:
        (N, H, W, 1) lightness L* / 100 in [0, 1].
    """
    # Not linear.shape: once sizes have changed in a run, TensorFlow compiles the step for unknown ones.
    count, height, width, _ = ops.shape(linear)
    each = (count, 1, 1, 1)

    def uniform(low: float, high: float) -> Any:
        return keras.random.uniform(each, low, high, seed=seeds)

    def chosen() -> Any:
        return ops.cast(uniform(0, 1) < film.share, "float32")

    # Exponential variables divided by their sum spread evenly over all mixes (a flat Dirichlet).
    parts = -ops.log(keras.random.uniform((count, 1, 1, 3), 1e-4, 1.0, seed=seeds))
    mix = parts / ops.sum(parts, axis=-1, keepdims=True)
    amount = chosen() * uniform(0, film.channel_mix)
    weights = (1 - amount) * ops.convert_to_tensor(color.LUMINANCE) + amount * mix
    luminance = ops.sum(linear * weights, axis=-1, keepdims=True)
    lightness = ops.clip(color.lightness_from_luminance(luminance, ops) / 100, 1e-3, 1.0)

    changed = chosen()
    gamma = ops.exp(changed * uniform(-film.contrast, film.contrast))
    black, white = changed * uniform(0, film.fade), 1 - changed * uniform(0, film.fade)
    lightness = black + (white - black) * ops.power(lightness, gamma)

    noise = keras.random.normal((count, height, width, 1), seed=seeds)
    lightness = lightness + chosen() * uniform(0, film.grain) * noise
    return ops.clip(lightness, 0.0, 1.0)
