"""Views: a picture at its own size, and in two-scale training at half of it as well.

The colorizer colours a photo as the mean of two views. With two scales, training scores that mean too.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from colorizer.model.spec import AB_OFFSET, AB_RANGE


def predict_views(
    predict: Callable[[Any], tuple[Any, Any]], lightness: Any, two_scale: bool
) -> tuple[list[Any], Any]:
    """The answer in each view, and the features of the first.

    Args:
        predict: gives a network's answer, (N, H, W, 2) in [0, 1], and its features, for (N, H, W, 1) in [0,
            1].
        lightness: (N, H, W, 1), L* / 100.
        two_scale: whether there is a second view, at half the size.

    Returns:
        Each answer as (N, H, W, 2) in units of a*, b*; the features as `predict` gave them.
    """
    answer, features = predict(lightness)
    views = [_ab_units(answer)]
    if two_scale:
        _, height, width, _ = ops.shape(lightness)  # not .shape, as in augment.py
        small, _ = predict(ops.average_pool(lightness, 2, 2))
        # Both networks end by repeating every element twice: every second one holds all there is.
        views.append(ops.image.resize(_ab_units(small)[:, ::2, ::2], (height, width)))
    return views, features


def mean_view(views: list[Any]) -> Any:
    """The mean of the answers in all views: (N, H, W, 2)."""
    return sum(views) / len(views)


def _ab_units(answer: Any) -> Any:
    return ops.cast(answer, "float32") * AB_RANGE - AB_OFFSET
