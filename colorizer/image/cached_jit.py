"""Functions that Numba compiles once and caches on disk for the next start.

    @cached_jit(constants=fingerprint(globals()))
    def double(x): ...

Numba recompiles a cached function when the file of that function changes. It does not notice when the file
computes a constant from another module and that constant changes: it would go on with the old values. So the
fingerprint of the constants is part of what Numba compares.
"""

import hashlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np

# Sums may be computed in another order, and no result here depends on infinities.
OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True}


def fingerprint(names: Mapping[str, object]) -> int:
    """A number that changes when one of the NumPy values among `names` changes.

    Args:
        names: a module's `globals()`; only NumPy scalars and arrays count.

    Returns:
        A non-negative integer of 60 bits.
    """
    digest = hashlib.sha256()
    for name, value in sorted(names.items()):
        if isinstance(value, np.generic | np.ndarray):
            digest.update(f"{name} {value.dtype} {value.shape} ".encode() + np.ascontiguousarray(value).data)
    return int(digest.hexdigest()[:15], 16)


class CachedFunction:
    """A function that is compiled at its first call, or loaded from disk if it was compiled before.

    A cache that cannot be read or written never costs a photo: the function is then compiled for this
    process alone, and a warning says so. Errors of the function itself are raised as they are.
    """

    def __init__(self, function: Callable[..., Any]):
        self._uncached = numba.njit(**OPTIONS)(function)
        self._known: set[tuple[Any, ...]] = set()
        try:
            self.compiled = numba.njit(cache=True, **OPTIONS)(function)
        except RuntimeError as error:  # Numba finds no folder that it can write to
            self.compiled = self._uncached
            self._warn(error)

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function."""
        signature = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
        if signature not in self._known:
            self._compile(signature)
            self._known.add(signature)
        return self.compiled(*arguments)

    def _compile(self, signature: tuple[Any, ...]) -> None:
        compiled = self.compiled
        try:
            compiled.compile(signature)
        # A damaged cache file can raise any exception.
        except Exception as error:
            if compiled is self._uncached:
                raise
            self._uncached.compile(signature)  # raises if the error is the function's own
            if self.compiled is compiled:  # of several threads, the first one warns
                self.compiled = self._uncached
                self._warn(f"{compiled.stats.cache_path}: {str(error) or type(error).__name__}")

    def _warn(self, reason: object) -> None:
        text = f"Compiled functions cannot be cached on disk, so every start needs seconds more: {reason}"
        warnings.warn(text, stacklevel=4)
