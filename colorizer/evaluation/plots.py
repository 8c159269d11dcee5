"""Pictures for people: the training curve, and contact sheets of grey, coloured and true photos."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.atomic_write import replace_file


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


def save_comparison(path: Path, before: np.ndarray, after: np.ndarray, caption: str) -> None:
    """Writes two (H, W, 3) uint8 pictures side by side, pixel for pixel, over a caption, as JPEG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width, _ = before.shape
    gap, dpi = 12, 100
    font = max(10, min(24, round(width / 36)))  # pixels; the caption is some 95 letters over both pictures
    foot = 3 * font
    total, full = 2 * width + gap, height + foot
    figure = Figure(figsize=(total / dpi, full / dpi), dpi=dpi, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    for picture, left in ((before, 0), (after, width + gap)):
        figure.figimage(picture, xo=left, yo=foot, origin="upper")
    figure.text(0.5, foot / full / 2, caption, ha="center", va="center", fontsize=font * 72 / dpi, wrap=True)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    data = io.BytesIO()
    image.save(data, "JPEG", quality=92, subsampling=0)
    replace_file(path, data.getbuffer())
