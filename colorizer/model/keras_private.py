"""Everything that depends on Keras's private parts, in one place; nothing else in this project does.

    class ConvMuon(MuonHooks, keras.optimizers.Muon): ...    # checks Keras's version when it is made
    layer_group(3)                                           # "layers/conv2d_3/vars"
    check_layout(path, network)                              # after Keras has written `path`

Keras promises neither the inner steps of its Muon optimizer nor the names inside a weights file. So the
optimizer works only with versions whose code was read, and every weights file is checked after Keras has
written it. To update Keras, read the methods that `MUON_METHODS` names, and run the tests.

This file does not import Keras: weights are read without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorizer.errors import UnknownKeras, WeightsError

if TYPE_CHECKING:
    import keras

VERSION = "3.15"
# What `MuonHooks` replaces or calls.
MUON_METHODS = ("_get_variable_index", "_should_use_adamw", "_muon_update_step", "_adamw_update_step")


def check_version() -> None:
    """Refuses another Keras than the one that `MuonHooks` was written for.

    Raises:
        UnknownKeras: with what is expected and what is there.
    """
    import keras

    if not keras.__version__.startswith(f"{VERSION}."):
        raise UnknownKeras(
            f"Muon for convolutions needs Keras {VERSION}: pip install 'keras=={VERSION}.*', or train with "
            f"--optimizer adam. Received: {keras.__version__}"
        )
    for name in MUON_METHODS:
        if not callable(getattr(keras.optimizers.Muon, name, None)):
            raise UnknownKeras(
                f"Keras {keras.__version__} has no Muon.{name}, on which Muon for convolutions relies."
            )


class MuonHooks:
    """Stands before Keras's Muon in a class's bases, and gives its inner steps public names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Checks the version first; the arguments are those of `keras.optimizers.Muon`."""
        check_version()
        super().__init__(*args, **options)

    def uses_adam(self, variable: Any) -> bool:
        """Whether a variable gets an Adam step instead of an orthogonal one."""
        raise NotImplementedError

    def muon_step(self, gradient: Any, variable: Any, learning_rate: Any, momentum: Any) -> None:
        """One variable's orthogonal step; updates `variable` and `momentum` in place."""
        raise NotImplementedError

    def index_of(self, variable: Any) -> int:
        """The variable's place in the list that the optimizer was built with."""
        return int(self._get_variable_index(variable))  # type: ignore[attr-defined]  # Keras has no types

    def _should_use_adamw(self, variable: Any) -> bool:
        return self.uses_adam(variable)

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.muon_step(gradient, variable, lr, m)


def layer_group(number: int) -> str:
    """Where a weights file has a network's convolution, counted from 0: kernel "0" and bias "1" lie there."""
    return f"layers/conv2d{f'_{number}' if number else ''}/vars"


def check_layout(path: Path, network: "keras.Model") -> None:
    """Checks that Keras has written a network's convolutions to where they are read from.

    Raises:
        WeightsError: they are elsewhere, or of another shape.
    """
    import h5py
    import keras

    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    with h5py.File(path) as file:
        for number, layer in enumerate(convolutions):
            for name, array in zip("01", layer.get_weights(), strict=True):
                place = f"{layer_group(number)}/{name}"
                dataset = file.get(place)
                if dataset is None or dataset.shape != array.shape:
                    raise WeightsError(
                        f"Keras {keras.__version__} writes weights files of another layout: {layer.name} "
                        f"must be at {place}, of shape {array.shape}. Received: {dataset}"
                    )
