"""Whose photos are kept, and whose go."""

import copy
import threading
import time

import gradio as gr
import pytest

from colorizer.page import gradio_patches, session_store
from colorizer.page.session_store import SessionStore
from tests.helpers.clock import Clock


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch, session_store)


def test_a_value_is_had_by_its_key_alone():
    store = SessionStore()
    key = store.put("ann", "photo")
    assert (store.get(key), store.holds(key)) == ("photo", True)
    for other in (None, "", "ann", key + "x", 3, []):
        assert store.get(other) is None
    store.delete(key)
    assert store.get(key) is None


def test_room_is_made_by_whoever_holds_the_most():
    store = SessionStore(most_bytes=10)
    little = store.put("ann", "little", 2)
    much = [store.put("flood", "much", 3) for _ in range(20)]
    assert store.get(little) == "little"
    assert [store.holds(key) for key in much] == [False] * 18 + [True] * 2


def test_a_single_photo_is_kept_however_large():
    store = SessionStore(most_bytes=10)
    assert store.get(store.put("ann", "large", 100)) == "large"


def test_an_address_has_so_many_and_loses_the_one_unused_for_longest():
    store = SessionStore(most_per_owner=2)
    first, second = store.put("ann", 1), store.put("ann", 2)
    store.get(first)
    third, others = store.put("ann", 3), store.put("bob", 4)
    assert [store.get(key) for key in (first, second, third, others)] == [1, None, 3, 4]


def test_what_is_not_used_goes_after_a_while_and_is_closed(clock):
    closed = []
    store = SessionStore(seconds=60)
    key = store.put("ann", "photo", close=lambda: closed.append("photo"))
    clock.now = 50
    assert store.get(key) == "photo"
    clock.now = 105
    assert store.get(key) == "photo"
    clock.now = 170
    assert store.get(key) is None
    assert closed == ["photo"]


def test_what_is_deleted_is_closed_once():
    closed = []
    store = SessionStore()
    key = store.put("ann", "batch", close=lambda: closed.append("batch"))
    store.delete(key)
    store.delete(key)
    assert closed == ["batch"]


def test_photos_are_not_copied_for_everybody_who_opens_the_page():
    store = SessionStore()
    with gr.Blocks() as page:
        gr.State(None, delete_callback=store.delete)
    store.put("ann", threading.Lock())  # which cannot be copied, as a photo can
    copied = copy.deepcopy(page.get_config_file())
    (state,) = [c for c in copied["components"] if c["type"] == "state"]
    assert state["props"]["delete_callback"].__self__ is store


def test_setting_the_computers_date_ends_no_session_and_passing_time_does(monkeypatch):
    from gradio import state_holder

    gradio_patches.install()
    clock = Clock(monkeypatch, gradio_patches)
    with gr.Blocks() as page:
        key = gr.State(None, time_to_live=3600)
    state = state_holder.SessionState(page)
    state[key._id] = "photo"

    def expired() -> list[bool]:
        return [over for _, _, over in state.state_components]

    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: 1e10)
        assert expired() == [False]
    for passed, over in ((10, False), (3599, False), (3700, True)):
        clock.now = 1000 + passed
        assert expired() == [over]


def test_a_value_is_replaced_under_its_key_and_counted_anew():
    store = SessionStore(most_bytes=100, most_per_owner=10, seconds=60)
    first, second = store.put("ann", "photo", 40), store.put("ann", "another", 40)
    store.replace(first, "corrected photo", 10)
    assert store.get(first) == "corrected photo"
    store.replace(second, "corrected, too", 30)  # 50 and 70 bytes: one has to go
    assert store.get(first) is None
    assert store.get(second) == "corrected, too"


def test_what_is_gone_is_not_replaced():
    store = SessionStore(most_bytes=100, most_per_owner=10, seconds=60)
    key = store.put("ann", "photo", 40)
    store.delete(key)
    store.replace(key, "corrected photo")
    store.replace(None, "nobody's")
    assert store.get(key) is None
