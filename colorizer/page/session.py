"""A visitor's photo between the core and the browser: previews to look at, files to take home.

What travels to the browser are previews of at most `PREVIEW_SIDE` pixels; the photo itself is rendered
and written at full resolution when it is asked for. Handlers write into a temporary folder of their own
and yield; Gradio copies what they yield into its cache, which it cleans itself, before it resumes them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from colorizer.colorizer import Colorizer, Prediction
from colorizer.evaluation import metrics, plots
from colorizer.image import color
from colorizer.image.photo import Photo
from colorizer.limits import SIZE

PREVIEW_SIDE = 1600  # pixels: sharp on a laptop, light for a phone
JUDGED_SIDE = 512  # pixels at which a colour photo's figures are taken: they do not change beyond it
KEEP_SECONDS = 3600
CAPTION = "Left: the photograph. Right: colours predicted by a neural network; the true ones may differ."


@dataclass(frozen=True)
class Work:
    """A photo with its prediction, and the same small enough to be rendered at every move of a slider."""

    prediction: Prediction
    preview: Prediction

    @classmethod
    def of(cls, prediction: Prediction, side: int = PREVIEW_SIDE) -> "Work":
        """The work on a photo, with its preview of at most `side` pixels made."""
        return cls(prediction, shrink(prediction, side))

    @property
    def stem(self) -> str:
        """The photo's file name without its suffix."""
        path = self.prediction.photo.path
        return path.stem if path else "photo"

    def original(self) -> Image.Image:
        """The photo as it came, at preview size."""
        image = self.preview.photo.original.copy()
        if self.preview.photo.alpha is not None:
            image.putalpha(Image.fromarray(self.preview.photo.alpha))
        return image

    def closeness(self) -> list[tuple[str, float, float]]:
        """How near the prediction comes to a colour photo: rows of name, grey, coloured."""
        small = shrink(self.prediction, JUDGED_SIDE)
        truth = np.asarray(small.photo.original)
        truth_lab = color.rgb_to_lab(truth.astype(np.float32) / 255)
        columns = []
        for strength in (0, 1):
            image = np.asarray(small.render(strength).convert("RGB"))
            lab = color.rgb_to_lab(image.astype(np.float32) / 255)
            difference = float(metrics.ciede2000(lab, truth_lab).mean())
            columns.append((metrics.psnr(image, truth), difference, metrics.colorfulness(image)))
        names = ("PSNR, dB (higher is nearer)", "CIEDE2000 (lower is nearer)", "Colourfulness")
        return [(name, *pair) for name, pair in zip(names, zip(*columns, strict=True), strict=True)]


def shrink(prediction: Prediction, side: int) -> Prediction:
    """The same prediction under a photo of at most `side` pixels."""
    return replace(prediction, photo=prediction.photo.shrunk(side))


def predict(colorizer: Colorizer, photo: str | Photo, size: float = SIZE) -> Prediction:
    """Runs the network; what is wrong with a photo becomes a sentence on the page."""
    try:
        prediction = colorizer.predict(photo, int(size))
    except ValueError as error:  # PhotoError, and a size out of range
        raise gr.Error(str(error), print_exception=False) from error
    except MemoryError as error:
        raise gr.Error("The photo is too large for this machine's memory.", print_exception=False) from error
    for note in prediction.photo.notes if isinstance(photo, str) else ():
        gr.Info(note)
    return prediction


def show(image: Image.Image, folder: str | Path, name: str) -> str:
    """Writes a picture for the browser into `folder`; returns its path."""
    transparent = image.mode == "RGBA"
    path = Path(folder, name + (".png" if transparent else ".jpg"))
    image.save(path, **({"compress_level": 1} if transparent else {"quality": 93, "subsampling": 0}))
    return str(path)


def write(prediction: Prediction, strength: float, folder: str | Path) -> str:
    """Writes the coloured photo at full resolution, as the type it came in; returns its path."""
    stem = prediction.photo.path.stem if prediction.photo.path else "photo"
    path = Path(folder, f"{stem}-colour{prediction.suffix}")
    try:
        prediction.save(path, strength)
    except ValueError as error:  # a strength out of range, or a picture that its file type cannot hold
        raise gr.Error(str(error), print_exception=False) from error
    return str(path)


def write_comparison(work: Work, strength: float, folder: str | Path) -> str:
    """Writes grey and coloured side by side with a caption, as one JPEG; returns its path."""
    path = Path(folder, f"{work.stem}-comparison.jpg")
    pair = [np.asarray(work.preview.render(x).convert("RGB")) for x in (0, strength)]
    plots.save_comparison(path, *pair, CAPTION)
    return str(path)
