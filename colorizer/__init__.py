"""Colours black-and-white photographs with one small convolutional network.

    from colorizer import Colorizer
    Colorizer.from_pretrained().colorize("old.jpg").save("new.jpg")

A name is imported when it is first asked for, so that `import colorizer` is quick, and a machine that only
trains needs none of the libraries for photo files. Type checkers and editors see the imports below.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colorizer.colorizer import Colorizer
    from colorizer.errors import HintError, PhotoError, WeightsError
    from colorizer.hints.hint import Hint, format_hints, parse_hints
    from colorizer.hints.hint_file import read_hints
    from colorizer.image.photo import Photo
    from colorizer.image.reader import read_photo
    from colorizer.image.writer import write_photo
    from colorizer.limits import Limits
    from colorizer.model.network import build_network
    from colorizer.prediction import Prediction

__version__ = "0.1.0"
__all__ = [
    "Colorizer",
    "Hint",
    "HintError",
    "Limits",
    "Photo",
    "PhotoError",
    "Prediction",
    "WeightsError",
    "build_network",
    "format_hints",
    "parse_hints",
    "read_hints",
    "read_photo",
    "write_photo",
]

_MODULES = {
    "Colorizer": "colorizer.colorizer",
    "Hint": "colorizer.hints.hint",
    "HintError": "colorizer.errors",
    "Limits": "colorizer.limits",
    "Photo": "colorizer.image.photo",
    "PhotoError": "colorizer.errors",
    "Prediction": "colorizer.prediction",
    "WeightsError": "colorizer.errors",
    "build_network": "colorizer.model.network",
    "format_hints": "colorizer.hints.hint",
    "parse_hints": "colorizer.hints.hint",
    "read_hints": "colorizer.hints.hint_file",
    "read_photo": "colorizer.image.reader",
    "write_photo": "colorizer.image.writer",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'colorizer' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
