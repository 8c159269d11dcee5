"""The page: drop a black-and-white photo, get it back in colour.

    python app.py                       # http://127.0.0.1:7860
    python app.py --share               # a public link for a week
    python app.py --port 8000 --host 0.0.0.0 --weights my-weights/

A Hugging Face Space starts this very file. The page only shows: `Colorizer` does the work, the same that
the command line and Python use. What a visitor sees are small previews; the photo itself is rendered and
written at full resolution when it is asked for. All of it is deleted after an hour.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

# Before Gradio is imported: photos are private, so the page reports nothing to anyone.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import numpy as np
from PIL import Image

from colorizer import Colorizer, Photo, Prediction, WeightsError
from colorizer.colorizer import LARGEST_SIZE, SIZE, SMALLEST_SIZE, STRONGEST

PORT = 7860
PREVIEW_SIDE = 1600  # pixels shown on the page; the download always has all of them
KEEP_SECONDS = 3600
# Each session keeps its last photo in memory, some 100 MB if it comes from a good camera.
SESSIONS = 50
LARGEST_FILE = "100mb"
EXAMPLES = Path(__file__).resolve().parent / "examples"
INTRODUCTION = """# Colorizer
Drop a black-and-white photo. It comes back in colour, at its full resolution."""
NOTE = """**The colours are invented** by a small neural network: plausible, not true. Nothing is burnt into
the picture; the file's metadata says how its colours came about. **Your photo stays on the machine that runs
this page** and is deleted after an hour: run it at home, and nothing is sent anywhere.

Examples: Detroit Publishing Co., Dorothea Lange, Toni Frissell and William P. Gottlieb, all from the Library
of Congress and believed to be in the public domain."""
EXPIRED = "Photos are put away after an hour. Please drop it again."
API = f"""Colours a photo. Returns the coloured file: same type, own resolution, EXIF kept.

    photo: a file of any common type.
    strength: scales the colour; 0 is grey, 1 as predicted, up to {STRONGEST:g}.
    size: the network sees about size x size pixels ({SMALLEST_SIZE} to {LARGEST_SIZE})."""
CSS = """
.gradio-container { max-width: 1180px !important; margin: 0 auto !important; }
#note { opacity: .8; font-size: .9em; }
#file { display: none; }
@media (min-width: 800px) {
  #desk:has(#result) { display: grid; grid-template: auto 1fr / 2fr 3fr; }
  #result { grid-area: 1 / 2 / 3 / 3; }
}
"""
# Gradio's download button holds a finished file. This one is pressed for the visitor once the file is there.
PRESS = "() => document.querySelector('#file').click()"


@dataclass(frozen=True)
class Work:
    """A visitor's photo: the prediction, and the same small enough to be rendered at every move."""

    prediction: Prediction
    preview: Prediction

    @classmethod
    def of(cls, prediction: Prediction) -> "Work":
        """The work on a photo, with its preview made."""
        photo = prediction.photo
        scale = PREVIEW_SIDE / max(photo.size)
        if scale >= 1:
            return cls(prediction, prediction)
        size = tuple(max(1, round(side * scale)) for side in photo.size)

        def shrink(plane: np.ndarray) -> np.ndarray:
            return np.asarray(Image.fromarray(plane).resize(size, Image.LANCZOS))

        light, original = np.clip(shrink(photo.lightness), 0, 100), photo.original.resize(size, Image.LANCZOS)
        small = Photo(light, original, None if photo.alpha is None else shrink(photo.alpha))
        return cls(prediction, replace(prediction, photo=small))


def _show(image: Image.Image, folder: str, name: str) -> str:
    """Writes a picture for the browser; returns its path."""
    transparent = image.mode == "RGBA"
    path = Path(folder, name + (".png" if transparent else ".jpg"))
    image.save(path, **({"compress_level": 1} if transparent else {"quality": 93, "subsampling": 0}))
    return str(path)


