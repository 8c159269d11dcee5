"""Whether weights colour a known picture plausibly: a file can be intact and still hold nonsense.

    check_colors(forward, "my.weights.h5")      # WeightsError, if no photo would come out well

The known picture is a sky over a meadow, drawn here. A trained network gives it colours like those of photos.
Arbitrary numbers as weights give infinite, missing or glaring ones. How good the colours are is not judged:
that is what `colorizer/evaluation/` is for.
"""

from pathlib import Path

import numpy as np

from colorizer.errors import WeightsError
from colorizer.model.spec import AB_OFFSET, AB_RANGE, STRIDE, Forward

HEIGHT, WIDTH = 4 * STRIDE, 4 * STRIDE
# Mean chroma, sqrt(a*² + b*²). Photos have 16 on average, and the most vivid ones about 50.
MAX_MEAN_CHROMA = 60.0
# No colour of sRGB is farther from 0 than 108 in a* or b*; an output may overshoot a little.
MAX_OUTPUT_AB = 160.0


def known_picture() -> np.ndarray:
    """(1, H, W, 1) float32, L* / 100: a bright, even sky over dark, rough grass."""
    sky = np.linspace(0.65, 0.85, HEIGHT // 2, dtype=np.float32)[:, None]
    numbers = np.arange(HEIGHT // 2 * WIDTH, dtype=np.float32).reshape(HEIGHT // 2, WIDTH)
    grass = 0.4 + 0.15 * np.sin(numbers**2)  # as irregular as noise, without a random generator
    return np.concatenate([np.broadcast_to(sky, grass.shape), grass]).astype(np.float32)[None, ..., None]


def check_colors(forward: Forward, source: str | Path) -> None:
    """Refuses weights whose colours cannot be those of a trained network.

    Args:
        forward: the network with these weights.
        source: the weights' file, for the message.

    Raises:
        WeightsError: the colours of the known picture are not finite, or far too strong.
    """
    ab = np.asarray(forward(known_picture()), np.float64) * AB_RANGE - AB_OFFSET
    if not np.isfinite(ab).all():
        raise WeightsError(f"The weights {source} give no colours: the network's output is not finite.")
    strongest, mean = float(np.abs(ab).max()), float(np.hypot(ab[..., 0], ab[..., 1]).mean())
    if strongest > MAX_OUTPUT_AB or mean > MAX_MEAN_CHROMA:
        raise WeightsError(
            f"The weights {source} do not colour a known picture plausibly: its mean chroma may be "
            f"{MAX_MEAN_CHROMA:g} at most, a* and b* at most {MAX_OUTPUT_AB:g}. Received: {mean:.3g} and "
            f"{strongest:.3g}. These are not the weights of a trained network."
        )
