"""What one address may ask for, and what one request may bring."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from colorizer.page.error_messages import DISK_FULL
from colorizer.page.security import body_limits, login, rate_limits
from colorizer.page.security.addresses import address_of, is_limited, owner_of
from colorizer.page.security.body_limits import BUSY, BodyLimits, items
from colorizer.page.security.connections import Connections
from colorizer.page.security.login import Failures
from colorizer.page.security.rate_limits import Stored, TokenBuckets
from colorizer.page.security.routes import ROUTE, route_of
from colorizer.page.settings import SETTINGS
from tests.helpers.clock import Clock
from tests.helpers.page import serving


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch, body_limits, login, rate_limits)


# --- addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::1", "::1"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_household_has_one_address(host, address):
    assert address_of(host) == address


def test_only_this_machine_has_no_limits_and_is_told_apart_by_sessions():
    assert not is_limited(address_of("127.0.0.1"))
    assert is_limited(address_of("203.0.113.7")) and is_limited("unknown")
    assert owner_of("203.0.113.7", "a") == owner_of("203.0.113.7", "b")
    assert owner_of("127.0.0.1", "a") != owner_of("127.0.0.1", "b")


# --- rates ---------------------------------------------------------------------------------------------


def test_a_burst_is_allowed_and_then_so_many_a_second(clock):
    buckets = TokenBuckets(rate=2, burst=5)
    assert [buckets.take("ann") for _ in range(7)] == [True] * 5 + [False] * 2
    assert buckets.take("bob")
    clock.now += 1
    assert [buckets.take("ann") for _ in range(3)] == [True, True, False]
    clock.now += 2
    assert [buckets.take("ann", cost=3) for _ in range(2)] == [True, False]


def test_bytes_count_for_as_long_as_they_are_kept(clock):
    stored = Stored(most=100, seconds=60)
    stored.add("ann", 60)
    assert not stored.full("ann")
    clock.now += 30
    stored.add("ann", 60)
    assert stored.full("ann") and not stored.full("bob")
    clock.now += 40
    assert not stored.full("ann")


def test_wrong_passwords_are_forgotten_after_a_while_and_right_ones_at_once(clock):
    failures = Failures(most=2, seconds=60)
    failures.add("ann")
    failures.add("ann")
    failures.forgive("ann")
    assert not failures.too_many("ann")
    failures.add("ann")
    assert failures.too_many("ann") and not failures.too_many("bob")
    clock.now += 61
    assert not failures.too_many("ann")


def test_connections_are_limited_in_all_and_for_each_address_but_a_proxys():
    connections = Connections(most=10, most_per_address=3, proxies=frozenset({"10.0.0.1"}))
    assert [connections.take("ann") for _ in range(4)] == [True] * 3 + [False]
    connections.give_back("ann")
    assert connections.take("ann")
    assert [connections.take("10.0.0.1") for _ in range(8)] == [True] * 7 + [False]


def test_who_comes_through_a_proxy_is_limited_by_the_address_that_the_proxy_names(
    tiny_colorizer, monkeypatch
):
    monkeypatch.setattr(rate_limits, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(rate_limits, "SETTINGS", replace(SETTINGS, request_burst=5, requests_per_second=0.01))
    with serving(tiny_colorizer) as address, httpx.Client(base_url=address) as proxy:

        def ask(forwarded: str) -> int:
            headers = {"x-forwarded-for": forwarded}
            return proxy.get("/gradio_api/app_id", headers=headers).status_code

        assert [ask("198.51.100.7") for _ in range(6)] == [200] * 5 + [429]
        assert ask("203.0.113.9, 198.51.100.7") == 429  # what a visitor writes himself does not count
        assert ask("198.51.100.8") == 200


# --- bodies --------------------------------------------------------------------------------------------


def answer(
    route: str, messages: list[dict], wait: float = 0, limits: BodyLimits | None = None, **options
) -> tuple[int, str, list]:
    """What a request with a body in parts is answered with, and what the server got of it."""
    got, sent, left = [], [], list(messages)

    async def server(scope, receive, send) -> None:
        while True:
            message = await receive()
            got.append(message)
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def receive() -> dict:
        await asyncio.sleep(wait)
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": route, "headers": options.pop("headers", []),
        "client": ("203.0.113.7", 1), ROUTE: route_of("POST", route),
    }  # fmt: skip
    request = (limits or BodyLimits(server, **options))(scope, receive, send)
    with ThreadPoolExecutor() as pool:  # the browser's tests have an event loop running in this thread
        pool.submit(asyncio.run, request).result()
    return sent[0]["status"], sent[1]["body"].decode(), got


def part(data: bytes, more: bool = True) -> dict:
    return {"type": "http.request", "body": data, "more_body": more}


JSON, UPLOAD, MCP = "/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/mcp/"


def test_json_comes_to_the_server_whole():
    status, _, got = answer(JSON, [part(b'{"a":'), part(b"[1]}", False)])
    assert (status, got) == (200, [part(b'{"a":[1]}', False)])


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"2000000")], [(b"content-length", b"-1")]])
def test_too_much_json_never_reaches_the_server(headers):
    status, text, got = answer(JSON, [part(b" " * 600_000), part(b" " * 600_000)], headers=headers)
    assert (status, got) == (413, [])
    assert "too much for one request" in text


def test_json_of_many_values_never_reaches_the_server():
    assert answer(JSON, [part(b"[" + b"[]," * 20_000 + b"[]]", False)])[0] == 413
    assert items(b'{"a": [1, 2, {"b": "c,[{"}]}') == 8


def test_what_all_addresses_send_at_once_is_limited_and_counts_until_it_is_answered(monkeypatch):
    monkeypatch.setattr(body_limits, "SETTINGS", replace(SETTINGS, json_bytes_at_once=100))
    inner = []

    async def server(scope, receive, send) -> None:
        inner.append(await asyncio.to_thread(answer, JSON, [part(b" " * 60, False)], limits=limits))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    limits = BodyLimits(server)
    for _ in range(2):
        assert answer(JSON, [part(b" " * 60, False)], limits=limits)[0] == 200
    assert [(status, text) for status, text, _ in inner] == [(503, BUSY)] * 2


@pytest.mark.parametrize(("size", "meanwhile"), [(1000, 200), (3_000_000, 429)], ids=["small", "large"])
def test_one_large_message_of_a_language_model_at_a_time_and_the_next_when_it_is_answered(size, meanwhile):
    inner = []

    async def server(scope, receive, send) -> None:
        if not inner:
            for answered in (False, True):
                inner.append(None)  # only the first message sends others
                other = await asyncio.to_thread(answer, MCP, [part(b" " * size, False)], limits=limits)
                inner[-1] = other[0]
                if not answered:
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                    await send({"type": "http.response.body", "body": b"done"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})

    limits = BodyLimits(server)
    assert answer(MCP, [part(b" " * size, False)], limits=limits)[0] == 200
    assert inner == [meanwhile, 200]


def test_a_body_that_stops_coming_is_given_up(monkeypatch):
    monkeypatch.setattr(body_limits, "SETTINGS", replace(SETTINGS, chunk_seconds=0.05))
    assert answer(JSON, [part(b"{")], wait=0.2)[0] == 408
    assert answer(UPLOAD, [part(b"x")], wait=0.2)[0] == 408


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(body_limits, "SETTINGS", replace(SETTINGS, chunk_seconds=0.2))
    assert answer(UPLOAD, [part(b"x")] * 100, wait=0.05)[0] == 408


def test_uploads_leave_room_on_the_disk():
    length = [(b"content-length", b"1000")]
    assert answer(UPLOAD, [part(b"x" * 1000, False)], headers=length, free=lambda: 1000)[0] == 200
    status, text, got = answer(UPLOAD, [part(b"x" * 1000, False)], headers=length, free=lambda: -1)
    assert (status, text, got) == (507, DISK_FULL, [])


def test_what_comes_without_a_length_is_stopped_when_the_disk_fills():
    room = iter([100e6, 50e6, -1])
    status, _, got = answer(UPLOAD, [part(bytes(6_000_000))] * 20, free=lambda: next(room))
    assert status == 507
    assert len(got) < 8
