"""Attacks with files and links: what is opened, started, fetched, read and left behind."""

import io
import json
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

from PIL import Image

from colorizer import limits
from tests.attack import Target, attack, require
from tests.helpers.hostile import png
from tests.helpers.paths import ROOT
from tests.load import photo

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n{} loop\n"
SECRETS = ("/etc/passwd", str(ROOT / "app.py"), "/proc/self/environ")
# What an answer to visitors must not hold: paths, Python's words, pydantic's.
LEAKS = ("/tmp", "/home", "Traceback", "not supported between", "validation error", "pydantic", "NoneType",
         ".py", "Errno", "object has no attribute")  # fmt: skip


def require_no_leak(text: str) -> None:
    """Refuses an answer that tells how the server is built."""
    found = [leak for leak in LEAKS if leak in text]
    require(not found, f"{found} in {text[-300:]}")


@attack()
def postscript_named_jpg(page: Target) -> str:
    with page.hostile(timeout=20) as visitor:
        for name in ("photo.jpg", "photo.png", "photo.eps", "photo"):
            answer = visitor.colorize(visitor.upload(name, EPS))
            require("event: error" in answer and "is not a photo" in answer, answer)
        visitor.color("after.jpg", photo(1))
    return "not a photo; no program was started"


@attack()
def decompression_bombs(page: Target) -> str:
    before, pixels = page.memory(), zlib.compress(bytes(10_000_000), 9)
    with page.hostile() as visitor:
        for width, height in ((60_000, 60_000), (2**31 - 1, 1), (65_000, 60_000), (1, 200_000)):
            answer = visitor.colorize(visitor.upload("bomb.png", png(width, height, pixels)))
            require("event: error" in answer, answer)
            require_no_leak(answer)
    grown = page.memory() - before
    require(grown < 200e6, f"memory grew by {grown / 1e6:.0f} MB")
    return f"refused by their size; memory grew by {grown / 1e6:.0f} MB"


def sharing_tags(count: int, size: int, offset: int) -> bytes:
    """A directory whose tags all name the same bytes."""
    tags = [struct.pack("<HHII", 20_000 + number, 7, size, offset) for number in range(count)]
    return struct.pack("<H", count) + b"".join(tags) + bytes(4)


@attack()
def tags_that_claim_too_much(page: Target) -> str:
    """Tags that name the same megabytes, which would be copied for each, and a list of ten million strips."""
    size, count = 4_000_000, 10_000_000
    exif = b"II*\0\x08\0\0\0" + sharing_tags(1000, size, 8) + bytes(size)
    shared = b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + sharing_tags(1000, size, 8)
    entries = {256: (1, 1), 257: (1, 9), 258: (1, 8), 259: (1, 1), 262: (1, 1), 273: (count, 8), 277: (1, 1)}
    tags = [struct.pack("<HHII", tag, 3, length, value) for tag, (length, value) in entries.items()]
    directory = struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4)
    strips = b"II*\0" + struct.pack("<I", 8 + 2 * count) + b"\x08\0" * count + directory
    picture = png(8, 8, zlib.compress(bytes(72)), (b"eXIf", exif))
    before = page.memory()
    with page.hostile(timeout=60) as visitor:
        answer = visitor.colorize(visitor.upload("a.png", picture))
        require("event: complete" in answer, f"a photo was lost with its EXIF: {answer}")
        for data, reason in ((shared, "tags claim"), (strips, "numbers")):
            answer = visitor.colorize(visitor.upload("a.tif", data))
            require(reason in answer, answer)
    grown = page.memory() - before
    require(grown < 200e6, f"memory grew by {grown / 1e6:.0f} MB")
    return f"the EXIF is left out, the TIFFs refused; memory grew by {grown / 1e6:.0f} MB"


@attack()
def tags_that_fill_the_log(page: Target) -> str:
    """Tags of a type that does not exist: libtiff writes a line about each, past the log and its limits."""
    data = io.BytesIO()
    Image.new("L", (8, 8)).save(data, "TIFF", compression="tiff_lzw")
    made = data.getvalue()
    place = int.from_bytes(made[4:8], "little")
    own = made[place + 2 : place + 2 + 12 * made[place]]
    odd = b"".join(struct.pack("<HHII", 20_000 + number, 99, 4, 1) for number in range(3900))
    directory = struct.pack("<H", made[place] + 3900) + own + odd + bytes(4)
    before = len(page.log)
    with page.hostile() as visitor:
        for number in range(5):
            file = made[:4] + struct.pack("<I", len(made)) + made[8:] + directory + bytes(number)
            answer = visitor.colorize(visitor.upload("a.tif", file))
            require("event: complete" in answer, answer)
    written = len(page.log) - before
    require(written < 1000, f"the log grew by {written} bytes")
    return f"the log grew by {written} bytes"


