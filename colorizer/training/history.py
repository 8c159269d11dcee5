"""The history of a run: a row for each evaluation, as a CSV file, a curve and a line on the terminal.

    History(rows).write(folder)              # history.csv, history.png

Each row has the scores of plain grey beside those of the network.
"""

import csv
import io
from pathlib import Path
from typing import Any

from colorizer.atomic_write import replace_file
from colorizer.evaluation import plots


class History:
    """The evaluations so far, first to last; each is a dictionary with the same keys."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        """Keeps the list itself, so that a checkpoint of it is complete."""
        self.rows = rows

    def write(self, folder: Path) -> None:
        """Writes table and curve."""
        text = io.StringIO()
        table = csv.DictWriter(text, fieldnames=list(self.rows[-1]))
        table.writeheader()
        table.writerows(self.rows)
        replace_file(folder / "history.csv", text.getvalue().encode())
        plots.save_history(folder / "history.png", self.rows)

    def last_line(self) -> str:
        """The last evaluation for the terminal."""
        row = self.rows[-1]
        return (
            f"epoch {row['epoch']:.2f}  {row['minutes']:.1f} min  loss {row['loss']:.1f}"
            f"  val {row['val_loss']:.1f} (grey {row['grey_loss']:.1f})"
            f"  PSNR {row['psnr']:.2f} (grey {row['grey_psnr']:.2f})"
            f"  dE00 {row['dE00']:.2f} (grey {row['grey_dE00']:.2f})"
            f"  colorfulness {row['cf']:.1f} (true {row['true_cf']:.1f})"
            f"{'  averaged' if row['averaged'] else ''}"
        )
