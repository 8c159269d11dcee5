"""Weights on the Hub, against a server on this machine that answers as the Hub does."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from colorizer import hub, weights

REPO, COMMIT = "someone/colorizer", "0123456789abcdef0123456789abcdef01234567"
ROOT = Path(__file__).resolve().parent.parent


class Hub(http.server.BaseHTTPRequestHandler):
    """Serves the files of one revision of one repository."""

    files: dict[str, bytes] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        data = self.files.get(self.path.removeprefix(f"/{REPO}/resolve/{COMMIT}/"))
        self.send_response(200 if data is not None else 404)
        if data is None:
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
        else:
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body and data is not None:
            self.wfile.write(data)

    def log_message(self, *_) -> None:
        """Says nothing."""


@pytest.fixture
def server(tmp_path, tiny_network):
    """A Hub with the tiny network's weights, and an empty cache: the environment that points to both."""
    weights.save(tiny_network, tmp_path / "weights")
    Hub.files = {path.name: path.read_bytes() for path in (tmp_path / "weights").iterdir()}
    Hub.asked = []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{running.server_port}",
        "HF_HOME": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    running.shutdown()
    running.server_close()


def locate(address: str, environment: dict[str, str]) -> str:
    """Locates and checks the weights in a fresh process: the Hub's library reads its settings once."""
    code = f"from colorizer import weights; p = weights.locate({address!r}); weights.check(p); print(p)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_weights_are_fetched_by_commit_and_then_taken_from_the_cache_without_asking(server, tiny_network):
    path = Path(locate(f"hf://{REPO}@{COMMIT}", server))
    assert path.read_bytes() == Hub.files[weights.FILE]
    assert any(line.startswith("GET") and line.endswith(weights.FILE) for line in Hub.asked)
    Hub.asked.clear()
    offline = {**server, "HF_HUB_OFFLINE": "1"}
    assert locate(f"hf://{REPO}@{COMMIT}", offline) == str(path)
    assert Hub.asked == []


def test_a_file_that_was_changed_on_its_way_is_noticed(server):
    data = bytearray(Hub.files[weights.FILE])
    data[len(data) // 2] ^= 1
    Hub.files[weights.FILE] = bytes(data)
    assert "is damaged or was changed: its sha256 is" in locate(f"hf://{REPO}@{COMMIT}", server)


def test_a_repository_without_weights_and_an_offline_machine_say_so(server):
    Hub.files = {}
    assert f"WeightsError: The weights hf://{REPO}@{COMMIT} cannot be fetched" in locate(
        f"hf://{REPO}@{COMMIT}", server
    )
    assert "cannot be fetched" in locate(f"hf://{REPO}@{COMMIT}", {**server, "HF_HUB_OFFLINE": "1"})


@pytest.mark.parametrize("address", ["hf://", "hf://colorizer", "hf://a/b/c", "hf://a/b@"])
def test_a_wrong_address_is_refused_before_anything_is_asked(address):
    with pytest.raises(weights.WeightsError, match=r"hf://owner/name@revision. Received: hf://"):
        hub.fetch(address)


def test_publishing_uploads_weights_checksum_and_card_and_gives_the_address_that_pins_them(
    tmp_path, tiny_network, monkeypatch
):
    weights.save(tiny_network, tmp_path)
    calls = []

    class Api:
        def create_repo(self, repo, exist_ok):
            calls.append(("create", repo, exist_ok))

        def upload_folder(self, **options):
            calls.append(("upload", options["repo_id"], options["folder_path"], options["allow_patterns"]))
            return type("Commit", (), {"oid": COMMIT})

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    assert hub.publish(REPO, tmp_path) == f"hf://{REPO}@{COMMIT}"
    files = ["colorizer.weights.h5", "colorizer.json", "README.md"]
    assert calls == [("create", REPO, True), ("upload", REPO, tmp_path, files)]
    (tmp_path / weights.FILE).write_bytes(b"damaged")
    assert hub.main(["publish", REPO, "--weights", str(tmp_path)]) == 2
    assert len(calls) == 2
