"""What training asks of the network: pairs of grey and colour, and how wrong a colour is.

`Objective` wraps the network in a Keras model whose input is a batch of plain sRGB photos. Everything
in a training step happens inside it, in Keras operations alone: sRGB to Lab, the film's version of the
grey side (`augment.py`), the network, the loss. So the same step runs on TensorFlow and on JAX.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from colorizer import color
from colorizer.augment import Film, film_lightness
from colorizer.network import AB_OFFSET, AB_RANGE
from colorizer.perceptual import Perceptual

LOSSES = ("mse", "rarity", "huber")
# Rarity is counted in squares of this many units of a* and b* (Zhang et al. 2016 use the same).
BIN = 10
BINS = 24  # from -120 to 120
# The share of the uniform distribution in the mix that rarity is measured against. Zhang's 0.5, made
# for classification, overshoots in a regression (worse than grey); at 0.95 weights run from 0.6 to 1.6.
UNIFORM = 0.95
# Where the Huber loss turns from square to straight, in units of a*, b*: a clearly visible error.
HUBER = 10.0


def rarity_weights(photos: list[np.ndarray], uniform: float = UNIFORM) -> np.ndarray:
    """How much each colour should count, so that rare colours are not drowned by sky and walls.

    Zhang et al. 2016, section 2.2: the distribution of (a*, b*) over the photos, smoothed, mixed with
    the uniform one; its inverse, scaled to average 1 over the photos' pixels.

    Args:
        photos: (H, W, 3) uint8 RGB arrays.
        uniform: share of the uniform distribution, in (0, 1].

    Returns:
        (BINS * BINS,) float32, indexed as `bin_of` does.
    """
    counts = np.zeros((BINS, BINS))
    for photo in photos:
        lab = color.rgb_to_lab(photo[::4, ::4].reshape(-1, 3).astype(np.float32) / 255)
        index = np.clip((lab[:, 1:] / BIN + BINS / 2).astype(int), 0, BINS - 1)
        np.add.at(counts, (index[:, 0], index[:, 1]), 1)
    kernel = np.array([1, 4, 6, 4, 1]) / 16  # close to the Gaussian of sigma 5 that Zhang uses
    smooth = np.pad(counts, 2)
    smooth = np.apply_along_axis(np.convolve, 0, smooth, kernel, "valid")
    smooth = np.apply_along_axis(np.convolve, 1, smooth, kernel, "valid")
    prior = smooth / smooth.sum()
    weights = 1 / ((1 - uniform) * prior + uniform / np.count_nonzero(counts))
    weights /= (weights * counts).sum() / counts.sum()
    return weights.reshape(-1).astype(np.float32)


def bin_of(ab: Any) -> Any:
    """Index into `rarity_weights` of (..., 2) a* and b*."""
    index = ops.cast(ops.clip(ops.floor(ab / BIN + BINS / 2), 0, BINS - 1), "int32")
    return index[..., 0] * BINS + index[..., 1]


class Objective(keras.Model):
    """The network, what it is shown and what it is told; its input is (N, H, W, 3) uint8 RGB."""

    def __init__(
        self,
        network: keras.Model,
        loss: str,
        film: Film,
        weights: np.ndarray | None = None,
        seed: int = 0,
        level: float = 0.0,
        perceptual: Perceptual | None = None,
        share: float = 0.0,
    ):
        """Wraps `network`.

        Args:
            network: as of `build_network`.
            loss: "mse", "rarity" (squared error weighted by `rarity_weights`) or "huber".
            film: how the grey side strays from true lightness.
            weights: what `rarity_weights` gave; needed for "rarity" alone.
            seed: of the film's chance.
            level: what a picture's loss must exceed for its logarithm to count instead of itself, in
                squared units of a*, b*; 0 takes the plain mean. See `compute_loss`.
            perceptual: a second opinion, of which `share` times is added to the loss of each picture.
            share: how much that counts.

        Raises:
            ValueError: an unknown loss, or "rarity" without weights.
        """
        super().__init__(name="objective")
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}. Received: {loss!r}")
        if loss == "rarity" and weights is None:
            raise ValueError("loss='rarity' needs the weights that rarity_weights() computes. Received: None")
        self.network, self.loss_name, self.film, self.level = network, loss, film, level
        self.color_weights = weights
        self.perceptual, self.share = perceptual, share
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, photos: Any, training: bool = False) -> tuple[Any, Any, Any]:
        """Colours the photos.

        Returns:
            Predicted and true ab, each (N, H, W, 2) in units of a*, b*, and the true L* (N, H, W, 1).
        """
        linear = color.linear_from_srgb(ops.cast(photos, "float32") / 255, ops)
        lab = color.lab_from_linear(linear, ops)
        lightness = film_lightness(linear, self.film, self.seeds) if training else lab[..., :1] / 100
        predicted = ops.cast(self.network(lightness, training=training), "float32")
        return predicted * AB_RANGE - AB_OFFSET, lab[..., 1:], lab[..., :1]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean loss over the pictures of a batch, in squared units of a*, b*.

        A picture's own loss l is the mean over its pixels and both channels. With `level` c > 0 it counts
        as c log(1 + l / c): PSNR is the mean of such logarithms, while in a plain mean a few gaudy
        pictures drown the nearly grey ones, and the network paints fog, snow and statues.
        """
        predicted, truth, lightness = y_pred
        each = self._each(predicted, truth)
        if self.level:
            each = self.level * ops.log1p(each / self.level)
        if self.perceptual is not None:
            each = each + self.share * self.perceptual(predicted, truth, lightness)
        return ops.mean(each)

    def _each(self, predicted: Any, truth: Any) -> Any:
        """The loss of every picture: (N,)."""
        error = predicted - truth
        if self.loss_name == "huber":
            size = ops.absolute(error)
            bent = ops.where(size < HUBER, error * error, HUBER * (2 * size - HUBER))
            return ops.mean(bent, axis=(1, 2, 3))
        squared = ops.mean(error * error, axis=-1)
        if self.loss_name == "rarity":
            squared = squared * ops.take(ops.convert_to_tensor(self.color_weights), bin_of(truth))
        return ops.mean(squared, axis=(1, 2))
