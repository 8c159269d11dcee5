"""Distances in a photo: the cheapest path, in which edges are expensive."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from colorizer.hints.geodesic import FAR, FARTHEST, distance_from, step_costs

RANDOM = np.random.default_rng(0)


def grey(shape: tuple[int, int]) -> np.ndarray:
    return np.zeros((*shape, 2), np.float32)


def by_scipy(costs: np.ndarray, row: int, column: int) -> np.ndarray:
    """The same distances by SciPy's Dijkstra on a sparse graph."""
    costs = costs[..., 1:-1].astype(float)
    _, height, width = costs.shape
    index = np.arange(height * width).reshape(height, width)
    to = (
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[1:, :], np.s_[:-1, :]),
        (np.s_[1:, 1:], np.s_[:-1, :-1]),
        (np.s_[1:, :-1], np.s_[:-1, 1:]),
    )
    start, end, cost = ([], [], [])
    for plane, (here, there) in zip(costs, to, strict=True):
        start.append(index[here].ravel())
        end.append(index[there].ravel())
        cost.append(plane[here].ravel())
    entries = (np.concatenate(cost), (np.concatenate(start), np.concatenate(end)))
    graph = coo_matrix(entries, shape=(index.size, index.size)).tocsr()
    return dijkstra(graph, directed=False, indices=index[row, column]).reshape(height, width)


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (1, 30), (30, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("contrast", [0, 3, 30])
def test_it_is_the_cost_of_the_cheapest_path(shape, contrast):
    lightness = RANDOM.uniform(50 - contrast, 50 + contrast, shape).astype(np.float32)
    ab = RANDOM.uniform(-contrast, contrast, (*shape, 2)).astype(np.float32)
    costs = step_costs(lightness, ab)
    row, column = shape[0] // 2, shape[1] // 3
    expected = by_scipy(costs, row, column)
    distance = distance_from(costs, row, column)
    near = expected < FARTHEST
    np.testing.assert_allclose(distance[near], expected[near], rtol=1e-4, atol=1e-6)
    assert (distance[~near] == FAR).all()


def test_a_spiral_is_followed_to_its_end():
    walls = np.zeros((64, 64), np.float32)
    for turn in range(0, 28, 8):
        walls[turn, turn : 64 - turn] = walls[63 - turn, turn : 64 - turn] = 100
        walls[turn : 64 - turn, 63 - turn] = walls[turn + 8 : 64 - turn, turn] = 100
    costs = step_costs(walls, grey(walls.shape))
    expected = by_scipy(costs, 32, 32)
    near = expected < FARTHEST
    assert near.mean() > 0.5
    np.testing.assert_allclose(distance_from(costs, 32, 32)[near], expected[near], rtol=1e-4)


def test_an_even_wall_is_near_and_the_other_side_of_an_edge_is_far():
    lightness = np.where(np.arange(96) < 48, 40, 70)[None].repeat(64, 0).astype(np.float32)
    distance = distance_from(step_costs(lightness, grey((64, 96))), 32, 10)
    assert distance[:, :44].max() < 0.5
    assert distance[:, 52:].min() > 1


def test_predicted_color_is_an_edge_as_well():
    ab = grey((64, 96))
    ab[:, 48:, 1] = 40
    distance = distance_from(step_costs(np.full((64, 96), 50, np.float32), ab), 32, 10)
    assert distance[:, :48].max() < 0.5
    assert distance[:, 48:].min() > 1


def test_shading_costs_much_less_than_an_edge_of_the_same_contrast():
    ramp = np.linspace(30, 70, 128)[None].repeat(64, 0).astype(np.float32)
    edge = np.where(np.arange(128) < 64, 30, 70)[None].repeat(64, 0).astype(np.float32)
    shaded, across = (distance_from(step_costs(x, grey(x.shape)), 32, 4)[32, 124] for x in (ramp, edge))
    assert across > 2 * shaded


@pytest.mark.parametrize("scale", [2, 3])
def test_the_distance_is_about_the_same_on_a_map_of_another_size(scale):
    y, x = np.mgrid[:64, :64] / 64
    lightness = (50 + 20 * np.sin(7 * x) * np.cos(5 * y)).astype(np.float32)
    large = np.kron(lightness, np.ones((scale, scale), np.float32))
    small = distance_from(step_costs(lightness, grey(lightness.shape)), 32, 16)
    again = distance_from(step_costs(large, grey(large.shape)), 32 * scale, 16 * scale)
    middle = scale // 2
    assert np.median(np.abs(again[middle::scale, middle::scale] - small)) < 0.15
