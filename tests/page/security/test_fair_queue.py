"""Whose photo is next."""

import threading
import time

from colorizer.page.security.fair_queue import FairShare, FairTurns


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


def test_threads_take_turns():
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


def test_an_error_in_a_turn_lets_the_next_one_in():
    turns = FairTurns()
    try:
        with turns.turn("ann"):
            raise ValueError
    except ValueError:
        pass
    with turns.turn("bob"):
        pass
