"""Hints on a map: met where they are, fading where they do not reach, and never beyond what was asked for."""

from dataclasses import replace

import numpy as np
import pytest

from colorizer import Hint, HintError
from colorizer.hints.hint import MAX_HINTS
from colorizer.hints.spread import Correction, Spreader

RANDOM = np.random.default_rng(0)
WIDTH, HEIGHT = 96, 64
PHOTO = (960, 640)
PREDICTED = np.full((HEIGHT, WIDTH, 2), (5, 12), np.float32)
RED, GREEN = (40.0, 20.0), (-40.0, 30.0)


def two_walls() -> Spreader:
    """A photo of a dark wall on the left and a light one on the right."""
    lightness = np.where(np.arange(WIDTH) < WIDTH / 2, 35, 75)[None].repeat(HEIGHT, 0)
    return Spreader(lightness.astype(np.float32), PREDICTED, PHOTO)


def scene(seed: int = 0) -> Spreader:
    """A photo of many things."""
    random = np.random.default_rng(seed)
    blocks = np.kron(random.uniform(20, 80, (8, 12)), np.ones((8, 8))) + random.normal(0, 2, (HEIGHT, WIDTH))
    return Spreader(blocks.astype(np.float32), PREDICTED, PHOTO)


def random_hints(count: int, seed: int = 0) -> list[Hint]:
    low, high = (0, 0, -80, -80), (1, 1, 80, 80)
    values = np.random.default_rng(seed).uniform(low, high, (count, 4)).tolist()
    return [Hint(x, y, (a, b)) for x, y, a, b in values]


def change(correction: Correction, ab: np.ndarray = PREDICTED) -> np.ndarray:
    """How far each element moves, in units of a* and b*."""
    return np.linalg.norm(correction.apply(ab) - ab, axis=-1)


def at(map_: np.ndarray, x: float, y: float) -> np.ndarray:
    return map_[int(y * map_.shape[0]), int(x * map_.shape[1])]


def test_without_hints_nothing_changes():
    np.testing.assert_array_equal(two_walls().solve([]).apply(PREDICTED), PREDICTED)


def test_a_hint_colors_its_wall_and_leaves_the_other_alone():
    corrected = two_walls().solve([Hint(0.2, 0.5, RED, reach=2)]).apply(PREDICTED)
    left, right = corrected[:, : WIDTH // 2 - 4], corrected[:, WIDTH // 2 + 4 :]
    np.testing.assert_allclose(left, np.broadcast_to(RED, left.shape), atol=8)
    np.testing.assert_allclose(right, np.broadcast_to((5, 12), right.shape), atol=0.5)


def test_each_wall_gets_its_own_color():
    hints = [Hint(0.2, 0.5, RED, reach=2), Hint(0.8, 0.5, GREEN, reach=2)]
    corrected = two_walls().solve(hints).apply(PREDICTED)
    left, right = corrected[:, : WIDTH // 2 - 4], corrected[:, WIDTH // 2 + 4 :]
    np.testing.assert_allclose(left, np.broadcast_to(RED, left.shape), atol=8)
    np.testing.assert_allclose(right, np.broadcast_to(GREEN, right.shape), atol=8)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 10, MAX_HINTS])
