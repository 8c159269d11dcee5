"""Who gets in: the password, and the public link where the network allows one."""

import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from colorizer import Colorizer
from colorizer.page import app, serve


@pytest.fixture
def start(monkeypatch, tiny_colorizer):
    """Starts the page by its command on a free port; gives its address to `visit` while it runs."""
    monkeypatch.setattr(Colorizer, "from_pretrained", lambda source=None: tiny_colorizer)
    monkeypatch.delenv("SPACE_ID", raising=False)

    def run(*arguments: str, visit=lambda address: None) -> int:
        def block_thread(page) -> None:
            visit(page.local_url)
            page.close()

        monkeypatch.setattr(app.gr.Blocks, "block_thread", block_thread)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return serve.main(["--port", str(port), *arguments])

    return run


def status(address: str) -> int:
    try:
        with urlopen(f"{address}gradio_api/info") as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_one_line_says_where_the_page_is(start, capsys):
    seen = []
    assert start(visit=seen.append) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == f"The page is at {seen[0]} (Ctrl+C stops it)"
    assert printed.err == ""


def test_with_a_password_nobody_gets_in_without_it_and_a_variable_sets_it_too(start, monkeypatch):
    seen = []
    assert start(visit=lambda address: seen.append(status(address))) == 0
    assert start("--auth", "me:a:secret", visit=lambda address: seen.append(status(address))) == 0
    monkeypatch.setenv("COLORIZER_AUTH", "me:secret")
    assert start(visit=lambda address: seen.append(status(address))) == 0
    assert seen == [200, 401, 401]


@pytest.mark.parametrize("auth", ["me", "me:", ":secret"])
def test_half_a_password_is_refused_before_anything_starts(auth, capsys):
    with pytest.raises(SystemExit):
        serve.main(["--auth", auth])
    assert "--auth or COLORIZER_AUTH must be user:password" in capsys.readouterr().err


def test_a_blocked_public_link_is_explained_and_the_page_works_at_home(start, monkeypatch, capsys):
    def blocked(**options):
        raise RuntimeError("Could not connect to the share server")

    monkeypatch.setattr("gradio.networking.setup_tunnel", blocked)
    seen = []
    assert start("--share", visit=lambda address: seen.append(status(address))) == 0
    assert seen == [200]
    said = capsys.readouterr().err
    assert "colorizer: there is no public link: it goes through Gradio's servers, and this network" in said
    assert "at http://127.0.0.1:" in said


def test_an_open_public_link_needs_no_explanation(start, monkeypatch, capsys):
    monkeypatch.setattr("gradio.networking.setup_tunnel", lambda **options: "https://0123.gradio.live")
    assert start("--share") == 0
    printed = capsys.readouterr()
    assert "https://0123.gradio.live" in printed.out
    assert "no public link" not in printed.err
