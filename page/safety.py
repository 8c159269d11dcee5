"""What strangers may ask of the page's server: photos in, photos out, and no errands.

Gradio fetches addresses for its visitors: a photo given as a link, a link behind its file route, a page
behind its proxy. It refuses those within the server's own network, but whoever runs the page would still be
the one whose machine asks strangers for things. Here a photo is sent, or it is not had.
"""

import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from colorizer.limits import Limits
from page.room import telling_of_a_full_disk

LIMITS = Limits.from_environment()
NO_ERRANDS = "This page fetches nothing from elsewhere: send the photo itself."
BUSY = "Many photos are waiting already, and no more are taken. Please come back in a minute."
# Routes that make the server ask others: a link behind the file route, pages of other Spaces.
FILE, PROXY = "/file=", "/proxy="


class NoErrands:
    """Wraps the server: refuses requests to fetch, before Gradio sees them."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is not refused."""
        if scope["type"] == "http" and would_fetch(scope["path"]):
            await PlainTextResponse(NO_ERRANDS, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def would_fetch(path: str) -> bool:
    """Whether a request's path asks the server to fetch something."""
    file = path.partition(FILE)[2].lstrip("/ ").lower()
    return PROXY in path or file.startswith(("http:", "https:"))


def guard(page: gr.Blocks) -> gr.Blocks:
    """Makes every component of a page refuse links, and a full queue say when to come back.

    Args:
        page: with all its components and its queue.

    Returns:
        The same page.
    """
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _only_files(block.async_move_resource_to_block_cache)
    push = page._queue.push

    async def push_or_say(*arguments, **named):
        accepted, answer, state = await push(*arguments, **named)
        return accepted, BUSY if state == "queue_full" else answer, state

    page._queue.push = push_or_say
    return page


def _only_files(move):
    """Gradio's way of taking a file into its cache, for files only."""

    async def taken(path):
        if path is not None and "://" in str(path):
            raise gr.Error(NO_ERRANDS, print_exception=False)
        with telling_of_a_full_disk():
            return await move(path)

    return taken
