"""Under which names the page is served, and the headers that browsers keep to.

    AllowedHosts.of("0.0.0.0", ["photos.example.org"])

A website can give its own name this machine's address and then talk to the page as if it were its own server
(DNS rebinding). So the page answers only under names that it was started for, and under plain IP addresses,
which no website can take over. And a request that another website's script makes carries that website's name
as its Origin: it is refused.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER_NAME = (
    "This page is not served under this name. Whoever runs it can allow the name with --allowed-host or "
    "COLORIZER_HOSTS."
)
HOST = re.compile(r"(\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[\w.-]+))(:\d{1,5})?", re.ASCII)
# Headers from which Gradio makes links and addresses; the last is for its server in Node.js, not used here.
BELIEVED = (b"x-forwarded-host", b"x-forwarded-for", b"x-gradio-server")
OTHER_SITE = "This page does not take requests that other websites make."


@dataclass(frozen=True)
class AllowedHosts:
    """Names under which the page is served; `*.example.org` stands for all names that end so.

    Attributes:
        names: in lower case; "*" allows all.
        framed_by: websites that may show the page in a frame of theirs, besides itself.
    """

    names: frozenset[str] = frozenset({"localhost"})
    framed_by: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: str, more: Iterable[str] = (), share: bool = False) -> "AllowedHosts":
        """The names for a page that listens on `host`: its own, this machine's, a Space's, and `more`."""
        machine = socket.gethostname().lower()
        names = {"localhost", host, machine, f"{machine.removesuffix('.local')}.local", *more}
        names.update(os.environ.get("COLORIZER_HOSTS", "").split(","))
        if share:
            names.add("*.gradio.live")
        space = "SPACE_ID" in os.environ
        if space:
            names.update({"*.hf.space", os.environ.get("SPACE_HOST", "")})
        names = {name.strip().lower() for name in names}
        return cls(frozenset(names - {""}), ("https://huggingface.co",) if space else ())

    def accepts(self, host: str) -> bool:
        """Whether a Host header, with or without a port, is one of these names or an IP address."""
        name = name_of(host)
        if not name:
            return False
        if "*" in self.names or name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
            return True
        except ValueError:
            parts = name.split(".")
            return any("*." + ".".join(parts[i:]) in self.names for i in range(1, len(parts)))

    def accepts_origin(self, origin: str, hosts: Iterable[str]) -> bool:
        """Whether a request from a website is the page's own.

        Args:
            origin: the Origin header.
            hosts: what the request says it is sent to.
        """
        if origin in self.framed_by or "*" in self.names:
            return True
        where = urlsplit(origin).netloc.lower()
        if where in {host.lower() for host in hosts}:
            return True
        name = name_of(where)
        return bool(name) and not _is_address(name) and name != "localhost" and self.accepts(where)


def name_of(host: str) -> str:
    """A Host header's name or address without its port; "" if it is malformed."""
    found = HOST.fullmatch(host.lower())
    return (found["address"] or found["name"]).rstrip(".") if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        return False


class HostCheck:
    """Wraps the server: refuses other names and other websites, and adds headers for browsers."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts):
        self.app, self.allowed = app, allowed
        frames = " ".join(("'self'", *allowed.framed_by))
        self.headers = {
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "content-security-policy": f"frame-ancestors {frames}",
        }
        if not allowed.framed_by:
            self.headers["x-frame-options"] = "SAMEORIGIN"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is meant for this page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        forwarded = headers.get("x-forwarded-host", "").split(",")[0].strip()
        forwarded = forwarded if forwarded and self.allowed.accepts(forwarded) else ""
        if not self.allowed.accepts(host):
            await PlainTextResponse(OTHER_NAME, 421)(scope, receive, with_headers)
        elif origin is not None and not self.allowed.accepts_origin(origin, {host, forwarded} - {""}):
            await PlainTextResponse(OTHER_SITE, 403)(scope, receive, with_headers)
        else:
            await self.app(_rewritten(scope, forwarded), receive, with_headers)


def _rewritten(scope: Scope, forwarded_host: str) -> Scope:
    """The request with only those headers about its way here that were checked.

    Gradio believes them whoever sends them, and its tool for language models passes them on to itself.
    """
    kept = [(name, value) for name, value in scope["headers"] if name not in BELIEVED]
    if forwarded_host:
        kept.append((b"x-forwarded-host", forwarded_host.encode("latin-1")))
    if client := scope.get("client"):
        kept.append((b"x-forwarded-for", str(client[0]).encode("latin-1", "replace")))
    return {**scope, "headers": kept}
