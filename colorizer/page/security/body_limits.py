"""What a request may bring: at most so many bytes for each route, in a reasonable shape and time.

Gradio and FastAPI read a body into memory before they look at it, and a megabyte of `[],[],…` becomes a
hundred of Python objects. So JSON is read here first, up to the route's limit, and its brackets and commas
are counted; an upload is passed on as it comes, but counted on the way, chunked or not, and only while the
disk has room for it. Whoever sends nothing for a while, or too slowly in all, is given up.
"""

import asyncio
import math
import shutil
import tempfile
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorizer.page.error_messages import DISK_FULL, NOT_UNDERSTOOD
from colorizer.page.security.addresses import address_of, is_limited
from colorizer.page.security.routes import ROUTE, Route
from colorizer.page.settings import LIMITS, SETTINGS

TOO_LARGE = f"This is too much for one request. {LIMITS}."
TOO_SLOW = "This request took too long to arrive."
TOO_MANY_LARGE = "Another large message from here is being read. Please send the next one when it is done."
BUSY = "The page is reading many messages just now. Please try again in a moment."
LARGE = 2 * SETTINGS.json_bytes  # bytes of a body in memory from which on few are read at a time
LARGE_AT_ONCE = 3


class Refused(Exception):
    """A body that is not read to its end; holds the answer."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


def free_bytes() -> float:
    """Room for uploads: what is free on the disk, less the reserve."""
    usage = shutil.disk_usage(tempfile.gettempdir())
    return usage.free - min(SETTINGS.reserved_bytes, usage.total / 10)


class BodyLimits:
    """Wraps the server: a body beyond the limits of its route is answered with a sentence."""

    def __init__(self, app: ASGIApp, free: Callable[[], float] = free_bytes):
        self.app, self.free = app, free
        self._large: list[str] = []  # addresses whose large bodies are being read
        self._held = 0  # bytes of small bodies in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on with its body checked."""
        if scope["type"] != "http" or ROUTE not in scope:
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            # Who does not read what is sent holds a file open: given up as well.
            async with asyncio.timeout(2 * SETTINGS.chunk_seconds):
                await send(message)

        route: Route = scope[ROUTE]
        try:
            body = _Body(receive, route, self._announced(scope, route), self.free)
            if route.kind in ("json", "form"):
                await self._buffered(scope, body, noted)
            else:
                await self.app(scope, body.receive, noted)
        except Refused as refused:
            if not begun:
                answer = PlainTextResponse(refused.message, refused.status, {"connection": "close"})
                await answer(scope, receive, send)
        except TimeoutError:
            return

    def _announced(self, scope: Scope, route: Route) -> float:
        text = Headers(scope=scope).get("content-length", "0")
        length = int(text) if text.isdecimal() and len(text) < 20 else math.inf
        if length > route.body:
            raise Refused(413, TOO_LARGE)
        return length

    async def _buffered(self, scope: Scope, body: "_Body", send: Send) -> None:
        address = address_of(scope["client"][0] if scope.get("client") else None)
        large = body.route.body > LARGE
        if large:
            mine = is_limited(address) and address in self._large
            if mine or len(self._large) >= LARGE_AT_ONCE:
                raise Refused(429, TOO_MANY_LARGE)
            self._large.append(address)
        held = 0

        def hold(count: int) -> None:
            nonlocal held
            if not large:
                held, self._held = held + count, self._held + count
            if self._held > SETTINGS.json_bytes_at_once:
                raise Refused(503, BUSY)

        def let_go() -> None:
            nonlocal large
            if large:
                self._large.remove(address)
            large = False

        async def noted(message: Message) -> None:
            # The client may send its next message as soon as it has this answer, before the app has returned.
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                let_go()
            await send(message)

        try:
            data = await body.read(hold)
            if body.route.kind == "json" and items(data) > SETTINGS.json_items:
                raise Refused(413, NOT_UNDERSTOOD)
            if large and len(data) <= LARGE:  # it counts with the small ones
                let_go()
                hold(len(data))
            await self.app(scope, _replayed(data, body.receive), noted)
        finally:
            self._held -= held
            let_go()


class _Body:
    """A request's body, counted and timed while it is received."""

    def __init__(self, receive: Receive, route: Route, announced: float, free: Callable[[], float]):
        self.route, self._receive, self._announced, self._free = route, receive, announced, free
        self._taken, self._checked, self._start = 0, 0, time.monotonic()
        self._over = False

    async def receive(self) -> Message:
        if self._over:  # what comes then is that the client has gone, whenever that is
            return await self._receive()
        patience = SETTINGS.chunk_seconds + self._taken / SETTINGS.slowest_bytes
        left = self._start + patience - time.monotonic()
        try:
            async with asyncio.timeout(min(max(left, 0), SETTINGS.chunk_seconds)):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, TOO_SLOW) from None
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self._over = not message.get("more_body", False)
            self._check()
        return message

    def _check(self) -> None:
        if self._taken > self.route.body:
            raise Refused(413, TOO_LARGE)
        # At the beginning for what was announced, and again for every ten megabytes.
        if self.route.kind == "upload" and (self._taken >= self._checked):
            self._checked = self._taken + 10_000_000
            if self._free() < max(self._announced - self._taken, 0):
                raise Refused(507, DISK_FULL)

    async def read(self, hold: Callable[[int], None]) -> bytes:
        """The whole body; `hold` is told of every part, and may refuse it."""
        parts = []
        while not self._over:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, NOT_UNDERSTOOD)
            part = message.get("body", b"")
            hold(len(part))
            parts.append(part)
        return b"".join(parts)


def items(data: bytes) -> int:
    """At most how many values and containers a JSON text has; strings that hold brackets count too."""
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _replayed(data: bytes, then: Receive) -> Receive:
    """A body that has been read, given once; then whatever comes."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await then()
        given = True
        return {"type": "http.request", "body": data, "more_body": False}

    return receive
