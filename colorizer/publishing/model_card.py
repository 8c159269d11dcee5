"""The model card: what the weights in a folder learnt from, score and are bad at, for people and the Hub.

    colorizer card weights/        # writes weights/README.md

It is made from what lies beside the weights, so that it cannot say what was not measured:

    colorizer.json     their checksum and size                        (training writes it)
    training.json      command, photos, crops, minutes; and by hand, if there is more to say, "data",
                       "machine", "note" (Markdown), "license", "datasets" (on the Hub)   (training writes it)
    evaluation.json    the table of `colorizer evaluate FOLDER --json …`, optional; it
                       names the weights it was measured with, and figures of others are refused
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorizer.atomic_write import replace_file
from colorizer.errors import CardError, WeightsError
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import SHIPPED, find_weights

if TYPE_CHECKING:
    from huggingface_hub import ModelCard

NAME = "README.md"
SHEET = "samples.jpg"
FIGURES = {
    "psnr": ("PSNR, dB", "{:.2f}"),
    "ssim": ("SSIM", "{:.3f}"),
    "dE00": ("CIEDE2000", "{:.2f}"),
    "cf": ("colourfulness", "{:.1f}"),
}
ROWS = {"grey": "grey", "model": "coloured", "truth": "truth"}

TEMPLATE = """---
{{ card_data }}
---

# Weights that colour black-and-white photographs

`{{ file }}` holds the {{ parameters }} parameters (float32) of a plain convolutional network: grey
lightness L* in, the two colour channels a* and b* of CIELAB out. `{{ manifest }}` has its sha256, which is
checked on every load.

```python
from colorizer import Colorizer

Colorizer.from_pretrained("{{ repo }}").colorize("grandma.jpg").save("grandma-colour.jpg")
```

{% if sheet -%}
![Photographs, grey and coloured]({{ sheet }})

{% endif -%}
## Trained on

{{ data }}

## How

```
{{ command }}
```

{{ how }}

## How good

{{ figures }}

## Bad at

- **Vividness.** Where many colours are possible it answers with something near their mean: clothes, cars and
  walls come out brownish or pale.
- **Knowing.** It cannot know the colour of a dress or a flag, and invents one. It is no evidence of anything.
- **Skies of old film.** Early film saw blue as white, so a bare sky often stays white or turns beige.
- **Skin in the dark or very small**, and scenes unlike everyday photographs: paintings, maps, X-rays, night.
- **Fine boundaries.** The map of colour is small; at the edge of a bright thing a little colour can run over.
"""


def build_card(folder: Path, repo: str = "weights/", sheet: bool = False) -> "ModelCard":
    """The card of the weights in `folder`; its metadata are those that the Hub shows and searches.

    Args:
        folder: weights with their manifest, and the records that the module's text lists.
        repo: the name under which they are loaded.
        sheet: whether a sheet of samples lies beside them, to be shown.

    Raises:
        CardError: a record is missing, broken, or of other weights.
        WeightsError: the weights are missing or damaged.
    """
    from huggingface_hub import ModelCard

    manifest.verify_checksum(find_weights(folder))
    about, training = _read(folder / manifest.MANIFEST_NAME), _read(folder / manifest.TRAINING_NAME)
    measured = folder / manifest.EVALUATION_NAME
    evaluation = _read(measured) if measured.exists() else None
    if evaluation and evaluation.get("weights") != about["sha256"]:
        raise CardError(
            f"{measured} was measured with other weights: run `colorizer evaluate "
            f"FOLDER --weights {folder} --json {measured}` again"
        )
    try:
        how = f"These weights are those of minute {training['minutes']:g}, after {training['crops']:,} crops."
        parts = {
            "file": about["file"],
            "manifest": manifest.MANIFEST_NAME,
            "parameters": f"{about['parameters']:,}",
            "repo": repo,
            "sheet": SHEET if sheet else None,
            "data": training.get("data") or f"{training['photos']:,} colour photographs.",
            "command": training["command"],
            "how": "\n".join(filter(None, (training.get("machine"), how, training.get("note")))),
            "figures": _table(evaluation) if evaluation else "Not measured.",
        }
        data = _metadata(training, evaluation, repo)
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(f"The records in {folder} do not make a card: {error!r}") from error
    return ModelCard.from_template(data, template_str=TEMPLATE, **parts)


def _metadata(training: dict, evaluation: dict | None, repo: str) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-to-image",
            task_name="Colouring grey photographs",
            dataset_type="image-folder",
            dataset_name=f"{evaluation['photos']} colour photographs, never learnt from",
            metric_type=figure.lower(),
            metric_name=label + ("" if row == "model" else ", the same photographs left grey"),
            metric_value=round(evaluation["rows"][row][figure], 3),
        )
        for figure, (label, _) in FIGURES.items()
        for row in ("model", "grey")
    ] if evaluation else None  # fmt: skip
    return ModelCardData(
        library_name="keras",
        pipeline_tag="image-to-image",
        license=training.get("license", "mit"),
        tags=["colorization", "photography", "cnn"],
        datasets=training.get("datasets") or None,
        metrics=[figure.lower() for figure in FIGURES] if results else None,
        model_name=repo.rpartition("/")[2] or "colorizer",
        eval_results=results,
    )


def _table(evaluation: dict) -> str:
    """The figures as Markdown, with the row that they mean nothing without."""
    lines = [
        f"{evaluation['photos']} photographs that it never learnt from, seen by the network at "
        f"{evaluation['size']} pixels; grey is the\nsame left grey, which PSNR and SSIM reward.\n",
        "| | " + " | ".join(label for label, _ in FIGURES.values()) + " |",
        "|---" * (len(FIGURES) + 1) + "|",
    ]
    for row, label in ROWS.items():
        values = [evaluation["rows"][row][figure] for figure in FIGURES]
        cells = [
            "" if value is None else form.format(value)
            for value, (_, form) in zip(values, FIGURES.values(), strict=True)
        ]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "\nMeasured by `colorizer evaluate`, whose text says how."])


def _read(path: Path) -> dict:
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CardError(f"{path} cannot be read: {error}") from error
    if not isinstance(record, dict):
        raise CardError(f"{path} must hold an object. Received: {type(record).__name__}")
    return record


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 if the records do not make a card."""
    parser = argparse.ArgumentParser(
        prog="colorizer card",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    folder = parser.parse_args(arguments).folder
    try:
        card = build_card(folder)
    except (CardError, WeightsError) as error:
        print(f"colorizer card: {error}", file=sys.stderr)
        return 2
    replace_file(folder / NAME, f"{card}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
