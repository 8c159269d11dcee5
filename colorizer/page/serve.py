"""The command that starts the page.

    python app.py                       # http://127.0.0.1:7860
    python app.py --share --auth me:secret   # a public link for a week, with a password
    python app.py --mcp                 # also a tool for language models, under /gradio_api/mcp/
    python app.py --port 8000 --host 0.0.0.0 --allowed-host photos.example.org
    python app.py --root-path /colorizer     # behind a proxy, see docs/deployment.md

Nothing here loads Gradio before the temporary folder is set: several of its modules look it up only once.
Photos are deleted after an hour and when the page stops.
"""

import argparse
import os
import re
import sys
import warnings
from pathlib import Path

from colorizer.errors import WeightsError
from colorizer.fast_import import gc_paused, hide_modules
from colorizer.page import temp_files
from colorizer.page.error_messages import set_up_logging
from colorizer.page.security.process import raise_file_limit, return_freed_memory
from colorizer.page.settings import SETTINGS
from colorizer.terminal import complain, say

PORT = 7860
# Keras would load it, if Keras is needed, for galleries that are not shown here.
UNUSED = ("matplotlib",)
# A Space's proxies are in its own network; at home only this machine may say for whom it asks.
PROXIES, SPACE_PROXIES = "127.0.0.1,::1", "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
PORT_TAKEN = (
    "another program uses this port, perhaps another page, or the address is none of this machine's. "
    "--port and --host choose others."
)
NO_LINK = (
    "there is no public link: it goes through Gradio's servers, and this network does not let the page reach "
    "them, or they are down. --host 0.0.0.0 opens the page to the machines around; a Space is public."
)


def build_parser() -> argparse.ArgumentParser:
    """The command's options, with defaults from the environment."""
    # A Space is reached from outside its container, a page at home only from home.
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1")
    port = os.environ.get("GRADIO_SERVER_PORT", str(PORT))  # a string, so that argparse checks it too
    parser = argparse.ArgumentParser(prog="colorizer serve", description="Starts the colorizer's page.")
    parser.add_argument("--port", type=_port, default=port, help=f"default: {port}")
    parser.add_argument("--host", default=host, help=f"0.0.0.0 lets other machines in (default: {host})")
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME",
        help="a name under which the page is reached, besides localhost, this machine's name and IP "
        "addresses; may be given several times, *.example.org allows all of them, * any name",
    )  # fmt: skip
    parser.add_argument(
        "--root-path", type=_root_path, metavar="/PATH", default=os.environ.get("GRADIO_ROOT_PATH") or None,
        help="the path under which a proxy serves the page, which it leaves out when it asks",
    )  # fmt: skip
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--mcp", action="store_true", help="also serve /colorize and /correct as MCP tools")
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument(
        "--auth", metavar="USER:PASSWORD", default=os.environ.get("COLORIZER_AUTH") or None, type=_auth,
        help="ask for these; the variable COLORIZER_AUTH keeps them out of the list of processes",
    )  # fmt: skip
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535. Received: {text}")


def _root_path(text: str) -> str:
    if re.fullmatch(r"(/[\w.~-]+)+", text, re.ASCII):
        return text
    raise argparse.ArgumentTypeError(
        f"a root path is like /colorizer, without a last slash. Received: {text}"
    )


def _auth(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not (user and password):
        raise argparse.ArgumentTypeError(
            "--auth or COLORIZER_AUTH must be user:password, neither of them empty"
        )
    return user, password


def main(arguments: list[str] | None = None) -> int:
    """Starts the page and stays until it is stopped; 2 if it cannot start."""
    options = build_parser().parse_args(arguments)
    os.environ.setdefault("FORWARDED_ALLOW_IPS", SPACE_PROXIES if "SPACE_ID" in os.environ else PROXIES)
    # pydantic's, about models of Gradio's: nothing that whoever runs the page could change.
    warnings.filterwarnings("ignore", "The 'alias' attribute with value", UserWarning)
    set_up_logging()
    raise_file_limit()
    return_freed_memory()
    try:
        with temp_files.page_folder() as folder:
            return _serve(options, folder)
    except WeightsError as error:
        return complain(str(error), 2)
    except OSError as error:
        # Gradio tries the port, and says of any failure how to call its own functions.
        reason = PORT_TAKEN if "Cannot find empty port" in str(error) else error
        return complain(f"the page cannot start on {options.host}:{options.port}: {reason}", 2)


def _serve(options: argparse.Namespace, folder: Path) -> int:
    with gc_paused(), hide_modules(*UNUSED):
        from colorizer.colorizer import Colorizer
        from colorizer.image.decoders import silence_libtiff
        from colorizer.page import gradio_patches
        from colorizer.page.app import build_page, launch_options
        from colorizer.page.security.hosts import AllowedHosts

        silence_libtiff()
        colorizer = Colorizer.from_pretrained(options.weights)
    page = build_page(colorizer)

    def permanent() -> set[str]:
        gradio_patches.forget_deleted_files(page)
        return gradio_patches.permanent_files(page)

    hosts = AllowedHosts.of(options.host, options.allowed_host, options.share)
    with (
        temp_files.ended_by_sigterm(lambda: page.close(verbose=False)),
        temp_files.housekeeping(folder, SETTINGS.clean_seconds, SETTINGS.keep_seconds, permanent),
    ):
        page.launch(
            server_name=options.host, server_port=options.port, share=options.share,
            root_path=options.root_path, prevent_thread_lock=True, quiet=True,
            **launch_options(hosts, options.auth, options.mcp),
        )  # fmt: skip
        public = f", and for everybody at {page.share_url}" if page.share_url else ""
        print(f"The page is at {page.local_url}{public} (Ctrl+C stops it)", flush=True)
        if options.share and not page.share_url and "SPACE_ID" not in os.environ:
            say(f"colorizer: {NO_LINK} Here it works all the same, at {page.local_url}")
        page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
