"""About: what the network is, how good it is, and where it fails; the figures come from the model card."""

import re
from pathlib import Path

import gradio as gr

from colorizer.page.settings import LIMITS
from colorizer.pretrained.locate import SHIPPED

CARD = SHIPPED / "README.md"
FAILURES = Path(__file__).resolve().parent / "failures"
WHAT = f"""## What this is
A small convolutional neural network (6.2 million parameters) looks at the light of a photograph and guesses
its colours. The light itself does not change: what was sharp stays sharp. The network was trained on many
thousand colour photographs, which it was shown in grey.

The colours are plausible, not true. Nothing is written on the picture, but the metadata of every file (XMP
`DigitalSourceType`) says that a network made its colours. Uploads and results are deleted after an hour
and when the page stops. The log says nothing about photos, and nothing leaves the machine that runs the page.

{LIMITS}. Of animations and documents of several pages, the first picture is used. Whoever runs the page on a
computer of their own can change the limits."""
TWO_FAILURES = """## Two of its failures
The photograph on the left, what the network made of it on the right."""


def sections(card: str, *titles: str) -> str:
    """The named `##` sections of a Markdown text, headings included.

    Raises:
        ValueError: it has no such section.
    """
    found = dict(re.findall(r"^(## [^\n]*)\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL))
    missing = [title for title in titles if f"## {title}" not in found]
    if missing:
        raise ValueError(f"The text has no section {', '.join(missing)}. It has: {', '.join(found)}")
    return "\n".join(f"## {title}\n{found[f'## {title}']}" for title in titles)


def build() -> None:
    """Adds the tab's components to the page being built."""
    gr.Markdown(WHAT)
    if CARD.is_file():
        gr.Markdown(sections(CARD.read_text(encoding="utf-8"), "Evaluation", "Limitations"), elem_id="card")
    pictures = sorted(FAILURES.glob("*.jpg"))
    if pictures:
        gr.Markdown(TWO_FAILURES)
        with gr.Row():
            for path in pictures:
                words = path.stem.replace("-", " ").capitalize()
                with gr.Column(min_width=280):
                    # Gradio's label lies over the picture; on a phone, such a long one would hide it.
                    gr.Image(
                        str(path), show_label=False, alt_text=words, interactive=False, buttons=["fullscreen"]
                    )
                    gr.Markdown(words)