def test_each_hint_is_met_as_the_renderer_sees_it(count):
    correction = scene().solve(random_hints(count))
    corrected = correction.apply(PREDICTED).reshape(-1, 2)
    assert len(correction.hints) > 0.9 * count
    for hint, (elements, weights) in zip(correction.hints, correction.taps, strict=True):
        assert weights.sum() == pytest.approx(1)
        np.testing.assert_allclose(weights @ corrected[elements], hint.ab, atol=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_colors_stay_between_those_that_were_asked_for_and_the_prediction(seed):
    hints = random_hints(30, seed)
    correction = scene(seed).solve(hints)
    assert correction.shares.min() >= 0
    assert correction.shares.sum(axis=0).max() <= 1.00001
    corrected = correction.apply(PREDICTED).reshape(-1, 2)
    elsewhere = np.setdiff1d(np.arange(len(corrected)), np.concatenate([t[0] for t in correction.taps]))
    known = np.array([hint.ab for hint in hints] + [(5, 12)])
    assert (corrected[elsewhere] > known.min(axis=0) - 0.01).all()
    assert (corrected[elsewhere] < known.max(axis=0) + 0.01).all()


def test_hints_count_less_the_farther_away():
    even = Spreader(np.full((HEIGHT, WIDTH), 50, np.float32), PREDICTED, PHOTO)
    along = change(even.solve([Hint(0.02, 0.5, RED)]))[HEIGHT // 2]
    assert (np.diff(along[4:]) <= 1e-4).all()
    assert along[-1] < along[4] / 2


def test_a_longer_reach_goes_farther():
    far = [change(scene().solve([Hint(0.3, 0.5, RED, reach=reach)])).mean() for reach in (0.5, 1, 2, 4)]
    assert far == sorted(far)
    assert far[3] > 2 * far[1]


def test_a_place_that_is_kept_stays_as_predicted_and_stops_its_neighbour():
    free = two_walls().solve([Hint(0.1, 0.5, RED)])
    kept = two_walls().solve([Hint(0.1, 0.5, RED), Hint(0.35, 0.5)])
    assert at(change(free), 0.35, 0.5) > 20
    assert at(change(kept), 0.35, 0.5) < 0.5
    assert at(change(kept), 0.1, 0.5) > 30


def test_inside_an_outline_the_color_goes_to_the_border_and_no_farther():
    outline = ((0.05, 0.1), (0.35, 0.1), (0.35, 0.9), (0.05, 0.9))
    moved = change(two_walls().solve([Hint(0.2, 0.5, RED, outline)]))
    inside = moved[9:55, 8:31]
    assert inside.min() > 0.8 * inside.max()
    assert moved[:, 36:].max() < 0.01
    assert moved[:5].max() < 0.01


def test_what_an_outline_keeps_is_not_changed_by_other_hints():
    outline = ((0.25, 0.1), (0.45, 0.1), (0.45, 0.9), (0.25, 0.9))
    moved = change(two_walls().solve([Hint(0.1, 0.5, RED), Hint.inside(outline)]))
    assert moved[8:56, 26:42].max() < 0.5
    assert moved[:, :20].min() > 20


def test_a_later_hint_wins_over_an_earlier_one():
    both = two_walls().solve([Hint(0.2, 0.5, RED), Hint(0.2001, 0.5001, GREEN)])
    assert [hint.color for hint in both.hints] == [GREEN]
    left = ((0, 0), (0.4, 0), (0.4, 1), (0, 1))
    kept_later = two_walls().solve([Hint(0.2, 0.5, RED), Hint(0.3, 0.5, outline=left)])
    assert [hint.kind for hint in kept_later.hints] == ["keep"]
    colored_later = two_walls().solve([Hint(0.3, 0.5, outline=left), Hint(0.2, 0.5, RED)])
    assert at(change(colored_later), 0.2, 0.5) > 30


def test_the_colors_are_met_on_another_base_as_well():
    """With another strength or tone, the same correction is applied to another map."""
    correction = scene().solve(random_hints(8))
    for base in (PREDICTED * 0, PREDICTED * 2, PREDICTED + np.float32([3, 10])):
        corrected = correction.apply(base).reshape(-1, 2)
        for hint, (elements, weights) in zip(correction.hints, correction.taps, strict=True):
            np.testing.assert_allclose(weights @ corrected[elements], hint.ab, atol=0.02)


def test_one_more_hint_uses_the_distances_of_those_before(monkeypatch):
    spreader, hints = scene(), random_hints(6)
    before = spreader.solve(hints[:5])
    computed = []
    from colorizer.hints import geodesic

    real = geodesic.distance_from
    monkeypatch.setattr(geodesic, "distance_from", lambda *place: computed.append(place) or real(*place))
    after = spreader.solve(hints, before.distances)
    assert len(computed) == 1
    np.testing.assert_array_equal(after.apply(PREDICTED), spreader.solve(hints).apply(PREDICTED))


def test_what_a_hint_reaches_can_be_shown():
    correction = two_walls().solve([Hint(0.2, 0.5, RED), Hint(0.8, 0.5, GREEN)])
    reached = correction.reached(0)
    assert reached.shape == (HEIGHT, WIDTH)
    assert 0 <= reached.min() <= reached.max() <= 1
    assert at(reached, 0.2, 0.5) > 0.95
    assert at(reached, 0.8, 0.5) < 0.05


@pytest.mark.parametrize("place", [(0, 0), (1, 1), (0, 1), (0.999999, 0.5)])
def test_a_hint_may_lie_on_the_border(place):
    correction = scene().solve([Hint(*place, RED)])
    ((elements, weights),) = correction.taps
    corrected = correction.apply(PREDICTED).reshape(-1, 2)
    np.testing.assert_allclose(weights @ corrected[elements], RED, atol=0.02)


@pytest.mark.parametrize(
    ("size", "photo"),
    [((1, 1), (1, 1)), ((4, 40), (5, 50)), ((80, 80), (9, 9)), ((2, 320), (20, 9000))],
)
def test_maps_may_have_any_shape_and_be_larger_than_the_photo(size, photo):
    lightness = RANDOM.uniform(0, 100, size).astype(np.float32)
    ab = np.zeros((*size, 2), np.float32)
    spreader = Spreader(lightness, ab, photo)
    correction = spreader.solve([Hint(0.3, 0.3, RED), Hint(0.9, 0.9, GREEN)])
    corrected = correction.apply(ab)
    assert np.isfinite(corrected).all()
    for hint, (elements, weights) in zip(correction.hints, correction.taps, strict=True):
        np.testing.assert_allclose(weights @ corrected.reshape(-1, 2)[elements], hint.ab, atol=0.05)


def test_too_many_hints_are_refused():
    with pytest.raises(HintError, match=f"at most {MAX_HINTS} hints. Received: {MAX_HINTS + 1}"):
        scene().solve(random_hints(MAX_HINTS + 1))


def test_a_hundred_outlines_of_a_thousand_corners_take_seconds_at_most():
    import time

    angle = np.arange(1000) * 2 * np.pi * 499 / 1000
    star = [(0.5 + 0.5 * np.cos(a), 0.5 + 0.5 * np.sin(a)) for a in angle.tolist()]
    outlined = [replace(Hint.inside(star), color=(float(n), 0.0)) for n in range(2)]
    hints = [replace(outlined[0], x=0.02 + 0.96 * n / MAX_HINTS, outline=()) for n in range(MAX_HINTS - 2)]
    start = time.perf_counter()
    scene().solve([*hints, *outlined])
    assert time.perf_counter() - start < 10
