"""Muon for convolution kernels: gradient steps with orthogonal directions.

Adam scales every weight by itself. Muon (Jordan et al. 2024) treats a layer's kernel as the matrix it
is and replaces the averaged gradient by the nearest orthogonal matrix, so that no few directions dominate
the step. Keras has it for dense matrices only; here a (3, 3, in, out) kernel becomes the matrix
(9 in, out). Biases and the first and last layers use Adam. What it gains on this network is in
docs/experiments.md.
"""

from typing import Any

import keras
from keras import ops

from colorizer.model.keras_private import MuonHooks
from colorizer.training.adversarial import DISCRIMINATOR


def orthogonalise(matrix: Any, steps: int = 5) -> Any:
    """The nearest (semi-)orthogonal matrix, roughly: singular values end up in about [0.7, 1.2].

    The Newton-Schulz iteration of Muon, X <- (a + b XX' + c (XX')^2) X, with its coefficients; run on
    the small Gram matrix A = XX' alone, since all its polynomials commute:
    A <- P^2 A with P = a + b A + c A^2, and the result is the product of all P times X. For a kernel of
    4608 x 512 that is a third of the arithmetic.

    Args:
        matrix: (m, n), float32.
        steps: iterations; five are enough for Muon.
    """
    a, b, c = 3.4445, -4.7750, 2.0315  # steepest at 0 among quintics that stay near 1 (Jordan 2024)
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-12)
    gram = ops.matmul(x, ops.transpose(x))
    identity = ops.eye(x.shape[0], dtype=x.dtype)
    product = identity
    for step in range(steps):
        polynomial = a * identity + b * gram + c * ops.matmul(gram, gram)
        product = ops.matmul(polynomial, product) if step else polynomial
        if step < steps - 1:
            gram = ops.matmul(polynomial, ops.matmul(polynomial, gram))
    x = ops.matmul(product, x)
    return ops.transpose(x) if tall else x


# Layers with this in their name come from a pretrained network, and learn at this share of the rate.
PRETRAINED, PRETRAINED_LR_MULTIPLIER = "pretrained", 0.1


class ConvMuon(MuonHooks, keras.optimizers.Muon):
    """Keras's Muon, extended to convolution kernels; every other variable gets an Adam step.

    `PRETRAINED` layers learn more slowly: Muon's steps do not shrink with the gradient, and at a rate of
    1.5e-3 each changes a kernel of VGG16 by 1 to 2 %, so that little of it would be left after a hundred.
    """

    def build(self, var_list: list[Any]) -> None:
        """Makes the variables of the optimizer, and the multiplier of each variable's learning rate."""
        super().build(var_list)
        self.lr_multipliers = [PRETRAINED_LR_MULTIPLIER if PRETRAINED in v.path else 1.0 for v in var_list]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's step, in place."""
        multiplier = self.lr_multipliers[self.index_of(variable)]
        super().update_step(gradient, variable, learning_rate * multiplier)

    def uses_adam(self, variable: Any) -> bool:
        """Whether a variable is not a kernel, or is a kernel that orthogonal steps do not suit.

        One input or two outputs leave nothing to orthogonalise. A discriminator is small and learns from a
        moving target, for which Adam is known to be good.
        """
        if DISCRIMINATOR in variable.path:
            return True
        return len(variable.shape) != 4 or variable.shape[2] == 1 or variable.shape[3] == 2

    def muon_step(self, gradient: Any, variable: Any, learning_rate: Any, momentum: Any) -> None:
        """The orthogonal step of one kernel, in place."""
        self.assign_add(momentum, (self.momentum - 1) * momentum + gradient)
        direction = gradient + self.momentum * momentum if self.nesterov else momentum
        rows, columns = variable.shape[0] * variable.shape[1] * variable.shape[2], variable.shape[3]
        update = orthogonalise(ops.reshape(direction, (rows, columns)), self.ns_steps)
        # Liu et al. 2025: gives the step the size of an Adam step, so that one rate serves both.
        scale = self.rms_rate * max(rows, columns) ** 0.5
        self.assign_sub(variable, ops.reshape(learning_rate * scale * update, variable.shape))
