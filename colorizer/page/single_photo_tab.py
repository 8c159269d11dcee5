"""One photo: drop it, see it in colour at once, play with it, take it home."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, main_thread

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.limits import MAX_STRENGTH, SIZE
from colorizer.page.compare_slider import compare, pair_of
from colorizer.page.session import KEEP_SECONDS, Work, predict, show, write, write_comparison
from colorizer.page.temp_files import scratch
from colorizer.resources import EXAMPLES

EXPIRED = "Photos are put away after an hour. Please drop it again."
EMPTY = "Your photo in colour appears here."
# The working size in words: the network judges a place by 111 of its pixels around it.
DETAIL = [("Broad", 80), ("Balanced", SIZE), ("Fine", 288)]
GUESS = """**The colours are a guess** by a neural network: plausible, not true. The downloaded file says so
in its metadata (XMP). Photos and results are deleted from this machine after an hour; nothing is sent
elsewhere."""
CREDITS = """Examples: Detroit Publishing Co., Dorothea Lange, Toni Frissell and William P. Gottlieb, Library
of Congress; a press photograph of 1919; NASA. All are believed to be in the public domain."""
FIRST_COME = 3  # seconds that the other examples wait: who has come for a photo of their own goes first
# Gradio's download button holds a finished file. This one is pressed for the visitor once the file is there.
PRESS = "() => document.querySelector('#{}').click()"


class Examples:
    """The example photos with their predictions, made in the background while the page starts."""

    def __init__(self, colorizer: Colorizer):
        self.paths = sorted(EXAMPLES.glob("*.jpg"))
        self.warm = Event()
        self._made: dict[str, Work] = {}
        # No daemon: Python would end it in the middle of compiled code, which ends the process with an error.
        Thread(target=self._make, args=(colorizer,)).start()

    def _make(self, colorizer: Colorizer) -> None:
        try:
            for number, path in enumerate(self.paths):
                if number == 1:
                    _rest(FIRST_COME)
                if not main_thread().is_alive():  # the process is about to end, and waits for this one
                    return
                work = Work.of(colorizer.predict(str(path)))
                work.preview.render()
                self._made[path.name] = work
                self.warm.set()  # every step has been gone once: what is compiled, is
        except RuntimeError:  # a process that is about to end starts no more threads, for its strips neither
            if main_thread().is_alive():
                raise
        finally:
            self.warm.set()

    def captioned(self) -> list[tuple[str, str]]:
        """Their paths with a few words on each, taken from the file's name."""
        return [(str(path), path.stem.replace("-", " ").title()) for path in self.paths]

    def work(self, path: Path, size: float) -> Work | None:
        """The finished work on an example, if it has been made yet in this size."""
        return self._made.get(path.name) if size == SIZE else None


def _rest(seconds: float) -> None:
    """Sleeps so long, or until the process is about to end."""
    end = time.monotonic() + seconds
    while main_thread().is_alive() and time.monotonic() < end:
        time.sleep(0.1)


