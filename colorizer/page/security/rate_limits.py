"""How much one address may ask for: requests a second, uploads at once, bytes on the disk.

A request beyond the rate is answered after a second, so that whoever floods the page waits on his own
connections, of which he has only so many. Addresses of this machine itself are not limited: tunnels bring all
their visitors from there (see `addresses.py`).
"""

import asyncio
import time
from collections import Counter, deque

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorizer.page.security.addresses import address_of, is_limited
from colorizer.page.security.routes import ROUTE, Route
from colorizer.page.settings import SETTINGS

TOO_FAST = "There are too many requests from your address. Please wait a moment."
TOO_MANY_UPLOADS = "There are several uploads from your address already. Please wait until they are done."
TOO_MUCH_STORED = "Many photos came from your address this hour, and no more are accepted. Please wait."
PAUSE_SECONDS = 1.0
MOST_ADDRESSES = 50_000  # that are remembered


class TokenBuckets:
    """Lets every key act `rate` times a second in the long run, and `burst` times at once."""

    def __init__(self, rate: float, burst: float):
        self.rate, self.burst = rate, burst
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def take(self, key: str, cost: float = 1) -> bool:
        """Whether a key may act now; some acts count for several."""
        now = time.monotonic()
        tokens, since = self._buckets.get(key, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        allowed = tokens >= min(cost, self.burst)
        self._buckets[key] = (tokens - (cost if allowed else 0), now)
        if len(self._buckets) > MOST_ADDRESSES:
            full = self.burst / self.rate  # seconds after which a bucket is full again
            self._buckets = {k: b for k, b in self._buckets.items() if now - b[1] < full}
        return allowed


class Stored:
    """Bytes that each address has sent within the time that they are kept."""

    def __init__(self, most: float, seconds: float):
        self.most, self.seconds = most, seconds
        self._sent: deque[tuple[float, str, int]] = deque()
        self._total: Counter[str] = Counter()

    def add(self, address: str, count: int) -> None:
        """Notes that so many bytes were stored."""
        self._sent.append((time.monotonic(), address, count))
        self._total[address] += count

    def full(self, address: str) -> bool:
        """Whether an address has sent as much as it may."""
        end = time.monotonic() - self.seconds
        while self._sent and self._sent[0][0] < end:
            _, who, count = self._sent.popleft()
            self._total[who] -= count
            if self._total[who] <= 0:
                del self._total[who]
        return self._total[address] >= self.most


class RateLimits:
    """Wraps the server: whoever asks too often or sends too much is told to wait."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self._requests = TokenBuckets(SETTINGS.requests_per_second, SETTINGS.request_burst)
        self._assets = TokenBuckets(SETTINGS.asset_requests_per_second, SETTINGS.asset_burst)
        self._stored = Stored(SETTINGS.bytes_per_hour, SETTINGS.keep_seconds)
        self._uploads: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is within the limits."""
        address = address_of(scope["client"][0] if scope.get("client") else None)
        if scope["type"] != "http" or ROUTE not in scope or not is_limited(address):
            await self.app(scope, receive, send)
            return
        route: Route = scope[ROUTE]
        buckets = self._assets if route.asset else self._requests
        if not buckets.take(address, route.cost + _body_cost(scope, route)):
            await _refuse(TOO_FAST, scope, receive, send)
        elif route.kind == "upload":
            await self._upload(address, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._uploads[address] >= SETTINGS.uploads_at_once:
            await _refuse(TOO_MANY_UPLOADS, scope, receive, send)
            return
        if self._stored.full(address):
            await _refuse(TOO_MUCH_STORED, scope, receive, send)
            return

        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            return message

        self._uploads[address] += 1
        try:
            await self.app(scope, counted, send)
        finally:
            self._stored.add(address, count)
            self._uploads[address] -= 1
            if not self._uploads[address]:
                del self._uploads[address]


def _body_cost(scope: Scope, route: Route) -> float:
    """What reading a message costs. Photos are limited by their bytes, and by how many are read at once."""
    length = Headers(scope=scope).get("content-length", "")
    announced = int(length) if length.isdecimal() and len(length) < 20 else 0
    return min(announced, SETTINGS.json_bytes) / SETTINGS.bytes_per_request if route.kind == "json" else 0


async def _refuse(message: str, scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    headers = {"retry-after": "5", "connection": "close"}
    await PlainTextResponse(message, 429, headers)(scope, receive, send)
