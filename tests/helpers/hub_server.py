"""A Hub on this machine: the routes that `huggingface_hub` asks, its repositories kept on disk.

    with HubServer(folder) as hub:
        environment = hub.environment(cache)      # HF_ENDPOINT and the rest, for another process
        hub.fail("GET /cdn/", "drop")             # the next such request breaks off half-way

Written from what the client sends and expects (huggingface_hub 2.4: `file_download.py`, `_commit_api.py`,
`lfs.py`, `_snapshot_download.py`): resolve by HEAD and GET, tree, preupload, LFS batch and upload, commit,
pull request, creation, validate-yaml, whoami. Two things are as there and matter: large and binary files
lie on another origin, to which the client must not send its token; and a private repository looks to a
stranger as if it did not exist. Xet, the newer way to upload, is a service of its own and is switched off.
"""

import base64
import codecs
import hashlib
import http.server
import json
import os
import re
import threading
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import yaml

CLIENT = "2.4"  # the client whose source this was read from
TOKEN, USER = "hf_a_token_for_tests", "someone"
ROUTE = re.compile(
    r"/(?:api/)?(?:(models|datasets|spaces)/)?([\w.-]+/[\w.-]+?)(?:\.git)?/(\w[\w-]*)(?:/(.*))?"
)
KINDS = {"model": "models", "dataset": "datasets", "space": "spaces"}


@dataclass
class Fault:
    """One thing that goes wrong: requests that begin with `request` fail, `times` of them."""

    request: str
    kind: str  # "drop", "stall" and "short" at the half of the content; "busy" (429), "broken" (500), "etag"
    times: int
    etag: str = "0" * 64


class HubServer:
    """The server, its repositories below `folder`, and what was asked of it in `asked`."""

    def __init__(self, folder: Path):
        """Listens on two free ports: the Hub's own, and the one that large files come from."""
        self.folder, self.asked, self.faults = folder, [], []
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        handler = type("Handler", (Handler,), {"hub": self})
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        self.address, self.cdn = (f"http://127.0.0.1:{server.server_port}" for server in self.servers)

    def __enter__(self) -> "HubServer":
        """Starts to answer."""
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        """Goes away; the repositories stay on disk."""
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def environment(self, cache: Path, token: str | None = None, **more: str) -> dict[str, str]:
        """The variables with which another process speaks to this Hub."""
        own = {name: os.environ[name] for name in os.environ if not name.startswith(("HF_", "COLORIZER_"))}
        return {
            **own,
            "HF_ENDPOINT": self.address, "HF_HOME": str(cache),
            "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
            **({"HF_TOKEN": token} if token else {}), **more,
        }  # fmt: skip

    def fail(self, request: str, kind: str, times: int = 1, **more: str) -> None:
        """From now on, `times` requests that begin like this ("GET /cdn/") go wrong."""
        self.faults.append(Fault(request, kind, times, **more))

    def fault(self, request: str) -> Fault | None:
        """The fault that is meant for a request, if any; used up."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and request.startswith(fault.request):
                    fault.times -= 1
                    return fault
        return None

    # --- repositories ---------------------------------------------------------------------------------

    def create(self, kind: str, name: str, private: bool = False) -> None:
        """An empty repository."""
        self._path(kind, name).mkdir(parents=True)
        self._write(kind, name, {"private": private, "refs": {}, "commits": {}})
        self.commit(kind, name, {}, "initial commit")

    def repo(self, kind: str, name: str) -> dict | None:
        path = self._path(kind, name) / "repo.json"
        return json.loads(path.read_text()) if path.is_file() else None

    def _path(self, kind: str, name: str) -> Path:
        return self.folder / kind / name

    def _write(self, kind: str, name: str, repo: dict) -> None:
        (self._path(kind, name) / "repo.json").write_text(json.dumps(repo, indent=1))

    def store(self, data: bytes) -> dict:
        """Keeps a file's content; returns its entry in a tree. What is not short text is a large file."""
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs" / digest).write_bytes(data)
        return {"sha256": digest, "size": len(data), "lfs": large(data[:512], len(data))}

    def read(self, entry: dict) -> bytes:
        return (self.folder / "blobs" / entry["sha256"]).read_bytes()

    def commit(self, kind: str, name: str, changes: dict[str, bytes | dict | None], message: str, ref="main"):
        """Adds a commit: path to content, to an entry, or to None for a file that goes; returns its sha."""
        with self.lock:
            repo = self.repo(kind, name)
            parent = repo["refs"].get(ref) or repo["refs"].get("main")
            files = dict(repo["commits"][parent]["files"]) if parent else {}
            for path, change in changes.items():
                if change is None:
                    files.pop(path)
                else:
                    files[path] = self.store(change) if isinstance(change, bytes) else change
            about = {"message": message, "parent": parent, "files": files}
            sha = hashlib.sha1(json.dumps(about).encode()).hexdigest()
            repo["commits"][sha], repo["refs"][ref] = about, sha
            self._write(kind, name, repo)
            return sha

    def files(self, kind: str, name: str, revision: str = "main") -> dict[str, bytes]:
        """The content of every file of a revision."""
        repo = self.repo(kind, name)
        tree = repo["commits"][repo["refs"].get(revision, revision)]["files"]
        return {path: self.read(entry) for path, entry in tree.items()}


