"""Loads large libraries a third faster.

    with uncollected(), without("matplotlib", "pandas"):
        import tensorflow

Every so many new objects, Python looks through all there are for such as nobody needs. While TensorFlow or
Gradio are loaded there are half a million new ones and all are needed: looking took a sixth of the time
(docs/performance.md), and what was loaded once is never looked through again. And Keras loads what it could
use if it is there, for functions that are not called here: that took a fifth of the time.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Python's garbage collector waits, and takes what is there at the end as there to stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()


@contextmanager
def without(*libraries: str) -> Iterator[None]:
    """Whatever is loaded meanwhile finds these libraries not installed, unless they are loaded already.

    For programs of our own alone: what has gone on without a library does so for as long as it runs.
    """
    hidden = [name for name in libraries if name not in sys.modules]
    # None is how Python marks a module that cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
