"""Everything that touches Gradio's private parts, in one place; nothing else in this project does.

    install()                    # once, before a page is built
    protect(page)                # a page with all its components and its queue

Gradio has no settings for much of what a page on the open net needs. So some of its functions are wrapped or
replaced here. That is safe only with a version whose code was read: another one stops the page at its start
with a sentence, and whoever updates Gradio reads the functions that `PATCHED` names, and runs the tests.
"""

import math
import re
import time
from collections import Counter
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import uvicorn
from gradio import http_server, queueing, route_utils, routes, state_holder, utils
from gradio.server_messages import ProcessCompletedMessage

from colorizer.page.error_messages import KEPT_DETAILS, errors_as_messages, log_error
from colorizer.page.security.addresses import owner_of
from colorizer.page.security.connections import Connections, limited_protocol
from colorizer.page.security.fair_queue import FairShare, held_seconds
from colorizer.page.session_store import SessionStore
from colorizer.page.settings import LIMITS, SETTINGS

VERSION = "6.31"
# What is replaced or relied on: module, and name within it. `install` checks that each exists.
PATCHED = (
    ("gradio.http_server", "uvicorn.Config"),
    ("gradio.queueing", "Queue.push"),
    ("gradio.queueing", "Queue.get_events"),
    ("gradio.queueing", "Queue.process_events"),
    ("gradio.queueing", "Queue.compute_analytics_summary"),
    ("gradio.queueing", "Queue.remove_from_queue"),
    ("gradio.queueing", "traceback.print_exc"),
    ("gradio.routes", "App.get_blocks"),
    ("gradio.routes", "traceback.print_exc"),
    ("gradio.route_utils", "GradioMultiPartParser.parse"),
    ("gradio.route_utils", "GradioMultiPartParser.on_part_data"),
    ("gradio.route_utils", "call_process_api"),
    ("gradio.route_utils", "traceback.print_exc"),
    ("gradio.state_holder", "StateHolder.update"),
    ("gradio.state_holder", "datetime.datetime"),
    ("gradio.utils", "traceback.print_exc"),
    ("gradio.blocks", "Block.async_move_resource_to_block_cache"),
)
LINKS_REFUSED = "This page fetches nothing from elsewhere: send the photo itself."
QUEUE_FULL = "Many photos are waiting already, and no more are taken. Please come back in a minute."
NO_FUNCTION = "The page has no such function."
ONLY_FILES = "Send photos, and nothing beside them."
# Of one owner, by queue. One photo at a time: so a visitor's events stay in order, too.
AT_ONCE = {"batch": SETTINGS.batches_per_address, "network": 1}
SESSION = re.compile(r"[\w-]{1,64}")
_installed = False


class UnknownGradio(RuntimeError):
    """A version of Gradio whose code was not read for this module."""


def check_version() -> None:
    """Refuses another Gradio than the one that this module was written for.

    Raises:
        UnknownGradio: with what is expected and what is there.
    """
    if not gr.__version__.startswith(f"{VERSION}."):
        raise UnknownGradio(
            f"The page needs Gradio {VERSION}: pip install 'gradio=={VERSION}.*'. Received: {gr.__version__}"
        )
    for module, name in PATCHED:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise UnknownGradio(f"Gradio {gr.__version__} has no {module}.{name}, which the page relies on.")


def install() -> None:
    """Puts the replacements in place, once for the process.

    Raises:
        UnknownGradio: it is another version.
    """
    global _installed
    check_version()
    if _installed:
        return
    _installed = True
    KEPT_DETAILS.update({QUEUE_FULL, NO_FUNCTION})
    for module in (queueing, routes, route_utils, utils):
        module.traceback = SimpleNamespace(print_exc=log_error)
    http_server.uvicorn = SimpleNamespace(Config=_server_config)
    route_utils.call_process_api = _with_messages(route_utils.call_process_api)
    route_utils.GradioMultiPartParser = _LimitedParser
    queueing.Queue.get_events = _get_events
    # Statistics that nobody may see, made anew with pandas of ten thousand events after every one of them.
    queueing.Queue.compute_analytics_summary = lambda queue, records: {}
    queueing.Queue.process_events = _timed(queueing.Queue.process_events)
    state_holder.StateHolder.update = _update
    state_holder.datetime = SimpleNamespace(datetime=SimpleNamespace(now=_steady_now))
    # Made of the first visitor's Host header and shown to all others; this keeps it to its request.
    routes.App.api_info = property(lambda app: _api_info.get(), lambda app, info: _api_info.set(info))


