"""Loads large libraries a sixth faster.

    with uncollected():
        import tensorflow

Every so many new objects, Python looks through all there are for such as nobody needs. While TensorFlow or
Gradio are loaded there are half a million new ones and all are needed: looking took a sixth of the time
(docs/performance.md), and what was loaded once is never looked through again.
"""

import gc
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
