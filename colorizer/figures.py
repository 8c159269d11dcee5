"""Pictures for people: the training curve, and contact sheets of grey, coloured and true photos."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.files import replace_file


def save_history(path: Path, rows: list[dict]) -> None:
    """Draws loss, PSNR and colourfulness over the epochs, each beside its grey or true level, as PNG."""
    # The object interface without pyplot: no display is needed and no global state is left behind.
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
            level = column.startswith(("grey", "true"))
            axes.plot(epochs, [row[column] for row in rows], "--" if level else "-", label=label)
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    replace_file(path, data.getbuffer())


def save_samples(path: Path, *columns: np.ndarray, across: int = 2) -> None:
    """Writes photos side by side as PNG: the i-th of each column together, `across` such groups a row.

    Args:
        path: the PNG file.
        columns: (N, H, W, 3) uint8 arrays of one shape, such as grey, predicted, true.
        across: groups beside each other.
    """
    count, height, width, _ = columns[0].shape
    gap = 4
    group = len(columns) * width + 2 * gap
    sheet = Image.new("RGB", (across * group - 2 * gap, -(-count // across) * (height + gap) - gap), "white")
    for number in range(count):
        row, place = divmod(number, across)
        for column, photos in enumerate(columns):
            sheet.paste(
                Image.fromarray(photos[number]), (place * group + column * width, row * (height + gap))
            )
    data = io.BytesIO()
    sheet.save(data, "PNG", optimize=True)
    replace_file(path, data.getbuffer())