_api_info: ContextVar[Any] = ContextVar("api_info", default=None)


# --- the server ----------------------------------------------------------------------------------------


def _server_config(**options) -> uvicorn.Config:
    """Gradio's configuration of uvicorn, with limits for connections."""
    return uvicorn.Config(
        **options, http=limited_protocol(Connections()), ws="none", server_header=False, log_config=None,
        access_log=False,
    )  # fmt: skip


class _LimitedParser(route_utils.GradioMultiPartParser):
    """Takes few files and hardly any text; what was begun is deleted if the upload breaks off."""

    def __init__(self, *args, **options):
        # More than a batch may have, so that whoever drops too many learns it from the batch tab.
        options |= {"max_files": 4 * LIMITS.files, "max_fields": 10}
        super().__init__(*args, **options)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current_part
        if part.file is None and len(part.data) + end - start > SETTINGS.field_bytes:
            raise route_utils.MultiPartException(ONLY_FILES)
        super().on_part_data(data, start, end)

    async def parse(self):
        try:
            return await super().parse()
        except BaseException:
            for file in self._files_to_close_on_error:
                file.close()
                Path(file.name).unlink(missing_ok=True)
            raise


# --- functions -----------------------------------------------------------------------------------------


def _with_messages(call):
    """Runs a page's function: whatever error it ends in reaches visitors as a sentence."""

    async def call_process_api(*args, **options):
        with errors_as_messages():
            return await call(*args, **options)

    return call_process_api


def _owner(event: queueing.Event) -> str:
    client = event.request.client
    return owner_of(client.host if client else None, event.session_hash)


def _shares(queue: queueing.Queue) -> dict[str, FairShare]:
    return queue.__dict__.setdefault("colorizer_shares", {})


def _running(queue: queueing.Queue, concurrency_id: str) -> Counter[str]:
    events = [event for job in queue.active_jobs if job for event in job]
    return Counter(_owner(event) for event in events if event.concurrency_id == concurrency_id)


def _get_events(queue: queueing.Queue) -> tuple[list[queueing.Event], bool, str] | None:
    """The event to process next: of the visitor who used that queue least, instead of the oldest."""
    for concurrency_id, waiting in list(queue.event_queue_per_concurrency_id.items()):
        limit = waiting.concurrency_limit
        if not waiting.queue or (limit is not None and waiting.current_concurrency >= limit):
            continue
        running, most = _running(queue, concurrency_id), AT_ONCE.get(concurrency_id, math.inf)
        free = [e for e in waiting.queue if running[_owner(e)] < most]
        if not free:
            continue
        owners = [_owner(event) for event in free]
        share = _shares(queue).setdefault(concurrency_id, FairShare())
        index = share.next(owners)
        waiting.queue.remove(free[index])
        share.start(owners[index])
        return [free[index]], False, concurrency_id
    return None


def _timed(process):
    """Notes how long a visitor's event took: its turns, or all of it if it needed none."""

    async def process_events(queue, events, batch, begin_time, fn):
        owner, start = _owner(events[0]), time.monotonic()
        share = _shares(queue).get(events[0].concurrency_id)
        held: list[float] = []
        held_seconds.set(held)
        try:
            await process(queue, events, batch, begin_time, fn)
        finally:
            if share is not None:
                share.finish(owner, sum(held) if held else time.monotonic() - start)

    return process_events


async def _make_room(queue: queueing.Queue, owner: str) -> bool:
    """Takes the newest event from the visitor with the most, if that is more than `owner` would have."""
    waiting = [e for q in queue.event_queue_per_concurrency_id.values() for e in q.queue]
    counts = Counter(_owner(event) for event in waiting)
    most = max(counts, key=counts.__getitem__, default=owner)
    if counts[most] <= counts[owner] + 1:
        return False
    last = [event for event in waiting if _owner(event) == most][-1]
    await queue.remove_from_queue(last._id)
    queue.send_message(
        last, ProcessCompletedMessage(output={"error": QUEUE_FULL, "visible": True}, success=False)
    )
    return True


