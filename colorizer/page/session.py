"""A visitor's photo between the core and the browser: previews to look at, files to download.

What the browser gets are previews of at most `PREVIEW_SIDE` pixels; the photo itself is rendered and written
at full resolution when it is asked for. Handlers write into a temporary folder of their own and yield; Gradio
copies what they yield into its cache before it resumes them.
"""

import html
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from colorizer.colorizer import Colorizer
from colorizer.evaluation import metrics, plots
from colorizer.image import color
from colorizer.image.photo import Photo
from colorizer.limits import SIZE, check_size, check_strength, tone_of
from colorizer.page.error_messages import errors_as_messages
from colorizer.prediction import Prediction

PREVIEW_SIDE = 1600  # pixels: sharp on a laptop, light for a phone
METRICS_SIDE = 512  # pixels at which a colour photo's figures are taken: they do not change beyond it
EXTRA_BYTES = 15_000_000  # that a session takes beside its pixels: thumbnails of the lightness, mostly
RESULT = "-colour"  # is added to the name of a coloured file
CAPTION = "Left: the photograph. Right: colours predicted by a neural network; the true ones may differ."


@dataclass(frozen=True, eq=False)
class Session:
    """A photo with its prediction, and the same small enough to be rendered at every move of a slider.

    Attributes:
        prediction: of the photo at full resolution.
        preview: the same, small.
        scan: the negative that the photo was made of, if it was.
        remark: on a file that was coloured here before, whose colours are no true ones; else "".
        name: of this session, unlike any other's.
        photo_name: of its photo, which sessions of the same photo in other detail share.
    """

    prediction: Prediction
    preview: Prediction
    scan: Photo | None = None
    remark: str = ""
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    photo_name: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def of(cls, prediction: Prediction, side: int = PREVIEW_SIDE, scan: Photo | None = None) -> "Session":
        """The session of a photo, with its preview of at most `side` pixels made."""
        return cls(prediction, shrink(prediction, side), scan)

    @property
    def source(self) -> Photo:
        """The photo as it came: a negative if it is one."""
        return self.scan or self.prediction.photo

    @property
    def stem(self) -> str:
        """The photo's file name without its suffix."""
        return stem_of(self.prediction)

    @property
    def has_true_colors(self) -> bool:
        """Whether the file that came shows how the scene was coloured."""
        return self.prediction.photo.is_color and not self.remark

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        total = EXTRA_BYTES
        for photo in filter(None, (self.prediction.photo, self.preview.photo, self.scan)):
            width, height = photo.size
            total += width * height * (1 if photo.image.mode == "L" else 4)  # Pillow fills RGB up to 4 bytes
            total += sum(array.nbytes for array in (photo.pixels16, photo.alpha) if array is not None)
            # The lightness is kept at full size if a view was made of it.
            lightness = photo.__dict__.get("lightness")
            total += 0 if lightness is None else lightness.nbytes
        return total + self._correction_bytes()

    def _correction_bytes(self) -> int:
        correction = self.prediction.correction
        if correction is None:
            return 0
        return correction.shares.nbytes + sum(array.nbytes for array in correction.distances.values())

    def toned(self, tone: object) -> "Session":
        """The same photo, warmer above 0 and cooler below.

        Raises:
            gr.Error: tone is no number, or out of range.
        """
        shift = tone_of(checked_tone(tone))
        return replace(
            self, prediction=self.prediction.with_tone(*shift), preview=self.preview.with_tone(*shift)
        )

    def grey(self) -> Image.Image:
        """The photo in grey, at preview size: without corrections and tone, which strength 0 would leave."""
        return self.preview.with_hints(()).with_tone().render(0)

    def original(self) -> Image.Image:
        """The photo as it came, at preview size."""
        image = self.preview.photo.original.copy()
        if self.preview.photo.alpha is not None:
            image.putalpha(Image.fromarray(self.preview.photo.alpha))
        return image

    def accuracy(self) -> list[tuple[str, float, float]]:
        """How near the prediction comes to a colour photo: rows of name, grey, coloured."""
        small = shrink(self.prediction, METRICS_SIDE)
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


def checked_number(value: object, name: str) -> float:
    """A number from a visitor.

    Raises:
        gr.Error: it is none, or not finite.
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise gr.Error(f"{name} must be a number.", print_exception=False)
    return number


def checked_size(value: object) -> int:
    """The working size that a visitor asks for.

    Raises:
        gr.Error: no number, or one out of range.
    """
    return int(_in_range(check_size, value, "size"))


def checked_strength(value: object) -> float:
    """The strength that a visitor asks for.

    Raises:
        gr.Error: no number, or one out of range.
    """
    return _in_range(check_strength, value, "strength")


def checked_tone(value: object) -> float:
    """The tone that a visitor asks for; see `limits.tone_of`.

    Raises:
        gr.Error: no number, or one out of range.
    """
    return _in_range(tone_of, value, "tone")


def _in_range(check: Callable[[float], object], value: object, name: str) -> float:
    number = checked_number(value, name)
    try:
        check(int(number) if number.is_integer() else number)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    return number


def predict(colorizer: Colorizer, photo: str | Photo, size: object = SIZE) -> Prediction:
    """Runs the network; what is wrong with a photo becomes a sentence on the page."""
    size = checked_size(size)
    with errors_as_messages():
        return colorizer.predict(photo, size)


def accuracy_table(session: Session) -> str:
    """How near the prediction of a colour photo comes to it, in Markdown."""
    rows = [f"| {name} | {grey:.1f} | {colored:.1f} |" for name, grey, colored in session.accuracy()]
    return "\n".join(["| beside the true colours | left grey | coloured |", "|---|---|---|", *rows])


def notes_html(*notes: str) -> str:
    """Remarks about a photo, such as that only its first page is used, one a line."""
    return "".join(f"<p>{html.escape(note)}</p>" for note in notes if note)


def write_preview(image: Image.Image, folder: str | Path, name: str) -> str:
    """Writes a picture for the browser into `folder`; returns its path."""
    transparent = image.mode == "RGBA"
    path = Path(folder, name + (".png" if transparent else ".jpg"))
    image.save(path, **({"compress_level": 1} if transparent else {"quality": 93, "subsampling": 0}))
    return str(path)


def stem_of(prediction: Prediction) -> str:
    """The photo's file name without its suffix, and without the one that a result gets."""
    path = prediction.photo.path
    return path.stem.removesuffix(RESULT) or path.stem if path else "photo"


def write_result(prediction: Prediction, strength: object, folder: str | Path) -> tuple[str, tuple[str, ...]]:
    """Writes the coloured photo at full resolution, as the type it came in.

    Returns:
        Its path, and remarks about what the type cannot hold.
    """
    strength = checked_strength(strength)
    path = Path(folder, f"{stem_of(prediction)}{RESULT}{prediction.suffix}")
    notes = prediction.save(path, strength)
    return str(path), notes


def write_comparison(session: Session, strength: object, folder: str | Path) -> str:
    """Writes grey and coloured side by side with a caption, as one JPEG; returns its path."""
    strength = checked_strength(strength)
    path = Path(folder, f"{session.stem}-comparison.jpg")
    pair = (session.grey(), session.preview.render(strength))
    plots.save_comparison(path, *(np.asarray(image.convert("RGB")) for image in pair), CAPTION)
    return str(path)
