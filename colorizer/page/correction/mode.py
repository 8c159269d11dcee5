"""The mode "Correct a colour" as part of a tab: its components, its events and what they do.

    mode = CorrectionMode(store, turns)             # where its components belong in the page
    mode.connect(key, settings, before_after, …)    # once the tab's other components exist

Every change is an ordinary event of the queue. The photo with its corrections lies in the session store,
under the visitor's own key; so strength, tone, detail and downloads of the tab see the corrections.
"""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from colorizer.errors import HintError
from colorizer.hints.palette import palette_of
from colorizer.image.reader import read_photo
from colorizer.page.compare_slider import pair_of
from colorizer.page.correction.edit_message import EditMessage
from colorizer.page.correction.editor import (
    answer_to,
    corrected,
    correction_editor,
    picture_url,
    with_typical_place,
)
from colorizer.page.error_messages import EXPIRED, errors_as_messages
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session import Session, checked_strength, checked_tone
from colorizer.page.session_store import SessionStore
from colorizer.page.settings import LIMITS
from colorizer.page.temp_files import scratch_dir

OPEN = "() => document.querySelector('#correction .editor').dispatchEvent(new Event('open-editor'))"
FAILED = "() => document.querySelector('#correction .editor').dispatchEvent(new Event('edit-failed'))"
PALETTE = 12  # colours of a reference picture
REFERENCE_SIDE = 480  # pixels at which it is shown, to pick colours from
EDITS = {
    "concurrency_limit": 2,  # each takes some hundredths of a second, on all cores
    "concurrency_id": "correction",
    "show_progress": "hidden",
    "api_visibility": "private",
}


class CorrectionMode:
    """The mode's components and handlers; create it where the editor belongs in the page."""

    def __init__(self, store: SessionStore, turns: FairTurns):
        self.store, self.turns = store, turns
        self.editor = correction_editor("correction")
        self.reference = gr.UploadButton(
            "Take colours from another picture", file_types=["image"], size="sm", elem_id="reference"
        )

    def connect(
        self,
        key: gr.State,
        rendering: list[gr.Slider],
        before_after: gr.HTML,
        colored: gr.Image,
        button: gr.Button,
    ) -> None:
        """Adds the events.

        Args:
            key: of the visitor's photo in the store.
            rendering: strength and tone of the colours.
            before_after: the tab's result, brought up to date when the visitor is finished.
            colored: the tab's picture in colour, likewise.
            button: what opens the mode.
        """
        self.before_after, self.colored = before_after, colored
        button.click(None, js=OPEN, api_visibility="private")
        for event in (
            self.editor.edit(self.edit, [key, *rendering], self.editor, trigger_mode="multiple", **EDITS),
            self.reference.upload(self.take_reference, [key, self.reference], self.editor, **EDITS),
        ):
            event.failure(None, js=FAILED, api_visibility="private")
        self.editor.done(self.finish, [key, *rendering], [before_after, colored], **EDITS)

    def _session(self, key: str | None) -> Session:
        session = self.store.get(key)
        if session is None:
            raise gr.Error(EXPIRED, print_exception=False)
        return session

    def edit(self, key: str | None, strength: float, tone: float, event: gr.EventData) -> dict[str, Any]:
        """Corrections as the visitor wants them now; or only another place that is looked at."""
        session, strength, tone = self._session(key), checked_strength(strength), checked_tone(tone)
        with errors_as_messages():
            try:
                message = with_typical_place(EditMessage.of(event._data), session)
                changed = message.hints != session.prediction.hints
                new = corrected(session, message.hints) if changed else session
                answer = answer_to(message, new.toned(tone), strength, changed)
            except HintError as error:
                number = event._data.get("number") if isinstance(event._data, dict) else None
                return {"photo": session.name, "number": number, "error": str(error)}
            if changed:
                self.store.replace(key, new, new.bytes - session.bytes)
            return answer

    def take_reference(self, key: str | None, path: str, request: gr.Request) -> dict[str, Any]:
        """Another picture, whose colours are offered beside the others."""
        session = self._session(key)
        with errors_as_messages():
            with self.turns.turn(requested_by(request)):  # it may be as large as any photo
                image = read_photo(path, LIMITS).shrunk(REFERENCE_SIDE).original
            return {
                "photo": session.name,
                "reference": {
                    "url": picture_url(image),
                    "palette": [[round(x, 2) for x in swatch.ab] for swatch in palette_of(image, PALETTE)],
                    "hints": [hint.to_json() for hint in session.prediction.hints_like(image)],
                },
            }

    def finish(self, key: str | None, strength: float, tone: float) -> Iterator[tuple[dict[str, Any], str]]:
        """Before and after, with the corrections."""
        session, strength = self._session(key).toned(tone), checked_strength(strength)
        with errors_as_messages(), scratch_dir() as folder:
            pair = pair_of(session, strength, folder)
            yield pair, pair["color"]["path"]
