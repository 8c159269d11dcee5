"""What a worker is made of: the settings that travel to it, and the colorizer that it loads from them.

task = load(settings)
row = task.color("sea/a.jpg")
"""

import os
from dataclasses import dataclass, field

from colorizer import __version__
from colorizer.cluster.photo import PhotoSettings, PhotoTask
from colorizer.colorizer import Colorizer
from colorizer.fast_import import gc_paused, hide_modules
from colorizer.limits import Limits
from colorizer.model.runtime import select_runtime


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs to know; it travels to all of them.

    Attributes:
        photos: what is the same for every photo.
        weights: as in `Colorizer.from_pretrained`.
        limits: of a photo.
        cores: of a worker.
        environment: the variables COLORIZER_… of the command, which all machines then have.
        version: of the program that gives the work; all machines must have the same.
    """

    photos: PhotoSettings
    weights: str | None
    limits: Limits
    cores: int = 1
    environment: dict[str, str] = field(default_factory=dict)
    version: str = __version__


def load(settings: WorkerSettings, repeats: bool = False) -> PhotoTask:
    """The colorizer with its settings.

    Args:
        settings: of the worker.
        repeats: as in `PhotoTask`.

    Raises:
        RuntimeError: this machine has another version of the program.
        WeightsError: there are no weights, or damaged ones.
    """
    if settings.version != __version__:
        raise RuntimeError(
            f"All machines need the same version of colorizer. Received: {settings.version} from the driver, "
            f"{__version__} on this one"
        )
    os.environ.update(settings.environment)
    # Nothing is measured: with many workers on a machine, a measurement would say little, and all machines
    # should compute alike. COLORIZER_RUNTIME=tensorflow chooses the other runtime for all of them.
    # Numba would load SciPy, for linear algebra that is not used here.
    with gc_paused(), hide_modules("scipy"):
        runtime = select_runtime(threads=settings.cores, fast_start=True)
        colorizer = Colorizer.from_pretrained(settings.weights, settings.limits, runtime)
    return PhotoTask(settings.photos, colorizer, repeats)
