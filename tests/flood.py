"""One hostile client of a page on this machine, until it is stopped: whatever one address can ask for.

python -m tests.flood http://127.0.0.1:7860

Large photos into the queue and as batches, page loads, bodies that are refused, empty sessions, connections
that are left open. It yields the processor to everybody else, as an attacker's would be on another machine.
"""

import io
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

import httpx
from PIL import Image

from tests.helpers.visitor import Visitor

SOURCE = "127.0.0.66"
THREADS = 3  # of each kind
SECONDS = 1800  # after which it ends by itself
BEGUN = Event()


def large_photo() -> bytes:
    """A grey PNG of 25 megapixels."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((5000, 5000)).save(data, "PNG", compress_level=1)
    return data.getvalue()


def queue_photos(visitor: Visitor) -> None:
    """Puts a large photo into the queue, as often as it is taken."""
    large = visitor.upload("large.png", large_photo())
    BEGUN.set()
    for _ in range(100):
        visitor.http.post("/gradio_api/call/colorize", json={"data": [large, 1.0, 1024]})


def queue_batches(visitor: Visitor) -> None:
    """Starts batches of fifty large photos."""
    large = visitor.upload("large.png", large_photo())
    for _ in range(100):
        visitor.http.post(
            "/gradio_api/queue/join",
            json={
                "data": [[large] * 50, 1, None],
                "fn_index": visitor.function("color_photos"),
                "session_hash": f"{random.getrandbits(60):x}",
            },
        )


def load_pages(visitor: Visitor) -> None:
    """Opens the page."""
    visitor.http.get("/")


def send_much(visitor: Visitor) -> None:
    """Sends what is refused after it was read."""
    visitor.http.post("/gradio_api/queue/join", content=b"[" + b"[]," * 300_000 + b"[]]")


def send_photos(visitor: Visitor) -> None:
    """Fills the disk."""
    visitor.http.post("/gradio_api/upload", files={"files": ("noise", os.urandom(20_000_000))})


def hold_connections(visitor: Visitor) -> None:
    """Keeps connections open without a request."""
    held = []
    for _ in range(100):
        one = socket.create_connection(
            (visitor.http.base_url.host, visitor.http.base_url.port), 5, (SOURCE, 0)
        )
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        held.append(one)
    time.sleep(5)
    for one in held:
        one.close()


def repeat(what: Callable[[Visitor], None], address: str) -> None:
    """Does it again and again, whatever the answer."""
    while True:
        with suppress(httpx.HTTPError, OSError, KeyError), Visitor(address, SOURCE, timeout=30) as visitor:
            while True:
                what(visitor)


def main() -> None:
    """Floods the page that the command line names."""
    address = sys.argv[1]
    if not address.startswith("http://127."):
        sys.exit(f"Only a page on this machine is flooded. Received: {address}")
    if hasattr(os, "nice"):
        os.nice(19)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for what in (queue_photos, queue_batches, load_pages, send_much, send_photos, hold_connections):
        for _ in range(THREADS):
            Thread(target=repeat, args=(what, address), daemon=True).start()
    BEGUN.wait()
    print("The flood has begun.", flush=True)
    time.sleep(SECONDS)


if __name__ == "__main__":
    main()
