"""Colours black-and-white photographs with one small convolutional network.

    from colorizer import Colorizer
    Colorizer.from_pretrained().colorize("old.jpg").save("new.jpg")

Names are imported when they are first asked for, so that `import colorizer` is quick, and a machine that
only trains needs nothing but Keras.
"""

import os
from importlib import import_module

# Before TensorFlow is loaded: its greetings would drown progress bars and error messages.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "0.1.0"

_HOME = {
    "Colorizer": "colorizer.colorizer",
    "Prediction": "colorizer.colorizer",
    "Limits": "colorizer.limits",
    "Photo": "colorizer.image.photo",
    "PhotoError": "colorizer.errors",
    "WeightsError": "colorizer.errors",
    "build_network": "colorizer.model.network",
    "read_photo": "colorizer.image.reader",
    "write_photo": "colorizer.image.writer",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'colorizer' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
