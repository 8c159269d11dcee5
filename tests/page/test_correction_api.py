"""The endpoint `/correct`, as programs and language models use it."""

import asyncio
import base64
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from colorizer.hints.hint import ab_of
from colorizer.image import color
from colorizer.page.error_messages import NOT_UNDERSTOOD
from colorizer.page.security.body_limits import TOO_LARGE
from tests.helpers.page import serving
from tests.helpers.pictures import load_image
from tests.helpers.visitor import Visitor

BROWN = {"x": 0.5, "y": 0.4, "color": "#8a6a50"}


@pytest.fixture(scope="module")
def address(tiny_colorizer) -> Iterator[str]:
    """The page around the tiny network, with its MCP tools."""
    with serving(tiny_colorizer, mcp=True) as address:
        yield address


@pytest.fixture(scope="module")
def client(address) -> Client:
    return Client(address, verbose=False)


def ab_at(path: str | Path, x: float, y: float) -> np.ndarray:
    image = load_image(path).convert("RGB")
    pixel = image.getpixel((int(x * image.width), int(y * image.height)))
    return color.rgb_to_lab(np.array(pixel) / 255)[1:]


def test_the_endpoint_describes_hints(client):
    endpoint = client.view_api(return_format="dict")["named_endpoints"]["/correct"]
    assert [p["parameter_name"] for p in endpoint["parameters"]] == [
        "photo",
        "hints",
        "strength",
        "size",
        "tone",
    ]
    assert endpoint["description"].startswith("Colours a photo with some colours given by hand.")


def test_a_photo_comes_back_with_the_color_that_was_asked_for(client, grey_photo):
    result = client.predict(handle_file(grey_photo), json.dumps([BROWN]), 1.0, 64, api_name="/correct")
    assert Path(result).name == "grandma-colour.jpg"
    with Image.open(result) as image:
        assert (image.format, image.size) == ("JPEG", (200, 300))
        assert image.getexif()[0x010E] == "Grandma at the sea"
    assert ab_at(result, 0.5, 0.4) == pytest.approx(ab_of(BROWN["color"]), abs=4)  # JPEG halves the colours


def test_no_hints_are_the_prediction(client, grey_photo):
    corrected = client.predict(handle_file(grey_photo), "[]", 1.0, 64, api_name="/correct")
    colored = client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")
    assert np.array_equal(np.asarray(load_image(corrected)), np.asarray(load_image(colored)))


@pytest.mark.parametrize(
    ("hints", "sentence"),
    [
        ("", "Hints must be JSON"),
        ("orange", "Hints must be JSON"),
        ("{}", "Hints must be a list"),
        ('[{"x": NaN, "y": 0, "keep": true}]', "Numbers must be finite"),
        ('[{"x": 1e999, "y": 0, "keep": true}]', "Hint 1: x must be a number from 0 to 1"),
        ('[{"x": 0.5, "y": 0.5, "color": "red"}]', "Hint 1: A colour must look like #e0701e"),
        (json.dumps([BROWN] * 1000), "at most 100 hints"),
        (json.dumps([{**BROWN, "outline": [[0.1, 0.2]] * 3000}]), "3 to 1000 corners"),
        ("[" * 10_000, "Hints must be JSON"),
    ],
    ids=["empty", "words", "object", "nan", "infinite", "name", "many", "corners", "nested"],
)
def test_hostile_hints_get_a_sentence(client, grey_photo, hints, sentence):
    with pytest.raises(AppError, match=re.escape(sentence)):
        client.predict(handle_file(grey_photo), hints, 1.0, 64, api_name="/correct")


@pytest.mark.parametrize(
    "hints", [[BROWN] * 10_000, [{**BROWN, "outline": [[0.1, 0.2]] * 100_000}]], ids=["hints", "corners"]
)
def test_more_hints_than_a_request_may_have_get_a_sentence_at_once(address, grey_photo, hints):
    with Visitor(address) as visitor:
        photo = visitor.upload("grandma.jpg", grey_photo.read_bytes())
        start = time.monotonic()
        answer = visitor.http.post(
            "/gradio_api/call/correct", json={"data": [photo, json.dumps(hints), 1, 64, 0]}
        )
        assert time.monotonic() - start < 5
        assert answer.status_code == 413
        assert answer.text in (NOT_UNDERSTOOD, TOO_LARGE)


def test_other_numbers_out_of_range_get_a_sentence(client, grey_photo):
    for strength, size, tone, sentence in (
        (9, 64, 0, "strength must lie between"),
        (1, 4, 0, "size must lie between"),
        (1, 64, -4, "tone must lie between -3 and 3"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(handle_file(grey_photo), "[]", strength, size, tone, api_name="/correct")


def test_the_tone_is_warmer_or_cooler_but_not_where_a_color_was_given(client, grey_photo):
    hints = json.dumps([{**BROWN, "outline": [[0.4, 0.3], [0.6, 0.3], [0.6, 0.5], [0.4, 0.5]]}])
    warm, cool = (
        client.predict(handle_file(grey_photo), hints, 1.0, 64, tone, api_name="/correct") for tone in (1, -1)
    )
    assert ab_at(warm, 0.1, 0.9)[1] - ab_at(cool, 0.1, 0.9)[1] == pytest.approx(20, abs=4)
    assert ab_at(warm, 0.5, 0.4) == pytest.approx(ab_of(BROWN["color"]), abs=4)


def test_a_language_model_corrects_a_photo(address, grey_photo):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    photo = "data:image/jpeg;base64," + base64.b64encode(grey_photo.read_bytes()).decode()
    wish = {"photo": photo, "hints": json.dumps([BROWN]), "strength": 1, "size": 64}

    async def talk():
        async with (
            streamable_http_client(f"{address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return (await session.list_tools()).tools, await session.call_tool("correct", wish)

    with ThreadPoolExecutor() as pool:  # the browser's tests have an event loop running in this thread
        tools, answer = pool.submit(lambda: asyncio.run(talk())).result()
    tool = next(tool for tool in tools if tool.name == "correct")
    assert '"color": "#e0701e"' in tool.inputSchema["properties"]["hints"]["description"]
    assert not answer.isError
    link = re.search(r"http\S+", answer.content[1].text)[0]
    assert ab_at(urlopen(link), 0.5, 0.4) == pytest.approx(ab_of(BROWN["color"]), abs=4)
