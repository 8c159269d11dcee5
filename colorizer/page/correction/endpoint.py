"""The endpoint `/correct`: a photo and its corrections in, the coloured file out.

    file = Client(url).predict(handle_file("old.jpg"), '[{"x": 0.3, "y": 0.6, "color": "#e0701e"}]',
                               api_name="/correct")

It is for programs and language models what the mode is for visitors; docs/hints.md describes the JSON.
"""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.hints.hint import parse_hints
from colorizer.limits import SIZE, tone_of
from colorizer.page.error_messages import errors_as_messages
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session import checked_tone, predict, write_result
from colorizer.page.temp_files import scratch_dir

NO_PHOTO = "No photo was sent."
NO_HINTS = "No corrections were sent: hints must be JSON, a list of objects."


def add_correct_endpoint(colorizer: Colorizer, turns: FairTurns, **options: Any) -> None:
    """Adds the endpoint to the page that is being built.

    Args:
        colorizer: what colours the photos.
        turns: whose photo is next.
        options: of the event: its queue, whether it is public.
    """

    def correct(
        photo: str,
        hints: str,
        strength: float = 1.0,
        size: int = SIZE,
        tone: float = 0.0,
        request: gr.Request = None,
    ) -> Iterator[str]:
        """Colours a photo with some colours given by hand. Returns the file: same type, own resolution.

        Args:
            photo: a file of any common type
            hints: JSON, a list such as [{"x": 0.31, "y": 0.62, "color": "#e0701e"}]: at this share of width and height, the thing has this colour; "keep": true instead of a colour leaves it as predicted; "outline": [[x, y], …] limits it to a polygon; "reach": 0.1 to 10 says how far it spreads
            strength: scales the colours: 0 is grey, 1 as predicted, up to 2; corrected colours stay
            size: the network sees about size x size pixels, from 32 to 1024
            tone: 0 as predicted, 1 warmer, -1 cooler, up to 3; corrected colours stay
            request: who asks; the server fills it in
        """  # noqa: E501
        if photo is None:
            raise gr.Error(NO_PHOTO, print_exception=False)
        if not isinstance(hints, str):
            raise gr.Error(NO_HINTS, print_exception=False)
        with errors_as_messages(), scratch_dir() as folder:
            checked, shift = parse_hints(hints), tone_of(checked_tone(tone))  # before the network runs
            with turns.turn(requested_by(request)):
                prediction = predict(colorizer, photo, size).with_hints(checked).with_tone(*shift)
                path, _ = write_result(prediction, strength, folder)
            yield path

    gr.Button(visible=False).click(
        correct,
        [
            gr.File(label="photo", visible=False),
            gr.Textbox(label="hints: JSON", visible=False),
            gr.Number(1.0, label="strength: 0 is grey, 1 as predicted", visible=False),
            gr.Number(SIZE, label="size", precision=0, visible=False),
            gr.Number(0.0, label="tone: 0 as predicted, above it warmer, below cooler", visible=False),
        ],
        gr.File(label="the photo in colour", visible=False),
        **options, api_name="correct",
    )  # fmt: skip
