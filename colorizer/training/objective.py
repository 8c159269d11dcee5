"""One training step: a batch of photos in, the loss out.

    Objective(network, color_loss=ColorLoss("mse"), film=FilmLook()).compile(optimizer="adam")

`Objective` wraps the network in a Keras model whose input is a batch of plain sRGB photos. Everything in a
training step happens inside it, in Keras operations alone: sRGB to Lab, the augmented lightness
(`augment.py`), the network, the loss. So the same step runs on TensorFlow and on JAX. The parts of the loss
are in `color_loss.py`, `distillation.py`, `perceptual.py` and `adversarial.py`.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from colorizer.image import color
from colorizer.training import adversarial
from colorizer.training.augment import FilmLook, augment_lightness
from colorizer.training.color_loss import ColorLoss
from colorizer.training.distillation import Distillation
from colorizer.training.perceptual import PerceptualLoss
from colorizer.training.views import mean_view, predict_views

# The second layer of 512 features, at an eighth of the size.
DEEPEST = "relu7"
# The kernels between these and the next layers hold three quarters of all parameters, so most of what can be
# overfitted: dropout hides these features.
DROPOUT_LAYERS = ("relu5", "relu6", "relu7")


class StepOutput(NamedTuple):
    """The network's answer for N photos, and its target; colours are (N, H, W, 2) in units of a*, b*."""

    predicted: Any
    target: Any  # the colour to learn: the true one, or with a teacher one between its answer and the truth
    ground_truth: Any
    lightness: Any  # (N, H, W, 1), the true L* in [0, 100]
    # (N, H / 8, W / 8, 512), with a feature weight: the teacher's features as predicted, and as they are.
    projected: Any = ()
    teacher_features: Any = ()
    # In two-scale training, the answer in each view; `predicted` is their mean.
    views: tuple[Any, ...] = ()