def build(colorizer: Colorizer, examples: Examples) -> None:
    """Adds the tab's components and what they do to the page being built."""

    def color_photo(path: str, size: float, strength: float) -> Iterator[tuple]:
        """A new photo: everything is made anew."""
        yield from everything_about(Work.of(predict(colorizer, path, size)), strength)

    def everything_about(work: Work, strength: float) -> Iterator[tuple]:
        with scratch() as folder:
            is_color = work.prediction.photo.is_color
            # Browsers cannot show every upload (TIFF for one), so the input shows a preview too.
            shown = show(work.original(), folder, "original")
            truth = gr.update(value=shown if is_color else None, visible=is_color)
            table = gr.update(value=closeness(work) if is_color else None)
            on = gr.update(interactive=True)
            yield (shown, work, *pictures(work, strength, folder), truth, fold(is_color), table, on, on)

    def pictures(work: Work, strength: float, folder: str) -> tuple:
        value = pair_of(work, strength, folder)
        return value, value["grey"]["path"], value["color"]["path"]

    def fold(is_color: bool) -> dict:
        return gr.update(visible=is_color)

    def closeness(work: Work) -> str:
        rows = [f"| {name} | {grey:.1f} | {colored:.1f} |" for name, grey, colored in work.closeness()]
        return "\n".join(["| beside the true colours | left grey | coloured |", "|---|---|---|", *rows])

    def color_example(size: float, strength: float, event: gr.SelectData) -> Iterator[tuple]:
        """An example: in the usual size, it has been made already."""
        path = examples.paths[event.index]
        work = examples.work(path, size) or Work.of(predict(colorizer, str(path), size))
        yield from everything_about(work, strength)

    def clear() -> tuple:
        """No photo, or one that could not be read: the one before must not be taken for its result."""
        off, hidden = gr.update(interactive=False), gr.update(visible=False)
        return None, None, None, None, gr.update(value=None, visible=False), hidden, None, off, off

    def change_size(work: Work | None, size: float, strength: float) -> Iterator[tuple]:
        """The same photo, seen by the network in another size."""
        if work is None:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        work = Work.of(predict(colorizer, work.prediction.photo, size))
        with scratch() as folder:
            yield work, *pictures(work, strength, folder)

    def change_strength(work: Work | None, strength: float) -> Iterator[tuple]:
        """The same prediction in another strength; the network is not asked again."""
        if work is None:
            yield gr.skip(), gr.skip()
            return
        with scratch() as folder:
            value = pair_of(work, strength, folder)
            yield value, value["color"]["path"]

    def full_resolution(work: Work | None, strength: float) -> Iterator[str]:
        if work is None:
            raise gr.Error(EXPIRED, print_exception=False)
        with scratch() as folder:
            yield write(work.prediction, strength, folder)

    def comparison(work: Work | None, strength: float) -> Iterator[str]:
        if work is None:
            raise gr.Error(EXPIRED, print_exception=False)
        with scratch() as folder:
            yield write_comparison(work, strength, folder)

    work = gr.State(None, time_to_live=KEEP_SECONDS)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=2, min_width=280):
            photo = gr.Image(
                label="Your photo", sources=["upload", "clipboard", "webcam"], type="filepath",
                image_mode=None, height=330, buttons=["fullscreen"], elem_id="photo", alt_text="Your photo",
            )  # fmt: skip
            file = gr.File(visible=False, type="filepath")
            gr.Markdown("Or try one of these:", elem_classes=["small", "last"])
            gallery = gr.Gallery(
                examples.captioned(), label="Examples", show_label=False, columns=4, height=224,
                object_fit="cover", allow_preview=False, interactive=False, buttons=[], elem_id="examples",
                elem_classes="last",
            )  # fmt: skip
            gr.Markdown(CREDITS, elem_classes=["small", "last"])
        with gr.Column(scale=3, min_width=280):
            before_after = compare("before-after", EMPTY)
            with gr.Row():
                strength = gr.Slider(
                    0, MAX_STRENGTH, 1, step=0.05, label="Strength of the colours",
                    info="0 is grey, 1 as predicted, 2 vivid", buttons=[], elem_id="strength",
                )  # fmt: skip
                size = gr.Radio(
                    DETAIL, value=SIZE, label="Detail of the colours", elem_id="detail",
                    info="Broad looks at the scene as a whole, fine at small things",
                )  # fmt: skip
            with gr.Row():
                download = gr.Button(
                    "Download at full resolution", variant="primary", interactive=False, elem_id="download"
                )
                beside = gr.Button("Download before and after", interactive=False, elem_id="comparison")
                reset = gr.Button("Reset", min_width=80, scale=0, elem_id="reset")
            finished = gr.DownloadButton("Finished file", elem_id="file", elem_classes="hidden-file")
            both = gr.DownloadButton("Finished comparison", elem_id="both", elem_classes="hidden-file")
            gr.Markdown(GUESS, elem_classes="small")
            with gr.Row():
                shown = {"interactive": False, "buttons": ["fullscreen"], "height": 240, "min_width": 140}
                grey = gr.Image(label="Grey", alt_text="The photo in grey", **shown)
                colored = gr.Image(label="Colour", alt_text="The photo in predicted colours", **shown)
                true = gr.Image(label="True colours", alt_text="The true colours", visible=False, **shown)
            with gr.Accordion("How near is it to the truth?", open=False, visible=False) as near:
                figures = gr.Markdown()

    private = {"api_visibility": "private"}
    # On the two cores of a free Space, two networks at once only wait for each other.
    network = {"concurrency_limit": 1, "concurrency_id": "network", **private}
    now_shown = [before_after, grey, colored]
    # gr.Image would open an upload itself, before our code, and answer a broken one with a stack trace.
    # gr.File hands it on just as it came: reading photos is the core's business.
    # And `upload`, not `input`: pasting fires that twice, first empty, and the second would be dropped.
    uploaded = photo.upload(None, photo, file, js="photo => photo", **private)
    everything = [photo, work, *now_shown, true, near, figures, download, beside]
    # In the network's queue, so that it is over before a photo that follows it at once.
    photo.clear(clear, None, everything[1:], **network)
    shown = {"outputs": everything, "show_progress_on": before_after, **network}
    for event in (
        uploaded.then(color_photo, [file, size, strength], **shown),
        gallery.select(color_example, [size, strength], **shown),
    ):
        event.failure(lambda: (None, *clear()), None, everything, **private)
    size.change(
        change_size, [work, size, strength], [work, *now_shown], trigger_mode="always_last",
        show_progress_on=before_after, **network,
    )  # fmt: skip
    strength.change(
        change_strength, [work, strength], [before_after, colored], trigger_mode="always_last",
        show_progress="hidden", concurrency_limit=2, **private,
    )  # fmt: skip
    reset.click(lambda: (1, SIZE), None, [strength, size], **private)
    for button, make, target in ((download, full_resolution, finished), (beside, comparison, both)):
        button.click(make, [work, strength], target, show_progress_on=button, **private).success(
            None, js=PRESS.format(target.elem_id), **private
        )
