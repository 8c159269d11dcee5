"""Many photos: drop up to fifty, watch the results come, download one ZIP."""

from collections.abc import Iterator

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.page.batch import ARCHIVE, Batch
from colorizer.page.compare_slider import compare
from colorizer.page.error_messages import EXPIRED, errors_as_messages
from colorizer.page.job_controls import PRIVATE, JobControls
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session import checked_strength
from colorizer.page.session_store import SessionStore
from colorizer.page.settings import LIMITS, SETTINGS

MAX_PHOTOS = LIMITS.files
INTRODUCTION = f"""Up to {MAX_PHOTOS:g} photos at once. Each comes back at its full resolution, all of them
in one ZIP file; a photo that cannot be read is named and does not stop the rest."""
EMPTY = "Choose a finished picture to see it before and after."
NO_PHOTOS = "Choose some photos first."
# A queue of its own: a long batch must not keep those with a single photo waiting.
BATCHES = {
    "concurrency_limit": SETTINGS.batches,
    "concurrency_id": "batch",
    "show_progress": "hidden",
    **PRIVATE,
}


class BatchTab:
    """The tab's components and what they do; create it where the tab belongs in the page."""

    def __init__(self, colorizer: Colorizer, store: SessionStore, turns: FairTurns):
        self.colorizer, self.store, self.turns = colorizer, store, turns
        self.key = gr.State(None, time_to_live=SETTINGS.keep_seconds, delete_callback=store.delete)
        gr.Markdown(INTRODUCTION)
        with gr.Row(elem_classes="workspace"):
            with gr.Column(scale=2, min_width=280):
                self._add_inputs()
            with gr.Column(scale=3, min_width=280):
                self.gallery = gr.Gallery(
                    label="In colour", columns=4, height=300, allow_preview=False, buttons=[],
                    elem_id="gallery", object_fit="cover", interactive=False,
                )  # fmt: skip
                self.before_after = compare("batch-before-after", EMPTY)
                self.chosen = gr.State(None)  # index of the picture that is shown
                self.correct = gr.Button("Correct a colour", interactive=False, elem_id="batch-correct")
        self._connect()

    def _add_inputs(self) -> None:
        self.files = gr.File(file_count="multiple", label="Your photos", height=220, elem_id="files")
        self.controls = JobControls("Colour them all", "start", "stop")
        self.progress = gr.HTML(elem_id="progress", min_height=70)
        self.archive = gr.DownloadButton("Download all as ZIP", interactive=False, elem_id="zip")

    def _connect(self) -> None:
        shown = [
            self.key, self.progress, self.gallery, self.before_after, self.correct, self.archive,
        ]  # fmt: skip
        inputs = [self.files, self.controls.strength, self.key]
        self.controls.connect(self.color_photos, inputs, shown, self.stop, self.key, **BATCHES)
        chosen = [self.before_after, self.chosen, self.correct]
        self.gallery.select(self.choose, self.key, chosen, show_progress="hidden", **PRIVATE)

    # --- handlers --------------------------------------------------------------------------------------

    def color_photos(
        self, paths: list[str] | None, strength: float, key: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Colours one photo after the other; shows each as it comes."""
        if not paths:
            raise gr.Error(NO_PHOTOS, print_exception=False)
        if len(paths) > MAX_PHOTOS:
            raise gr.Error(
                f"At most {MAX_PHOTOS:g} photos at once. Received: {len(paths)}", print_exception=False
            )
        strength = checked_strength(strength)
        owner = requested_by(request)
        self.store.delete(key)  # the visitor's batch before this one
        with errors_as_messages():
            batch = Batch()
        finished = False
        try:
            with errors_as_messages():
                yield from self._run(batch, paths, strength, owner)
            finished = True
        finally:
            # Whatever ended it early, a full disk or a visitor who left: nothing of it stays.
            if not finished:
                batch.close()

    def _run(self, batch: Batch, paths: list[str], strength: float, owner: str) -> Iterator[dict]:
        total = len(paths)
        yield {
            self.key: self.store.put(owner, batch, close=batch.close),
            self.progress: batch.report(total),
            self.gallery: [],
            self.before_after: None,
            self.correct: gr.update(interactive=False),
            **self.controls.buttons(running=True),
            self.archive: gr.update(value=None, interactive=False),
        }
        with batch.open_archive() as archive:
            for path in paths:
                with self.turns.turn(owner):
                    if batch.cancelled.is_set():
                        break
                    batch.add(self.colorizer, path, strength, archive)
                yield {self.progress: batch.report(total), self.gallery: batch.gallery()}
        done = {self.progress: batch.report(total, over=True), **self.controls.buttons(running=False)}
        if batch.done:
            done[self.archive] = gr.update(value=str(batch.path(ARCHIVE)), interactive=True)
        yield done
        batch.path(ARCHIVE).unlink(missing_ok=True)  # Gradio has copied it

    def stop(self, key: str | None) -> dict:
        """Ends the batch after the photo in hand; what is done stays."""
        batch = self.store.get(key)
        if batch is not None:
            batch.cancelled.set()
        return {self.controls.cancel: gr.update(interactive=False)}

    def choose(self, key: str | None, event: gr.SelectData) -> dict:
        """Shows a finished picture before and after."""
        batch = self.store.get(key)
        if batch is None or not isinstance(event.index, int) or not 0 <= event.index < len(batch.done):
            raise gr.Error(EXPIRED, print_exception=False)
        return {
            self.before_after: batch.done[event.index][0],
            self.chosen: event.index,
            self.correct: gr.update(interactive=True),
        }

    def source(self, key: str | None, chosen: int | None, strength: float) -> tuple[str, float]:
        """The photo of the picture that is shown, as it came, and the strength of its colours."""
        batch = self.store.get(key)
        if batch is None or chosen is None or chosen >= len(batch.sources):
            raise gr.Error(EXPIRED, print_exception=False)
        return batch.sources[chosen], checked_strength(strength)