def large(sample: bytes, size: int) -> bool:
    """Whether a file goes the way of large files: above 10 MB, or no text."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character cut in two at the end is no harm
    except UnicodeDecodeError:
        return True
    return size > 10_000_000 or b"\0" in sample


def etag(entry: dict, data: bytes) -> str:
    """As the Hub's: the sha256 of a large file, git's own hash of a small one."""
    return entry["sha256"] if entry["lfs"] else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.route()

    do_GET = do_POST = do_PUT = do_HEAD

    def log_message(self, *_) -> None:
        """Says nothing."""

    def route(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        path, self.query = urllib.parse.unquote(url.path), dict(urllib.parse.parse_qsl(url.query))
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        request = f"{self.command} {path}"
        self.hub.asked.append(request + (" with token" if self.token else ""))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = b"".join(iter(self.chunk, b""))
        self.fault = self.hub.fault(request)
        if self.fault and self.fault.kind == "busy":
            return self.answer(429, {"error": "Too many requests"}, {"Retry-After": "0"})
        if self.fault and self.fault.kind == "broken":
            return self.answer(500, {"error": "Internal error"})
        if path.startswith("/cdn/"):
            return self.cdn(path.removeprefix("/cdn/"))
        if self.token not in (None, TOKEN):
            return self.answer(401, {"error": "Invalid token"})
        if path == "/api/whoami-v2":
            return self.answer(200, {"name": USER}) if self.token else self.answer(401, {"error": "Who?"})
        if path == "/api/validate-yaml":
            return self.validate(json.loads(self.body)["content"])
        if path == "/api/repos/create":
            return self.create(json.loads(self.body))
        if match := ROUTE.fullmatch(path) or re.fullmatch(r"/api/(\w+)/([\w.-]+/[\w.-]+)()()", path):
            kind = {plural: kind for kind, plural in KINDS.items()}[match[1] or "models"]
            return self.repository(kind, match[2], match[3] or "revision", match[4] or "main")
        return self.answer(404, {})

    def chunk(self) -> bytes:
        data = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return data

    def repository(self, kind: str, name: str, action: str, rest: str) -> None:
        repo = self.hub.repo(kind, name)
        if repo is None or (repo["private"] and not self.token):
            return self.answer(404 if self.token else 401, {}, {"X-Error-Code": "RepoNotFound"})
        if action in ("commit", "preupload", "info") and not self.token:
            return self.answer(401, {"error": "Unauthorized"})
        if action == "info":  # …/info/lfs/objects/batch
            return self.batch(json.loads(self.body))
        revision, _, path = rest.partition("/")
        if revision == "refs":  # refs/pr/1 comes with its slashes
            revision, path = "/".join(rest.split("/")[:3]), "/".join(rest.split("/")[3:])
        sha = repo["refs"].get(revision, revision)
        if sha not in repo["commits"]:
            return self.answer(404, {}, {"X-Error-Code": "RevisionNotFound"})
        files = repo["commits"][sha]["files"]
        if action == "resolve":
            return self.resolve(sha, files.get(path))
        if action == "revision":
            siblings = [{"rfilename": path} for path in files]
            return self.answer(
                200, {"id": name, "sha": sha, "private": repo["private"], "siblings": siblings}
            )
        if action == "tree":
            return self.answer(200, [self.entry(path, entry) for path, entry in files.items()])
        if action == "preupload":
            return self.preupload(json.loads(self.body)["files"], files)
        if action == "commit":
            return self.commit(kind, name, revision, repo)
        return self.answer(404, {"error": "no such route"})

    # --- reading --------------------------------------------------------------------------------------

    def resolve(self, sha: str, entry: dict | None) -> None:
        headers = {"X-Repo-Commit": sha}
        if entry is None:
            return self.answer(404, {}, headers | {"X-Error-Code": "EntryNotFound"})
        data = self.hub.read(entry)
        tag = self.fault.etag if self.fault and self.fault.kind == "etag" else etag(entry, data)
        if entry["lfs"]:
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(data))}
            return self.answer(302, b"", headers | {"Location": f"{self.hub.cdn}/cdn/{entry['sha256']}"})
        return self.send_part(data, headers | {"ETag": f'"{tag}"'})

    def cdn(self, digest: str) -> None:
        path = self.hub.folder / "blobs" / digest
        if self.command == "PUT":
            path.write_bytes(self.body)
            return self.answer(200, b"")
        return self.send_part(path.read_bytes(), {"ETag": f'"{digest}"'})

    def send_part(self, data: bytes, headers: dict[str, str]) -> None:
        """A file, or what a Range asks of it; half of that if it is to break off."""
        status, start = 200, 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            status, start = 206, int(match[1])
            headers = headers | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        data = data[start:]
        if self.fault and self.fault.kind == "short":  # as if all were well, but half of it is missing
            data = data[: len(data) // 2]
        self.answer(status, data, headers)

    def entry(self, path: str, entry: dict) -> dict:
        row = {"type": "file", "path": path, "size": entry["size"], "oid": etag(entry, self.hub.read(entry))}
        if entry["lfs"]:
            row["lfs"] = {"oid": entry["sha256"], "size": entry["size"], "pointerSize": 130}
        return row

    # --- writing --------------------------------------------------------------------------------------

    def create(self, wish: dict) -> None:
        kind, name = wish.get("type", "model"), f"{wish.get('organization') or USER}/{wish['name']}"
        if not self.token:
            return self.answer(401, {"error": "Unauthorized"})
        if wish.get("organization") not in (None, USER):
            return self.answer(403, {"error": "You have no rights there"})
        url = f"{self.hub.address}/{'' if kind == 'model' else KINDS[kind] + '/'}{name}"
        if self.hub.repo(kind, name):
            return self.answer(409, {"error": "You already created this repo", "url": url})
        self.hub.create(kind, name, wish.get("visibility") == "private")
        return self.answer(200, {"url": url})

    def validate(self, content: str) -> None:
        """What the Hub refuses for certain: metadata that are no YAML mapping, a library without name."""
        errors = []
        try:
            data = yaml.safe_load(content.split("---")[1]) if content.startswith("---") else {}
            if not isinstance(data, dict):
                errors.append({"message": "metadata must be a mapping"})
            elif len(data.get("short_description", "")) > 60:
                errors.append({"message": '"short_description" length must be at most 60 characters'})
        except yaml.YAMLError as error:
            errors.append({"message": str(error)})
        self.answer(400 if errors else 200, {"errors": errors, "warnings": []})

    def preupload(self, wanted: list[dict], files: dict) -> None:
        answer = []
        for file in wanted:
            mode = "lfs" if large(base64.b64decode(file["sample"]), file["size"]) else "regular"
            known = files.get(file["path"])
            oid = {"oid": etag(known, self.hub.read(known))} if known else {}
            answer.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **oid})
        self.answer(200, {"files": answer})

    def batch(self, wish: dict) -> None:
        objects = []
        for thing in wish["objects"]:
            known = (self.hub.folder / "blobs" / thing["oid"]).exists()
            upload = {"upload": {"href": f"{self.hub.cdn}/cdn/{thing['oid']}"}}
            objects.append(thing if known else {**thing, "actions": upload})
        self.answer(200, {"transfer": "basic", "objects": objects})

    def commit(self, kind: str, name: str, revision: str, repo: dict) -> None:
        changes, header = {}, {}
        for line in self.body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "header":
                header = value
            elif item["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                blob = self.hub.folder / "blobs" / value["oid"]
                if not blob.exists() or hashlib.sha256(blob.read_bytes()).hexdigest() != value["oid"]:
                    return self.answer(400, {"error": f"{value['path']} has not been uploaded"})
                changes[value["path"]] = {"sha256": value["oid"], "size": value["size"], "lfs": True}
            elif item["key"] == "deletedFile":
                changes[value["path"]] = None
        answer, ref = {}, revision
        if self.query.get("create_pr"):
            number = 1 + sum(ref.startswith("refs/pr/") for ref in repo["refs"])
            ref = f"refs/pr/{number}"
            answer["pullRequestUrl"] = f"{self.hub.address}/{name}/discussions/{number}"
        sha = self.hub.commit(kind, name, changes, header["summary"], ref)
        url = f"{self.hub.address}/{name}/commit/{sha}"
        return self.answer(200, {"commitOid": sha, "commitUrl": url, **answer})

    def answer(self, status: int, body: bytes | dict | list, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault and self.fault.kind in ("drop", "stall"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            if self.fault.kind == "stall":
                self.rfile.read(1)  # until the client goes away
            return
        self.wfile.write(data)
