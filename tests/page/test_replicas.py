"""Two pages on one machine behind nginx, under a path of their own: as docs/deployment.md has it."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from colorizer.page import serve
from tests.helpers.page import drop, open_page, take_home
from tests.helpers.paths import EXAMPLES, ROOT

PHOTO = EXAMPLES / "detroit-1915.jpg"
FRAME = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    log_format pages "$remote_addr $upstream_addr $status $request";
    access_log {folder}/access.log pages;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "it has ended"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    pytest.fail(f"nothing listens on port {port}")


class Replicas:
    """Two pages and the proxy before them."""

    def __init__(self, address: str, log: Path):
        self.address, self._log = address, log

    def pages_of(self) -> dict[str, set[str]]:
        """For each visitor's address, the pages that it was sent to."""
        pages = defaultdict(set)
        for line in self._log.read_text().splitlines():
            visitor, page, _ = line.split(" ", 2)
            pages[visitor].add(page)
        return pages


@pytest.fixture(scope="module")
def replicas(tmp_path_factory) -> Iterator[Replicas]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("The tests need nginx; on Debian: apt-get install nginx")
    folder = tmp_path_factory.mktemp("nginx")
    ports = {"80": free_port(), "7860": free_port(), "7861": free_port()}
    text = (ROOT / "docs" / "deployment.md").read_text()
    (documented,) = re.findall(r"```nginx\n(upstream.*?)```", text, re.DOTALL)
    documented = documented.replace("listen 80;", f"listen 127.0.0.1:{ports['80']};")
    for port in ("7860", "7861"):
        assert f"127.0.0.1:{port}" in documented
        documented = documented.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[port]}")
    user = "user root;" if os.getuid() == 0 else ""  # its workers would become somebody who may not read here
    (folder / "conf").write_text(FRAME.format(folder=folder, documented=documented, user=user))
    nginx = [program, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")]
    (command,) = re.findall(
        r"^python app.py --port 7860 (--root-path .*) --allowed-host .*$", text, re.MULTILINE
    )
    page = [sys.executable, "app.py", *command.split(), "--port"]
    environment = os.environ | {"COLORIZER_RUNTIME": "ncnn"}
    processes = []
    try:
        for port in ("7860", "7861"):
            started = subprocess.Popen(
                [*page, str(ports[port])], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
            )
            processes.append(started)
            assert started.stdout.readline().startswith("The page is at ")
        processes.append(subprocess.Popen(nginx))
        wait_for(ports["80"], processes[-1])
        yield Replicas(f"http://127.0.0.1:{ports['80']}/colorizer", folder / "access.log")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=30)


def ask(replicas: Replicas, visitor: str, method: str, path: str, body=None, **headers: str) -> bytes:
    """A request from one of this machine's addresses, as another visitor's."""
    address = urlsplit(path if path.startswith("http") else f"{replicas.address}{path}")
    connection = http.client.HTTPConnection(address.netloc, timeout=60, source_address=(visitor, 0))
    try:
        connection.request(method, address.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, answer.status, content[:200])
        return content
    finally:
        connection.close()


def color(replicas: Replicas, visitor: str) -> bytes:
    """Sends a photo, waits in the queue and fetches the result: the three ways through the proxy."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    body = head.encode() + PHOTO.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    form = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    (path,) = json.loads(ask(replicas, visitor, "POST", "/gradio_api/upload", body, **form))
    photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = json.dumps({"data": [photo, 1.0, 64]})
    typed = {"Content-Type": "application/json"}
    event = json.loads(ask(replicas, visitor, "POST", "/gradio_api/call/colorize", call, **typed))["event_id"]
    said = ask(replicas, visitor, "GET", f"/gradio_api/call/colorize/{event}").decode()
    assert "event: complete" in said, said
    link = re.findall(r'"url": "([^"]*)"', said)[-1]
    assert link.startswith(f"{replicas.address}/gradio_api/file=")
    return ask(replicas, visitor, "GET", link)


def test_visitors_are_divided_between_the_pages_and_each_stays_with_one(replicas, tmp_path):
    visitors = [f"127.0.{number}.1" for number in range(1, 9)]
    for visitor in visitors:
        (tmp_path / "result.jpg").write_bytes(color(replicas, visitor))
        with Image.open(tmp_path / "result.jpg") as result, Image.open(PHOTO) as photo:
            assert (result.size, result.mode) == (photo.size, "RGB")
    others = [f"127.1.{number}.1" for number in range(30)]  # eight may by chance all have one page
    for visitor in others * 2:
        ask(replicas, visitor, "GET", "/gradio_api/app_id")
    pages = [replicas.pages_of()[visitor] for visitor in [*visitors, *others]]
    assert {len(page) for page in pages} == {1}
    assert len(set.union(*pages)) == 2


@pytest.mark.parametrize("path", ["colorizer", "/colorizer/", "/", "/a b", "http://photos.example.org"])
def test_a_root_path_that_cannot_be_is_refused(path, capsys):
    with pytest.raises(SystemExit, match="2"):
        serve.build_parser().parse_args(["--root-path", path])
    assert (
        f"a root path is like /colorizer, without a last slash. Received: {path}" in capsys.readouterr().err
    )


@pytest.mark.browser
def test_in_a_browser_a_photo_goes_up_and_its_colours_come_down_through_the_path(replicas, browser, tmp_path):
    page = browser.new_page()
    wrong = []
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    page.on("request", lambda request: None if "/colorizer/" in request.url else wrong.append(request.url))
    open_page(page, f"{replicas.address}/")
    drop(page, PHOTO)
    assert take_home(page, "#download", tmp_path / "result.jpg") == "detroit-1915-colour.jpg"
    page.close()
    with Image.open(tmp_path / "result.jpg") as result, Image.open(PHOTO) as photo:
        assert (result.size, result.mode) == (photo.size, "RGB")
    assert [url for url in wrong if not url.startswith(("blob:", "data:"))] == []
