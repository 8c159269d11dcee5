"""Plots and pictures: the training curve, samples of a training run, and a comparison with a caption.

    save_history(path, rows)                        # loss, PSNR and colourfulness over the epochs
    save_samples(path, grey, predicted, true)       # a contact sheet
    save_comparison(path, before, after, caption)   # what the page offers for download

Only `save_history` needs matplotlib.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colorizer.atomic_write import replace_file
from colorizer.evaluation.contact_sheet import add_caption, contact_sheet


def save_history(path: Path, rows: list[dict[str, Any]]) -> None:
    """Draws loss, PSNR and colourfulness over the epochs, and the values of grey and truth, as PNG."""
    # The object interface, not pyplot: it needs no display and leaves no global state behind.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [row["epoch"] for row in rows]
    panels = (
        (
            "squared error of a*, b*",
            (("loss", "training"), ("val_loss", "validation"), ("grey_loss", "left grey")),
        ),
        ("PSNR, dB", (("psnr", "validation"), ("grey_psnr", "left grey"))),
        ("colourfulness", (("cf", "validation"), ("true_cf", "true"))),
    )
    for axes, (title, lines) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for column, label in lines:
            constant = column.startswith(("grey", "true"))
            axes.plot(epochs, [row[column] for row in rows], "--" if constant else "-", label=label)
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    replace_file(path, data.getbuffer())


def save_samples(path: Path, *columns: np.ndarray, across: int = 2) -> None:
    """Writes a contact sheet of photos as PNG: the i-th photos of all columns are a group.

    Args:
        path: the PNG file.
        columns: (N, H, W, 3) uint8 arrays of one shape, such as grey, predicted, true.
        across: the number of groups in a row.
    """
    groups = [[Image.fromarray(photo) for photo in group] for group in zip(*columns, strict=True)]
    data = io.BytesIO()
    contact_sheet(groups, across).save(data, "PNG", optimize=True)
    replace_file(path, data.getbuffer())


def save_comparison(path: Path, before: np.ndarray, after: np.ndarray, caption: str) -> None:
    """Writes two (H, W, 3) uint8 pictures side by side, pixel for pixel, over a caption, as JPEG."""
    pair = contact_sheet([[Image.fromarray(before), Image.fromarray(after)]], gap=12)
    font_size = max(10, min(24, round(before.shape[1] / 36)))  # pixels: the caption has about 95 letters
    data = io.BytesIO()
    add_caption(pair, caption, font_size).save(data, "JPEG", quality=92, subsampling=0)
    replace_file(path, data.getbuffer())
