"""What visitors are told when the page's disk is full: to come back, and nothing of its folders.

    with telling_of_a_full_disk():      # in what Gradio calls
    Middleware(FullDisk)                # around what takes photos in

Left to itself, Gradio shows them the system's words with the paths of files, and of an upload a number.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorizer.atomic_write import FULL

NO_ROOM = "This page's disk is full just now. Please come back later."


@contextmanager
def telling_of_a_full_disk() -> Iterator[None]:
    """Makes a sentence of what the system says then, which would tell visitors of folders."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise gr.Error(NO_ROOM, print_exception=False) from error


class FullDisk:
    """Wraps the server: a photo for which there is no room is answered with a sentence."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers in the server's place if the disk is full before it has."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except OSError as error:
            if begun or scope["type"] != "http" or error.errno not in FULL:
                raise
            await PlainTextResponse(NO_ROOM, 507)(scope, receive, send)
