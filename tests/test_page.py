"""The page, as its visitors meet it: through the public API and in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The browser itself must not try to reach the world: tests run where there is none.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Counting:
    """A colorizer that counts how often its network runs."""

    def __init__(self, colorizer):
        self.colorizer, self.count = colorizer, 0

    def predict(self, *arguments):
        self.count += 1
        return self.colorizer.predict(*arguments)


@pytest.fixture(scope="module")
def counting(tiny_colorizer) -> Counting:
    return Counting(tiny_colorizer)


@pytest.fixture(scope="module")
def url(counting) -> Iterator[str]:
    """The page, running on a free port of this machine."""
    page = app.build_page(counting)
    _, address, _ = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **app.launch_options()
    )
    yield address
    page.close()


@pytest.fixture(scope="module")
def client(url) -> Client:
    return Client(url, verbose=False)


@pytest.fixture
def grey_photo(tmp_path) -> Path:
    """A grey JPEG of 300x200 with a description, held sideways by its camera."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Grandma at the sea"
    path = tmp_path / "grandma.jpg"
    Image.linear_gradient("L").resize((300, 200)).save(path, exif=exif)
    return path


# --- the public endpoint -------------------------------------------------------------------------------


def test_the_api_offers_one_endpoint_and_describes_it(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/colorize"]
    assert [p["parameter_name"] for p in endpoints["/colorize"]["parameters"]] == [
        "photo",
        "strength",
        "size",
    ]
    assert [p["parameter_has_default"] for p in endpoints["/colorize"]["parameters"]] == [False, True, True]


def test_a_photo_sent_to_the_api_comes_back_as_the_same_type_at_its_own_size(client, grey_photo):
    result = client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")
    assert Path(result).name == "grandma-colorized.jpg"
    with Image.open(result) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (200, 300))
        assert image.getexif()[0x010E] == "Grandma at the sea"
        assert image.getexif()[0x0112] == 1


def test_a_16_bit_tiff_reaches_the_core_unspoilt(client, tmp_path):
    deep = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    result = client.predict(handle_file(tmp_path / "deep.tif"), 0, 64, api_name="/colorize")
    grey = np.asarray(Image.open(result))[..., 0].astype(int)
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


# --- starting ------------------------------------------------------------------------------------------


def test_missing_weights_stop_the_page_with_a_sentence(tmp_path, capsys):
    assert app.main(["--weights", str(tmp_path / "none.weights.h5")]) == 2
    assert "There are no weights at" in capsys.readouterr().err


def test_a_taken_port_stops_the_page_with_a_sentence(url, monkeypatch, counting, capsys):
    monkeypatch.setattr(app.Colorizer, "from_pretrained", lambda source=None: counting)
    port = url.rstrip("/").rsplit(":", 1)[-1]
    assert app.main(["--port", port]) == 2
    assert f"cannot start on 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_space_listens_to_the_world_and_a_home_only_to_itself(monkeypatch, counting):
    asked = []
    monkeypatch.setattr(app.Colorizer, "from_pretrained", lambda source=None: counting)
    monkeypatch.setattr(app.gr.Blocks, "launch", lambda self, **options: asked.append(options))
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    app.main([])
    monkeypatch.setenv("SPACE_ID", "someone/colorizer")
    app.main(["--share", "--port", "1234"])
    assert [(o["server_name"], o["server_port"], o["share"]) for o in asked] == [
        ("127.0.0.1", 7860, False),
        ("0.0.0.0", 1234, True),
    ]


def test_nothing_is_left_outside_the_cache_that_gradio_cleans(client, grey_photo, monkeypatch):
    folders, make = [], app.tempfile.TemporaryDirectory

    def recorded():
        folders.append(make())
        return folders[-1]

    monkeypatch.setattr(app.tempfile, "TemporaryDirectory", recorded)
    assert Path(client.predict(handle_file(grey_photo), 1.0, 64, api_name="/colorize")).exists()
    assert [Path(folder.name).exists() for folder in folders] == [False]


def test_importing_the_page_writes_nothing_beside_it():
    # Gradio writes a .pyi file next to any module that derives from its components.
    assert not Path(app.__file__).with_suffix(".pyi").exists()


