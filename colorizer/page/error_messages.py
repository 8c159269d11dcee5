"""What visitors are told when something goes wrong, and what the log keeps of it.

    with errors_as_messages():          # in what Gradio calls
    Middleware(ErrorMessages)           # around the server

Every error that leaves the page is a sentence from here or from the core. Left to itself, Gradio shows the
system's words with the paths of files. The log says which kind of error came up at which line of code; it
never holds a message or a traceback, because those name visitors' files.
"""

import logging
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorizer.atomic_write import FULL
from colorizer.errors import HintError, PhotoError

DISK_FULL = "This page's disk is full just now. Please come back later."
OUT_OF_MEMORY = "The photo is too large for this machine's memory."
EXPIRED = "This photo is no longer here: photos are deleted after an hour. Please choose it again."
UNEXPECTED = "Something went wrong here. Please try again, or try another photo."
NOT_UNDERSTOOD = "The page does not understand this request."
LOG = logging.getLogger("colorizer.page")
LINES_PER_SECOND, LINES_AT_ONCE = 1, 50  # of the log: a flood of bad requests must not fill the disk


def message_for(error: BaseException) -> str:
    """The sentence that a visitor gets for an error."""
    if isinstance(error, PhotoError | HintError):
        return str(error)
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    if isinstance(error, FileNotFoundError):
        return EXPIRED
    if isinstance(error, OSError) and error.errno in FULL:
        return DISK_FULL
    return UNEXPECTED


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turns every error of the body into one that shows a sentence.

    Raises:
        gr.Error: instead of any other error; unexpected ones are noted in the log.
    """
    # Gradio is imported here and not above: temporary folders are set before it is loaded.
    import gradio as gr

    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        message = message_for(error)
        if message == UNEXPECTED:
            log_error(error)
        raise gr.Error(message, print_exception=False) from error


def place_of(error: BaseException) -> str:
    """An error's type and the lines of code that it passed, innermost first; no message, no values."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    lines = [f"{Path(frame.filename).name}:{frame.lineno} ({frame.name})" for frame in reversed(frames)]
    return f"{type(error).__name__} at {' < '.join(lines) or 'an unknown place'}"


def log_error(error: BaseException | None = None) -> None:
    """Notes an error, or the one that is being handled, in the log."""
    error = error or sys.exc_info()[1]
    if error is not None:
        LOG.error("%s", place_of(error))


class NamelessFormatter(logging.Formatter):
    """Formats a log record without anything that could come from a visitor."""

    OWN = ("colorizer", "uvicorn", "asyncio")

    def format(self, record: logging.LogRecord) -> str:
        """One line: of our own and the server's messages the first; of other libraries' the place."""
        where = f"{Path(record.pathname).name}:{record.lineno}"
        own = record.name.partition(".")[0] in self.OWN
        words = record.getMessage().partition("\n")[0] if own else where
        if record.exc_info and record.exc_info[1] is not None:
            words = f"{words}: {place_of(record.exc_info[1])}"
        return f"{record.levelname} {record.name}: {words}"


class Throttle(logging.Filter):
    """Lets through `LINES_PER_SECOND` in the long run, and says how many lines it left out."""

    def __init__(self):
        super().__init__()
        self._tokens, self._last, self._left_out = float(LINES_AT_ONCE), time.monotonic(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        now = time.monotonic()
        self._tokens = min(LINES_AT_ONCE, self._tokens + (now - self._last) * LINES_PER_SECOND)
        self._last = now
        if self._tokens < 1:
            self._left_out += 1
            return False
        self._tokens -= 1
        if self._left_out:
            record.msg = f"({self._left_out} lines left out) {record.getMessage()}"
            record.args, self._left_out = (), 0
        return True


def set_up_logging() -> None:
    """Sends all logs and warnings of this process to standard error in the form above."""
    handler = logging.StreamHandler()
    handler.setFormatter(NamelessFormatter())
    handler.addFilter(Throttle())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    # Gradio's own models cause it with the installed pydantic, at every start.
    warnings.filterwarnings("ignore", message="The 'alias' attribute with value 'event_id'")


async def _http_error(request: Request, error: Exception) -> Response:
    """Keeps what our own code and Gradio's login say; replaces the rest."""
    assert isinstance(error, HTTPException)
    kept = isinstance(error.detail, str) and error.detail in KEPT_DETAILS
    plain = {401: "Please log in.", 404: "There is nothing here."}
    detail = error.detail if kept else plain.get(error.status_code, NOT_UNDERSTOOD)
    return JSONResponse({"detail": detail}, error.status_code, headers=error.headers)


async def _invalid_request(request: Request, error: Exception) -> Response:
    """FastAPI's own answer repeats what was sent, and shows how the server is built."""
    return JSONResponse({"detail": NOT_UNDERSTOOD}, 422)


KEPT_DETAILS: set[str] = {"Incorrect credentials."}
"""What Gradio may answer as it is; modules add their own sentences to it."""


def exception_handlers() -> dict:
    """What FastAPI is to call instead of its own handlers."""
    from fastapi.exceptions import RequestValidationError

    return {HTTPException: _http_error, RequestValidationError: _invalid_request}


class ErrorMessages:
    """Wraps the server: an error that it does not handle is answered with a sentence, and logged."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers in the server's place if it has not begun to."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001
            message = message_for(error)
            if message == UNEXPECTED:
                log_error(error)
            if begun:  # a stream that breaks off
                return
            status = {DISK_FULL: 507, EXPIRED: 404}.get(message, 500)
            await PlainTextResponse(message, status)(scope, receive, send)
