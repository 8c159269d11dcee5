"""The model card: training data, scores and limitations of the weights in a folder, for people and the Hub.

    colorizer card weights/        # writes weights/README.md

It is made from the records beside the weights, so that it cannot claim what was not measured:

    colorizer.json     their checksum and size; training writes it
    training.json      command, photos, crops, minutes; training writes it. You can add "data", "machine",
                       "note" (Markdown), "license" and "datasets" (on the Hub) by hand.
    evaluation.json    the table of `colorizer evaluate FOLDER --json …`, optional. It names the weights that
                       were measured; a table of other weights is refused.
"""

import argparse
import sys
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from colorizer.atomic_write import replace_file
from colorizer.errors import CardError, WeightsError
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import SHIPPED, find_weights

if TYPE_CHECKING:
    from huggingface_hub import ModelCard

CARD_NAME = "README.md"
SHEET_NAME = "samples.jpg"
# The label and the format of each metric in evaluation.json.
METRIC_LABELS = {
    "psnr": ("PSNR, dB", "{:.2f}"),
    "ssim": ("SSIM", "{:.3f}"),
    "dE00": ("CIEDE2000", "{:.2f}"),
    "cf": ("colourfulness", "{:.1f}"),
}
ROW_LABELS = {"grey": "grey", "model": "coloured", "truth": "truth"}

TEMPLATE = Template("""---
$card_data
---

# Weights that colour black-and-white photographs

`$file` holds the $parameters parameters (float32) of a plain convolutional network: grey
lightness L* in, the two colour channels a* and b* of CIELAB out. `$manifest` has its sha256, which is
checked on every load.

```python
from colorizer import Colorizer

Colorizer.from_pretrained("$repo").colorize("grandma.jpg").save("grandma-colour.jpg")
```

$sheet## Training data

$data

## Training

```
$command
```

$how

## Evaluation

$evaluation

## Limitations

- **Pale colours.** Where many colours are possible, the network predicts something near their mean: clothes,
  cars and walls come out brownish or pale.
- **Invented colours.** The network cannot know the colour of a dress or a flag, so it invents one. The result
  is no evidence of anything.
- **Skies of old film.** Early film recorded blue as white, so a bare sky often stays white or turns beige.
- **Dark or very small skin**, and scenes unlike everyday photographs: paintings, maps, X-rays, night.
- **Fine boundaries.** The colour map is small: at the edge of a bright object, some colour can bleed.
""")


def build_card(folder: Path, repo: str = "weights/", sheet: bool = False) -> "ModelCard":
    """The card of the weights in `folder`, with the metadata that the Hub shows and searches.

    Args:
        folder: weights with their manifest, and the records that the module's docstring lists.
        repo: the name under which they are loaded.
        sheet: whether a contact sheet of samples lies beside them, to be shown.

    Raises:
        CardError: a record is missing, broken, or of other weights.
        WeightsError: the weights are missing or damaged.
    """
    from huggingface_hub import ModelCard

    manifest.verify_checksum(find_weights(folder))
    record, training = _read(folder / manifest.MANIFEST_NAME), _read(folder / manifest.TRAINING_NAME)
    table_path = folder / manifest.EVALUATION_NAME
    evaluation = _read(table_path) if table_path.exists() else None
    if evaluation and evaluation.get("weights") != record["sha256"]:
        raise CardError(
            f"{table_path} was measured with other weights: run `colorizer evaluate "
            f"FOLDER --weights {folder} --json {table_path}` again"
        )
    try:
        when = f"These weights are from minute {training['minutes']:g}, after {training['crops']:,} crops."
        parts = {
            "file": record["file"],
            "manifest": manifest.MANIFEST_NAME,
            "parameters": f"{record['parameters']:,}",
            "repo": repo,
            "sheet": f"![Photographs, grey and coloured]({SHEET_NAME})\n\n" if sheet else "",
            "data": training.get("data") or f"{training['photos']:,} colour photographs.",
            "command": training["command"],
            "how": "\n".join(filter(None, (training.get("machine"), when, training.get("note")))),
            "evaluation": _table(evaluation) if evaluation else "Not measured.",
        }
        data = _metadata(training, evaluation, repo)
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(f"The records in {folder} do not make a card: {error!r}") from error
    # Not `ModelCard.from_template`: that needs Jinja2, which comes with Gradio alone.
    return ModelCard(TEMPLATE.substitute(parts, card_data=data.to_yaml()).removesuffix("\n"))


def _metadata(training: dict[str, Any], evaluation: dict[str, Any] | None, repo: str) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-to-image",
            task_name="Colouring grey photographs",
            dataset_type="image-folder",
            dataset_name=f"{evaluation['photos']} colour photographs, not used in training",
            metric_type=metric.lower(),
            metric_name=label + ("" if row == "model" else ", the same photographs left grey"),
            metric_value=round(evaluation["rows"][row][metric], 3),
        )
        for metric, (label, _) in METRIC_LABELS.items()
        for row in ("model", "grey")
    ] if evaluation else None  # fmt: skip
    return ModelCardData(
        library_name="keras",
        pipeline_tag="image-to-image",
        license=training.get("license", "mit"),
        tags=["colorization", "photography", "cnn"],
        datasets=training.get("datasets") or None,
        metrics=[metric.lower() for metric in METRIC_LABELS] if results else None,
        model_name=repo.rpartition("/")[2] or "colorizer",
        eval_results=results,
    )


def _table(evaluation: dict[str, Any]) -> str:
    """The metrics as Markdown, with the row of grey, without which they mean nothing."""
    lines = [
        f"{evaluation['photos']} photographs that were not used in training, at a working size of "
        f"{evaluation['size']} pixels. Grey is the\nsame photographs left grey: PSNR and SSIM reward that.\n",
        "| | " + " | ".join(label for label, _ in METRIC_LABELS.values()) + " |",
        "|---" * (len(METRIC_LABELS) + 1) + "|",
    ]
    for row, label in ROW_LABELS.items():
        values = [evaluation["rows"][row][metric] for metric in METRIC_LABELS]
        cells = [
            "" if value is None else form.format(value)
            for value, (_, form) in zip(values, METRIC_LABELS.values(), strict=True)
        ]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "\nMeasured by `colorizer evaluate`; its help describes the protocol."])


def _read(path: Path) -> dict[str, Any]:
    try:
        return manifest.read_record(path)
    except (OSError, ValueError) as error:
        raise CardError(f"{path} cannot be read: {error}") from error


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
    replace_file(folder / CARD_NAME, f"{card}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
