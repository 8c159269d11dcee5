"""Loads large libraries a third faster. For the entry points of our own programs, not for `import colorizer`.

    with gc_paused(), hide_modules("matplotlib", "pandas"):
        import tensorflow

Python's garbage collector searches all objects after every few thousand new ones. TensorFlow or Gradio create
half a million while they load, and all of them stay: the search costs a sixth of the time
(docs/performance.md). Keras, in turn, imports optional libraries if they are installed, for functions that
are not called here: they cost a fifth of the time.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the garbage collector; afterwards it never searches the objects that exist by then."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()


@contextmanager
def hide_modules(*libraries: str) -> Iterator[None]:
    """Makes these libraries look as if they were not installed, unless they are loaded already.

    A module that was imported within the block works without them for the rest of the process.
    """
    hidden = [name for name in libraries if name not in sys.modules]
    # None marks a module that cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
