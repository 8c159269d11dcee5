"""That nothing of a visitor's photo stays on the machine, however the page ends."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest

from colorizer.page import examples, gradio_patches, temp_files
from tests import load
from tests.helpers.clock import Clock
from tests.helpers.page import Counting
from tests.helpers.paths import ROOT

HOUR = 3600


def upload(address: str, photo: Path) -> Path:
    files = {"files": (photo.name, photo.read_bytes())}
    return Path(httpx.post(f"{address}/gradio_api/upload", files=files).raise_for_status().json()[0])


def folders(parent: Path) -> list[Path]:
    return list(parent.glob(f"{temp_files.PREFIX}*"))


def test_photos_go_when_the_page_is_stopped_and_after_it_was_killed_when_the_next_one_starts(
    tmp_path, grey_photo
):
    with load.page(tmp_path) as (address, killed):
        left = upload(address, grey_photo)
        killed.kill()
        killed.wait()
        assert left.exists()
        with load.page(tmp_path) as (address, stopped):
            assert not left.exists()
            assert len(folders(tmp_path / "gradio")) == 1
            assert upload(address, grey_photo).exists()
            stopped.send_signal(signal.SIGTERM)
            assert stopped.wait(30) == 128 + signal.SIGTERM
            assert folders(tmp_path / "gradio") == []


def test_a_page_that_runs_keeps_its_folder_when_another_one_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with temp_files.page_folder() as first:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
        with temp_files.page_folder() as second:
            assert sorted(folders(tmp_path)) == sorted([first, second])
        assert folders(tmp_path) == [first]
    assert folders(tmp_path) == []


def test_what_gradio_has_is_apart_from_what_it_is_to_take(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with temp_files.page_folder() as folder:
        with temp_files.scratch_dir() as written:
            gradio_has, to_be_taken = Path(os.environ["GRADIO_TEMP_DIR"]), Path(written).parent
        assert gradio_has.parent == to_be_taken.parent == folder
        assert gradio_has != to_be_taken
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path)


def test_only_its_user_can_look_into_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with temp_files.page_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_gradio_finds_the_folder_when_it_is_imported(tmp_path):
    code = (
        "from colorizer.page import temp_files\n"
        "with temp_files.page_folder() as path:\n"
        "    from gradio import mcp, routes, screen_recording_utils as recording\n"
        "    from gradio_client import client\n"
        "    found = {m.DEFAULT_TEMP_DIR for m in (mcp, routes, recording, client)}\n"
        "    assert found == {str(path / 'gradio')}, found\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"GRADIO_TEMP_DIR": str(tmp_path)}
    )
    assert done.returncode == 0
    assert folders(tmp_path) == []


@pytest.mark.parametrize("module", ["serve", "temp_files", "error_messages"])
def test_what_starts_the_page_does_not_import_gradio_before(module):
    code = f"import sys, colorizer.page.{module}; assert 'gradio' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_page_starts_where_gradios_usual_folder_is_another_users_and_writes_only_into_its_own(
    tmp_path, grey_photo
):
    (tmp_path / "gradio").write_text("a file, which not even root can make folders in")
    with load.page(tmp_path, {"GRADIO_TEMP_DIR": ""}, "--mcp") as (address, _):
        upload(address, grey_photo)
        (folder,) = folders(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [folder.name, "gradio", "log", grey_photo.name]
        )
    assert folders(tmp_path) == []


def test_what_python_writes_for_now_lies_there_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    before = tempfile.gettempdir()
    with temp_files.page_folder() as folder, tempfile.NamedTemporaryFile() as file:
        assert folder in Path(file.name).parents
    assert tempfile.gettempdir() == before


def test_a_link_with_the_name_of_a_pages_folder_is_not_followed(tmp_path):
    others = tmp_path / "others"
    others.mkdir()
    (others / "letter.txt").write_text("Dear Ada")
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / f"{temp_files.PREFIX}trap").symlink_to(others)
    temp_files.remove_stale(parent)
    assert [path.name for path in others.iterdir()] == ["letter.txt"]


def test_a_page_that_is_just_starting_is_left_alone(tmp_path):
    folder = tmp_path / f"{temp_files.PREFIX}new"
    folder.mkdir()
    temp_files.remove_stale(tmp_path)
    assert folder.exists()
    os.utime(folder, (0, 0))
    temp_files.remove_stale(tmp_path)
    assert not folder.exists()


def test_what_is_old_goes_even_what_gradio_has_forgotten_and_what_is_new_or_shown_stays(
    tmp_path, monkeypatch
):
    clock, gradio = Clock(monkeypatch, temp_files), tmp_path / "gradio"
    expiry = temp_files.Expiry(tmp_path, HOUR)
    permanent = {str(gradio / "old" / "example.jpg")}
    for name in ("old/photo.jpg", "old/example.jpg", "tmp-of-an-upload", f"../{temp_files.LOCK}"):
        (gradio / name).parent.mkdir(exist_ok=True, parents=True)
        (gradio / name).write_bytes(b"photo")
    (gradio / "empty").mkdir()
    expiry.delete_expired(permanent)
    clock.now += HOUR - 1
    (gradio / "new").mkdir()
    (gradio / "new" / "photo.jpg").write_bytes(b"photo")
    expiry.delete_expired(permanent)
    assert len(list(gradio.rglob("*"))) == 7
    clock.now += 2
    expiry.delete_expired(permanent)
    left = sorted(str(path.relative_to(gradio)) for path in gradio.rglob("*"))
    assert left == ["new", "new/photo.jpg", "old", "old/example.jpg"]
    assert (tmp_path / temp_files.LOCK).exists()


@pytest.mark.parametrize("jump", [-5 * HOUR, 5 * HOUR])
def test_a_computers_date_that_jumps_deletes_nothing_early_and_keeps_nothing_for_long(
    tmp_path, monkeypatch, jump
):
    clock, photo = Clock(monkeypatch, temp_files), tmp_path / "photo.jpg"
    photo.write_bytes(b"photo")
    os.utime(photo, (time.time() + jump,) * 2)
    expiry = temp_files.Expiry(tmp_path, HOUR)
    for now, there in ((1000, True), (1000 + HOUR - 1, True), (1000 + HOUR, False)):
        clock.now = now
        expiry.delete_expired()
        assert photo.exists() == there


def test_what_is_written_to_again_stays(tmp_path, monkeypatch):
    clock, photo = Clock(monkeypatch, temp_files), tmp_path / "upload"
    expiry = temp_files.Expiry(tmp_path, HOUR)
    for number in range(4):
        photo.write_bytes(b"photo" * (number + 1))
        expiry.delete_expired()
        clock.now += 0.9 * HOUR
    assert photo.exists()


def test_rounds_are_made_while_the_page_runs_and_spare_its_examples(tmp_path):
    with gr.Blocks() as blocks:
        shown = gr.Image()
    shown.keep_in_cache = {str(tmp_path / "example.jpg")}
    for name in ("example.jpg", "photo.jpg"):
        (tmp_path / name).write_bytes(b"photo")
    with temp_files.housekeeping(tmp_path, 0.05, 0.1, lambda: gradio_patches.permanent_files(blocks)):
        deadline = time.monotonic() + 10
        while (tmp_path / "photo.jpg").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["example.jpg"]


# --- stopping while it starts --------------------------------------------------------------------------


def test_the_other_examples_are_left_when_the_process_ends(tiny_colorizer, monkeypatch):
    counting = Counting(tiny_colorizer)
    monkeypatch.setattr(
        examples, "main_thread", lambda: SimpleNamespace(is_alive=lambda: counting.count == 0)
    )
    before = set(threading.enumerate())
    made = examples.Examples(counting)
    (thread,) = set(threading.enumerate()) - before
    # Python waits for threads that are no daemons; it would end the others within compiled code, and crash.
    assert not thread.daemon
    thread.join(30)
    assert (thread.is_alive(), counting.count, made.warm.is_set()) == (False, 1, True)


def test_a_process_that_ends_while_they_are_made_ends_in_peace():
    code = (
        "from colorizer import Colorizer; from colorizer.page.app import build_page; "
        "build_page(Colorizer.from_pretrained())"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=load.ROOT, capture_output=True, text=True)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("ending", [True, False])
def test_only_a_process_that_ends_excuses_an_error(monkeypatch, ending):
    asked, complaints = [], []

    class Refusing:
        def predict(self, path: str):
            asked.append(path)
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    alive = SimpleNamespace(is_alive=lambda: not (ending and asked))
    monkeypatch.setattr(examples, "main_thread", lambda: alive)
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    before = set(threading.enumerate())
    examples.Examples(Refusing())
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert (len(asked), len(complaints)) == (1, 0 if ending else 1)
