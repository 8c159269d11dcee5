"""What the page's server gives to strangers: only their own photos, and no requests to other servers."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio import processing_utils, route_utils
from starlette.routing import BaseRoute, Mount

from colorizer.page import app
from colorizer.page.gradio_patches import LINKS_REFUSED, NO_FUNCTION
from colorizer.page.security.routes import NOT_SERVED, route_of
from tests.helpers.page import Counting, ask, serving
from tests.helpers.paths import EXAMPLES, ROOT

# A public address that nothing may ask. The tests would notice before it did.
ELSEWHERE = "http://photos.example.com/grandma.jpg"
ROUTES = ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"]
# Of all that Gradio registers, what the page, its API and its tool for language models need.
SERVED = {
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/theme.css"), ("GET", "/favicon.ico"),
    ("GET", "/robots.txt"), ("GET", "/logout"), ("POST", "/login"), ("GET", "/assets/{path:path}"),
    ("GET", "/static/{path:path}"), ("POST", "/gradio_api/upload"), ("GET", "/gradio_api/upload_progress"),
    ("GET", "/gradio_api/file={path_or_url:path}"), ("HEAD", "/gradio_api/file={path_or_url:path}"),
    ("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/queue/data"), ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"), ("GET", "/gradio_api/heartbeat/{session_hash}"),
    ("GET", "/gradio_api/info"), ("GET", "/gradio_api/info/"), ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/startup-events"), ("GET", "/gradio_api/mcp/schema"), ("GET", "/gradio_api/mcp/"),
    ("POST", "/gradio_api/mcp/"), ("DELETE", "/gradio_api/mcp/"), ("GET", "/gradio_api/mcp"),
    ("POST", "/gradio_api/mcp"), ("DELETE", "/gradio_api/mcp"), ("GET", "/monitoring/summary"),
}  # fmt: skip
# Of these, only what has the public function's name.
BY_NAME = {
    ("POST", "/gradio_api/call/{api_name}"), ("POST", "/gradio_api/call/v2/{api_name}"),
    ("GET", "/gradio_api/call/{api_name}/{event_id}"), ("GET", "/gradio_api/call/v2/{api_name}/{event_id}"),
}  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
EVIL = ["../../../tmp/evil.png", "/etc/evil.png", "..\\evil.png", "a/../../evil.png"]


@pytest.fixture(scope="module")
def server(tiny_colorizer) -> Iterator[httpx.Client]:
    """A client of the page around the tiny network, with its MCP tool."""
    with serving(tiny_colorizer, mcp=True) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def outbound(monkeypatch) -> list[str]:
    """What Gradio was about to fetch."""
    asked = []

    async def note(url: str):
        asked.append(url)
        raise ValueError("not from a test")

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", note)
    monkeypatch.setattr(route_utils.safehttpx, "async_validate_url", note)
    return asked


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


# --- no outbound requests ------------------------------------------------------------------------------


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
def test_a_link_is_no_photo(server, outbound, photo):
    assert "event: error" in ask(server, photo)
    assert outbound == []


def test_the_sentence_says_what_to_do_instead_of_a_link(server, outbound):
    assert LINKS_REFUSED in ask(server, {"path": ELSEWHERE})


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
def test_no_route_fetches_a_link(server, outbound, method, path):
    assert server.request(method, path).status_code in (403, 404, 405)
    assert outbound == []


def test_a_language_models_link_is_refused_too(server, outbound):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def talk():
        async with (
            streamable_http_client(f"{server.base_url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            assert tools == ["colorize", "correct"]
            more = {"colorize": {}, "correct": {"hints": "[]"}}
            return [
                await session.call_tool(tool, {"photo": ELSEWHERE, **options})
                for tool, options in more.items()
            ]

    with ThreadPoolExecutor() as pool:  # the browser's tests have an event loop running in this thread
        answers = pool.submit(lambda: asyncio.run(talk())).result()
    assert all(answer.isError for answer in answers)
    assert outbound == []


def test_uploads_and_results_are_no_outbound_requests():
    assert route_of("GET", "/gradio_api/file=/tmp/gradio/0a/http-is-a-protocol.jpg")
    assert route_of("GET", "/gradio_api/file=C:\\Users\\ada\\gradio\\0a\\photo.jpg")
    assert route_of("GET", "/gradio_api/file=/tmp/gradio/0a/12:30.jpg")


# --- routes and functions ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started(tiny_colorizer) -> Iterator[tuple]:
    """A page with everything on, a client of it, Gradio's application, and the colorizer, which counts."""
    counting = Counting(tiny_colorizer)
    page = app.build_page(counting)
    gradio, address, _ = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **app.launch_options(mcp=True)
    )
    with httpx.Client(base_url=address, timeout=60) as client:
        yield page, client, gradio, counting
    page.close()


