"""The schedule of a run: learning rate, side of the crops and batch for each share of it that is done.

    schedule = Schedule(config)
    schedule.learning_rate(0.5)

The rate rises in a line during the warm-up, then falls in a line.
"""

from dataclasses import dataclass

from colorizer.training.color_loss import FIRST_SCALE, PLAIN_SCALE
from colorizer.training.config import TrainingConfig


@dataclass(frozen=True)
class Schedule:
    """Progress is the share of the run that is done, in [0, 1]."""

    config: TrainingConfig

    def learning_rate(self, progress: float) -> float:
        """A short rise, then a straight line down to `end`."""
        warmup, end = self.config.warmup, self.config.end
        fall = min(1.0, (1 - progress) / (1 - warmup))
        return self.config.lr * min(1.0, (progress + 1e-3) / warmup) * (end + (1 - end) * fall)

    def redescending_scale(self, progress: float) -> float:
        """The scale of a redescending loss: plain first, then from `FIRST_SCALE` down in equal ratios."""
        start, last = self.config.redescending_after, self.config.redescending
        if progress < start:
            return PLAIN_SCALE
        return float(FIRST_SCALE * (last / FIRST_SCALE) ** ((progress - start) / (1 - start)))

    def crop_size(self, progress: float) -> int:
        """The side of the crops."""
        sizes = self.config.size
        return sizes[min(len(sizes) - 1, int(progress * len(sizes)))]

    def batch_size(self, crop_size: int) -> int:
        """How many crops of this side make a batch: smaller crops make a larger one."""
        return round(self.config.batch * max(self.config.size) / crop_size)
