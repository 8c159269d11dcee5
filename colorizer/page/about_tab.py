"""About: what the network is, how good, and where it fails; the figures are the model card's own."""

import re
from pathlib import Path

import gradio as gr

from colorizer.page.settings import LIMITS
from colorizer.pretrained.locate import SHIPPED

CARD = SHIPPED / "README.md"
FAILURES = Path(__file__).resolve().parent / "failures"
WHAT = f"""## What this is
A small convolutional neural network (6.2 million parameters) looks at the light of a photograph and guesses
its colours. The light itself is not touched: what was sharp stays sharp. It learnt from many thousand colour
photographs by being shown them in grey.

The colours are plausible, not true. Nothing is burnt into the picture, but the metadata of every file (XMP
`DigitalSourceType`) says that a network made its colours. Uploads and results are deleted after an hour
and when the page stops; nothing is logged about pictures, and nothing leaves the machine that runs it.

{LIMITS}; animations and documents of several pages give their first
picture. Larger ones are welcome at home, where whoever runs the page can change the limits."""
TWO_FAILURES = """## Two of its failures
The photograph on the left, what the network made of it on the right."""


def sections(card: str, *titles: str) -> str:
    """The named `##` sections of a Markdown text, headings included."""
    found = dict(re.findall(r"^(## [^\n]*)\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL))
    return "\n".join(f"{heading}\n{text}" for heading, text in found.items() if heading[3:] in titles)


def build() -> None:
    """Adds the tab's components to the page being built."""
    gr.Markdown(WHAT)
    if CARD.is_file():
        gr.Markdown(sections(CARD.read_text(), "How good", "Bad at"))
    pictures = sorted(FAILURES.glob("*.jpg"))
    if pictures:
        gr.Markdown(TWO_FAILURES)
        with gr.Row():
            for path in pictures:
                words = path.stem.replace("-", " ").capitalize()
                gr.Image(str(path), label=words, alt_text=words, interactive=False, buttons=["fullscreen"])