def paths(routes: list[BaseRoute], before: str = "") -> set[str]:
    """All paths that an application has registered, those of mounted ones and of routers included."""
    found = set()
    for route in routes:
        if not hasattr(route, "path"):  # a router that FastAPI keeps as one
            found |= paths(route.original_router.routes, before)
        elif isinstance(route, Mount) and route.routes:
            found |= paths(route.routes, before + route.path)
        else:
            found.add(before + route.path)
    return found


def test_of_the_routes_that_gradio_registers_only_the_listed_ones_exist(started):
    _, client, gradio, _ = started
    registered = paths(gradio.routes)
    assert {path for _, path in SERVED | BY_NAME} <= registered | {"/gradio_api/mcp/"}
    for part in ("process_recording", "component_server", "file/{path:path}", "openapi.json", "vibe-edit"):
        assert f"/gradio_api/{part}" in registered
    for method, path in sorted({(method, path) for method in METHODS for path in registered} - SERVED):
        answer = client.request(method, re.sub(r"\{[^}]*\}", "1", path), content=b"{}")
        assert answer.status_code == 404, (method, path)
        assert method == "HEAD" or answer.text == NOT_SERVED, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        f"/gradio_api/file/{ELSEWHERE}",
        "/gradio_api//file=/etc/passwd",
        "//gradio_api/run/colorize",
        "/gradio_api/./run/colorize",
        "/gradio_api/%72un/colorize",
        "/gradio_api/call/colorize/../../run/colorize",
        "/assets/../gradio_api/openapi.json",
        "/docs",
        "/gradio_api/queue/join/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_spelling_leads_past_the_list(server, outbound, method, path):
    connection = HTTPConnection(server.base_url.host, server.base_url.port)  # sends a path as it is written
    connection.request(method, path)
    assert connection.getresponse().status == 404
    connection.close()
    assert outbound == []


def test_no_function_can_be_run_past_the_queue(started, grey_photo):
    page, client, _, counting = started
    with open(grey_photo, "rb") as file:
        (path,) = client.post("/gradio_api/upload", files={"files": file}).json()
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, 1.0, 64]
    examples = len(list(EXAMPLES.glob("*.jpg")))
    while counting.count < examples:
        time.sleep(0.05)
    for number, function in page.fns.items():
        body = {"data": data, "fn_index": number, "session_hash": "stranger"}
        for route in ("run", "api"):
            for name in {function.api_name or "predict", "predict"}:
                for slash in ("", "/"):
                    answer = client.post(f"/gradio_api/{route}/{name}{slash}", json=body)
                    assert (answer.status_code, answer.text) == (404, NOT_SERVED), (route, name)
    assert counting.count == examples


def test_gradio_itself_takes_no_direct_calls_either(started):
    page, *_ = started
    assert page.api_open is False
    assert all(function.queue for function in page.fns.values() if function.fn)


def test_private_functions_have_no_name_to_be_called_by(started):
    page, client, *_ = started
    private = {function.api_name for function in page.fns.values() if function.api_visibility == "private"}
    for name in private - {None, False}:
        for version in ("", "v2/"):
            answer = client.post(f"/gradio_api/call/{version}{name}", json={"data": []})
            assert (answer.status_code, answer.text) == (404, NOT_SERVED)


def test_what_the_browser_does_by_itself_cannot_be_asked_of_the_queue(started):
    page, client, *_ = started
    numbers = [number for number, function in page.fns.items() if function.fn is None]
    assert numbers
    for number in [*numbers, max(page.fns) + 1, -1]:
        body = {"data": [], "fn_index": number, "session_hash": "stranger"}
        answer = client.post("/gradio_api/queue/join", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (400, NO_FUNCTION)


def test_gradio_opens_no_pictures_of_visitors(started):
    page, *_ = started
    pictures = (gr.Image, gr.Gallery, gr.ImageSlider, gr.ImageEditor, gr.AnnotatedImage)
    taken = [block for function in page.fns.values() if function.fn for block in function.inputs]
    assert [block for block in taken if isinstance(block, pictures)] == []


def test_a_file_beyond_the_limit_is_not_taken(server):
    answer = server.post("/gradio_api/upload", files={"files": ("huge.tif", bytes(53_000_000))})
    assert answer.status_code == 413
