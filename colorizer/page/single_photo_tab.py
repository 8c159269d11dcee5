"""One photo: drop it, see it in colour at once, change strength, tone and detail, download it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.image.negative import invert
from colorizer.image.photo import Photo
from colorizer.page.color_settings import ColorSettings
from colorizer.page.compare_slider import compare, pair_of
from colorizer.page.correction.earlier_result import COLORED_BEFORE, taken_up
from colorizer.page.correction.editor import corrected, shown_photo
from colorizer.page.correction.mode import OPEN, CorrectionMode
from colorizer.page.error_messages import EXPIRED, errors_as_messages
from colorizer.page.examples import Examples
from colorizer.page.negative_option import NegativeOption
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session import (
    Session,
    accuracy_table,
    checked_strength,
    checked_tone,
    notes_html,
    predict,
    write_comparison,
    write_preview,
    write_result,
)
from colorizer.page.session_store import SessionStore
from colorizer.page.settings import SETTINGS
from colorizer.page.temp_files import scratch_dir

EMPTY = "Your photo in colour appears here."
GUESS = """**The colours are a guess** by a neural network: plausible, not true. The downloaded file says so
in its metadata (XMP). Photos and results are deleted from this machine after an hour; nothing is sent
elsewhere."""
CREDITS = """Examples: Detroit Publishing Co., Dorothea Lange, Toni Frissell and William P. Gottlieb, Library
of Congress; a press photograph of 1919; NASA. All are believed to be in the public domain."""
# Gradio's download button holds a finished file. This presses it for the visitor once the file is there.
PRESS = "() => document.querySelector('#{}').click()"
OPEN_HERE = f"() => {{ document.querySelector('button[role=tab]').click(); ({OPEN})(); }}"  # the first tab
PRIVATE = {"api_visibility": "private"}
# One photo at a time is in work (FairTurns): on the two cores of a free Space, two only wait for each other.
NETWORK = {"concurrency_limit": SETTINGS.ready, "concurrency_id": "network", **PRIVATE}


class SinglePhotoTab:
    """The tab's components and what they do; create it where the tab belongs in the page."""

    def __init__(self, colorizer: Colorizer, examples: Examples, store: SessionStore, turns: FairTurns):
        self.colorizer, self.examples, self.store, self.turns = colorizer, examples, store, turns
        self.key = gr.State(None, time_to_live=SETTINGS.keep_seconds, delete_callback=store.delete)
        with gr.Row(elem_classes="workspace"):
            with gr.Column(scale=2, min_width=280):
                self._add_inputs()
            with gr.Column(scale=3, min_width=280):
                self.before_after = compare("before-after", EMPTY)
                self.notes = gr.HTML(elem_id="notes", padding=False)
                self.negative = NegativeOption()
                self.correction = CorrectionMode(store, turns)
                self.correct = gr.Button("Correct a colour", interactive=False, elem_id="correct-open")
                self.settings = ColorSettings()
                self.negative.add_checkbox()
                self._add_downloads()
                gr.Markdown(GUESS, elem_classes="small")
                self._add_pictures()
        self.pictures = [self.before_after, self.grey, self.colored, self.correction.editor]
        self.everything = [
            self.photo, self.key, *self.pictures, self.truth, self.accuracy, self.figures, self.correct,
            self.download, self.download_both, self.notes, *self.negative.components,
        ]  # fmt: skip
        self._connect_photo()
        self._connect_settings()
        self.correction.connect(
            self.key, self.settings.rendering, self.before_after, self.colored, self.correct
        )
        self._connect_downloads()

    # --- components ------------------------------------------------------------------------------------

    def _add_inputs(self) -> None:
        self.photo = gr.Image(
            label="Your photo", sources=["upload", "clipboard", "webcam"], type="filepath",
            image_mode=None, height=330, buttons=["fullscreen"], elem_id="photo", alt_text="Your photo",
        )  # fmt: skip
        self.file = gr.File(visible=False, type="filepath")
        gr.Markdown("Or try one of these:", elem_classes=["small", "last"])
        self.gallery = gr.Gallery(
            self.examples.captioned(), label="Examples", show_label=False, columns=4, height=224,
            object_fit="cover", allow_preview=False, interactive=False, buttons=[], elem_id="examples",
            elem_classes="last",
        )  # fmt: skip
        gr.Markdown(CREDITS, elem_classes=["small", "last"])

    def _add_downloads(self) -> None:
        with gr.Row():
            self.download = gr.Button(
                "Download at full resolution", variant="primary", interactive=False, elem_id="download"
            )
            self.download_both = gr.Button(
                "Download before and after", interactive=False, elem_id="comparison"
            )
            self.reset = gr.Button("Reset", min_width=80, scale=0, elem_id="reset")
        self.result = gr.DownloadButton("Finished file", elem_id="file", elem_classes="hidden-file")
        self.comparison = gr.DownloadButton("Finished comparison", elem_id="both", elem_classes="hidden-file")

    def _add_pictures(self) -> None:
        with gr.Row(elem_classes="result-pictures"):
            shown = {"interactive": False, "buttons": ["fullscreen"], "height": 240, "min_width": 140}
            self.grey = gr.Image(label="Grey", alt_text="The photo in grey", **shown)
            self.colored = gr.Image(label="Colour", alt_text="The photo in predicted colours", **shown)
            self.truth = gr.Image(label="True colours", alt_text="The true colours", visible=False, **shown)
        with gr.Accordion("How near is it to the truth?", open=False, visible=False) as self.accuracy:
            self.figures = gr.Markdown()

    # --- events ----------------------------------------------------------------------------------------

    def _connect_photo(self) -> None:
        # gr.Image would open an upload itself, before our code, and answer a broken one with a stack trace.
        # gr.File passes it on as it came: reading photos is the core's business.
        # And `upload`, not `input`: pasting fires that twice, first empty, and the second would be dropped.
        uploaded = self.photo.upload(None, self.photo, self.file, js="photo => photo", **PRIVATE)
        # In the network's queue, so that it is over before a photo that follows it at once.
        self.photo.clear(self.clear, self.key, self.everything[1:], **NETWORK)
        shown = {"outputs": self.everything, "show_progress_on": self.before_after, **NETWORK}
        for event in (
            uploaded.then(self.color_photo, [self.file, *self.settings.all, self.key], **shown),
            self.gallery.select(self.color_example, [*self.settings.all, self.key], **shown),
        ):
            event.failure(self.clear_all, self.key, self.everything, **PRIVATE)
        settings = [self.key, *self.settings.all]
        changed = {"outputs": self.everything[1:], "show_progress_on": self.before_after, **NETWORK}
        self.negative.chosen.input(self.change_negative, [*settings, self.negative.chosen], **changed)
        self.negative.accept.click(self.accept_offer, settings, **changed)

    def correct_from(self, button: gr.Button, source: Callable, inputs: list) -> None:
        """Lets a button of another tab bring a photo here, open for corrections.

        Args:
            button: the button.
            source: a handler that returns the photo's path and the strength of its colours.
            inputs: of the handler.
        """
        # The other tab shows its photos as predicted. This is done before the source has answered.
        button.click(None, None, self.settings.tone, js="() => 0", **PRIVATE)
        brought = button.click(source, inputs, [self.file, self.settings.strength], **PRIVATE)
        colored = brought.success(
            self.color_photo, [self.file, *self.settings.all, self.key], self.everything,
            show_progress_on=button, **NETWORK,
        )  # fmt: skip
        colored.failure(self.clear_all, self.key, self.everything, **PRIVATE)
        colored.success(None, js=OPEN_HERE, **PRIVATE)

    def _connect_settings(self) -> None:
        self.settings.size.change(
            self.change_size, [self.key, *self.settings.all], [self.key, *self.pictures],
            trigger_mode="always_last", show_progress_on=self.before_after, **NETWORK,
        )  # fmt: skip
        gr.on(
            [slider.change for slider in self.settings.rendering],
            self.change_colors, [self.key, *self.settings.rendering], self.pictures,
            trigger_mode="always_last", show_progress="hidden", concurrency_limit=2, **PRIVATE,
        )  # fmt: skip
        self.settings.reset_by(self.reset)

    def _connect_downloads(self) -> None:
        for button, handler, made in (
            (self.download, self.write_result, [self.result, self.notes]),
            (self.download_both, self.write_comparison, [self.comparison]),
        ):
            button.click(
                handler, [self.key, *self.settings.rendering], made, show_progress_on=button, **PRIVATE
            ).success(None, js=PRESS.format(made[0].elem_id), **PRIVATE)

    # --- handlers --------------------------------------------------------------------------------------

    def color_photo(
        self, path: str, size: float, strength: float, tone: float, key: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """A new photo: everything is made anew."""
        if path is None:
            raise gr.Error(EXPIRED, print_exception=False)
        session = self._predict(path, size, request)
        with errors_as_messages():
            session = taken_up(session, Path(path))
        yield from self._show_new(session, strength, tone, self._keep(session, request))
        self.store.delete(key)

    def color_example(
        self,
        size: float,
        strength: float,
        tone: float,
        key: str | None,
        event: gr.SelectData,
        request: gr.Request,
    ) -> Iterator[dict]:
        """An example: in the usual size, it has been made already."""
        with errors_as_messages():
            path = self.examples.paths[event.index]
        session = self.examples.session(path, size)
        if session is None:
            session = self._predict(str(path), size, request)
            new = self._keep(session, request)
        else:
            new = self._keep(session, request, 0)  # it is in memory anyway
        yield from self._show_new(session, strength, tone, new)
        self.store.delete(key)

    def change_negative(
        self, key: str | None, size: float, strength: float, tone: float, chosen: bool, request: gr.Request
    ) -> Iterator[dict]:
        """The same photo inverted, or as it came."""
        if key is None:
            yield {self.key: gr.skip()}
            return
        before = self._session(key)
        session = self._predict(before.source, size, request, negative=bool(chosen))
        session = replace(session, remark=before.remark and COLORED_BEFORE)
        with errors_as_messages(), scratch_dir() as folder:
            new = self._keep(session, request)
            yield {
                **self._result(session, strength, tone, new, folder),
                **self.negative.decided(bool(chosen)),
            }
        self.store.delete(key)

    def accept_offer(
        self, key: str | None, size: float, strength: float, tone: float, request: gr.Request
    ) -> Iterator[dict]:
        """The negative that was noticed, inverted."""
        yield from self.change_negative(key, size, strength, tone, True, request)

    def _predict(
        self, photo: str | Photo, size: float, request: gr.Request, negative: bool = False
    ) -> Session:
        with self.turns.turn(requested_by(request)), errors_as_messages():
            positive = invert(photo) if negative else photo
            prediction = predict(self.colorizer, positive, size)
            return Session.of(prediction, scan=photo if negative else None)

    def _keep(self, session: Session, request: gr.Request, size: float | None = None) -> str:
        return self.store.put(requested_by(request), session, session.bytes if size is None else size)

    def _show_new(self, session: Session, strength: float, tone: float, key: str) -> Iterator[dict]:
        with errors_as_messages(), scratch_dir() as folder:
            yield {
                # Browsers cannot show every upload (TIFF for one), so the input shows a preview too.
                self.photo: write_preview(session.original(), folder, "upload"),
                **self._result(session, strength, tone, key, folder),
                **self.negative.offered(session.prediction.photo),
            }

    def _result(self, session: Session, strength: float, tone: float, key: str, folder: str) -> dict:
        is_color = session.has_true_colors
        original = write_preview(session.original(), folder, "original") if is_color else None
        return {
            self.key: key,
            **self._pictures(session, checked_strength(strength), tone, folder),
            self.notes: notes_html(*session.prediction.photo.notes, session.remark),
            self.truth: gr.update(value=original, visible=is_color),
            self.accuracy: gr.update(visible=is_color),
            self.figures: accuracy_table(session) if is_color else None,
            self.correct: gr.update(interactive=True),
            self.download: gr.update(interactive=True),
            self.download_both: gr.update(interactive=True),
        }

    def _pictures(self, session: Session, strength: float, tone: float, folder: str) -> dict:
        session = session.toned(tone)
        pair = pair_of(session, strength, folder)
        return {
            self.before_after: pair,
            self.grey: pair["grey"]["path"],
            self.colored: pair["color"]["path"],
            self.correction.editor: shown_photo(session, pair["color"], strength),
        }

    def _session(self, key: str | None) -> Session:
        session = self.store.get(key)
        if session is None:
            raise gr.Error(EXPIRED, print_exception=False)
        return session

    def clear(self, key: str | None) -> dict:
        """No photo, or one that could not be read: the one before must not be taken for its result."""
        self.store.delete(key)
        return {
            self.key: None,
            **dict.fromkeys(self.pictures),
            self.truth: gr.update(value=None, visible=False),
            self.accuracy: gr.update(visible=False),
            self.figures: None,
            self.correct: gr.update(interactive=False),
            self.download: gr.update(interactive=False),
            self.download_both: gr.update(interactive=False),
            self.notes: "",
            **self.negative.offered(None),
        }

    def clear_all(self, key: str | None) -> dict:
        """As `clear`, and the photo goes as well."""
        return {self.photo: None, **self.clear(key)}

    def change_size(
        self, key: str | None, size: float, strength: float, tone: float, request: gr.Request
    ) -> Iterator[dict]:
        """The same photo, seen by the network in another size."""
        if key is None:
            yield {self.key: gr.skip()}
            return
        strength, tone = checked_strength(strength), checked_tone(tone)
        before = self._session(key)
        session = self._predict(before.source, size, request, negative=before.scan is not None)
        with errors_as_messages(), scratch_dir() as folder:
            session = replace(corrected(session, before.prediction.hints), photo_name=before.photo_name)
            yield {
                self.key: self._keep(session, request),
                **self._pictures(session, strength, tone, folder),
            }
        self.store.delete(key)

    def change_colors(self, key: str | None, strength: float, tone: float) -> Iterator[dict]:
        """The same prediction in another strength or tone; the network is not run again."""
        if key is None:
            yield {self.colored: gr.skip()}
            return
        session, strength = self._session(key), checked_strength(strength)
        with errors_as_messages(), scratch_dir() as folder:
            yield self._pictures(session, strength, tone, folder)

    def write_result(
        self, key: str | None, strength: float, tone: float, request: gr.Request
    ) -> Iterator[tuple]:
        """The file in colour at full resolution, and remarks about the photo and the file."""
        session = self._session(key).toned(tone)
        with errors_as_messages(), scratch_dir() as folder:
            with self.turns.turn(requested_by(request)):
                path, notes = write_result(session.prediction, strength, folder)
            yield path, notes_html(*session.prediction.photo.notes, *notes)

    def write_comparison(self, key: str | None, strength: float, tone: float) -> Iterator[str]:
        """One picture of before and after."""
        session = self._session(key).toned(tone)
        with errors_as_messages(), scratch_dir() as folder:
            yield write_comparison(session, strength, folder)
