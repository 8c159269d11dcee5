"""A visitor of a running page, from an address of his own, who uses it as browsers and programs do."""

import json
import secrets
from pathlib import Path

import httpx

from colorizer.limits import SIZE


class Visitor:
    """One visitor; a context manager, since it holds connections.

    All of 127.0.0.0/8 is this machine: with `source`, the page takes him for somebody else than the others.
    """

    def __init__(self, address: str, source: str = "127.0.0.1", timeout: float = 120, **options):
        self.session = secrets.token_hex(8)
        transport = httpx.HTTPTransport(local_address=source, limits=httpx.Limits(max_connections=200))
        self.http = httpx.Client(base_url=address, timeout=timeout, transport=transport, **options)
        self._functions: dict[str, int] | None = None

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_) -> None:
        self.http.close()

    def upload(self, name: str, data: bytes) -> dict:
        """Sends a file; returns what Gradio calls it."""
        answer = self.http.post("/gradio_api/upload", files={"files": (name, data)}).raise_for_status()
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def colorize(self, photo: dict, strength: object = 1.0, size: object = SIZE) -> str:
        """Calls the public endpoint; returns the stream of its events."""
        body = {"data": [photo, strength, size]}
        answer = self.http.post("/gradio_api/call/colorize", json=body)
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text}"
        return self.http.get(f"/gradio_api/call/colorize/{answer.json()['event_id']}").text

    def fetch(self, stream: str) -> bytes:
        """The file that a stream of events ends in."""
        if "event: complete" not in stream:
            raise ValueError(stream[-300:])
        link = json.loads(stream.rpartition("data: ")[2])[0]["url"]
        return self.http.get(link).raise_for_status().content

    def color(self, name: str, data: bytes) -> bytes:
        """Sends a photo, waits for its colours, and takes them home."""
        return self.fetch(self.colorize(self.upload(name, data)))

    def function(self, name: str) -> int:
        """The number of one of the page's functions."""
        if self._functions is None:
            config = self.http.get("/config").raise_for_status().json()
            self._functions = {f["api_name"]: f["id"] for f in config["dependencies"]}
        return self._functions[name]

    def call(self, name: str, *data: object, **more: object) -> dict:
        """Calls a function as the page does; returns the message that it ends with."""
        body = {
            "data": list(data), "fn_index": self.function(name), "session_hash": self.session, **more
        }  # fmt: skip
        answer = self.http.post("/gradio_api/queue/join", json=body)
        if answer.status_code != 200:
            return {"success": False, "output": {"error": answer.text}, "status": answer.status_code}
        event, last = answer.json()["event_id"], {}
        with self.http.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": self.session}
        ) as stream:
            stream.raise_for_status()
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("event_id") == event and message["msg"] == "process_completed":
                    last = message
                if message.get("msg") == "close_stream" or last:
                    break
        return last

    def files(self, message: dict) -> list[str]:
        """Paths of all files in a message."""
        found = []

        def search(value: object) -> None:
            if isinstance(value, dict):
                if isinstance(value.get("path"), str):
                    found.append(value["path"])
                for inner in value.values():
                    search(inner)
            elif isinstance(value, list):
                for inner in value:
                    search(inner)

        search(message.get("output", {}))
        return found

    def download(self, path: str | Path) -> bytes:
        """A file that the page made."""
        return self.http.get(f"/gradio_api/file={path}").raise_for_status().content