@attack()
def millions_of_comments(page: Target) -> str:
    """Comments of no length, of which a file has room for twelve million: each takes Python some time."""
    jpeg, text = photo(1), (b"tEXt", b"a\0")
    files = {
        "a.jpg": jpeg[:2] + b"\xff\xfe\0\2" * 300_000 + jpeg[2:],
        "a.png": png(8, 8, zlib.compress(bytes(72)), *[text] * 100_000),
    }
    took = []
    with page.hostile(timeout=100) as visitor:
        for name, data in files.items():
            start = time.monotonic()
            answer = visitor.colorize(visitor.upload(name, data))
            took.append(time.monotonic() - start)
            require("event: complete" in answer or "seconds allowed" in answer, answer)
            require(took[-1] < 45, f"{name} held the network for {took[-1]:.0f} s")
    return f"{took[0]:.1f} and {took[1]:.1f} s"


@attack()
def files_of_the_machine(page: Target) -> str:
    with page.hostile() as visitor:
        for path in SECRETS:
            for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"):
                for prefix in ("", "/", "../../../..", "%2e%2e/%2e%2e", "..%2f..%2f..%2f"):
                    answer = visitor.http.get(f"{route}{prefix}{path}", follow_redirects=True)
                    require(answer.status_code >= 400, f"{route}{prefix}{path}: {answer.status_code}")
            answer = visitor.colorize({"path": path, "meta": {"_type": "gradio.FileData"}})
            require("event: error" in answer, answer)
            require_no_leak(answer)
    return "nothing but uploads and results is served"


@attack()
def names_that_lead_elsewhere(page: Target) -> str:
    names = ["../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg", "a/../../evil.jpg", "x" * 300 + ".jpg",
             "\x00.jpg", "\x1b[31m.jpg", "con.jpg", ".", "..", "~", "a\nb.jpg", "<script>.jpg"]  # fmt: skip
    with page.hostile() as visitor:
        for name in names:
            answer = visitor.http.post("/gradio_api/upload", files={"files": (name, photo(1))})
            require(answer.status_code in (200, 400, 422, 500), f"{name!r}: {answer.status_code}")
            if answer.status_code == 200:
                require(str(page.folder) in answer.json()[0], answer.text)
            else:
                require_no_leak(answer.text)
    outside = [path for path in page.folder.parent.rglob("*evil*") if "colorizer-page-" not in str(path)]
    require(not outside, f"written to {outside}")
    return "every upload stays in the page's folder"


@attack()
def files_that_would_run_in_a_browser(page: Target) -> str:
    """A website of the attacker's own, sent as a photo and fetched from the page's address."""
    script = b"<html><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg></html>"
    names = ("a.html", "a.svg", "a.xml", "a.js", "a.pdf", "a.xhtml", "a.jpg.html", "a", 'a".jpg',
             "a;filename=b.html.jpg", "a%0d%0aSet-Cookie: b=c.jpg", "a\u202egpj.exe")  # fmt: skip
    with page.hostile() as visitor:
        for name in names:
            path = visitor.upload(name, script)["path"]
            headers = visitor.http.get("/gradio_api/file=" + quote(path)).raise_for_status().headers
            kind, where = headers["content-type"], headers.get("content-disposition", "")
            require(headers["x-content-type-options"] == "nosniff", f"{name}: the browser may guess")
            require(
                kind.startswith("image/jpeg") or where.startswith("attachment"), f"{name}: {kind}, {where}"
            )
            require("set-cookie" not in headers, f"{name} adds headers")
    return "downloads, or pictures that are none"


