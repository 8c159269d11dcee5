"""The page: drop a black-and-white photo, get it back in colour.

    python app.py                       # http://127.0.0.1:7860
    python app.py --share --auth me:secret   # a public link for a week, with a password
    python app.py --mcp                 # also a tool for language models, under /gradio_api/mcp/
    python app.py --port 8000 --host 0.0.0.0 --weights my-weights/

Here the page's tabs are put together, the public endpoint is added, and the server is started. Photos are
deleted after an hour and when it stops.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterator

import gradio as gr
from starlette.middleware import Middleware

from colorizer.colorizer import Colorizer
from colorizer.errors import WeightsError
from colorizer.fast_import import uncollected, without
from colorizer.limits import SIZE
from colorizer.page import about_tab, batch_tab, single_photo_tab, temp_files, theme
from colorizer.page.disk_full import FullDisk
from colorizer.page.security import LIMITS, OnlyRoutes, guard
from colorizer.page.session import KEEP_SECONDS, predict, write

PORT = 7860
# Keras would load it, if Keras is needed, for galleries that are not shown here.
UNUSED = ("matplotlib",)
# Each session keeps its last photo in memory, some 100 MB if it comes from a good camera.
SESSIONS = 50
CLEAN_SECONDS = 600  # between two rounds that put away what is older than KEEP_SECONDS
NO_LINK = (
    "there is no public link: it goes through Gradio's servers, and this network does not let the page reach "
    "them, or they are down. --host 0.0.0.0 opens the page to the machines around; a Space is public."
)
INTRODUCTION = """# Colorizer
Drop a black-and-white photo. It comes back in colour, at its full resolution."""


def build_page(colorizer: Colorizer) -> gr.Blocks:
    """The page around a colorizer; launch it with `launch_options()`."""

    def colorize(photo: str, strength: float = 1.0, size: int = SIZE) -> Iterator[str]:
        """Colours a photo. Returns the coloured file: same type, own resolution, EXIF kept.

        Args:
            photo: a file of any common type
            strength: scales the colours: 0 is grey, 1 as predicted, up to 2
            size: the network sees about size x size pixels, from 32 to 1024
        """
        if photo is None:
            raise gr.Error("No photo was sent.", print_exception=False)
        prediction = predict(colorizer, photo, size)
        with temp_files.scratch() as folder:
            yield write(prediction, strength, folder)

    examples = single_photo_tab.Examples(colorizer)

    def wait_until_warm() -> str:
        examples.warm.wait(timeout=60)
        return "The network is ready."

    with gr.Blocks(
        title="Colorizer", delete_cache=(CLEAN_SECONDS, KEEP_SECONDS), analytics_enabled=False
    ) as page:
        gr.Markdown(INTRODUCTION)
        warming = gr.Markdown("The network is warming up …", elem_id="warming")
        with gr.Tab("One photo"):
            single_photo_tab.build(colorizer, examples)
        with gr.Tab("Many photos"):
            batch_tab.build(colorizer)
        with gr.Tab("About"):
            about_tab.build()
        page.load(wait_until_warm, None, warming, show_progress="hidden", api_visibility="private")
        gr.Button(visible=False).click(
            colorize,
            [
                gr.File(label="photo", visible=False),
                gr.Number(1.0, label="strength: 0 is grey, 1 as predicted", visible=False),
                gr.Number(SIZE, label="size", precision=0, visible=False),
            ],
            gr.File(label="the photo in colour", visible=False),
            api_name="colorize", concurrency_limit=1, concurrency_id="network",
        )  # fmt: skip
    waiting = None if math.isinf(LIMITS.queue) else int(LIMITS.queue)
    return guard(page.queue(max_size=waiting, api_open=False))


def launch_options() -> dict:
    """What `launch` needs for the page to look and behave as meant, wherever it is started."""
    return {
        "theme": theme.theme(),
        "css": theme.CSS,
        "js": theme.SCRIPT,
        # Gradio counts in units of 2^20 when it names the limit; what lies between, the core refuses.
        "max_file_size": None if math.isinf(LIMITS.megabytes) else int(LIMITS.megabytes * 2**20),
        "app_kwargs": {"middleware": [Middleware(OnlyRoutes), Middleware(FullDisk)]},
        "run_history": False,  # nobody's photos are kept in a browser that others may use
        "state_session_capacity": SESSIONS,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,  # rendering on the server would need Node.js
        "show_error": True,
    }


def main(arguments: list[str] | None = None) -> int:
    """Starts the page and stays until it is stopped; 2 if it cannot start."""
    # A Space is reached from outside its container, a page at home only from home.
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1")
    port = os.environ.get("GRADIO_SERVER_PORT", str(PORT))  # a string, so that argparse checks it too
    parser = argparse.ArgumentParser(description="Starts the colorizer's page.")
    parser.add_argument("--port", type=int, default=port, help=f"default: {port}")
    parser.add_argument("--host", default=host, help=f"0.0.0.0 lets other machines in (default: {host})")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--mcp", action="store_true", help="also serve /colorize as an MCP tool")
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument(
        "--auth", metavar="USER:PASSWORD", default=os.environ.get("COLORIZER_AUTH") or None,
        help="ask for these; the variable COLORIZER_AUTH keeps them out of the list of processes",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    user, _, password = (options.auth or "").partition(":")
    if options.auth and not (user and password):
        parser.error("--auth or COLORIZER_AUTH must be user:password, neither of them empty")
    try:
        with temp_files.own_folder() as folder:
            with uncollected(), without(*UNUSED):
                colorizer = Colorizer.from_pretrained(options.weights)
            page = build_page(colorizer)
            # Gradio is given one round more to delete what it knows of.
            housekeeping = temp_files.housekeeping(folder, page, CLEAN_SECONDS, KEEP_SECONDS + CLEAN_SECONDS)
            with temp_files.ended_by_sigterm(lambda: page.close(verbose=False)), housekeeping:
                page.launch(
                    server_name=options.host, server_port=options.port, share=options.share,
                    mcp_server=options.mcp, auth=(user, password) if options.auth else None,
                    prevent_thread_lock=True, quiet=True, **launch_options(),
                )  # fmt: skip
                public = f", and for everybody at {page.share_url}" if page.share_url else ""
                print(f"The page is at {page.local_url}{public} (Ctrl+C stops it)", flush=True)
                if options.share and not page.share_url and "SPACE_ID" not in os.environ:
                    said = f"app.py: {NO_LINK} Here it works all the same, at {page.local_url}"
                    print(said, file=sys.stderr)
                page.block_thread()
    except WeightsError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"app.py: the page cannot start on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
