"""Muon for convolutions: orthogonal steps for the kernels, Adam's for the rest."""

import keras
import numpy as np
import pytest

from colorizer.model.network import build_network
from colorizer.training.optimizer import ConvMuon, orthogonalise
from tests.helpers.network import TINY


@pytest.mark.parametrize("shape", [(72, 16), (16, 72), (32, 32)])
def test_the_step_is_nearly_orthogonal_in_the_directions_of_the_gradient(shape):
    gradient = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    step = np.asarray(orthogonalise(gradient))
    u, s, v = np.linalg.svd(gradient, full_matrices=False)
    shown = np.diag(u.T @ step @ v.T)
    assert (np.linalg.svd(step, compute_uv=False)[s > 0.1 * s.max()] > 0.6).all()
    assert np.linalg.svd(step, compute_uv=False).max() < 1.3
    assert (shown[s > 0.1 * s.max()] > 0.6).all()  # no direction is turned into another


def test_the_short_way_by_the_gram_matrix_gives_what_the_plain_iteration_gives():
    x = np.random.default_rng(1).normal(size=(16, 144)).astype(np.float32)
    plain = x / np.linalg.norm(x)
    for _ in range(5):
        gram = plain @ plain.T
        plain = 3.4445 * plain - 4.7750 * gram @ plain + 2.0315 * gram @ gram @ plain
    np.testing.assert_allclose(np.asarray(orthogonalise(x)), plain, atol=1e-3)


def test_kernels_take_orthogonal_steps_of_an_adam_steps_size_and_the_rest_adams():
    kernel = keras.Variable(np.zeros((3, 3, 8, 16), np.float32))
    bias = keras.Variable(np.zeros(16, np.float32))
    first = keras.Variable(np.zeros((3, 3, 1, 16), np.float32))
    last = keras.Variable(np.zeros((3, 3, 16, 2), np.float32))
    variables = [kernel, bias, first, last]
    random = np.random.default_rng(0)
    optimizer = ConvMuon(0.01)
    optimizer.apply([random.normal(size=v.shape).astype(np.float32) for v in variables], variables)
    step = np.asarray(kernel.value).reshape(72, 16)
    values = np.linalg.svd(step, compute_uv=False) / (0.01 * 0.2 * 72**0.5)
    assert values.min() > 0.6
    assert values.max() < 1.3
    for variable in (bias, first, last):  # Adam's first step is the rate itself, whatever the gradient
        np.testing.assert_allclose(np.abs(np.asarray(variable.value)), 0.01, rtol=1e-2)


@pytest.mark.slow
def test_it_learns():
    network = build_network(TINY, precision="float32", seed=0)
    random = np.random.default_rng(0)
    x = np.ones((8, 32, 32, 1), np.float32) * random.random((8, 1, 1, 1)).astype(np.float32)
    y = np.concatenate([x * 0.3 + 0.4, 0.7 - x * 0.3], axis=-1)
    network.compile(optimizer=ConvMuon(0.003), loss="mse", jit_compile=False)
    losses = [float(network.train_on_batch(x, y)) for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]
