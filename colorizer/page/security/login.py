"""The password in front of the page: what is served without it, and a pause after wrong ones.

Gradio asks for the password on its own routes, but not on that of the Model Context Protocol, and lets
anybody try hundreds of passwords a second. Here everything but the login itself needs a login, and ten wrong
passwords from one address end its tries for a quarter of an hour. A program that speaks the Model Context
Protocol sends name and password in the header `Authorization: Basic …`, as its users configure it.
"""

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorizer.page.security.addresses import address_of
from colorizer.page.security.routes import ROUTE, Route
from colorizer.page.settings import SETTINGS

PLEASE_LOG_IN = "Please log in."
WAIT = "There were too many wrong passwords from your address. Please wait a quarter of an hour."
LOGIN = "/login"


class Failures:
    """Wrong passwords of each address within the waiting time.

    A try counts as wrong until it has turned out right, so that many at once are no way round.
    """

    def __init__(self, most: int = SETTINGS.failed_logins, seconds: float = SETTINGS.login_wait_seconds):
        self.most, self.seconds = most, seconds
        self._times: dict[str, list[float]] = {}

    def add(self, address: str) -> None:
        """Notes a try."""
        now = time.monotonic()
        self._times.setdefault(address, []).append(now)
        self._times = {who: times for who, times in self._times.items() if times[-1] > now - self.seconds}

    def forgive(self, address: str) -> None:
        """Notes that a try was right after all."""
        self._times[address].pop()
        if not self._times[address]:
            del self._times[address]

    def too_many(self, address: str) -> bool:
        """Whether an address has to wait."""
        end = time.monotonic() - self.seconds
        return sum(when > end for when in self._times.get(address, ())) >= self.most


class Login:
    """Wraps the server: without a login, only the login is served."""

    def __init__(
        self,
        app: ASGIApp,
        credentials: tuple[str, str] | None,
        user_of: Callable[[Scope, dict[str, str]], str | None],
    ):
        """Wraps `app`.

        Args:
            app: the server.
            credentials: name and password, or None if everybody may come in.
            user_of: tells from a request's scope and cookies who has logged in.
        """
        self.app, self.credentials, self.user_of = app, credentials, user_of
        self.failures = Failures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what a visitor may have."""
        if self.credentials is None or scope["type"] != "http" or ROUTE not in scope:
            await self.app(scope, receive, send)
            return
        route: Route = scope[ROUTE]
        address = address_of(scope["client"][0] if scope.get("client") else None)
        headers = Headers(scope=scope)
        basic = headers.get("authorization")
        tries = route.pattern.fullmatch(LOGIN) is not None or basic is not None
        if tries and self.failures.too_many(address):
            await _answer(429, WAIT)(scope, receive, send)
        elif tries:
            self.failures.add(address)
            await self._try(address, basic, scope, receive, send)
        elif route.public or self.user_of(scope, cookie_parser(headers.get("cookie", ""))):
            await self.app(scope, receive, send)
        else:
            await _answer(401, PLEASE_LOG_IN)(scope, receive, send)

    async def _try(self, address: str, basic: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        if basic is None:  # Gradio's login compares the password

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    if message["status"] < 400:
                        self.failures.forgive(address)
                    else:
                        await asyncio.sleep(SETTINGS.login_delay_seconds)
                await send(message)

            await self.app(scope, receive, noted)
        elif self._is_right(basic):
            self.failures.forgive(address)
            await self.app(scope, receive, send)
        else:
            await asyncio.sleep(SETTINGS.login_delay_seconds)
            await _answer(401, PLEASE_LOG_IN)(scope, receive, send)

    def _is_right(self, header: str) -> bool:
        scheme, _, text = header.partition(" ")
        try:
            given = base64.b64decode(text, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            given = b""
        return secrets.compare_digest(given, ":".join(self.credentials or ()).encode())


def _answer(status: int, message: str) -> JSONResponse:
    return JSONResponse({"detail": message}, status)
