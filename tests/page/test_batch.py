"""A visitor's batch: what becomes of photos that fail, and of the batch's folder."""

from pathlib import Path

import gradio as gr
import pytest
from PIL import Image

from colorizer.page.batch import ARCHIVE, Batch
from colorizer.page.batch_tab import BatchTab
from colorizer.page.error_messages import DISK_FULL
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session_store import SessionStore
from tests.helpers.disk import full_disk


@pytest.fixture
def photos(tmp_path) -> list[str]:
    paths = [tmp_path / f"{name}.png" for name in ("a", "b", "c")]
    for path in paths:
        Image.linear_gradient("L").resize((40, 30)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def tab(tiny_colorizer) -> BatchTab:
    with gr.Blocks():
        return BatchTab(tiny_colorizer, SessionStore(), FairTurns())


class Request:
    client, session_hash = None, "ann"


def test_a_photo_that_vanished_is_named_and_the_others_are_coloured(tiny_colorizer, photos):
    batch = Batch()
    Path(photos[1]).unlink()
    with batch.open_archive() as archive:
        for path in photos:
            batch.add(tiny_colorizer, path, 1, archive)
        assert archive.namelist() == ["a-colour.png", "c-colour.png"]
    (failure,) = batch.failures
    assert failure.startswith("b.png was deleted before its turn came")
    batch.close()


def test_what_is_unexpected_is_named_without_pythons_words(photos):
    class Broken:
        def predict(self, path: str):
            raise TypeError(f"'NoneType' object at {path}")

    batch = Batch()
    with batch.open_archive() as archive:
        batch.add(Broken(), photos[0], 1, archive)
    assert batch.failures == ["a.png could not be coloured."]
    batch.close()


def test_names_that_differ_only_in_case_stay_apart(tiny_colorizer, tmp_path):
    batch = Batch()
    with batch.open_archive() as archive:
        for name in ("A.png", "a.png"):
            Image.linear_gradient("L").resize((40, 30)).save(tmp_path / name)
            batch.add(tiny_colorizer, str(tmp_path / name), 1, archive)
        assert archive.namelist() == ["A-colour.png", "a-colour-2.png"]
    batch.close()


def test_a_finished_batch_keeps_its_previews_until_the_next_one(tab, photos):
    last = list(tab.color_photos(photos, 1, None, Request()))[-1]
    (key,) = tab.store._entries
    folder = Path(tab.store.get(key).folder.name)
    assert last[tab.archive]["value"] == str(folder / ARCHIVE)
    assert not (folder / ARCHIVE).exists()  # Gradio has copied it before it goes on
    assert len(list(folder.rglob("*.jpg"))) == 6
    next(tab.color_photos(photos, 1, key, Request()))
    assert not folder.exists()


def test_a_full_disk_ends_a_batch_which_leaves_nothing(tab, photos, monkeypatch):
    running = tab.color_photos(photos, 1, None, Request())
    next(running)
    (key,) = tab.store._entries
    folder = Path(tab.store.get(key).folder.name)
    monkeypatch.setattr("colorizer.image.writer.replace_file", full_disk)
    with pytest.raises(gr.Error, match=DISK_FULL):
        next(running)
    assert not folder.exists()


def test_a_visitor_who_leaves_ends_his_batch_which_leaves_nothing(tab, photos):
    running = tab.color_photos(photos, 1, None, Request())
    next(running), next(running)
    (key,) = tab.store._entries
    folder = Path(tab.store.get(key).folder.name)
    assert folder.exists()
    running.close()
    assert not folder.exists()