def _update(holder: state_holder.StateHolder, session_id: str) -> None:
    """Forgets a session if there are too many: one without photos, of those the least recently used."""
    store: SessionStore | None = getattr(holder.blocks, "colorizer_store", None)
    with holder.lock:
        if session_id in holder.session_data:
            holder.session_data.move_to_end(session_id)
        while len(holder.session_data) > holder.capacity:
            ids = [name for name in holder.session_data if name != session_id]
            empty = (name for name in ids if not _holds(holder.session_data[name], store))
            evicted = next(empty, ids[0])
            del holder.session_data[evicted]
            holder.time_last_used.pop(evicted, None)


def _steady_now() -> datetime:
    """A time that only passes: when the computer's date is set, sessions become neither older nor younger."""
    return datetime.fromtimestamp(time.monotonic(), UTC)


def _holds(state: state_holder.SessionState, store: SessionStore | None) -> bool:
    return store is not None and any(store.holds(value) for value in state.state_data.values())


# --- one page ------------------------------------------------------------------------------------------


def protect(page: gr.Blocks, store: SessionStore) -> gr.Blocks:
    """Makes components refuse links, and the queue refuse what is no function and share itself fairly.

    Args:
        page: with all its components and its queue.
        store: whose keys its `gr.State` components hold.

    Returns:
        The same page.
    """
    page.colorizer_store = store
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _only_files(block.async_move_resource_to_block_cache)
    push = page._queue.push

    async def checked_push(body, request, username):
        function = page.fns.get(body.fn_index)
        # What the browser does by itself has no code here. Asked for it all the same, Gradio would open what
        # was sent as a picture, with every decoder that Pillow has.
        if function is None or function.fn is None:
            return False, NO_FUNCTION, "error"
        if body.session_hash is not None and not SESSION.fullmatch(body.session_hash):
            return False, NO_FUNCTION, "error"
        if page._queue.max_size is not None and len(page._queue) >= page._queue.max_size:
            client = request.client
            owner = owner_of(client.host if client else None, body.session_hash)
            await _make_room(page._queue, owner)
        accepted, answer, state = await push(body=body, request=request, username=username)
        return accepted, QUEUE_FULL if state == "queue_full" else answer, state

    page._queue.push = checked_push
    return page


def _only_files(move):
    """Gradio's way of taking a file into its cache, for files only."""

    async def taken(path):
        if path is not None and "://" in str(path):
            raise gr.Error(LINKS_REFUSED, print_exception=False)
        with errors_as_messages():
            return await move(path)

    return taken


def user_of(scope: dict, cookies: dict[str, str]) -> str | None:
    """Who has logged in with Gradio's login, by the cookies of a request."""
    app = scope["app"]
    for name in (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"):
        if user := app.tokens.get(cookies.get(name)):
            return user
    return None


def permanent_files(page: gr.Blocks) -> set[str]:
    """The files that a page shows for as long as it runs: its examples."""
    return {str(Path(file)) for block in page.blocks.values() for file in getattr(block, "keep_in_cache", ())}


def forget_deleted_files(page: gr.Blocks) -> None:
    """Drops the names of files that are gone from Gradio's lists, which would grow for ever."""
    for names in page.temp_file_sets:
        names.difference_update(name for name in names.copy() if not Path(name).exists())


def allow_large_mcp_messages() -> None:
    """Lets the Model Context Protocol bring photos as large as uploads, and its tool log in.

    Raises:
        ImportError: `mcp` is not installed.
    """
    from functools import partial

    from gradio.mcp import GradioMCPServer
    from gradio_client import Client
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    GradioMCPServer.StreamableHTTPSessionManager = partial(
        StreamableHTTPSessionManager, max_request_body_size=int(min(SETTINGS.mcp_bytes, 1e12))
    )

    def client(server: GradioMCPServer) -> Client:
        if server._client_instance is None:
            auth = server.blocks.auth
            server._client_instance = Client(
                server.local_url, download_files=False, verbose=False, analytics_enabled=False,
                ssl_verify=False, _skip_components=False, headers={"x-gradio-user": "mcp"},
                auth=auth[0] if auth else None,
            )  # fmt: skip
        return server._client_instance

    GradioMCPServer._get_or_create_client = client
