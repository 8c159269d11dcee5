"""What strangers may ask of the page's server: the routes on this list, and nothing else.

Gradio serves many more routes than this page needs. Some run any function at once, past the queue and its
limits; some store what is sent, or give it to ffmpeg; some fetch addresses for whoever asks. So a request is
answered only if its method and path are listed here. A photo is sent, it is never fetched, and every function
runs in the queue.
"""

import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from colorizer.page.settings import SETTINGS

NOT_SERVED = "There is nothing here."
NAMES = r"(/[\w@-][\w@.-]*)+"  # folders and a file; none begins with a dot
ROUTE = "colorizer.route"  # where a request's scope holds its `Route`


@dataclass(frozen=True)
class Route:
    """What is served under some paths.

    Attributes:
        methods: of HTTP.
        pattern: for the whole path, decoded.
        body: bytes that a request may bring.
        kind: of the body: "json" is read and checked as a whole before Gradio sees it, "upload" is passed
            on as it comes, "form" is name and password.
        public: whether it is served before a login.
        asset: a script, style or font of the page, of which a browser asks for many at once.
        cost: in requests of which an address has so many a second; what Gradio makes anew for everybody who
            asks takes as much of the processor as ten others.
    """

    methods: tuple[str, ...]
    pattern: re.Pattern
    body: float = 0
    kind: str = ""
    public: bool = False
    asset: bool = False
    cost: float = 1


def _route(methods: str, pattern: str, **options: Any) -> Route:
    return Route(tuple(methods.split()), re.compile(pattern), **options)


JSON = {"kind": "json", "body": SETTINGS.json_bytes}
MCP = r"/gradio_api/mcp/?"
ROUTES = [
    _route("GET HEAD", r"/", public=True, cost=10),
    _route("GET", r"/config", cost=10),
    _route("GET", r"/logout"),
    _route("GET", r"/(theme\.css|favicon\.ico|robots\.txt)", public=True, asset=True),
    _route("GET", rf"/(assets|static){NAMES}", public=True, asset=True),
    _route("POST", r"/login", public=True, kind="form", body=SETTINGS.form_bytes),
    # Photos in and out. A file is named by its full path: what begins with a scheme is a link.
    _route("POST", r"/gradio_api/upload", kind="upload", body=SETTINGS.upload_bytes),
    _route("GET", r"/gradio_api/upload_progress"),
    _route("GET HEAD", r"/gradio_api/file=([A-Za-z]:)?[/\\](?![/\\ ]*\w+:).*"),
    # The queue: `join` for the page and gradio_client, `call` for curl, by public names only.
    _route("POST", r"/gradio_api/(queue/join|cancel|reset)", **JSON),
    _route("GET", r"/gradio_api/(queue/data|heartbeat/[\w-]{1,64})"),
    _route("POST", r"/gradio_api/call/(v2/)?(colorize|correct)", **JSON),
    _route("GET", r"/gradio_api/call/(v2/)?(colorize|correct)/\w{1,64}"),
    # What programs ask first, and what Gradio asks itself when it has started.
    _route("GET", r"/gradio_api/info/?", cost=10),
    _route("GET", r"/gradio_api/app_id"),
    _route("GET", r"/gradio_api/startup-events", public=True),
    # The Model Context Protocol, with --mcp.
    _route("GET DELETE", MCP),
    _route("POST", MCP, kind="json", body=SETTINGS.mcp_bytes),
    _route("GET", r"/gradio_api/mcp/schema"),
]
# Gradio's panel about the API asks for it and complains in the browser's console if there is none.
STATISTICS, NO_STATISTICS = "/monitoring/summary", {"functions": {}}


def route_of(method: str, path: str) -> Route | None:
    """The listed route of a request; the path is decoded, without root path and query."""
    return next((r for r in ROUTES if method in r.methods and r.pattern.fullmatch(path)), None)


class RouteAllowList:
    """Wraps the server: a request that is not in `ROUTES` is answered with 404, before Gradio sees it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is listed, with its route in the scope."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":  # of which the page has none
            await send({"type": "websocket.close", "code": 1008})
        else:
            path = scope.get("path", "").removeprefix(scope.get("root_path", "").rstrip("/"))
            route = route_of(scope["method"], path)
            if route is not None:
                await self.app({**scope, ROUTE: route}, receive, send)
            elif (scope["method"], path) == ("GET", STATISTICS):
                await JSONResponse(NO_STATISTICS)(scope, receive, send)
            else:
                await PlainTextResponse(NOT_SERVED, 404)(scope, receive, send)
