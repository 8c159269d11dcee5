"""What a visitor can set for a photo's colours: strength, tone and detail.

    settings = ColorSettings()           # where the components belong in the page
    settings.rendering                   # [strength, tone]: no need to run the network again
    settings.all                         # [size, strength, tone]
    strength_slider()                    # the first of them alone, for other tabs

A photo's prediction lies in the session store as the network made it; these values come with every event and
are applied when a picture is rendered.
"""

from typing import Any

import gradio as gr

from colorizer.limits import MAX_STRENGTH, MAX_WARMTH, SIZE

# The working size in words: the network judges a place by 111 of its pixels around it.
DETAIL = [("Broad", 96), ("Balanced", SIZE), ("Fine", 320)]
SIDE_BY_SIDE = 200  # pixels that a slider needs; on a phone, one stands below the other


def strength_slider(**options: Any) -> gr.Slider:
    """A slider that scales the colours; the options are Gradio's."""
    return gr.Slider(
        0, MAX_STRENGTH, 1, step=0.05, label="Strength of the colours", buttons=[],
        info="0 is grey, 1 as predicted, 2 vivid", **options,
    )  # fmt: skip


class ColorSettings:
    """The components; the tab connects them.

    Attributes:
        strength: scales the colours.
        tone: shifts them from blue to yellow; see `limits.tone_of`.
        size: the working size.
    """

    def __init__(self):
        with gr.Row():
            self.strength = strength_slider(elem_id="strength", min_width=SIDE_BY_SIDE)
            self.tone = gr.Slider(
                -MAX_WARMTH, MAX_WARMTH, 0, step=0.1, label="Cooler – warmer",
                info="-1 cooler, 0 as predicted, 1 warmer", buttons=[], elem_id="tone",
                min_width=SIDE_BY_SIDE,
            )  # fmt: skip
        self.size = gr.Radio(
            DETAIL, value=SIZE, label="Detail of the colours", elem_id="detail",
            info="Broad looks at the scene as a whole, fine at small things",
        )  # fmt: skip

    @property
    def rendering(self) -> list[gr.Slider]:
        """Those that only change how the prediction is rendered."""
        return [self.strength, self.tone]

    @property
    def all(self) -> list[gr.components.Component]:
        """Size, strength and tone."""
        return [self.size, *self.rendering]

    def reset_by(self, button: gr.Button) -> None:
        """Lets a button set all of them back."""
        button.click(lambda: (SIZE, 1, 0), None, self.all, api_visibility="private")
