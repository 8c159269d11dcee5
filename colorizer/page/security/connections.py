"""How many connections the server holds, and how long it waits for a request on them.

    uvicorn.Config(app, http=limited_protocol(Connections()))

uvicorn waits for headers as long as a client likes, and accepts as many connections as there are file
descriptors; with none left, the page can no longer read its own files. Here a connection beyond the limits is
closed at once, without a line in the log, and one whose headers do not come is closed after some seconds.
"""

import asyncio
from collections import Counter

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from colorizer.page.security.addresses import address_of
from colorizer.page.settings import SETTINGS


class Connections:
    """The connections that are open, counted by the address at their other end."""

    def __init__(
        self,
        most: int = SETTINGS.connections,
        most_per_address: int = SETTINGS.connections_per_address,
        proxies: frozenset[str] = frozenset({"127.0.0.1", "::1"}),
    ):
        """Takes the limits; proxies, through which many visitors come, have none of their own."""
        self.most, self.most_per_address, self.proxies = most, most_per_address, proxies
        self._open: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Counts one more, or not if there are too many."""
        limited = address not in self.proxies
        if self._open.total() >= self.most or (limited and self._open[address] >= self.most_per_address):
            return False
        self._open[address] += 1
        return True

    def give_back(self, address: str) -> None:
        """Counts one less."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


def limited_protocol(
    connections: Connections, header_seconds: float = SETTINGS.header_seconds
) -> type[H11Protocol]:
    """The HTTP protocol of uvicorn with these limits."""

    class LimitedProtocol(H11Protocol):
        _address: str | None = None  # None if the connection was refused
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            peer = transport.get_extra_info("peername")
            address = address_of(peer[0] if peer else None)
            if not connections.take(address):
                transport.abort()
                return
            self._address = address
            super().connection_made(transport)
            self._wait_for_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._address is None:
                return
            connections.give_back(self._address)
            self._stop_waiting()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._address is None:
                return
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:  # the headers are complete, or wrong
                self._stop_waiting()
            elif self._timer is None and self.conn.trailing_data[0]:
                self._wait_for_headers()

        def eof_received(self) -> None:
            if self._address is not None:
                super().eof_received()

        def _wait_for_headers(self) -> None:
            self._timer = self.loop.call_later(header_seconds, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return LimitedProtocol
