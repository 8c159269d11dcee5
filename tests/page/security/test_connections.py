"""How many connections the server holds, how long it waits on them, and how many files it may open."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from colorizer.page.security.connections import Connections, limited_protocol
from tests.helpers.paths import ROOT

WAIT = 0.3  # seconds for headers
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def hello(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@contextmanager
def serving(header_seconds: float) -> Iterator[int]:
    """A server that takes three connections of an address other than 127.0.0.1; gives its port."""
    http = limited_protocol(Connections(most=5, most_per_address=3), header_seconds=header_seconds)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(hello, http=http, ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def port() -> Iterator[int]:
    """A server that waits for headers only a moment."""
    with serving(WAIT) as port:
        yield port


@pytest.fixture
def patient() -> Iterator[int]:
    """A server that closes no connection because its headers are late."""
    with serving(header_seconds=600) as port:
        yield port


def connect(port: int, source: str = "127.0.0.5") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))


def is_open(one: socket.socket) -> bool:
    one.settimeout(0.3)
    try:
        return one.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def ask(one: socket.socket) -> bytes:
    """The body of the answer to a request."""
    one.sendall(REQUEST + b"\r\n")
    answer = b""
    while not answer.endswith(b"hello") and (more := one.recv(1000)):
        answer += more
    return answer.rpartition(b"\r\n")[2]


@pytest.mark.parametrize("sent", [b"", REQUEST, REQUEST + b"X: "], ids=["nothing", "a part", "half a line"])
def test_whose_headers_do_not_come_is_closed_after_a_while(port, sent):
    with connect(port) as one:
        one.sendall(sent)
        start = time.monotonic()
        assert one.recv(1) == b""
        assert WAIT / 2 < time.monotonic() - start < WAIT + 5


def test_headers_that_come_byte_by_byte_do_not_make_it_wait_longer(port):
    with connect(port) as one, pytest.raises(ConnectionError):
        for _ in range(100):
            one.sendall(b"X")
            time.sleep(WAIT / 10)
            if not is_open(one):
                raise ConnectionError


def test_a_visitor_who_reads_what_he_was_sent_may_ask_again_later(port):
    with connect(port) as one:
        for _ in range(2):
            assert ask(one) == b"hello"
            time.sleep(2 * WAIT)


def test_an_address_has_so_many_connections_and_all_together_have_so_many(patient):
    def opened(count: int, source: str) -> list[socket.socket]:
        return [connect(patient, source) for _ in range(count)]

    ones = opened(5, "127.0.0.5")
    assert [is_open(one) for one in ones] == [True] * 3 + [False] * 2
    others = opened(3, "127.0.0.6")
    assert [is_open(one) for one in others] == [True] * 2 + [False]
    for one in ones + others:
        one.close()
    time.sleep(0.2)
    with connect(patient) as one:
        assert ask(one) == b"hello"


def test_the_page_opens_as_many_files_as_the_system_allows():
    pytest.importorskip("resource")
    code = (
        "import resource; from colorizer.page.security.process import raise_file_limit; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4000)); "
        "print(raise_file_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4000", "4000", "4000"]
