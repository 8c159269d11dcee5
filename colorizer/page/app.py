"""The page: drop a black-and-white photo, get it back in colour.

    from colorizer.page.app import build_page, launch_options
    page = build_page(colorizer)
    page.launch(**launch_options())

Here the page's tabs are put together and the public endpoint is added; `serve.py` is the command that starts
it, with a temporary folder of its own.
"""

import math
from collections.abc import Iterator

import gradio as gr
from starlette.middleware import Middleware

from colorizer.colorizer import Colorizer
from colorizer.limits import SIZE
from colorizer.page import about_tab, file_chooser, film_process, gradio_patches, theme
from colorizer.page.batch_tab import BatchTab
from colorizer.page.correction.endpoint import add_correct_endpoint
from colorizer.page.error_messages import ErrorMessages, errors_as_messages, exception_handlers
from colorizer.page.examples import Examples
from colorizer.page.film_tab import FilmTab
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.body_limits import BodyLimits
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.security.hosts import AllowedHosts, HostCheck
from colorizer.page.security.login import Login
from colorizer.page.security.rate_limits import RateLimits
from colorizer.page.security.routes import RouteAllowList
from colorizer.page.session import predict, write_result
from colorizer.page.session_store import SessionStore, memory_budget
from colorizer.page.settings import LIMITS, SETTINGS
from colorizer.page.single_photo_tab import NETWORK, SinglePhotoTab
from colorizer.page.temp_files import scratch_dir

INTRODUCTION = """# Colorizer
Drop a black-and-white photo. It comes back in colour, at its full resolution."""
WARMING = "The network is warming up …"
NO_PHOTO = "No photo was sent."
PUBLIC = {**NETWORK, "api_visibility": "public"}


class Page(gr.Blocks):
    """The page around a colorizer; `close` also ends its work in the background."""

    examples: Examples

    def close(self, verbose: bool = True) -> None:
        """Stops the server and the making of examples."""
        self.examples.stop()
        super().close(verbose=verbose)


def build_page(colorizer: Colorizer) -> Page:
    """The page around a colorizer; launch it with `launch_options()`."""
    gradio_patches.install()
    store = SessionStore(memory_budget())
    examples = Examples(colorizer)
    turns = FairTurns()  # one photo at a time, whichever way it came
    with Page(title="Colorizer", analytics_enabled=False) as page:
        page.examples = examples
        gr.Markdown(INTRODUCTION)
        warming = gr.Markdown(WARMING, elem_id="warming")
        with gr.Tab("One photo"):
            single = SinglePhotoTab(colorizer, examples, store, turns)
        with gr.Tab("Many photos"):
            batch = BatchTab(colorizer, store, turns)
            single.correct_from(
                batch.correct, batch.source, [batch.key, batch.chosen, batch.controls.strength]
            )
        if film_process.available():
            with gr.Tab("Film"):
                FilmTab(colorizer, store, turns)
        with gr.Tab("About"):
            about_tab.build()
        _tell_when_warm(page, warming, examples)
        _add_endpoint(colorizer, turns)
        add_correct_endpoint(colorizer, turns, **PUBLIC)
    waiting = None if math.isinf(LIMITS.queue) else int(LIMITS.queue)
    return gradio_patches.protect(page.queue(max_size=waiting, api_open=False), store)


def _tell_when_warm(page: Page, warming: gr.Markdown, examples: Examples) -> None:
    def wait_until_warm() -> str:
        examples.warm.wait(timeout=60)
        return "The network is ready."

    page.load(
        wait_until_warm, None, warming, show_progress="hidden", api_visibility="private",
        concurrency_limit=None,
    )  # fmt: skip


def _add_endpoint(colorizer: Colorizer, turns: FairTurns) -> None:
    def colorize(
        photo: str, strength: float = 1.0, size: int = SIZE, request: gr.Request = None
    ) -> Iterator[str]:
        """Colours a photo. Returns the coloured file: same type, own resolution, EXIF kept.

        Args:
            photo: a file of any common type
            strength: scales the colours: 0 is grey, 1 as predicted, up to 2
            size: the network sees about size x size pixels, from 32 to 1024
            request: who asks; the server fills it in
        """
        if photo is None:
            raise gr.Error(NO_PHOTO, print_exception=False)
        with errors_as_messages(), scratch_dir() as folder:
            with turns.turn(requested_by(request)):
                path, _ = write_result(predict(colorizer, photo, size), strength, folder)
            yield path

    gr.Button(visible=False).click(
        colorize,
        [
            gr.File(label="photo", visible=False),
            gr.Number(1.0, label="strength: 0 is grey, 1 as predicted", visible=False),
            gr.Number(SIZE, label="size", precision=0, visible=False),
        ],
        gr.File(label="the photo in colour", visible=False),
        **PUBLIC, api_name="colorize",
    )  # fmt: skip


def launch_options(
    hosts: AllowedHosts | None = None, auth: tuple[str, str] | None = None, mcp: bool = False
) -> dict:
    """What `launch` needs for the page to look and behave as meant, wherever it is started.

    Args:
        hosts: the names under which it is served; "localhost" and IP addresses if None.
        auth: name and password that visitors must give, if any.
        mcp: whether `colorize` and `correct` are also tools for language models.
    """
    if mcp:
        gradio_patches.allow_large_mcp_messages()
    return {
        "theme": theme.theme(),
        "css": theme.CSS,
        "js": f"() => {{ ({theme.SCRIPT})(); ({file_chooser.SCRIPT})(); }}",
        # Gradio counts in units of 2^20 when it names the limit; what lies between, the core refuses.
        "max_file_size": None if math.isinf(LIMITS.megabytes) else int(LIMITS.megabytes * 2**20),
        "auth": auth,
        "mcp_server": mcp,
        "app_kwargs": {
            "middleware": [  # the first is the outermost
                Middleware(ErrorMessages),
                Middleware(HostCheck, allowed=hosts or AllowedHosts()),
                Middleware(RouteAllowList),
                Middleware(RateLimits),
                Middleware(Login, credentials=auth, user_of=gradio_patches.user_of),
                Middleware(BodyLimits),
            ],
            "exception_handlers": exception_handlers(),
        },
        "run_history": False,  # nobody's photos are kept in a browser that others may use
        "state_session_capacity": SETTINGS.gradio_sessions,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,  # rendering on the server would need Node.js
        "enable_monitoring": False,
        "show_error": True,
    }
