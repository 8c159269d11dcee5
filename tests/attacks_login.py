"""Attacks on the password, and with the messages of language models."""

import base64
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.page.settings import SETTINGS
from tests.attack import Target, attack, require
from tests.attacks_requests import MB, grown
from tests.load import photo

AUTH = ("--auth", "ada:lovelace", "--mcp")


def tool_call(photo_data: bytes) -> dict:
    """A language model's message that has a photo coloured."""
    uri = "data:image/png;base64," + base64.b64encode(photo_data).decode()
    return {
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "colorize", "arguments": {"photo": uri, "strength": 1, "size": 64}},
    }  # fmt: skip


NEEDS_LOGIN = (
    "GET /config", "GET /logout", "GET /gradio_api/info", "GET /gradio_api/app_id",
    "GET /gradio_api/heartbeat/x", "GET /gradio_api/queue/data?session_hash=x",
    "GET /gradio_api/upload_progress?upload_id=x", "GET /gradio_api/mcp/schema", "GET /gradio_api/mcp/",
    "POST /gradio_api/upload", "POST /gradio_api/queue/join", "POST /gradio_api/call/colorize",
    "POST /gradio_api/cancel", "POST /gradio_api/reset", "POST /gradio_api/mcp",
)  # fmt: skip
MCP = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@attack(options=AUTH)
def nothing_without_the_password(page: Target) -> str:
    before = page.files()
    with page.hostile() as visitor:
        for request in NEEDS_LOGIN:
            method, path = request.split()
            answer = visitor.http.request(method, path)
            require(answer.status_code == 401, f"{method} {path}: {answer.status_code}")
        for header in ({}, {"authorization": "Bearer x"}, {"cookie": "access-token-=x"}):
            answer = visitor.http.post("/gradio_api/mcp/", json=tool_call(photo(1)), headers=MCP | header)
            require(answer.status_code == 401, f"MCP with {header}: {answer.status_code}")
        require(visitor.http.get("/").status_code == 200, "the login is not shown")
    require(page.files() == before, f"stored: {page.files() - before}")
    return "401 everywhere, nothing stored"


@attack(options=AUTH)
def with_the_password_it_works(page: Target) -> str:
    large, chunks = io.BytesIO(), PngInfo()
    chunks.add(b"prVt", os.urandom(6 * MB))  # a file beyond the usual limit of the protocol, quickly coloured
    Image.linear_gradient("L").save(large, "PNG", pnginfo=chunks)
    login = {"username": "ada", "password": "lovelace"}
    with page.honest() as visitor:
        visitor.http.post("/login", data=login).raise_for_status()
        visitor.color("honest.jpg", photo(1))
    basic = {"authorization": "Basic " + base64.b64encode(b"ada:lovelace").decode()}
    with page.honest() as program:
        answer = program.http.post("/gradio_api/mcp/", json=tool_call(large.getvalue()), headers=MCP | basic)
        require('"isError":false' in answer.text.replace(" ", ""), answer.text[-300:])
    return f"by browser, and by a language model with a photo of {len(large.getvalue()) / MB:.1f} MB"


@attack(options=AUTH)
def guessed_passwords(page: Target) -> str:
    statuses = []
    with page.hostile() as visitor, ThreadPoolExecutor(20) as pool:

        def guess(number: int) -> int:
            if number % 2:
                text = base64.b64encode(b"ada:%d" % number).decode()
                return visitor.http.get(
                    "/gradio_api/info", headers={"authorization": f"Basic {text}"}
                ).status_code
            return visitor.http.post("/login", data={"username": "ada", "password": number}).status_code

        start = time.monotonic()
        statuses = list(pool.map(guess, range(200)))
        took = time.monotonic() - start
        answer = visitor.http.post("/login", data={"username": "ada", "password": "lovelace"})
    tried = sum(status != 429 for status in statuses)
    require(tried <= SETTINGS.failed_logins, f"{tried} passwords were tried")
    require(answer.status_code == 429, "the attacker may go on")
    with page.honest() as visitor:
        login = {"username": "ada", "password": "lovelace"}
        require(visitor.http.post("/login", data=login).status_code == 200, "others are locked out as well")
    return f"of 200 in {took:.0f} s {tried} were compared; others may log in"


@attack(options=AUTH)
def large_messages_of_language_models(page: Target) -> str:
    basic = {"authorization": "Basic " + base64.b64encode(b"ada:lovelace").decode()}
    before = page.memory()
    with page.honest() as visitor:
        headers = MCP | basic
        for name, body in (
            ("brackets", b"[" + b"[]," * (10 * MB) + b"[]]"),
            ("size", b'"' + b"a" * (90 * MB) + b'"'),
        ):
            try:
                status = visitor.http.post("/gradio_api/mcp/", content=body, headers=headers).status_code
            except httpx.TransportError:
                status = 413
            require(status == 413, f"{name}: {status}")
    return f"refused; {grown(page, before)}"