class _Elsewhere(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(photo(1))

    do_HEAD = do_POST = do_GET

    def log_message(self, *_) -> None:
        pass


@attack()
def addresses_to_fetch(page: Target) -> str:
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    link = f"http://127.0.0.1:{server.server_port}/photo.jpg"
    try:
        with page.hostile() as visitor:
            for path in (
                f"file={link}",
                f"file/{link}",
                f"file=/{link}",
                f"proxy={link}",
                f"file={link.upper()}",
            ):
                answer = visitor.http.get(f"/gradio_api/{path}")
                require(answer.status_code >= 400, f"{path}: {answer.status_code}")
            for photo_at in ({"path": link}, {"path": "", "url": link}, {"path": link, "url": link}):
                answer = visitor.colorize({**photo_at, "meta": {"_type": "gradio.FileData"}})
                require("event: complete" not in answer, answer)
                require_no_leak(answer)
    finally:
        server.shutdown()
        server.server_close()
    require(not _Elsewhere.asked, f"it fetched {_Elsewhere.asked}")
    return "nothing was fetched"


@attack()
def routes_that_store_or_run(page: Target) -> str:
    before = page.files()
    with page.hostile() as visitor:
        photo_at = visitor.upload("photo.jpg", photo(1))
        body = {"data": [photo_at, 1.0, limits.SIZE], "fn_index": visitor.function("color_photo")}
        posts = ["run/colorize", "api/colorize", "run/color_photo", "run/predict", "api/predict/",
                 "component_server", "component_server/", "stream/0", "vibe-edit", "call/color_photo",
                 "call/v2/color_photo", "run-history/connect", "/run/colorize", "call/colorize/"]  # fmt: skip
        for route in posts:
            answer = visitor.http.post(f"/gradio_api/{route}", json=body)
            require(answer.status_code == 404, f"{route}: {answer.status_code} {answer.text[:100]}")
        for route in ("process_recording", "component_server"):
            answer = visitor.http.post(f"/gradio_api/{route}", files={"video": ("a.mp4", bytes(100_000))})
            require(answer.status_code == 404, f"{route}: {answer.status_code}")
        for route in ("openapi.json", "deep_link", "runs", "user", "token", "custom_component/a/b/c/d"):
            answer = visitor.http.get(f"/gradio_api/{route}")
            require(answer.status_code == 404, f"{route}: {answer.status_code}")
        summary = visitor.http.get("/monitoring/summary").json()
        require(summary == {"functions": {}}, f"statistics are public: {summary}")
    new = [path for path in page.files() - before if "photo.jpg" not in path.name]
    require(not new, f"left behind: {new}")
    return "there are no such routes; nothing was stored"


@attack(slow=True)
def direct_calls_past_the_queue(page: Target) -> str:
    data = io.BytesIO()
    Image.linear_gradient("L").resize((12_000, 9_900)).save(data, "PNG", compress_level=1)
    before = page.memory()
    with page.hostile(timeout=300) as visitor:
        uploaded = visitor.upload("large.png", data.getvalue())
        with ThreadPoolExecutor(12) as pool:
            direct = list(pool.map(
                lambda _: visitor.http.post(
                    "/gradio_api/run/colorize", json={"data": [uploaded, 1.0, limits.SIZE]}
                ).status_code,
                range(12),
            ))  # fmt: skip
            queued = list(pool.map(lambda _: visitor.colorize(uploaded), range(4)))
    require(set(direct) == {404}, f"direct calls: {direct}")
    require(all("event: complete" in answer for answer in queued), "a large photo was refused")
    return (
        f"refused; with 4 photos of 119 megapixels in the queue {(page.memory() - before) / 1e6:.0f} MB more"
    )


@attack()
def errors_that_tell(page: Target) -> str:
    nothing = {"meta": {"_type": "gradio.FileData"}}
    with page.hostile() as visitor:
        good = visitor.upload("grandma-private.jpg", photo(1))
        answers = [
            visitor.colorize(good, strength, size)
            for strength, size in (
                ("x", limits.SIZE),
                (None, limits.SIZE),
                (1, "x"),
                (1, None),
                ([], {}),
                (1e308, limits.SIZE),
                (1, -1),
                (9, limits.SIZE),
                (True, False),
            )
        ]
        answers += [visitor.colorize(photo_at) for photo_at in ({}, nothing, None, [], "x", 3)]
        answers += [visitor.colorize({**good, "path": path}) for path in (None, 3, [], "\x00", "a" * 9000)]
        answers += [
            json.dumps(visitor.call(name, *data))
            for name in ("color_photo", "color_photos", "change_size", "change_colors", "write_result",
                         "choose", "stop", "color_example", "clear", "change_negative",
                         "accept_offer", "write_comparison")
            for data in ((), (None,) * 4, ("x",) * 4, ({"path": "/etc/passwd"},) * 4, (1e308, [], {}, "x"))
        ]  # fmt: skip
        for route in ("queue/join", "call/colorize", "cancel", "upload", "call/v2/colorize"):
            for body in (b"", b"{", b"[]", b"{}", b'{"data": 3}', b"\xff\xfe", b'{"fn_index": "x"}'):
                sent = {"content": body, "headers": {"content-type": "application/json"}}
                answers.append(visitor.http.post(f"/gradio_api/{route}", **sent).text)
    for answer in answers:
        require_no_leak(answer.replace(good["path"], ""))
    require("grandma-private" not in page.log, f"the log names a file: {page.log[-300:]}")
    return f"{len(answers)} wrong requests; every answer is a sentence, and the log names no file"


@attack()
def a_photo_that_vanished(page: Target) -> str:
    from pathlib import Path

    with page.honest() as visitor:
        gone, there = visitor.upload("gone.jpg", photo(1)), visitor.upload("there.jpg", photo(2))
        Path(gone["path"]).unlink()
        answer = visitor.colorize(gone)
        require("no longer here" in answer, answer)
        require_no_leak(answer)
        done = visitor.call("color_photos", [gone, there], 1, None)
        require(done.get("success") is True, f"the batch ended: {done}")
        require_no_leak(json.dumps(done).replace(str(page.folder), ""))
        require("1 of 2 photos coloured" in json.dumps(done), "the other photo was not coloured")
    return "the other one is coloured; the one that is gone gets a sentence"
