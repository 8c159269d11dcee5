"""The component in the browser: the photo, the cross, swatches and the list of corrections.

    editor = correction_editor("correction")
    editor.edit(handler, …)         # the visitor changes a correction or looks at a place
    editor.done(handler, …)         # the visitor is finished

Its value goes to the browser only; what comes back are events with an `EditMessage`. The files beside this
one are its template, its style, and its script in three parts that share their variables: `state.js` (the
list, its history, messages), `stage.js` (the photo with cross and outlines) and `panel.js` (the controls).
"""

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
import numpy as np
from PIL import Image

from colorizer.colorizer import Prediction
from colorizer.hints.hint import Hint
from colorizer.hints.outline import typical_point
from colorizer.image.photo import Photo
from colorizer.page.correction.edit_message import EditMessage
from colorizer.page.correction.reach_outline import outline_url
from colorizer.page.correction.swatches import colors_for_place, describe
from colorizer.page.session import Session

FOLDER = Path(__file__).parent
# The picture that comes with an answer: 0.2 MB, so that a slow connection shows it soon, and as wide as most
# screens have room for. Its colours are kept to the pixel, because it is them that are judged.
SIDE, JPEG = 1200, {"quality": 85, "subsampling": 0}
PLACE_SIDE = 160  # pixels on which the place of an outline is looked for
_small_photos: WeakKeyDictionary[Photo, Photo] = WeakKeyDictionary()  # of previews; gone with them
SCRIPTS = ("state.js", "stage.js", "panel.js")


def correction_editor(elem_id: str) -> gr.HTML:
    """The component; its value is what `shown_photo` or `answer_to` makes, or None if there is no photo."""
    return gr.HTML(
        None,
        html_template=(FOLDER / "editor.html").read_text(encoding="utf-8"),
        css_template=(FOLDER / "editor.css").read_text(encoding="utf-8"),
        js_on_load="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS),
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )


def shown_photo(session: Session, picture: dict[str, Any], strength: float) -> dict[str, Any]:
    """The editor's value for a photo, whose preview in colour the page has written already.

    Args:
        session: the visitor's photo, in its tone.
        picture: the file, as `gr.FileData` describes it.
        strength: of its colours.
    """
    width, height = session.preview.photo.size
    hints = session.prediction.hints
    return {
        "photo": session.name,
        "photo_name": session.photo_name,
        "picture": picture,
        "width": width,
        "height": height,
        "hints": [hint.to_json() for hint in hints],
        "corrections": [describe(session, hint, strength) for hint in hints],
    }


def corrected(session: Session, hints: tuple[Hint, ...]) -> Session:
    """The session with these corrections instead of those that it had.

    Raises:
        HintError: too many.
    """
    prediction = session.prediction.with_hints(hints)
    return replace(session, prediction=prediction, preview=replace(prediction, photo=session.preview.photo))


def with_typical_place(message: EditMessage, session: Session) -> EditMessage:
    """The message with the place of a new outline where the photo is as light as in most of the outline.

    The colours to choose from are shown as they look there; in a fold or a shadow, all would be black.
    """
    draft = message.draft
    if draft is None or not draft.outline:
        return message
    small = session.preview.photo.image.convert("L")
    small.thumbnail((PLACE_SIDE, PLACE_SIDE))
    x, y = typical_point(draft.outline, np.asarray(small)) or (draft.x, draft.y)
    return replace(message, draft=replace(draft, x=x, y=y))


def answer_to(message: EditMessage, session: Session, strength: float, changed: bool) -> dict[str, Any]:
    """The editor's value after a message.

    Args:
        message: what the browser sent.
        session: the photo with the message's corrections and in its tone.
        strength: of the colours.
        changed: whether there is a new picture.
    """
    answer = {
        "photo": session.name,
        "number": message.number,
        "corrections": [describe(session, hint, strength) for hint in session.prediction.hints],
        "reach": None,
    }
    if changed:
        answer["picture"] = {"url": picture_url(_small(session).render(strength))}
    place = message.place
    if place is not None:
        answer["reach"] = _reach(session, message)
        if message.look:
            answer["place"] = colors_for_place(session, place.x, place.y, strength, message.offered)
    return answer


def _small(session: Session) -> Prediction:
    """The prediction under a photo of at most `SIDE` pixels."""
    preview = session.preview.photo
    if preview not in _small_photos:
        _small_photos[preview] = preview.shrunk(SIDE)
    return replace(session.preview, photo=_small_photos[preview])


def picture_url(image: Image.Image) -> str:
    """A picture as a `data:` URL.

    It comes with the answer: a file would take one more request, and would stay on the disk for an hour.
    """
    kind, options = ("PNG", {"compress_level": 1}) if image.mode == "RGBA" else ("JPEG", JPEG)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def _reach(session: Session, message: EditMessage) -> str | None:
    """The line around what the correction in hand reaches; of a place without colour, what it would reach."""
    prediction = session.prediction
    if message.selected is None:
        prediction = prediction.with_hints((*message.hints, message.draft))
    # A hint that a later one has replaced is no longer there.
    number = next((n for n, h in enumerate(prediction.correction.hints) if h == message.place), None)
    return None if number is None else outline_url(prediction.correction.reached(number))
