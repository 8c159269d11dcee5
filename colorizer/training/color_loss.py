"""The colour loss: how wrong a picture's colours are, in squared units of a*, b*.

    loss = ColorLoss("rarity", rarity=rarity_weights(photos), log_loss_scale=30)
    loss(predicted, target)                   # (N,), one number for each picture

"mse" is the mean squared error over pixels and both channels. "rarity" weights it, so that sky and walls do
not drown rare colours (Zhang et al. 2016).

Either can end as a redescending loss, which stops growing where the error is large (Welsch's function; Barron
2019, "A General and Adaptive Robust Loss Function"). A squared error is smallest at the mean of all possible
colours. A redescending one ignores the far ones, so that its minimum moves towards the most probable colour.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from colorizer.image import color
from colorizer.training.config import LOSSES

# Rarity is counted in squares of this many units of a* and b* (Zhang et al. 2016 use the same).
BIN = 10
BINS = 24  # from -120 to 120
# The share of the uniform distribution in the mix that rarity is measured against. Zhang's 0.5, made
# for classification, overshoots in a regression (worse than grey); at 0.95 weights run from 0.6 to 1.6.
UNIFORM = 0.95
# The scale at which the loss starts to redescend, in units of a*, b*: twice the typical error, so that the
# change is smooth.
FIRST_SCALE = 40.0
# A scale at which the loss is the plain squared error: no error of a colour is a hundredth of it.
PLAIN_SCALE = 1e5


class ColorLoss:
    """The loss of each picture.

    Attributes:
        rarity: the table of weights as a Keras variable, not a number in the program, so that the compiled
            step is the same for any photos. None for "mse".
        scale: of the redescending loss, a Keras variable, because it falls during a run; None without it.
    """

    def __init__(
        self,
        name: str = "mse",
        *,
        rarity: np.ndarray | None = None,
        log_loss_scale: float = 0.0,
        redescending: bool = False,
    ) -> None:
        """Checks the options.

        Args:
            name: "mse" or "rarity".
            rarity: what `rarity_weights` returned; needed for "rarity" alone.
            log_loss_scale: the loss c above which a picture counts by its logarithm, c log(1 + l / c), in
                squared units of a*, b*; 0 uses the plain loss. PSNR is the mean of such logarithms, while in
                a plain mean a few vivid pictures drown the nearly grey ones, and the network colours fog,
                snow and statues.
            redescending: whether large errors count less and less as `scale` falls. It starts at
                `PLAIN_SCALE`, where this changes nothing.

        Raises:
            ValueError: an unknown loss, or "rarity" without weights.
        """
        if name not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}. Received: {name!r}")
        if name == "rarity" and rarity is None:
            raise ValueError("loss='rarity' needs the weights that rarity_weights() computes. Received: None")
        self.rarity = keras.Variable(rarity, trainable=False) if name == "rarity" else None
        self.log_loss_scale = log_loss_scale
        self.scale = keras.Variable(PLAIN_SCALE, trainable=False, name="scale") if redescending else None

    def __call__(self, predicted: Any, target: Any) -> Any:
        """The loss of every picture: (N,).

        Args:
            predicted: (N, H, W, 2) a* and b*.
            target: (N, H, W, 2).
        """
        error = predicted - target
        squared = error * error
        if self.scale is not None:
            squared = redescend(ops.mean(squared, axis=-1, keepdims=True), self.scale)
        if self.rarity is not None:
            squared = squared * ops.take(self.rarity, bin_of(target))[..., None]
        each = ops.mean(squared, axis=(1, 2, 3))
        return log_loss(each, self.log_loss_scale, ops) if self.log_loss_scale else each


def log_loss(each: Any, scale: float, xp: Any) -> Any:
    """For each loss l, c log(1 + l / c), where c is the scale; `xp` is `numpy` or `keras.ops`."""
    return scale * xp.log1p(each / scale)


def redescend(squared: Any, scale: Any) -> Any:
    """Welsch's function of each pixel's error: s² (1 - exp(-e² / 2s²)).

    With small errors it is the plain mean of both channels, so that other parts of the loss and the learning
    rate keep their weight.

    Args:
        squared: (N, H, W, 1), e² / 2: the mean of the squared errors of a* and b*.
        scale: s, in units of a*, b*.
    """
    return -(scale**2) * ops.expm1(-squared / scale**2)


def rarity_weights(photos: list[np.ndarray], uniform: float = UNIFORM) -> np.ndarray:
    """How much each colour counts, so that sky and walls do not drown rare colours.

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
    weights: np.ndarray = 1 / ((1 - uniform) * prior + uniform / np.count_nonzero(counts))
    weights /= (weights * counts).sum() / counts.sum()
    return weights.reshape(-1).astype(np.float32)


def bin_of(ab: Any) -> Any:
    """Index into `rarity_weights` of (..., 2) a* and b*."""
    index = ops.cast(ops.clip(ops.floor(ab / BIN + BINS / 2), 0, BINS - 1), "int32")
    return index[..., 0] * BINS + index[..., 1]
