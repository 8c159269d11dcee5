"""The Space: its settings agree with what is pinned, and what is sent there starts from an empty folder."""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from huggingface_hub import SpaceCard
from PIL import Image

from colorizer.errors import PublishError
from colorizer.publishing import space
from tests.helpers.hub_server import TOKEN, HubServer
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image

NAME = "someone/space"


@pytest.fixture
def server(tmp_path):
    with HubServer(tmp_path / "hub") as running:
        running.cache = tmp_path / "cache"
        yield running


def run(server, *arguments: str, token: str | None = TOKEN) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "colorizer", "deploy", NAME, *arguments]
    environment = server.environment(server.cache, token)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)


def test_the_settings_of_the_space_agree_with_what_is_pinned_and_there():
    settings = SpaceCard((ROOT / "README.md").read_text()).data
    pinned = re.search(r"^gradio\S*==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert (settings.sdk, settings.sdk_version) == ("gradio", pinned)
    assert tuple(map(int, settings.python_version.split("."))) >= (3, 11)
    assert (ROOT / settings.app_file).is_file()
    assert len(settings.short_description) <= 60


def test_only_what_a_space_needs_goes_there_with_its_picture_and_the_page_of_its_weights():
    files = dict(space.collect_space_files(NAME, model="someone/colorizer"))
    assert {"app.py", "requirements.txt", "weights/colorizer.weights.h5", "colorizer/__init__.py"} < set(
        files
    )
    assert not [
        name for name in files if name.startswith(("tests/", "scripts/", ".")) or "__pycache__" in name
    ]
    settings = SpaceCard(files["README.md"].decode()).data
    assert settings.models == ["someone/colorizer"]
    assert settings.thumbnail.endswith(f"/spaces/{NAME}/resolve/main/docs/pictures/before-after.jpg")
    assert "docs/pictures/before-after.jpg" in files


def test_a_dry_run_lists_sizes_and_sends_nothing(server):
    done = run(server, "--dry-run", token=None)
    assert re.search(r"^ +24,9\d\d,\d{3}  weights/colorizer\.weights\.h5$", done.stdout, re.MULTILINE)
    assert re.search(r" bytes in \d+ files\n$", done.stdout)
    assert server.asked == []


def test_a_missing_file_is_named_before_anything_is_sent(tmp_path):
    with pytest.raises(PublishError, match=r"A Space needs README\.md, LICENSE, app\.py"):
        space.collect_space_files(NAME, root=tmp_path)


def test_what_arrives_is_one_commit_and_starts_from_an_empty_folder(server, tmp_path):
    server.create("space", NAME)
    server.commit("space", NAME, {"old.py": b"gone tomorrow", ".gitattributes": b"*.h5 filter=lfs"}, "before")
    done = run(server)
    assert done.returncode == 0, done.stderr
    commits = server.repo("space", NAME)["commits"]
    assert len(commits) == 3
    clone = tmp_path / "clone"
    arrived = server.files("space", NAME)
    for name, content in arrived.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes(content)
    assert "old.py" not in arrived
    assert ".gitattributes" in arrived

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = server.environment(tmp_path / "empty", GRADIO_SERVER_PORT=str(port))
    log = tmp_path / "log"
    with open(log, "w") as out:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=clone, env=environment, stdout=out, stderr=out)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(address, app, log)
        photo = tmp_path / "grandma.png"
        Image.linear_gradient("L").save(photo)
        result = Client(address, verbose=False).predict(handle_file(photo), api_name="/colorize")
        assert load_image(result).size == (256, 256)
        assert load_image(result).mode == "RGB"
    finally:
        app.terminate()
        app.wait()


def wait_until_it_answers(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text())
