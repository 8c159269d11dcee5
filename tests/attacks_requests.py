"""Attacks with requests: their size, shape, speed and number, and their headers."""

import os
import random
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from colorizer.page.settings import SETTINGS
from tests.attack import Target, attack, require
from tests.load import photo

MB = 1_000_000
EVIL = "evil.example"


def grown(page: Target, before: float) -> str:
    """How much memory grew; refuses much."""
    more = page.memory() - before
    require(more < 250e6, f"memory grew by {more / 1e6:.0f} MB")
    return f"memory grew by {more / 1e6:.0f} MB"


def post(visitor, route: str, content, kind: str = "application/json") -> int:
    """The status of the answer to a body; 413 if the connection is closed while it is sent."""
    try:
        return visitor.http.post(route, content=content, headers={"content-type": kind}).status_code
    except httpx.TransportError:
        return 413


def begun_uploads(files: set[Path]) -> list[Path]:
    """Those that uploads called `a` or `a.jpg` have left; other visitors' results may come meanwhile."""
    return [path for path in files if path.stem == "a" or path.name.startswith("tmp")]


def chunks(data: bytes, count: int) -> Iterator[bytes]:
    """A body whose length is not announced."""
    for _ in range(count):
        yield data


@attack()
def json_bombs(page: Target) -> str:
    before = page.memory()
    head, tail = b'{"session_hash":"x","fn_index":3,"data":[', b"[]]}"
    with page.hostile() as visitor:
        for route in ("queue/join", "call/colorize", "call/v2/colorize", "cancel", "reset"):
            for size in (50 * MB, 900_000):
                body = head + b"[]," * (size // 3) + tail
                status = post(visitor, f"/gradio_api/{route}", body)
                require(status == 413, f"{route} with {size} bytes: {status}")
            deep = b"[" * 500_000
            require(post(visitor, f"/gradio_api/{route}", deep) == 413, f"{route}, deep")
            require(post(visitor, f"/gradio_api/{route}", b"[" * 19_000) in (400, 422), f"{route}, less deep")
        for name in ("session_hash", "event_data", "trigger_id"):
            body = {"data": [], "fn_index": visitor.function("colorize"), "session_hash": "y"}
            answer = visitor.http.post("/gradio_api/queue/join", json={**body, name: "x" * 900_000})
            require(answer.status_code in (400, 422, 200), f"{name}: {answer.status_code}")
            require(len(answer.text) < 1000, f"{name} is sent back")
    return f"refused; {grown(page, before)}"


@attack()
def chunked_bodies(page: Target) -> str:
    before, before_files = page.memory(), page.files()
    with page.hostile() as visitor:
        for route in ("/gradio_api/queue/join", "/gradio_api/call/colorize", "/login"):
            status = post(visitor, route, chunks(b" " * 100_000, 500))
            require(status == 413, f"{route}: {status}")
        boundary = "multipart/form-data; boundary=x"
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'

        def large() -> Iterator[bytes]:
            yield head
            yield from chunks(bytes(MB), 100)

        status = post(visitor, "/gradio_api/upload", large(), boundary)
        require(status == 413, f"a file of 100 MB: {status}")
    left = begun_uploads(page.files() - before_files)
    require(not left, f"left on the disk: {left}")
    return f"refused, nothing left on the disk; {grown(page, before)}"


@attack()
def uploads_of_anything(page: Target) -> str:
    before, kind = page.memory(), "multipart/form-data; boundary=x"
    text = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"y" * (30 * MB) + b"\r\n--x--\r\n"
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nz\r\n'
    field = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nz\r\n'
    header = b"--x\r\nContent-Disposition: form-data; " + b"a" * (5 * MB) + b"\r\n\r\n"
    before_files = page.files()
    with page.hostile() as visitor:
        for name, body in (
            ("text", text),
            ("parts", part * 5000),
            ("fields", field * 5000),
            ("header", header),
        ):
            status = post(visitor, "/gradio_api/upload", body, kind)
            require(status in (400, 413), f"{name}: {status}")
        with socket.create_connection(("127.0.0.1", page.port), source_address=(page.attacker, 0)) as raw:
            raw.sendall(
                b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + kind.encode()
                + b"\r\nContent-Length: 900000000000\r\n\r\n"
            )  # fmt: skip
            require(b" 413 " in raw.recv(1000), "900 GB were not refused at once")
        announced = f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        with socket.create_connection(("127.0.0.1", page.port), source_address=(page.attacker, 0)) as raw:
            raw.sendall(announced.encode() + b"Content-Length: 40000000\r\n\r\n" + part[:-4] + bytes(20 * MB))
        time.sleep(1)
    left = begun_uploads(page.files() - before_files)
    require(not left, f"left of uploads that broke off: {left}")
    return f"refused, nothing left on the disk; {grown(page, before)}"


@attack()
def half_a_multipart_parser(page: Target) -> str:
    """Bytes that look like boundaries, which a parser written in Python takes one by one."""
    kind = f"multipart/form-data; boundary={'x' * 60}"
    head = b"--" + b"x" * 60 + b'\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    body = head + b"\r\n--xxxx" * (20 * MB // 8)
    with page.hostile() as visitor, page.honest() as other, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(post, visitor, "/gradio_api/upload", body, kind)
        worst = 0.0
        while not sent.done():
            start = time.monotonic()
            other.http.get("/gradio_api/app_id").raise_for_status()
            worst = max(worst, time.monotonic() - start)
    require(worst < 2, f"another visitor waited {worst:.1f} s")
    return f"another visitor waits {worst:.2f} s at most meanwhile"


@attack()
def nonsense_on_the_line(page: Target) -> str:
    generator = random.Random(1)
    before = len(page.log)
    for number in range(1500):
        with socket.create_connection(("127.0.0.1", page.port), source_address=(page.attacker, 0)) as raw:
            junk = generator.randbytes(200) if number % 2 else b"GET / HTTP/9.9\r\n\x00: \r\n\r\n"
            raw.sendall(junk)
    time.sleep(1)  # until all of them are closed
    with page.hostile() as visitor:
        for _ in range(50):
            upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-key": "x"}
            answer = visitor.http.get("/gradio_api/queue/join", headers=upgrade)
            require(answer.status_code >= 400, f"web socket: {answer.status_code}")
    written = len(page.log) - before
    require(written < 20_000, f"the log grew by {written} bytes")
    return f"the log grew by {written} bytes"


@attack()
def names_of_other_servers(page: Target) -> str:
    with page.hostile() as visitor, page.honest() as other:
        for host in (
            EVIL,
            f"{EVIL}:7860",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "0x7f.1",
            "a b",
        ):
            answer = visitor.http.get("/", headers={"host": host})
            require(answer.status_code in (400, 421), f"Host {host!r}: {answer.status_code}")
        for origin in (
            f"http://{EVIL}",
            "null",
            "http://127.0.0.1:1",
            "http://6.6.6.6",
            "http://localhost:1",
        ):
            answer = visitor.http.post("/gradio_api/reset", json={}, headers={"origin": origin})
            require(answer.status_code == 403, f"Origin {origin}: {answer.status_code}")
        for header in ({"x-forwarded-host": EVIL}, {"host": "6.6.6.6"}, {"forwarded": f"host={EVIL}"},
                       {"x-forwarded-host": "6.6.6.6", "x-forwarded-proto": "https"},
                       {"x-gradio-server": f"http://{EVIL}"}):  # fmt: skip
            for path in ("/gradio_api/info", "/config", "/", "/gradio_api/info?all_endpoints=1"):
                own = visitor.http.get(path, headers=header)
                require(own.status_code == 421 or EVIL not in own.text, f"{path} believes {header}")
        for path in ("/gradio_api/info", "/config", "/", "/gradio_api/info?all_endpoints=1"):
            seen = other.http.get(path).text
            require(EVIL not in seen and "6.6.6.6" not in seen, f"{path} shows others the attacker's name")
        answer = other.http.get("/").headers
        require(answer["x-content-type-options"] == "nosniff", "no nosniff")
        require("frame-ancestors 'self'" in answer["content-security-policy"], "it may be framed")
        require(answer["referrer-policy"] == "same-origin", "addresses of photos leave as referrer")
    return "refused, and nobody else is shown them"


@attack(slow=True)
def slow_headers(page: Target) -> str:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    open_ones, before = [], len(page.log)
    try:
        for number in range(2000):
            one = socket.socket()
            one.bind((f"127.0.1.{number % 200 + 1}", 0))
            one.settimeout(5)
            one.connect(("127.0.0.1", page.port))
            one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            open_ones.append(one)
        descriptors = len(os.listdir(f"/proc/{page.process}/fd"))
        time.sleep(SETTINGS.header_seconds + 3)
        left = len(os.listdir(f"/proc/{page.process}/fd"))
        with page.honest() as visitor:
            visitor.color("honest.jpg", photo(1))
    finally:
        for one in open_ones:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    written = len(page.log) - before
    require(left < 100, f"{left} descriptors are open after the time-out")
    require(written < 20_000, f"the log grew by {written} bytes")
    return f"2,000 connections: {descriptors} descriptors, {left} after the time-out; log: {written} bytes"


@attack()
def connections_of_one(page: Target) -> str:
    open_ones = []
    try:
        for _ in range(400):
            one = socket.create_connection(("127.0.0.1", page.port), source_address=(page.attacker, 0))
            one.sendall(b"GET /config HTTP/1.1\r\nHost: localhost\r\nX: ")
            open_ones.append(one)
        for _ in range(50):  # until the surplus is closed
            time.sleep(0.1)
            descriptors = len(os.listdir(f"/proc/{page.process}/fd"))
            if descriptors < 250:
                break
        with page.honest() as visitor:
            visitor.color("honest.jpg", photo(1))
    finally:
        for one in open_ones:
            one.close()
    require(descriptors < 250, f"{descriptors} descriptors")
    return f"of 400 connections {descriptors} descriptors are open; another visitor is served"


@attack(slow=True)
def slow_bodies(page: Target) -> str:
    head = (
        b"POST /gradio_api/%s HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: %s\r\nContent-Length: 500000\r\n\r\n"
    )
    open_ones = []
    for route, kind in (
        (b"queue/join", b"application/json"),
        (b"upload", b"multipart/form-data; boundary=x"),
    ):
        for _ in range(20):
            one = socket.create_connection(("127.0.0.1", page.port), source_address=(page.attacker, 0))
            one.sendall(head % (route, kind) + (b"[" if route == b"queue/join" else b"--x\r\n"))
            open_ones.append(one)
    time.sleep(SETTINGS.chunk_seconds + 5)
    answers = set()
    for one in open_ones:
        one.settimeout(5)
        answers.add(one.recv(100)[:12])
        one.close()
    allowed = {b"HTTP/1.1 408", b"HTTP/1.1 429", b""}  # given up, too many at once, closed
    require(answers <= allowed, f"{answers}")
    return f"given up after {SETTINGS.chunk_seconds:g} s: {sorted(answers)}"


@attack()
def a_flood_of_requests(page: Target) -> str:
    with page.hostile() as visitor, page.honest() as other, ThreadPoolExecutor(20) as pool:
        start = time.monotonic()
        answers = [pool.submit(lambda: visitor.http.get("/config").status_code) for _ in range(200)]
        waits = []
        while not all(answer.done() for answer in answers):
            asked = time.monotonic()
            other.http.get("/gradio_api/app_id").raise_for_status()
            waits.append(time.monotonic() - asked)
            time.sleep(0.1)
        statuses = [answer.result() for answer in answers]
        took = time.monotonic() - start
    refused = statuses.count(429)
    require(set(statuses) <= {200, 429} and refused > 100, f"{refused} refused of 200")
    require(max(waits) < 3, f"another visitor waited {max(waits):.1f} s")
    return f"{refused} of 200 refused in {took:.0f} s; another visitor waited {max(waits):.2f} s at most"
