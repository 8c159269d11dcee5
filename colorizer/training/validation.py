"""One evaluation during training: a fixed set of square photos, made grey, coloured and compared.

It is quick, so that training can afford it every few minutes; `evaluation/` is thorough, with photos at full
resolution.
"""

import numpy as np
from PIL import Image

from colorizer.evaluation import metrics
from colorizer.image import color
from colorizer.training.color_loss import log_loss
from colorizer.training.crops import Photos
from colorizer.training.objective import Objective
from colorizer.training.shards import open_photos

BATCH = 25


def held_out(cache: Photos) -> int:
    """How many photos at the end of the training photos are for validation, if it has none of its own."""
    return max(1, len(cache) // 100)


class Validation:
    """Photos to validate on, as (N, S, S, 3) uint8 RGB, with what does not depend on the network."""

    def __init__(self, photos: np.ndarray, log_loss_scale: float = 0.0):
        """Computes Lab and the scores of grey once.

        Args:
            photos: (N, S, S, 3) uint8 RGB.
            log_loss_scale: above it, a photo's loss counts by its logarithm, as in training (see
                `color_loss.py`).
        """
        self.photos, self.log_loss_scale = photos, log_loss_scale
        self.lab = color.rgb_to_lab(photos.astype(np.float32) / 255)
        self.true_cf = float(np.mean([metrics.colorfulness(photo) for photo in photos]))
        self.grey = self._scores(np.zeros_like(self.lab[..., 1:]))

    @classmethod
    def of(
        cls,
        val: str | None,
        cache: Photos,
        root: str,
        size: int,
        max_photos: int,
        log_loss_scale: float = 0.0,
    ) -> "Validation":
        """Takes up to `max_photos` photos from `val`, or else the end of `cache`, as squares of `size`."""
        source: Photos = open_photos([val], root, fewest=1) if val else cache
        total = len(source) if val else held_out(source)
        numbers = np.linspace(0, total - 1, min(total, max_photos)).round().astype(int) + len(source) - total
        squares = []
        for number in numbers:
            image = Image.fromarray(source[number])
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            box = (left, top, left + side, top + side)
            squares.append(np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box)))
        return cls(np.stack(squares), log_loss_scale)

    def predict(self, objective: Objective) -> np.ndarray:
        """The answer for every photo, in the views of training: (N, S, S, 2) in units of a*, b*."""
        parts = [
            objective.predict_on_batch(self.photos[i : i + BATCH]).predicted
            for i in range(0, len(self.photos), BATCH)
        ]
        return np.concatenate(parts)

    def _scores(self, ab: np.ndarray) -> dict[str, float]:
        each = np.mean((ab - self.lab[..., 1:]) ** 2, axis=(1, 2, 3))
        if self.log_loss_scale:
            each = log_loss(each, self.log_loss_scale, np)
        lab = np.concatenate([self.lab[..., :1], ab], axis=-1)
        rgb = (color.lab_to_rgb(lab) * 255 + 0.5).astype(np.uint8)
        # Every third row and column: CIEDE2000 is slow, and neighbours differ little.
        difference = metrics.ciede2000(
            color.rgb_to_lab(rgb[:, ::3, ::3].astype(np.float32) / 255), self.lab[:, ::3, ::3]
        )
        return {
            "loss": float(each.mean()),
            "psnr": float(np.mean([metrics.psnr(i, t) for i, t in zip(rgb, self.photos, strict=True)])),
            "dE00": float(difference.mean()),
            "cf": float(np.mean([metrics.colorfulness(image) for image in rgb])),
        }

    def score(self, objective: Objective) -> dict[str, float]:
        """Loss, PSNR, CIEDE2000, colourfulness; the same for grey; the true colourfulness."""
        scores = self._scores(self.predict(objective))
        scores = {"val_loss" if name == "loss" else name: value for name, value in scores.items()}
        return (
            scores | {f"grey_{name}": value for name, value in self.grey.items()} | {"true_cf": self.true_cf}
        )

    def samples(self, objective: Objective, count: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Some photos as (grey, predicted, true), each (count, S, S, 3) uint8."""
        chosen = Validation(self.photos[:: max(1, len(self.photos) // count)][:count])
        light, ab = chosen.lab[..., :1], chosen.predict(objective)
        grey = color.lab_to_rgb(np.concatenate([light, 0 * ab], -1))
        predicted = color.lab_to_rgb(np.concatenate([light, ab], -1))
        return (grey * 255 + 0.5).astype(np.uint8), (predicted * 255 + 0.5).astype(np.uint8), chosen.photos
