"""The page under several clients at once: a small form of `make load`."""

import pytest

from tests import load


@pytest.mark.slow
def test_of_many_photos_sent_at_once_none_is_lost_and_none_is_anothers():
    report = load.run(clients=8, photos=24)
    assert report.wrong == []
    assert len(report.seconds) == 24
    assert report.folder < 1.1e6 * (24 + report.warm_up)


def warmed(monkeypatch, megabytes: list[int]) -> list[float]:
    """The samples of a warm-up in which the page holds so much after each round."""
    left = iter(megabytes)
    monkeypatch.setattr(load, "memory", lambda server: next(left) * 1e6)
    sent = []
    samples = load.warm(sent.append, server=1, first=24, size=20)
    assert sent == [range(start, start + 20) for start in range(24, 24 + 20 * len(samples), 20)]
    return samples


def test_a_page_that_fills_its_buffers_first_is_waited_for(monkeypatch):
    samples = warmed(monkeypatch, [585, 690, 712, 714, 900])
    assert samples == [585e6, 690e6, 712e6, 714e6]
    assert load.settled(samples)


def test_a_page_that_keeps_its_photos_never_settles(monkeypatch):
    samples = warmed(monkeypatch, [500 + 20 * number for number in range(99)])
    assert len(samples) == load.MOST_ROUNDS
    assert not load.settled(samples)
