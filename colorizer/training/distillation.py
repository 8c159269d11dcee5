"""Distillation: what the network learns from a teacher, beside the true colours.

    python train.py --teacher runs/teacher --distillation-weight 0.8 --feature-weight 20 ...

The target colour mixes the teacher's answer and the truth (Hinton et al. 2015, "Distilling the Knowledge
in a Neural Network"). And a projection of the network's deepest features learns to predict the teacher's
(Romero et al. 2015, "FitNets: Hints for Thin Deep Nets"): the true colour is a noisy lesson, since a car may
have any; what is in the picture is a clear one. Without a teacher, the features are VGG16's of the photo.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from colorizer.training.perceptual import LPIPS, unit
from colorizer.training.views import mean_view, predict_views


@dataclass(frozen=True, kw_only=True, eq=False)
class Distillation:
    """A teacher, and how much its answers and features count.

    Attributes:
        teacher: a colorizer as `teacher.load_teacher` returns it; None: only VGG16's features count.
        weight: the share of its answer in the target colour, in [0, 1]; the rest is the true colour.
        teacher_size: the side to which square pictures are scaled for the teacher, a multiple of 16. It
            predicts best at the size that it was trained at. 0 shows it what the network sees.
        feature_weight: weight of the error in predicting its features, in [0, 2], beside the colour loss.
        vgg16: whose features count if there is no teacher.
    """

    teacher: keras.Model | None = None
    weight: float = 0.0
    teacher_size: int = 0
    feature_weight: float = 0.0
    vgg16: LPIPS | None = None

    def __post_init__(self) -> None:
        """Refuses a feature weight without a network that has the features."""
        if self.feature_weight and self.teacher is None and self.vgg16 is None:
            raise ValueError(
                f"feature_weight needs a teacher or VGG16. Received: {self.feature_weight} without"
            )

    def build_projection(self, deepest: Any, seed: int = 0) -> keras.layers.Layer | None:
        """The layer that predicts the features from the network's `deepest`; only training uses it.

        Args:
            deepest: the network's deepest features, as a Keras tensor.
            seed: of the initial weights.
        """
        if not self.feature_weight:
            return None
        if self.teacher is not None:
            source = self.teacher.outputs[1]
        elif self.vgg16 is not None:
            source = self.vgg16.feature_extractor.output
        projection = keras.layers.Conv2D(
            source.shape[-1],
            1,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            dtype="float32",
            name="projection",
        )
        projection.build(deepest.shape)
        return projection

    def targets(self, photos: Any, lab: Any, two_scale: bool) -> tuple[Any, Any]:
        """The target colour, and the features to predict; no gradient flows through them.

        Args:
            photos: (N, H, W, 3) uint8 RGB.
            lab: (N, H, W, 3), the same in CIELAB.
            two_scale: whether the teacher answers with the mean of two views, too.

        Returns:
            (N, H, W, 2) in units of a*, b*; (N, H / 8, W / 8, 512) of length 1 at every place, or ().
        """
        truth, features = lab[..., 1:], ()
        if self.teacher is None:
            return truth, self.vgg16.photo_features(photos) if self.vgg16 and self.feature_weight else ()
        # It sees the clean lightness: what it knows of a clean scan, the network learns for any film.
        asked = self._ask_teacher(self.teacher, lab[..., :1] / 100, two_scale)
        answer, features = map(ops.stop_gradient, asked)
        return truth + self.weight * (answer - truth), unit(features) if self.feature_weight else ()

    def feature_loss(self, projected: Any, features: Any) -> Any:
        """The weighted mean of 1 - cosine between predicted and true features: (N,)."""
        cosine = ops.sum(unit(projected) * features, axis=-1)
        return self.feature_weight * ops.mean(1 - cosine, axis=(1, 2))

    def _ask_teacher(self, teacher: keras.Model, lightness: Any, two_scale: bool) -> tuple[Any, Any]:
        """The teacher's answer in units of a*, b*, and its features, at the sizes that `lightness` has."""
        _, height, width, _ = ops.shape(lightness)
        if self.teacher_size:
            lightness = ops.image.resize(lightness, (self.teacher_size, self.teacher_size), antialias=True)
        views, features = predict_views(lambda x: teacher(x, training=False), lightness, two_scale)
        answer, features = mean_view(views), ops.cast(features, "float32")
        if self.teacher_size:
            answer = ops.image.resize(answer, (height, width))
            features = ops.image.resize(features, (height // 8, width // 8))
        return answer, features