# --- in a browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (on Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser, url):
    """A visitor who has just opened the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(url)
    page.get_by_text("Drop Image Here").wait_for()
    yield page
    page.close()


def drop(page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)


def wait_until_colored(page) -> None:
    page.locator("#download").wait_for(timeout=30_000)


@pytest.mark.browser
def test_a_dropped_photo_is_colored_at_once_and_can_be_downloaded(visit, grey_photo, tmp_path):
    drop(visit, grey_photo)
    wait_until_colored(visit)
    with visit.expect_download() as download:
        visit.locator("#download").click()
    assert download.value.suggested_filename == "grandma-colorized.jpg"
    download.value.save_as(tmp_path / "home.jpg")
    with Image.open(tmp_path / "home.jpg") as image:
        assert image.size == (200, 300)
        assert b"compositeWithTrainedAlgorithmicMedia" in image.info["xmp"]


def pictures(page) -> list[str]:
    return page.locator("img").evaluate_all("images => images.map(image => image.src)")


@pytest.mark.browser
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_the_strength_slider_renders_again_without_running_the_network(
    visit, grey_photo, counting, tmp_path, way
):
    drop(visit, grey_photo)
    wait_until_colored(visit)
    before, old = counting.count, pictures(visit)
    slider = visit.get_by_role("slider").first
    if way == "keyboard":
        slider.press("Home")
    else:
        box = slider.bounding_box()
        visit.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        visit.mouse.down()
        visit.mouse.move(box["x"] - 20, box["y"] + box["height"] / 2, steps=5)
        visit.mouse.up()
    visit.wait_for_function("old => [...document.images].some((image, i) => image.src != old[i])", arg=old)
    with visit.expect_download() as download:
        visit.locator("#download").click()
    download.value.save_as(tmp_path / "grey.jpg")
    assert np.ptp(np.asarray(Image.open(tmp_path / "grey.jpg")).astype(int), axis=-1).max() <= 3
    assert counting.count == before


@pytest.mark.browser
def test_a_scan_that_browsers_cannot_show_is_shown_all_the_same(visit, tmp_path):
    Image.linear_gradient("L").resize((2400, 1200)).save(tmp_path / "scan.tif")
    drop(visit, tmp_path / "scan.tif")
    wait_until_colored(visit)
    # The upload, both halves of before and after, and the grey input: previews that a phone can load.
    shown = "() => [...document.images].filter(image => image.naturalWidth == 1600).length == 4"
    visit.wait_for_function(shown, timeout=20_000)
    with visit.expect_download() as download:
        visit.locator("#download").click()
    assert download.value.suggested_filename == "scan-colorized.tif"
    download.value.save_as(tmp_path / "home.tif")
    assert Image.open(tmp_path / "home.tif").size == (2400, 1200)


@pytest.mark.browser
def test_a_photo_pasted_from_the_clipboard_is_colored(visit, url):
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url.rstrip("/"))
    visit.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(120, 80);
            canvas.getContext("2d").fillRect(0, 0, 60, 80);
            const blob = await canvas.convertToBlob();
            await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
        }"""
    )
    visit.get_by_label("Paste from clipboard").click()
    wait_until_colored(visit)


@pytest.mark.browser
def test_an_example_is_colored_by_a_click(visit):
    visit.locator(".gallery-item").first.click()
    wait_until_colored(visit)


@pytest.mark.browser
def test_a_color_photo_is_shown_beside_its_true_colors(visit, tmp_path, color_image):
    assert visit.get_by_text("True colours").count() == 0
    color_image(64, 48).save(tmp_path / "color.png")
    drop(visit, tmp_path / "color.png")
    visit.get_by_text("True colours").wait_for(timeout=30_000)


@pytest.mark.browser
def test_a_text_named_jpg_gets_a_sentence_and_the_last_result_goes(visit, grey_photo, tmp_path):
    (tmp_path / "letter.jpg").write_text("Dear grandson")
    drop(visit, grey_photo)
    wait_until_colored(visit)
    visit.get_by_label("Remove Image").first.click()
    drop(visit, tmp_path / "letter.jpg")
    visit.get_by_text("letter.jpg is not a photo").wait_for(timeout=30_000)
    visit.get_by_text("Drop Image Here").wait_for()  # ready for the next one
    assert not visit.locator("#download").is_visible()
    assert visit.get_by_text("Traceback").count() == 0


@pytest.mark.browser
def test_a_text_gets_its_sentence_after_an_example_too(visit, tmp_path):
    # Examples make Gradio build the input anew for this visitor, without what was changed on the first one.
    (tmp_path / "letter.jpg").write_text("Dear grandson")
    visit.locator(".gallery-item").first.click()
    wait_until_colored(visit)
    visit.get_by_label("Remove Image").first.click()
    drop(visit, tmp_path / "letter.jpg")
    visit.get_by_text("letter.jpg is not a photo").wait_for(timeout=30_000)


@pytest.mark.browser
def test_the_page_fits_a_phone(browser, url, grey_photo):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(url)
    page.get_by_text("Drop Image Here").wait_for()
    drop(page, grey_photo)
    wait_until_colored(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


@pytest.mark.browser
def test_the_page_asks_nothing_of_other_servers(browser, url):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.get_by_text("Drop Image Here").wait_for()
    assert len(asked) > 3
    assert [a for a in asked if not a.startswith((url, "data:", "blob:"))] == []
    page.close()
