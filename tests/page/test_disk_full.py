"""A full disk: what the page's visitors are told, and that it works again afterwards."""

import errno
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from colorizer.page import error_messages
from tests.helpers.disk import full_disk
from tests.helpers.page import serving


async def full_later(*_, **__):
    full_disk()


@pytest.fixture(scope="module")
def address(tiny_colorizer):
    with serving(tiny_colorizer) as address:
        yield address


def test_a_photo_that_the_disk_has_no_room_for_is_answered_with_a_sentence(address, grey_photo, monkeypatch):
    monkeypatch.setattr("gradio.routes.upload_fn", full_later)
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": grey_photo.read_bytes()})
    assert (answer.status_code, answer.text) == (507, error_messages.DISK_FULL)


@pytest.mark.parametrize(
    "place", ["colorizer.image.writer.replace_file", "gradio.processing_utils.save_file_to_cache"]
)
def test_so_is_one_whose_colours_it_has_no_room_for_and_no_folder_is_named(
    address, grey_photo, monkeypatch, place
):
    client = Client(address, verbose=False)
    monkeypatch.setattr(place, full_disk)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(grey_photo), api_name="/colorize")
    assert str(caught.value) == error_messages.DISK_FULL
    monkeypatch.undo()
    assert Path(client.predict(handle_file(grey_photo), api_name="/colorize")).exists()


def test_other_trouble_with_files_is_not_called_a_full_disk():
    with pytest.raises(gr.Error) as caught, error_messages.errors_as_messages():
        raise PermissionError(errno.EACCES, "no", "/home/ada/photos")
    assert caught.value.message == error_messages.UNEXPECTED
