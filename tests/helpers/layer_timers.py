"""Timers of layers that measure nothing: the tests say how long each layer takes."""

import pytest

from colorizer.model.benchmark import Layer, LayerTimer


def timer(ncnn: float = 1, bfloat16: float = 20, tensorflow: float = 1, **training: float) -> LayerTimer:
    """A timer that measures nothing: these are its seconds."""
    seconds = {"ncnn": ncnn, "float32": tensorflow, "mixed_bfloat16": bfloat16}
    with_gradients = seconds | training

    def measure(layer: Layer) -> float:
        column = with_gradients if layer.training else seconds
        return column[layer.backend if layer.backend == "ncnn" else layer.precision]

    return LayerTimer(measure)


def no_timer() -> LayerTimer:
    """A timer that must not be used."""
    return LayerTimer(lambda layer: pytest.fail(f"{layer} was measured"))


def sequence(**seconds: list[float]) -> LayerTimer:
    """A timer whose measurements of a layer come one after the other."""
    return LayerTimer(lambda layer: seconds["ncnn" if layer.backend == "ncnn" else layer.precision].pop(0))
