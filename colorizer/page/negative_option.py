"""Scanned negatives on the page: a checkbox to invert any photo, and an offer where a negative is noticed.

option = NegativeOption()                 # where the components belong in the page
option.offered(photo)                     # updates for a new photo
photo, scan = inverted(photo)             # what is coloured, and what it was made of
"""

import gradio as gr

from colorizer.image.negative import is_negative
from colorizer.image.photo import Photo

NOTICED = "This looks like a scanned negative."
LABEL = "This is a negative: invert it"
INFO = "Of a film that was scanned as it is: bright where the scene was dark, or orange all over"


class NegativeOption:
    """The components; the tab connects them.

    Attributes:
        offer: is shown where a negative was noticed; holds `accept`.
        accept: the button that accepts the offer.
        chosen: the checkbox, once it is added.
    """

    chosen: gr.Checkbox

    def __init__(self):
        with gr.Row(visible=False, elem_id="negative-offer", equal_height=True) as self.offer:
            gr.Markdown(NOTICED)
            self.accept = gr.Button("Invert it", size="sm", min_width=90, scale=0, elem_id="invert")

    def add_checkbox(self) -> None:
        """Adds the checkbox under "Options"."""
        with gr.Accordion("Options", open=False, elem_id="options"):
            self.chosen = gr.Checkbox(False, label=LABEL, info=INFO, elem_id="negative")

    @property
    def components(self) -> list[gr.blocks.Block]:
        """Those that handlers update."""
        return [self.offer, self.chosen]

    def offered(self, photo: Photo | None) -> dict:
        """Updates for a new photo, or for none: as it is, with the offer if it looks like a negative."""
        return {
            self.offer: gr.update(visible=photo is not None and is_negative(photo)),
            self.chosen: False,
        }

    def decided(self, chosen: bool) -> dict:
        """Updates once a visitor has inverted the photo, or has taken that back."""
        return {self.offer: gr.update(visible=False), self.chosen: chosen}