class Objective(keras.Model):
    """The network with its loss; the input is (N, H, W, 3) uint8 RGB."""

    def __init__(
        self,
        network: keras.Model,
        *,
        color_loss: ColorLoss,
        film: FilmLook,
        distillation: Distillation | None = None,
        perceptual: PerceptualLoss | None = None,
        dropout: float = 0.0,
        two_scale: bool = False,
        seed: int = 0,
    ) -> None:
        """Wraps `network`.

        Args:
            network: as `build_network` returns it.
            color_loss: the loss of each picture's colours.
            film: how far the grey side differs from true lightness.
            distillation: what the network learns from a teacher.
            perceptual: LPIPS and the adversarial loss.
            dropout: share of the deepest features that are hidden in training, in [0, 1), so that the network
                recognises no photo by a few of them (Srivastava et al. 2014).
            two_scale: show every picture at half its size as well, also to the teacher, and use the mean of
                both answers, as the colorizer does. The mean then counts as much as its parts do together, so
                that they can share the work and each is still good by itself. Sides must be twice what they
                must be otherwise.
            seed: of augmentation, dropout, crops, discriminator and projection.
        """
        super().__init__(name="objective")
        self.network, self.color_loss, self.film = network, color_loss, film
        self.distillation, self.perceptual = distillation, perceptual
        self.dropout, self.two_scale = dropout, two_scale
        # Keras finds variables and layers only among a model's own attributes.
        self.rarity, self.scale = color_loss.rarity, color_loss.scale
        self.lpips = perceptual.lpips if perceptual else distillation.vgg16 if distillation else None
        self.teacher = distillation.teacher if distillation else None
        # Variables, since the step is compiled once: whether LPIPS counts yet, and the adversarial loss.
        self.lpips_enabled = self._switch("lpips_enabled")
        self.adversarial_enabled = self._switch("adversarial_enabled")
        self.discriminator = None
        if perceptual and perceptual.adversarial_weight:
            channels = [tap.shape[-1] for tap in perceptual.lpips.vgg.outputs]
            self.discriminator = adversarial.Discriminator(channels, seed)
        self.projection = None
        if distillation and distillation.feature_weight:
            self.projection = distillation.build_projection(network.get_layer(DEEPEST).output, seed)
        self.seeds = keras.random.SeedGenerator(seed)

    def _switch(self, name: str) -> keras.Variable:
        return self.add_weight(shape=(), initializer="ones", trainable=False, name=name)

    def build(self, _: Any) -> None:
        """Nothing is left to build; Keras warns without this, since only training calls `projection`."""
        self.built = True

    def call(self, photos: Any, training: bool = False) -> StepOutput:
        """Colours the photos; see `StepOutput`."""
        linear = color.linear_from_srgb(ops.cast(photos, "float32") / 255, ops)
        lab = color.lab_from_linear(linear, ops)
        truth = target = lab[..., 1:]
        projected = features = ()
        if training:
            shown = augment_lightness(linear, self.film, self.seeds)
            views, deepest = predict_views(self._predict_in_training, shown, self.two_scale)
            if self.distillation is not None:
                target, features = self.distillation.targets(photos, lab, self.two_scale)
            if self.projection is not None:
                projected = self.projection(deepest)
        else:
            views, _ = predict_views(self._predict, lab[..., :1] / 100, self.two_scale)
        return StepOutput(
            predicted=mean_view(views),
            target=target,
            ground_truth=truth,
            lightness=lab[..., :1],
            projected=projected,
            teacher_features=features,
            views=tuple(views) if self.two_scale else (),
        )

    def _predict(self, x: Any) -> tuple[Any, None]:
        return self.network(x, training=False), None

    def _predict_in_training(self, x: Any) -> tuple[Any, Any]:
        """The network's answer with some features hidden, and its deepest features with none hidden."""
        if not self.dropout and self.projection is None:
            return self.network(x, training=True), None
        deepest = None
        for layer in self.network.layers[1:]:  # a plain chain, from the input on
            x = layer(x)
            if layer.name == DEEPEST:
                deepest = x
            if self.dropout and layer.name in DROPOUT_LAYERS:
                x = keras.random.dropout(x, self.dropout, seed=self.seeds)
        return x, deepest

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean loss over the pictures of a batch, in squared units of a*, b*."""
        step = StepOutput(*y_pred)
        each = self.color_loss(step.predicted, step.target)
        if step.views:
            in_views = sum(self.color_loss(view, step.target) for view in step.views) / len(step.views)
            each = (each + in_views) / 2
        if self.perceptual is not None:
            each = each + self._perceptual_loss(self.perceptual, step)
        if self.distillation is not None and self.projection is not None:
            each = each + self.distillation.feature_loss(step.projected, step.teacher_features)
        return ops.mean(each)

    def _perceptual_loss(self, perceptual: PerceptualLoss, step: StepOutput) -> Any:
        """LPIPS and, with a discriminator, the adversarial losses of the same features: (N,)."""
        pictures = perceptual.random_crop(step.predicted, step.ground_truth, step.lightness, seeds=self.seeds)
        predicted, truth, lightness = pictures
        if self.discriminator is None:
            # Not computed before it counts: as it was used for what ships, a tenth of a step's arithmetic.
            distance = ops.cond(
                self.lpips_enabled > 0,
                lambda: perceptual.lpips(*pictures),
                lambda: ops.zeros_like(lightness[:, 0, 0, 0]),
            )
            return perceptual.weight * distance
        coloured, photos = (perceptual.lpips.features(ab, lightness) for ab in (predicted, truth))
        generator, discriminator = adversarial.losses(
            self.discriminator,
            [adversarial.scaled_lab(lightness, predicted), *coloured],
            [adversarial.scaled_lab(lightness, truth), *photos],
        )
        distance = self.lpips_enabled * perceptual.weight * perceptual.lpips.distance(coloured, photos)
        weight = self.adversarial_enabled * perceptual.adversarial_weight
        return distance + weight * generator + discriminator
