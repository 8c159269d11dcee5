"""Whose photo is next."""

import threading
import time

from colorizer.page.security.fair_queue import FairShare, FairTurns, held_seconds


def served(waiting: list[str], seconds: dict[str, float], share: FairShare | None = None) -> list[str]:
    """In which order those who wait are served."""
    share, order = share or FairShare(), []
    waiting = list(waiting)
    while waiting:
        owner = waiting.pop(share.next(waiting))
        share.start(owner)
        share.finish(owner, seconds.get(owner, 1))
        order.append(owner)
    return order


def test_one_visitors_photos_come_in_the_order_in_which_they_were_sent():
    assert FairShare().next(["ann"] * 3) == 0


def test_who_sends_many_delays_the_others_by_one():
    order = served(["flood"] * 50 + ["ann", "bob"], {})
    assert {"ann", "bob"} <= set(order[:3])


def test_who_sends_large_ones_comes_less_often():
    order = served(["flood"] * 20 + ["ann"] * 20, {"flood": 10, "ann": 1})
    assert order[:22].count("flood") <= 3


def test_those_who_used_about_as_much_are_served_in_the_order_in_which_they_came():
    share = FairShare()
    served(["ann", "bob"], {"ann": 0.4, "bob": 0.1}, share)
    assert served(["ann", "bob"], {}, share) == ["ann", "bob"]


def test_a_photo_that_took_a_little_longer_by_chance_does_not_wait_for_all_others():
    names = [str(number) for number in range(40)]
    share = FairShare()
    served(names, {"7": 0.4} | dict.fromkeys(set(names) - {"7"}, 0.05), share)
    order = served(names * 3, dict.fromkeys(names, 0.05), share)
    assert order[:40].index("7") == 7


def test_small_photos_of_one_visitor_get_ahead_only_once_and_a_little():
    order = served(["flood"] * 200 + ["ann"] * 20, {"flood": 0.1, "ann": 0.1})
    assert order[:7].count("flood") <= 6  # half a second
    assert order[7:37].count("flood") in (14, 15, 16)


def test_nobody_saves_up_turns_while_away():
    share = FairShare()
    served(["ann"] * 100, {}, share)
    order = served(["bob"] * 10 + ["ann"] * 10, {}, share)
    assert order[:10].count("bob") in (5, 6)


def test_only_clocks_that_matter_are_remembered(monkeypatch):
    monkeypatch.setattr("colorizer.page.security.fair_queue.MOST_OWNERS", 10)
    share = FairShare()
    served([str(number) for number in range(100)], {}, share)
    served(["ann"] * 200, {}, share)
    assert len(share._clocks) <= 12


def test_threads_take_turns(monkeypatch):
    monkeypatch.setattr("colorizer.page.security.fair_queue.ALIKE", 0)  # all is over in a moment here
    turns, order, inside = FairTurns(), [], []

    def work(owner: str) -> None:
        with turns.turn(owner):
            inside.append(owner)
            assert len(inside) == 1
            order.append(owner)
            time.sleep(0.01)
            inside.pop()

    with turns.turn("flood"):
        threads = [threading.Thread(target=work, args=(owner,)) for owner in ["flood"] * 8 + ["ann"]]
        for thread in threads:
            thread.start()
            time.sleep(0.01)
    for thread in threads:
        thread.join(10)
    assert order[0] == "ann"
    assert len(order) == 9


def test_the_seconds_of_a_turn_are_counted_without_the_wait_for_it():
    turns, held = FairTurns(), []

    def work() -> None:
        held_seconds.set(held)
        with turns.turn("ann"):
            pass

    with turns.turn("bob"):
        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.2)
    thread.join(10)
    assert len(held) == 1
    assert held[0] < 0.2


def test_an_error_in_a_turn_lets_the_next_one_in():
    turns = FairTurns()
    try:
        with turns.turn("ann"):
            raise ValueError
    except ValueError:
        pass
    with turns.turn("bob"):
        pass
