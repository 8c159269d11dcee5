"""The page, as programs meet it: gradio_client, curl, the Model Context Protocol, and how it starts."""

import asyncio
import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from colorizer import Colorizer
from colorizer.page import app, serve, session, temp_files
from tests.helpers.page import serving
from tests.helpers.paths import ROOT
from tests.helpers.pictures import load_image


@pytest.fixture(scope="module")
def address(tiny_colorizer) -> Iterator[str]:
    """The page around the tiny network, with its MCP tool."""
    with serving(tiny_colorizer, mcp=True) as address:
        yield address


@pytest.fixture(scope="module")
def client(address) -> Client:
    return Client(address, verbose=False)


# --- the public endpoint -------------------------------------------------------------------------------


def test_the_api_offers_two_endpoints_and_describes_them(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/colorize", "/correct"]
    assert endpoints["/colorize"]["description"].startswith("Colours a photo.")
    assert [p["parameter_name"] for p in endpoints["/colorize"]["parameters"]] == [
        "photo",
        "strength",
        "size",
    ]
    assert [p["parameter_has_default"] for p in endpoints["/colorize"]["parameters"]] == [False, True, True]


def test_a_photo_sent_to_the_api_comes_back_as_the_same_type_at_its_own_size(client, grey_photo):
    result = client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")
    assert Path(result).name == "grandma-colour.jpg"
    with Image.open(result) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (200, 300))
        assert image.getexif()[0x010E] == "Grandma at the sea"
        assert image.getexif()[0x0112] == 1


def test_a_16_bit_tiff_reaches_the_core_unspoilt(client, tmp_path):
    deep = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    result = client.predict(handle_file(tmp_path / "deep.tif"), 0, 64, api_name="/colorize")
    grey = np.asarray(load_image(result))[..., 0].astype(int)
    assert np.abs(grey - deep / 257).max() <= 1


def test_strength_and_size_have_defaults(client, grey_photo):
    assert Path(client.predict(handle_file(grey_photo), api_name="/colorize")).exists()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("letter.jpg", b"Dear grandson,", "letter.jpg is not a photo"),
        ("empty.png", b"", "empty.png is an empty file"),
        ("scan.pdf", b"%PDF-1.7\n", "scan.pdf is not a photo"),
    ],
)
def test_what_is_no_photo_gets_a_sentence_from_the_api(client, tmp_path, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(tmp_path / name), 1.0, 64, api_name="/colorize")


def test_a_damaged_photo_gets_a_sentence_from_the_api(client, grey_photo):
    grey_photo.write_bytes(grey_photo.read_bytes()[:700])
    with pytest.raises(AppError, match=r"grandma\.jpg is damaged"):
        client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")


def test_numbers_out_of_range_get_a_sentence_from_the_api(client, grey_photo):
    for strength, size, sentence in ((9, 64, "strength must lie between"), (1, 4, "size must lie between")):
        with pytest.raises(AppError, match=sentence):
            client.predict(handle_file(grey_photo), strength, size, api_name="/colorize")


# --- the documented commands ---------------------------------------------------------------------------


def documented(language: str, containing: str) -> str:
    """The code block of docs/api.md in a language that contains some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    (block,) = [block for block in blocks if containing in block]
    return block


@pytest.mark.parametrize(
    ("language", "words"), [("sh", "call/colorize"), ("python", "/colorize"), ("python", "/correct")]
)
def test_the_documented_commands_for_programs_work(address, grey_photo, tmp_path, language, words):
    code = documented(language, words).replace("http://127.0.0.1:7860", address)
    assert address in code and "grandma.jpg" in code
    command = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    done = subprocess.run([*command[language], code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "grandma-colour.jpg") as image:
        assert (image.size, image.mode) == ((200, 300), "RGB")


# --- the Model Context Protocol ------------------------------------------------------------------------


def test_a_language_model_finds_the_tool_and_gets_its_photo_colored(address, grey_photo):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    photo = "data:image/jpeg;base64," + base64.b64encode(grey_photo.read_bytes()).decode()

    async def talk():
        async with (
            streamable_http_client(f"{address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            return tools, await session.call_tool("colorize", {"photo": photo, "strength": 0.5, "size": 64})

    with ThreadPoolExecutor() as pool:  # the browser's tests have an event loop running in this thread
        tools, answer = pool.submit(lambda: asyncio.run(talk())).result()
    assert [tool.name for tool in tools] == ["colorize", "correct"]
    assert "0 is grey" in tools[0].inputSchema["properties"]["strength"]["description"]
    assert not answer.isError
    assert answer.content[0].type == "image"
    link = re.search(r"http\S+", answer.content[1].text)[0]
    assert load_image(urlopen(link)).size == (200, 300)


# --- starting ------------------------------------------------------------------------------------------


def test_missing_weights_stop_the_page_with_a_sentence(tmp_path, capsys):
    assert serve.main(["--weights", str(tmp_path / "none.weights.h5")]) == 2
    assert "There are no weights at" in capsys.readouterr().err


def test_a_taken_port_stops_the_page_with_a_sentence(address, monkeypatch, tiny_colorizer, capsys):
    monkeypatch.setattr(Colorizer, "from_pretrained", lambda source=None: tiny_colorizer)
    port = address.rsplit(":", 1)[-1]
    assert serve.main(["--port", port]) == 2
    said = capsys.readouterr().err
    assert f"the page cannot start on 127.0.0.1:{port}: another program uses this port" in said
    assert "launch()" not in said


def test_a_space_listens_to_the_world_and_a_home_only_to_itself(monkeypatch, tiny_colorizer):
    asked = []
    monkeypatch.setattr(Colorizer, "from_pretrained", lambda source=None: tiny_colorizer)
    monkeypatch.setattr(app.gr.Blocks, "launch", lambda self, **options: asked.append(options))
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    serve.main([])
    monkeypatch.setenv("SPACE_ID", "someone/colorizer")
    serve.main(["--share", "--mcp", "--port", "1234"])
    assert [(o["server_name"], o["server_port"], o["share"], o["mcp_server"]) for o in asked] == [
        ("127.0.0.1", 7860, False, False),
        ("0.0.0.0", 1234, True, True),
    ]


def test_nothing_is_left_outside_the_cache_that_gradio_cleans(client, grey_photo, monkeypatch):
    folders, make = [], temp_files.scratch_dir

    def recorded():
        folders.append(make())
        return folders[-1]

    monkeypatch.setattr(app, "scratch_dir", recorded)
    assert Path(client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")).exists()
    assert [Path(folder.name).exists() for folder in folders] == [False]


def test_importing_the_page_writes_nothing_beside_it():
    # Gradio writes a .pyi file next to any module that derives from its components.
    for module in (app, session):
        assert not Path(module.__file__).with_suffix(".pyi").exists()
