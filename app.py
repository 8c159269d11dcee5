"""The page: drop a black-and-white photo, get it back in colour.

    python app.py                       # http://127.0.0.1:7860
    python app.py --share               # a public link for three days
    python app.py --port 8000 --host 0.0.0.0 --weights my-weights/

It runs by itself, by share link, and as a Hugging Face Space, which starts this very file. The page only
shows: `Colorizer` does the work, the same that the command line and Python use. Photos stay on the
machine that runs the page; previews and results are deleted after an hour.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

# Before Gradio is imported: photos are private, so the page reports nothing to anyone.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from PIL import Image

from colorizer import Colorizer, PhotoError, Prediction, WeightsError, write_photo
from colorizer.colorizer import LARGEST_SIZE, SIZE, SMALLEST_SIZE, STRONGEST

PORT = 7860
PREVIEW_SIDE = 1600  # pixels shown on the page; the download always has all of them
KEEP_SECONDS = 3600  # photos and results of a visitor
LARGEST_FILE = "200mb"
EXAMPLES = Path(__file__).resolve().parent / "examples"
CREDIT = (
    "Examples: Detroit Publishing Co., Toni Frissell, William P. Gottlieb and Dorothea Lange, "
    "Library of Congress; public domain."
)
CSS = """
.gradio-container { max-width: 1180px !important; margin: 0 auto !important; }
#note { opacity: .75; font-size: .9em; }
footer .built-with { display: none; }
"""


def hand_on_unopened(photo: gr.Image) -> gr.Image:
    """Makes an image input give out the file just as it came.

    Gradio's own opens the picture first: it turns broken files into a stack trace before our code sees
    them, and would convert 16-bit, CMYK and transparent ones. Reading photos is the core's business.
    """
    photo.preprocess = lambda payload: payload.path if payload is not None else None
    return photo


class Results:
    """Files made for visitors: each in a folder of its own, deleted an hour later."""

    def __init__(self):
        self._home = tempfile.TemporaryDirectory(prefix="colorizer-")

    def folder(self) -> Path:
        """A fresh folder; clears away the old ones on the way."""
        home = Path(self._home.name)
        for old in home.iterdir():
            if time.time() - old.stat().st_mtime > KEEP_SECONDS:
                shutil.rmtree(old, ignore_errors=True)  # another visitor's thread may be quicker
        return Path(tempfile.mkdtemp(dir=home))


def _preview(image: Image.Image, folder: Path, name: str) -> str:
    """Writes a picture small enough for a browser; returns its path."""
    image = image.copy()
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.LANCZOS)
    clear = image.mode in ("RGBA", "LA")
    path = folder / f"{name}.{'png' if clear else 'jpg'}"
    image.save(path, **({} if clear else {"quality": 93, "subsampling": 0}))
    return str(path)


def _predict(colorizer: Colorizer, path: str, size: int) -> Prediction:
    """Runs the network, and turns what can go wrong with a photo into a sentence on the page."""
    try:
        return colorizer.predict(path, int(size))
    except (PhotoError, ValueError) as error:
        raise gr.Error(str(error), title="This photo cannot be coloured", duration=None) from error
    except MemoryError as error:
        raise gr.Error("The photo is too large for this machine's memory.", duration=None) from error


def _render(prediction: Prediction, strength: float) -> Image.Image:
    try:
        return prediction.render(strength)
    except ValueError as error:
        raise gr.Error(str(error)) from error


def _write(prediction: Prediction, image: Image.Image, folder: Path) -> str:
    """Writes the coloured picture as the file that the visitor takes home; returns its path."""
    stem = prediction.photo.path.stem if prediction.photo.path else "photo"
    path = folder / f"{stem}-colorized{prediction.suffix}"
    try:
        write_photo(image, path, prediction.photo)
    except (PhotoError, OSError) as error:
        raise gr.Error(f"The coloured photo cannot be written: {error}", duration=None) from error
    return str(path)


def build_page(colorizer: Colorizer) -> gr.Blocks:
    """The page around a colorizer; `launch` it with `launch_options()`."""
    results = Results()

    def color_photo(path: str | None, size: int, strength: float):
        """A new photo: everything is made anew."""
        if path is None:
            hidden = gr.update(value=None, visible=False)
            return None, None, None, None, hidden, gr.update(value=None, interactive=False)
        prediction = _predict(colorizer, path, size)
        folder = results.folder()
        pair, download = shown(prediction, folder, strength)
        true = gr.update(value=None, visible=False)
        if prediction.photo.is_color:
            true = gr.update(value=_preview(prediction.photo.original, folder, "true"), visible=True)
        color_map = _preview(prediction.color_map(), folder, "color")
        return prediction, pair, pair[0], color_map, true, download

    def change_strength(prediction: Prediction | None, path: str | None, strength: float):
        """The same prediction in another strength; the network is not asked again."""
        if prediction is None:
            if path is not None:
                raise gr.Error("The photo was kept for an hour and is gone. Please drop it again.")
            return gr.skip(), gr.skip()
        return shown(prediction, results.folder(), strength)

    def shown(prediction: Prediction, folder: Path, strength: float):
        """The pictures under the before/after slider, and the file to download."""
        colored = _render(prediction, strength)
        pair = (_preview(prediction.render(0), folder, "grey"), _preview(colored, folder, "colored"))
        return pair, gr.update(value=_write(prediction, colored, folder), interactive=True)

    def colorize(photo: str, strength: float = 1.0, size: int = SIZE) -> str:
        """Colours a photo: the file comes back in colour, of the same type, at its own resolution."""
        if photo is None:
            raise gr.Error("No photo was sent.")
        prediction = _predict(colorizer, photo, size)
        return _write(prediction, _render(prediction, strength), results.folder())

    with gr.Blocks(title="Colorizer", delete_cache=(600, KEEP_SECONDS), analytics_enabled=False) as page:
        gr.Markdown(
            "# Colorizer\nDrop a black-and-white photo. It comes back in colour, at its full resolution."
        )
        prediction = gr.State(None, time_to_live=KEEP_SECONDS)
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                photo = hand_on_unopened(
                    gr.Image(
                        label="Your photo",
                        sources=["upload", "clipboard", "webcam"],
                        type="filepath",
                        image_mode=None,
                        height=320,
                        buttons=["fullscreen"],
                    )
                )
                strength = gr.Slider(
                    0,
                    STRONGEST,
                    1,
                    step=0.05,
                    label="Strength of the colours",
                    info="0 is grey, 1 as predicted",
                )
                with gr.Accordion("More", open=False):
                    size = gr.Slider(
                        SMALLEST_SIZE,
                        512,
                        SIZE,
                        step=32,
                        label="What the network sees",
                        info="Pixels a side. Smaller sees the scene as a whole, larger its details.",
                    )
                gr.Examples(
                    [str(path) for path in sorted(EXAMPLES.glob("*.jpg"))],
                    inputs=photo,
                    label="Try one of these",
                    api_visibility="private",
                )
            with gr.Column(scale=3, min_width=320):
                pair = gr.ImageSlider(
                    label="Before and after",
                    type="filepath",
                    interactive=False,
                    buttons=["fullscreen"],
                    height=460,
                )
                download = gr.DownloadButton(
                    "Download at full resolution", variant="primary", interactive=False, elem_id="download"
                )
                with gr.Row():
                    options = {
                        "interactive": False,
                        "buttons": ["fullscreen"],
                        "height": 220,
                        "min_width": 140,
                    }
                    grey = gr.Image(label="Grey", **options)
                    color_map = gr.Image(label="Predicted colour", **options)
                    true = gr.Image(label="True colours", visible=False, **options)
        gr.Markdown(
            "The colours are invented by a small neural network: plausible, not true. Nothing is burnt into "
            "the picture; the file's metadata says how its colours came about. Your photo stays on the "
            f"machine that runs this page and is deleted after an hour. {CREDIT}",
            elem_id="note",
        )

        everything = [prediction, pair, grey, color_map, true, download]
        # The network is the one thing that two visitors must not run at once on two cores.
        network = {"concurrency_limit": 1, "concurrency_id": "network", "api_visibility": "private"}
        photo.change(color_photo, [photo, size, strength], everything, **network)
        size.release(color_photo, [photo, size, strength], everything, **network)
        strength.release(
            change_strength, [prediction, photo, strength], [pair, download], api_visibility="private"
        )

        gr.Button(visible=False).click(
            colorize,
            [
                gr.File(label="photo", visible=False, type="filepath"),
                gr.Number(1.0, label="strength (0 is grey, 1 as predicted, up to 2)", visible=False),
                gr.Number(
                    SIZE, label=f"size ({SMALLEST_SIZE} to {LARGEST_SIZE})", precision=0, visible=False
                ),
            ],
            gr.File(label="the photo in colour", visible=False),
            api_name="colorize",
            api_description=(
                "Colours a photo. photo: a file of any common type. strength: scales the colour; 0 is grey, "
                f"1 as predicted, up to {STRONGEST:g}. size: the network sees about size x size pixels, "
                f"{SIZE} by default. Returns the coloured file: same type, own resolution, EXIF kept."
            ),
            concurrency_limit=1,
            concurrency_id="network",
        )
    return page.queue(max_size=50)


def launch_options() -> dict:
    """What `launch` needs for the page to look and behave as meant, wherever it is started."""
    return {
        "theme": gr.themes.Soft(
            primary_hue="orange",
            neutral_hue="stone",
            font=["system-ui", "sans-serif"],
            font_mono=["monospace"],
        ),
        "css": CSS,
        "max_file_size": LARGEST_FILE,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,  # rendering on the server would need Node.js
        "show_error": True,
    }


def main(arguments: list[str] | None = None) -> int:
    """Starts the page and stays until it is stopped; 2 if it cannot start."""
    # A Space is reached from outside its container, a page at home only from home.
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1")
    port = int(os.environ.get("GRADIO_SERVER_PORT", PORT))
    parser = argparse.ArgumentParser(description="Starts the colorizer's page.")
    parser.add_argument("--port", type=int, default=port, help=f"default: {port}")
    parser.add_argument("--host", default=host, help=f"0.0.0.0 lets other machines in (default: {host})")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--weights", help="file, folder or hf://owner/name@revision (default: the shipped)")
    options = parser.parse_args(arguments)
    try:
        page = build_page(Colorizer.from_pretrained(options.weights))
        page.launch(
            server_name=options.host, server_port=options.port, share=options.share, **launch_options()
        )
    except WeightsError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"app.py: the page cannot start on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