def _predict(colorizer: Colorizer, photo: str | Photo, size: float) -> Prediction:
    """Runs the network; what is wrong with a photo becomes a sentence on the page."""
    try:
        return colorizer.predict(photo, int(size))
    except ValueError as error:  # PhotoError, and a size out of range
        raise gr.Error(str(error), print_exception=False) from error
    except MemoryError as error:
        raise gr.Error("The photo is too large for this machine's memory.", print_exception=False) from error


def _write(prediction: Prediction, strength: float, folder: str) -> str:
    """Writes the coloured photo at full resolution, as the type it came in; returns its path."""
    stem = prediction.photo.path.stem if prediction.photo.path else "photo"
    path = Path(folder, f"{stem}-colorized{prediction.suffix}")
    try:
        prediction.save(path, strength)
    except ValueError as error:  # a strength out of range, or a picture that its file type cannot hold
        raise gr.Error(str(error), print_exception=False) from error
    return str(path)


def build_page(colorizer: Colorizer) -> gr.Blocks:
    """The page around a colorizer; launch it with `launch_options()`."""
    # The handlers are generators because Gradio copies what they yield into its own cache, which it cleans
    # itself, before it resumes them: their own files can go at once.

    def color_photo(path: str, size: float, strength: float) -> Iterator[tuple]:
        """A new photo: everything is made anew."""
        work = Work.of(_predict(colorizer, path, size))
        with tempfile.TemporaryDirectory() as folder:
            photo, is_color = work.preview.photo, work.prediction.photo.is_color
            # Browsers cannot show every upload (TIFF for one), so the input shows a preview too.
            original = photo.original.copy()
            if photo.alpha is not None:
                original.putalpha(Image.fromarray(photo.alpha))
            shown = _show(original, folder, "original")
            true = gr.update(value=shown if is_color else None, visible=is_color)
            yield shown, work, gr.update(visible=True), *_pictures(work, strength, folder), true

    def clear() -> tuple:
        """No photo, or one that could not be read: the one before must not be taken for its result."""
        return None, gr.update(visible=False), None, None, None, gr.update(visible=False)

    def change_size(work: Work | None, size: float, strength: float) -> Iterator[tuple]:
        """The same photo, seen by the network in another size."""
        if work is None:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        work = Work.of(_predict(colorizer, work.prediction.photo, size))
        with tempfile.TemporaryDirectory() as folder:
            yield work, *_pictures(work, strength, folder)

    def change_strength(work: Work | None, strength: float) -> Iterator[tuple]:
        """The same prediction in another strength; the network is not asked again."""
        if work is None:
            raise gr.Error(EXPIRED, print_exception=False)
        with tempfile.TemporaryDirectory() as folder:
            yield _pair(work, strength, folder)

    def write_file(work: Work | None, strength: float) -> Iterator[str]:
        """The photo at full resolution."""
        if work is None:
            raise gr.Error(EXPIRED, print_exception=False)
        with tempfile.TemporaryDirectory() as folder:
            yield _write(work.prediction, strength, folder)

    def colorize(photo: str, strength: float = 1.0, size: int = SIZE) -> Iterator[str]:
        """The public endpoint."""
        if photo is None:
            raise gr.Error("No photo was sent.", print_exception=False)
        prediction = _predict(colorizer, photo, size)
        with tempfile.TemporaryDirectory() as folder:
            yield _write(prediction, strength, folder)

    def _pair(work: Work, strength: float, folder: str) -> tuple[str, str]:
        grey, colored = work.preview.render(0), work.preview.render(strength)
        return _show(grey, folder, "grey"), _show(colored, folder, "coloured")

    def _pictures(work: Work, strength: float, folder: str) -> tuple:
        pair = _pair(work, strength, folder)
        return pair, pair[0], _show(work.prediction.color_map(), folder, "colour")

    with gr.Blocks(title="Colorizer", delete_cache=(600, KEEP_SECONDS), analytics_enabled=False) as page:
        gr.Markdown(INTRODUCTION)
        work = gr.State(None, time_to_live=KEEP_SECONDS)
        with gr.Column(elem_id="desk"):
            with gr.Column():
                photo = gr.Image(
                    label="Your photo", sources=["upload", "clipboard", "webcam"], type="filepath",
                    image_mode=None, height=320, buttons=["fullscreen"],
                )  # fmt: skip
                file = gr.File(visible=False, type="filepath")
            with gr.Column(visible=False, elem_id="result") as result:
                show = {"interactive": False, "buttons": ["fullscreen"]}
                pair = gr.ImageSlider(label="Before and after", height=460, **show)
                strength = gr.Slider(
                    0, STRONGEST, 1, step=0.05, label="Strength of the colours", buttons=["reset"],
                    info="0 is grey, 1 as predicted",
                )  # fmt: skip
                download = gr.Button("Download at full resolution", variant="primary", elem_id="download")
                finished = gr.DownloadButton(elem_id="file")
                with gr.Row():
                    show.update(height=200, min_width=140)
                    grey = gr.Image(label="Grey", **show)
                    color_map = gr.Image(label="Predicted colour", **show)
                    true = gr.Image(label="True colours", visible=False, **show)
                with gr.Accordion("More", open=False):
                    size = gr.Slider(
                        SMALLEST_SIZE, 512, SIZE, step=32, label="What the network sees",
                        info="Pixels a side. Smaller sees the scene as a whole, larger its details.",
                    )  # fmt: skip
            with gr.Column():
                samples = [[str(path)] for path in sorted(EXAMPLES.glob("*.jpg"))]
                examples = gr.Dataset(
                    label="Or try one of these", components=[gr.Image(visible=False)], samples=samples
                )
        gr.Markdown(NOTE, elem_id="note")

        private = {"api_visibility": "private"}
        # On the two cores of a free Space, two networks at once only wait for each other.
        network = {"concurrency_limit": 1, "concurrency_id": "network"}
        shown = [pair, grey, color_map]
        # gr.Image would open an upload itself, before our code, and answer a broken one with a stack trace.
        # gr.File hands it on just as it came: reading photos is the core's business.
        # And `upload`, not `input`: pasting fires that twice, first empty, and the second would be dropped.
        uploaded = photo.upload(None, photo, file, js="photo => photo", **private)
        chosen = examples.click(lambda row: row[0], examples, file, **private)
        everything = [photo, work, result, *shown, true]
        # In the network's queue, so that it is over before a photo that follows it at once.
        photo.clear(clear, None, everything[1:], **network, **private)
        for event in (uploaded, chosen):
            event.then(color_photo, [file, size, strength], everything, **network, **private).failure(
                lambda: (None, *clear()), None, everything, **private
            )
        size.change(
            change_size, [work, size, strength], [work, *shown], trigger_mode="always_last",
            **network, **private,
        )  # fmt: skip
        strength.change(
            change_strength, [work, strength], pair, trigger_mode="always_last", show_progress="hidden",
            concurrency_limit=2, **private,
        )  # fmt: skip
        download.click(write_file, [work, strength], finished, show_progress_on=download, **private).success(
            None, js=PRESS, **private
        )
        gr.Button(visible=False).click(
            colorize,
            [
                gr.File(label="photo", visible=False),
                gr.Number(1.0, label="strength: 0 is grey, 1 as predicted", visible=False),
                gr.Number(SIZE, label="size", precision=0, visible=False),
            ],
            gr.File(label="the photo in colour", visible=False),
            api_name="colorize", api_description=API, **network,
        )  # fmt: skip
    return page.queue(max_size=50)


def launch_options() -> dict:
    """What `launch` needs for the page to look and behave as meant, wherever it is started."""
    theme = gr.themes.Default(
        primary_hue="orange", neutral_hue="stone", font=["system-ui", "sans-serif"], font_mono=["monospace"]
    )
    return {
        "theme": theme,
        "css": CSS,
        "max_file_size": LARGEST_FILE,
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
