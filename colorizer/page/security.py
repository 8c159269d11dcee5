"""What strangers may ask of the page's server: the routes on this list, and nothing else.

Gradio serves many more routes than this page needs. Some run any function at once, past the queue and its
limits; some store what is sent, or give it to ffmpeg; some fetch addresses for whoever asks. So a request is
answered only if its method and path are listed here. A photo is sent, it is never fetched, and every function
runs in the queue.
"""

import re

import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from colorizer.limits import Limits
from colorizer.page.disk_full import telling_of_a_full_disk

LIMITS = Limits.from_environment()
NO_ERRANDS = "This page fetches nothing from elsewhere: send the photo itself."
BUSY = "Many photos are waiting already, and no more are taken. Please come back in a minute."
NOT_SERVED = "There is nothing here."
NO_FUNCTION = "The page has no such function."
NAMES = r"(/[\w@-][\w@.-]*)+"  # folders and a file; none begins with a dot

# Methods, and a pattern for the whole path. What is not listed does not exist.
ROUTES = [
    (methods.split(), re.compile(pattern))
    for methods, pattern in (
        ("GET HEAD", r"/"),
        ("GET", r"/(config|theme\.css|favicon\.ico|robots\.txt|logout)"),
        ("GET", rf"/(assets|static){NAMES}"),
        ("POST", r"/login"),
        # Photos in and out. A file is named by its full path: what begins with a scheme is a link.
        ("POST", r"/gradio_api/upload"),
        ("GET", r"/gradio_api/upload_progress"),
        ("GET HEAD", r"/gradio_api/file=([A-Za-z]:)?[/\\](?![/\\ ]*\w+:).*"),
        # The queue: `join` for the page and gradio_client, `call` for curl, by public names only.
        ("POST", r"/gradio_api/(queue/join|cancel|reset)"),
        ("GET", r"/gradio_api/(queue/data|heartbeat/[\w-]+)"),
        ("POST", r"/gradio_api/call/(v2/)?colorize"),
        ("GET", r"/gradio_api/call/(v2/)?colorize/\w+"),
        # What programs ask first, and what Gradio asks itself when it has started.
        ("GET", r"/gradio_api/(info/?|app_id|startup-events)"),
        # The Model Context Protocol, with --mcp.
        ("GET POST DELETE", r"/gradio_api/mcp/?"),
        ("GET", r"/gradio_api/mcp/schema"),
    )
]


class OnlyRoutes:
    """Wraps the server: a request that is not in `ROUTES` is answered with 404, before Gradio sees it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is listed."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", "").rstrip("/"))
        if scope["type"] == "lifespan" or (scope["type"] == "http" and is_served(scope["method"], path)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(NOT_SERVED, 404)(scope, receive, send)
        else:  # a web socket, of which the page has none
            await send({"type": "websocket.close", "code": 1008})


def is_served(method: str, path: str) -> bool:
    """Whether a request is on the list; the path is decoded, without root path and query."""
    return any(method in methods and pattern.fullmatch(path) for methods, pattern in ROUTES)


def guard(page: gr.Blocks) -> gr.Blocks:
    """Makes components refuse links, the queue refuse what is no function, and say when to come back.

    Args:
        page: with all its components and its queue.

    Returns:
        The same page.
    """
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _only_files(block.async_move_resource_to_block_cache)
    push = page._queue.push

    async def push_or_say(body, **named):
        function = page.fns.get(body.fn_index)
        # What the browser does by itself has no code here. Asked for it all the same, Gradio would open what
        # was sent as a picture, with every decoder that Pillow has.
        if function is None or function.fn is None:
            return False, NO_FUNCTION, "error"
        accepted, answer, state = await push(body=body, **named)
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
