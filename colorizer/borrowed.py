"""Layers lent by a network that has learnt already: their names, their weights, how slowly they learn."""

from typing import NamedTuple

import keras
import numpy as np

# Layers so named, and numbered in the order in which they see a picture, are borrowed.
BORROWED = "borrowed"


class Borrowed(NamedTuple):
    """A layer, and the kernel and bias that it is to be given, in Keras' layout."""

    layer: keras.layers.Layer
    kernel: np.ndarray
    bias: np.ndarray


def lend(borrowed: list[Borrowed]) -> None:
    """Sets the layers' weights, once a model has been built of them."""
    for layer, kernel, bias in borrowed:
        layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
