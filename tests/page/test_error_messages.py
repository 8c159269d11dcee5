"""What visitors are told, and what the log keeps."""

import errno
import logging

import gradio as gr
import pytest

from colorizer.errors import PhotoError
from colorizer.page import error_messages, gradio_patches
from colorizer.page.error_messages import (
    DISK_FULL,
    EXPIRED,
    OUT_OF_MEMORY,
    UNEXPECTED,
    NamelessFormatter,
    Throttle,
    errors_as_messages,
)
from tests.helpers.clock import Clock

SECRET = "/home/ada/grandma.jpg"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PhotoError("letter.jpg is not a photo."), "letter.jpg is not a photo."),
        (FileNotFoundError(errno.ENOENT, "No such file", SECRET), EXPIRED),
        (OSError(errno.ENOSPC, "No space left", SECRET), DISK_FULL),
        (MemoryError(), OUT_OF_MEMORY),
        (PermissionError(errno.EACCES, "no", SECRET), UNEXPECTED),
        (TypeError("'<=' not supported between instances of 'int' and 'str'"), UNEXPECTED),
        (ValueError(SECRET), UNEXPECTED),
    ],
)
def test_every_error_becomes_a_sentence(error, message, caplog):
    with pytest.raises(gr.Error) as caught, errors_as_messages():
        raise error
    assert (caught.value.message, caught.value.print_exception) == (message, False)
    assert ("test_error_messages.py" in caplog.text) == (message == UNEXPECTED)
    assert SECRET not in caplog.text


def test_a_sentence_stays_as_it_is():
    with pytest.raises(gr.Error, match="Choose some photos"), errors_as_messages():
        raise gr.Error("Choose some photos first.")


def record(name: str, message: str, *arguments, error: Exception | None = None) -> logging.LogRecord:
    raised = (type(error), error, None) if error else None
    return logging.LogRecord(name, logging.ERROR, "/srv/queueing.py", 7, message, arguments, raised)


def test_the_log_says_where_but_not_what():
    form = NamelessFormatter().format
    line = form(record("uvicorn.error", "Exception in ASGI application\nmore", error=ValueError(SECRET)))
    assert line == "ERROR uvicorn.error: Exception in ASGI application: ValueError at an unknown place"
    assert form(record("mcp.server", "cannot read %s", SECRET)) == "ERROR mcp.server: queueing.py:7"


def test_a_flood_of_lines_is_cut_and_counted(monkeypatch):
    clock = Clock(monkeypatch, error_messages)
    throttle = Throttle()
    written = sum(throttle.filter(record("uvicorn.error", "no")) for _ in range(1000))
    assert written == error_messages.LINES_AT_ONCE
    clock.now += 2
    last = record("uvicorn.error", "Invalid %s", "request")
    assert throttle.filter(last)
    assert last.getMessage() == "(950 lines left out) Invalid request"


# --- Gradio's private parts ----------------------------------------------------------------------------


def test_the_page_does_not_start_with_another_gradio(monkeypatch):
    gradio_patches.check_version()
    monkeypatch.setattr(gr, "__version__", "6.99.0")
    with pytest.raises(gradio_patches.UnknownGradio, match=r"needs Gradio 6\.31.*Received: 6\.99\.0"):
        gradio_patches.check_version()


def test_nor_with_one_that_lacks_what_is_replaced(monkeypatch):
    monkeypatch.delattr("gradio.queueing.Queue.get_events")
    with pytest.raises(gradio_patches.UnknownGradio, match=r"has no gradio\.queueing\.Queue\.get_events"):
        gradio_patches.check_version()
