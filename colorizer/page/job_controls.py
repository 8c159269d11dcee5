"""The slider and the two buttons of a job that takes a while, a batch or a film: strength, start, cancel.

    controls = JobControls("Colour them all", "start", "stop")     # where they belong in the page
    controls.connect(color_photos, inputs, shown, stop, key, **queue)
    yield controls.buttons(running=True)

The tab says what they do.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from colorizer.page.color_settings import strength_slider

PRIVATE = {"api_visibility": "private"}


class JobControls:
    """The components.

    Attributes:
        strength: scales the colours.
        start: begins a job; cannot be pressed while one runs.
        cancel: ends it; can be pressed only then.
    """

    def __init__(self, label: str, start_id: str, cancel_id: str):
        self.strength = strength_slider()
        with gr.Row():
            self.start = gr.Button(label, variant="primary", elem_id=start_id)
            self.cancel = gr.Button("Cancel", interactive=False, elem_id=cancel_id)

    def connect(
        self, run: Callable, inputs: list, shown: list, stop: Callable, key: gr.State, **queue: Any
    ) -> None:
        """Lets the buttons start and end the job.

        Args:
            run: colours; it yields `buttons(running=True)` first, and `buttons(running=False)` in the end.
            inputs: of `run`.
            shown: what `run` changes, the buttons left out.
            stop: ends the job whose key it gets; returns what becomes of `cancel`.
            key: the visitor's, of the job.
            queue: Gradio's options for the queue of `run`.
        """
        both = [self.start, self.cancel]
        started = self.start.click(run, inputs, [*shown, *both], **queue)
        started.failure(lambda: self.buttons(running=False), None, both, **PRIVATE)
        self.cancel.click(stop, key, self.cancel, **PRIVATE)

    def buttons(self, running: bool) -> dict:
        """Which of the two buttons can be pressed."""
        return {
            self.start: gr.update(interactive=not running),
            self.cancel: gr.update(interactive=running),
        }
