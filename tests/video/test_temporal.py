"""The mean of colours along the flow."""

import numpy as np

from colorizer.video.flow import Flow
from colorizer.video.temporal import BLOCK, LOOK_AHEAD, TemporalFilter

SHAPE = (24, 32)


def moved(x: float, confidence: float = 1.0) -> Flow:
    """A picture that moves to the left by `x` elements from frame to frame."""
    flow = np.zeros((*SHAPE, 2), np.float32)
    flow[..., 0] = x
    back, forth = np.full(SHAPE, confidence, np.float32), np.full(SHAPE, confidence, np.float32)
    hidden = int(np.ceil(x))
    back[:, SHAPE[1] - hidden :] = 0
    forth[:, :hidden] = 0
    return Flow(flow, -flow, back, forth, 1.0)


def run(maps, flows, steady=None) -> list[np.ndarray]:
    steady = steady or TemporalFilter()
    results = []
    for ab, flow in zip(maps, flows, strict=True):
        results += steady.push(ab, flow)
    return results + list(steady.flush())


def noisy(count: int, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [(20 + 5 * random.standard_normal((*SHAPE, 2))).astype(np.float32) for _ in range(count)]


def test_every_frame_comes_out_once_and_steady_colours_stay_as_they_are():
    maps = [np.full((*SHAPE, 2), 12, np.float32)] * 40
    results = run(maps, [None, *[moved(0)] * 39])
    assert len(results) == 40
    np.testing.assert_allclose(results, maps, atol=1e-4)


def test_noise_is_averaged_over_a_dozen_frames_in_the_middle_and_fewer_at_the_ends():
    results = run(noisy(50), [None, *[moved(0)] * 49])
    deviation = [float(ab.std()) for ab in results]
    assert deviation[25] < 5 / np.sqrt(9)
    assert deviation[0] < 5 / np.sqrt(4)
    change = np.std(results[25] - results[24])
    assert change < 0.15 * np.std(noisy(2)[1] - noisy(2)[0])


def test_colours_are_followed_where_the_picture_moves():
    wide = np.zeros((24, 72, 2), np.float32)
    wide[:, 40:] = 30  # an edge in the picture
    maps = [wide[:, n : n + 32] for n in range(40)]
    results = run(maps, [None, *[moved(1)] * 39])
    for ab, result in zip(maps[10:30], results[10:30], strict=True):
        np.testing.assert_allclose(result[:, 2:-2], ab[:, 2:-2], atol=0.5)


def test_nothing_is_carried_to_places_that_are_not_trusted():
    maps = [np.full((*SHAPE, 2), value, np.float32) for value in (-10, 20)]
    results = run(maps, [None, moved(0, confidence=0)])
    np.testing.assert_allclose(results[0], maps[0], atol=1e-4)
    np.testing.assert_allclose(results[1], maps[1], atol=1e-4)


def test_a_shot_that_ends_leaves_nothing_for_the_next():
    steady = TemporalFilter()
    run([np.full((*SHAPE, 2), 60, np.float32)] * 3, [None, moved(0), moved(0)], steady)
    (result,) = run([np.zeros((*SHAPE, 2), np.float32)], [None], steady)
    assert np.abs(result).max() == 0
    assert steady.state is None


def test_frames_leave_in_blocks_so_that_few_are_in_memory():
    steady = TemporalFilter()
    waiting, most = 0, 0
    for number, ab in enumerate(noisy(100)):
        waiting += 1 - len(list(steady.push(ab, moved(0) if number else None)))
        most = max(most, waiting)
    assert most < BLOCK + LOOK_AHEAD


def test_a_filter_that_continues_from_a_state_gives_the_same_result():
    maps, flows = noisy(60), [None, *[moved(0.3)] * 59]
    whole = run(maps, flows)
    first, done, state = TemporalFilter(), 0, None
    for ab, flow in zip(maps, flows, strict=True):
        done += len(list(first.push(ab, flow)))
        if done == 2 * BLOCK:
            state = first.state
            break
    rest = run(maps[done:], flows[done:], TemporalFilter(state))
    np.testing.assert_array_equal(rest, whole[done:])


def test_the_mean_chroma_of_single_frames_is_restored():
    maps = [np.zeros((*SHAPE, 2), np.float32) + np.float32((12, 5 * (-1) ** n)) for n in range(60)]
    results = run(maps, [None, *[moved(0)] * 59])
    # The hue is the mean's, (12, 0), and the chroma that of (12, 5).
    assert np.abs(results[30] - np.float32((13, 0))).max() < 0.5
