"""The page under several clients at once: a small form of `make load`."""

from tests import load


def test_of_many_photos_sent_at_once_none_is_lost_and_none_is_anothers():
    report = load.run(clients=8, photos=24)
    assert report.wrong == []
    assert len(report.seconds) == 24
    assert report.folder < 24 * 2e6
