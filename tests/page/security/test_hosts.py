"""Under which names the page answers, and which websites may talk to it."""

import pytest

from colorizer.page.security.hosts import AllowedHosts, name_of


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    for name in ("SPACE_ID", "SPACE_HOST", "COLORIZER_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "Desk")


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:7860", "LOCALHOST.", "127.0.0.1:7860", "192.168.1.5", "[::1]:7860", "desk",
     "desk.local:7860"],
)  # fmt: skip
def test_this_machine_is_served_by_its_names_and_addresses(host):
    assert AllowedHosts.of("0.0.0.0").accepts(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0x7f.1", "2130706433",
     "[::1", "evil.example@localhost", "localhost:port"],
)  # fmt: skip
def test_other_names_are_not(host):
    assert not AllowedHosts.of("0.0.0.0").accepts(host)


def test_names_can_be_allowed_by_option_and_by_variable(monkeypatch):
    monkeypatch.setenv("COLORIZER_HOSTS", "a.example, b.example")
    hosts = AllowedHosts.of("127.0.0.1", ["*.example.org"])
    assert all(map(hosts.accepts, ("a.example", "b.example:80", "photos.example.org", "x.y.example.org")))
    assert not any(map(hosts.accepts, ("c.example", "example.org", "evilexample.org")))
    assert AllowedHosts.of("127.0.0.1", ["*"]).accepts("anything.example")


def test_a_space_and_a_public_link_are_served_by_theirs(monkeypatch):
    assert AllowedHosts.of("127.0.0.1", share=True).accepts("0123.gradio.live")
    assert not AllowedHosts.of("127.0.0.1").accepts("0123.gradio.live")
    monkeypatch.setenv("SPACE_ID", "ada/colorizer")
    space = AllowedHosts.of("0.0.0.0")
    assert space.accepts("ada-colorizer.hf.space")
    assert space.framed_by == ("https://huggingface.co",)


@pytest.mark.parametrize(
    ("origin", "host", "accepted"),
    [
        ("http://localhost:7860", "localhost:7860", True),
        ("http://192.168.1.5:7860", "192.168.1.5:7860", True),
        ("https://photos.example.org", "127.0.0.1:7860", True),  # through a proxy that keeps no Host
        ("http://localhost:3000", "localhost:7860", False),
        ("http://6.6.6.6", "localhost:7860", False),
        ("null", "localhost:7860", False),
        ("https://evil.example", "localhost:7860", False),
        ("https://photos.example.org.evil.example", "localhost:7860", False),
    ],
)
def test_only_the_pages_own_scripts_may_ask(origin, host, accepted):
    hosts = AllowedHosts.of("127.0.0.1", ["photos.example.org"])
    assert hosts.accepts_origin(origin, [host]) == accepted


def test_a_name_is_read_without_its_port():
    assert [name_of(host) for host in ("a:1", "[::1]:2", "A.", "")] == ["a", "::1", "a", ""]
