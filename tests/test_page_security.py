"""What the page's server gives to strangers, and what it does for them: only their photos, and no errands."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest
from conftest import Counting, serving
from gradio import processing_utils, route_utils

import app
from colorizer.limits import Limits
from page.safety import BUSY, NO_ERRANDS, would_fetch

ROOT = Path(__file__).resolve().parent.parent
# A public address that nothing may ask. The tests would notice before it did.
ELSEWHERE = "http://photos.example.com/grandma.jpg"
ROUTES = ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"]
EVIL = ["../../../tmp/evil.png", "/etc/evil.png", "..\\evil.png", "a/../../evil.png"]


@pytest.fixture(scope="module")
def server(tiny_colorizer) -> Iterator[httpx.Client]:
    """A client of the page around the tiny network, with its MCP tool."""
    with serving(tiny_colorizer, mcp_server=True) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def errands(monkeypatch) -> list[str]:
    """What Gradio was about to fetch."""
    asked = []

    async def note(url: str):
        asked.append(url)
        raise ValueError("not from a test")

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", note)
    monkeypatch.setattr(route_utils.safehttpx, "async_validate_url", note)
    return asked


def ask(client: httpx.Client, photo: dict) -> str:
    """Calls the public endpoint; returns what it streams back."""
    photo = {**photo, "meta": {"_type": "gradio.FileData"}}
    answer = client.post("/gradio_api/call/colorize", json={"data": [photo, 1.0, 64]})
    assert answer.status_code == 200, answer.text
    event = answer.json()["event_id"]
    return client.get(f"/gradio_api/call/colorize/{event}", timeout=60).text


# --- the file route ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/environ",
        "../../../../etc/passwd",
        "/tmp/../etc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "file:///etc/passwd",
        "~/.ssh/id_rsa",
        str(ROOT / "app.py"),
        str(ROOT / ".git" / "config"),
        "app.py",
        "weights/colorizer.weights.h5",
        ".git/config",
        str(Path(__file__)),
    ],
)
@pytest.mark.parametrize(
    "route", ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"]
)
def test_no_file_of_the_machine_can_be_had(server, route, path):
    answer = server.get(route + path)
    assert answer.status_code in (307, 400, 403, 404, 405), answer.status_code
    if answer.status_code == 307:
        assert server.get(answer.headers["location"]).status_code in (403, 404)
    assert b"root:" not in answer.content and b"import" not in answer.content


def test_what_lies_in_the_temporary_folder_but_is_not_the_pages_cannot_be_had(server, tmp_path):
    secret = tmp_path / "letter.txt"
    secret.write_text("Dear Anna")
    assert server.get(f"/gradio_api/file={secret}").status_code == 403


def test_a_sent_photo_and_its_result_can_be_had_by_who_knows_their_names(server, grey_photo):
    with open(grey_photo, "rb") as file:
        (path,) = server.post("/gradio_api/upload", files={"files": file}).json()
    assert server.get(f"/gradio_api/file={path}").content == grey_photo.read_bytes()
    done = ask(server, {"path": path})
    assert "event: complete" in done
    link = json.loads(done.rpartition("data: ")[2])[0]["url"]
    assert server.get(link).status_code == 200


@pytest.mark.parametrize(
    "name", ["../../../tmp/evil.png", "/etc/evil.png", "..\\evil.png", "a/../../evil.png"]
)
def test_a_sent_file_stays_in_the_pages_folder_whatever_its_name(server, name):
    (path,) = server.post("/gradio_api/upload", files={"files": (name, b"x")}).json()
    kept = Path(path).resolve()
    assert kept.is_relative_to(Path(processing_utils.utils.get_upload_folder()).resolve())


@pytest.mark.parametrize("path", ["/etc/passwd", str(ROOT / "examples"), str(ROOT / "app.py")])
def test_a_file_of_the_machine_cannot_be_colored(server, path):
    assert "event: error" in ask(server, {"path": path})


# --- no errands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "photo",
    [
        {"path": ELSEWHERE},
        {"path": "https://photos.example.com/grandma.jpg"},
        {"path": "HTTP://photos.example.com/grandma.jpg"},
        {"path": "ftp://photos.example.com/grandma.jpg"},
        {"path": ELSEWHERE, "url": ELSEWHERE},
        {"path": "", "url": ELSEWHERE},
        {"path": "http://169.254.169.254/latest/meta-data/"},
        {"path": "http://127.0.0.1:22/"},
    ],
)
def test_a_link_is_no_photo(server, errands, photo):
    assert "event: error" in ask(server, photo)
    assert errands == []


def test_the_sentence_says_what_to_do_instead_of_a_link(server, errands):
    assert NO_ERRANDS in ask(server, {"path": ELSEWHERE})


@pytest.mark.parametrize(
    "path",
    [
        f"/gradio_api/file={ELSEWHERE}",
        f"/file={ELSEWHERE}",
        "/gradio_api/file=HTTPS://photos.example.com/a.jpg",
        "/gradio_api/file=https%3A%2F%2Fphotos.example.com%2Fa.jpg",
        f"/gradio_api/file=/{ELSEWHERE}",
        f"/gradio_api/proxy={ELSEWHERE}",
        "/gradio_api/proxy=https://someone-page.hf.space/a.jpg",
        f"/proxy={ELSEWHERE}",
        "/gradio_api/run-history/buckets",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_route_fetches_a_link(server, errands, method, path):
    assert server.request(method, path).status_code in (403, 404, 405)
    assert errands == []


def test_a_language_models_link_is_refused_too(server, errands):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def talk():
        async with (
            streamable_http_client(f"{server.base_url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            (tool,) = (await session.list_tools()).tools
            return await session.call_tool(tool.name, {"photo": ELSEWHERE})

    with ThreadPoolExecutor() as pool:  # the browser's tests have an event loop running in this thread
        answer = pool.submit(lambda: asyncio.run(talk())).result()
    assert answer.isError
    assert errands == []


def test_uploads_and_results_are_no_errands():
    assert not would_fetch("/gradio_api/file=/tmp/gradio/0a/http-is-a-protocol.jpg")
    assert not would_fetch("/gradio_api/upload")


# --- more than can be done -----------------------------------------------------------------------------


class Closed(Counting):
    """A colorizer that answers only when it is told to."""

    def __init__(self, model):
        super().__init__(model)
        self.open = Event()

    def predict(self, *arguments):
        self.open.wait(60)
        return super().predict(*arguments)


def test_who_finds_the_queue_full_is_told_to_come_back_and_the_others_are_served(
    tiny_colorizer, monkeypatch, grey_photo
):
    monkeypatch.setattr(app, "LIMITS", Limits(queue=3))
    closed = Closed(tiny_colorizer)
    with serving(closed) as address, httpx.Client(base_url=address, timeout=60) as client:
        with open(grey_photo, "rb") as file:
            (path,) = client.post("/gradio_api/upload", files={"files": file}).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        answers = [
            client.post("/gradio_api/call/colorize", json={"data": [photo, 1.0, 64]}) for _ in range(12)
        ]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {503}
        assert all(answer.json()["detail"] == BUSY for answer in refused)
        events = [answer.json()["event_id"] for answer in answers if answer.status_code == 200]
        assert 3 <= len(events) <= 5  # three wait; one or two had begun
        closed.open.set()
        with ThreadPoolExecutor(len(events)) as pool:
            links = [f"/gradio_api/call/colorize/{event}" for event in events]
            ends = list(pool.map(lambda link: client.get(link).text, links))
        assert all("event: complete" in end for end in ends)


def test_a_file_beyond_the_limit_is_not_taken(server):
    answer = server.post("/gradio_api/upload", files={"files": ("huge.tif", bytes(53_000_000))})
    assert answer.status_code == 413
