"""What training asks of the network: pairs of grey and colour, and how wrong a colour is.

`Objective` wraps the network in a Keras model whose input is a batch of plain sRGB photos. Everything
in a training step happens inside it, in Keras operations alone: sRGB to Lab, the film's version of the
grey side (`augment.py`), the network, the loss. So the same step runs on TensorFlow and on JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from colorizer.image import color
from colorizer.model.spec import AB_OFFSET, AB_RANGE
from colorizer.training import adversarial
from colorizer.training.adversarial import Discriminator
from colorizer.training.augment import Film, film_lightness
from colorizer.training.config import LOSSES
from colorizer.training.perceptual import Teacher, unit

# Rarity is counted in squares of this many units of a* and b* (Zhang et al. 2016 use the same).
BIN = 10
BINS = 24  # from -120 to 120
# The share of the uniform distribution in the mix that rarity is measured against. Zhang's 0.5, made
# for classification, overshoots in a regression (worse than grey); at 0.95 weights run from 0.6 to 1.6.
UNIFORM = 0.95
# Where the Huber loss turns from square to straight, in units of a*, b*: a clearly visible error.
HUBER = 10.0

# Where the network has thought most: the second layer of 512 features, at an eighth of the size.
DEEPEST = "relu7"
# The kernels between these and the next layers hold three quarters of all parameters, and so of what
# can be learnt by heart: these are the features that dropout hides.
FORGETFUL = ("relu5", "relu6", "relu7")


def rarity_weights(photos: list[np.ndarray], uniform: float = UNIFORM) -> np.ndarray:
    """How much each colour should count, so that rare colours are not drowned by sky and walls.

    Zhang et al. 2016, section 2.2: the distribution of (a*, b*) over the photos, smoothed, mixed with
    the uniform one; its inverse, scaled to average 1 over the photos' pixels.

    Args:
        photos: (H, W, 3) uint8 RGB arrays.
        uniform: share of the uniform distribution, in (0, 1].

    Returns:
        (BINS * BINS,) float32, indexed as `bin_of` does.
    """
    counts = np.zeros((BINS, BINS))
    for photo in photos:
        lab = color.rgb_to_lab(photo[::4, ::4].reshape(-1, 3).astype(np.float32) / 255)
        index = np.clip((lab[:, 1:] / BIN + BINS / 2).astype(int), 0, BINS - 1)
        np.add.at(counts, (index[:, 0], index[:, 1]), 1)
    kernel = np.array([1, 4, 6, 4, 1]) / 16  # close to the Gaussian of sigma 5 that Zhang uses
    smooth = np.pad(counts, 2)
    smooth = np.apply_along_axis(np.convolve, 0, smooth, kernel, "valid")
    smooth = np.apply_along_axis(np.convolve, 1, smooth, kernel, "valid")
    prior = smooth / smooth.sum()
    weights = 1 / ((1 - uniform) * prior + uniform / np.count_nonzero(counts))
    weights /= (weights * counts).sum() / counts.sum()
    return weights.reshape(-1).astype(np.float32)


def bin_of(ab: Any) -> Any:
    """Index into `rarity_weights` of (..., 2) a* and b*."""
    index = ops.cast(ops.clip(ops.floor(ab / BIN + BINS / 2), 0, BINS - 1), "int32")
    return index[..., 0] * BINS + index[..., 1]


class Answer(NamedTuple):
    """What `Objective` says of N photos; colours are (N, H, W, 2), in units of a*, b*."""

    predicted: Any
    asked: Any  # the colour to be learnt: the true one, or with a mentor one between its answer and the truth
    truth: Any
    lightness: Any  # (N, H, W, 1), the true L* in [0, 100]
    # (N, H / 8, W / 8, 512), where a hint is given: VGG16's features as the network tells them from its own,
    # and as they are.
    told: Any = ()
    seen: Any = ()
    # With `halved`, what it says in each of its looks; `predicted` is their mean.
    looks: tuple[Any, ...] = ()


def _units(answer: Any) -> Any:
    """A network's answer in units of a*, b*."""
    return ops.cast(answer, "float32") * AB_RANGE - AB_OFFSET


class Objective(keras.Model):
    """The network, what it is shown and what it is told; its input is (N, H, W, 3) uint8 RGB."""

    def __init__(
        self,
        network: keras.Model,
        loss: str,
        film: Film,
        weights: np.ndarray | None = None,
        seed: int = 0,
        level: float = 0.0,
        teacher: Teacher | None = None,
        lpips: float = 0.0,
        window: int = 0,
        hint: float = 0.0,
        dropout: float = 0.0,
        mentor: keras.Model | None = None,
        trust: float = 0.0,
        mentor_size: int = 0,
        halved: bool = False,
        adversarial: float = 0.0,
    ):
        """Wraps `network`.

        Args:
            network: as of `build_network`.
            loss: "mse", "rarity" (squared error weighted by `rarity_weights`) or "huber".
            film: how the grey side strays from true lightness.
            weights: what `rarity_weights` gave; needed for "rarity" alone.
            seed: of the film's chance.
            level: what a picture's loss must exceed for its logarithm to count instead of itself, in
                squared units of a*, b*; 0 takes the plain mean. See `compute_loss`.
            teacher: who gives the second opinions that `lpips` and `hint` count.
            lpips: how often the teacher's distance between coloured and true picture counts beside the loss.
            window: `lpips` is taken of a square of so many pixels a side, elsewhere in every batch: VGG16
                costs more than the network. Even, and no larger than the pictures; 0 takes all of them.
            hint: how often the error in telling the teacher's features, in [0, 2], counts beside the loss.
            dropout: share of the deepest features that are hidden in training, in [0, 1), so that no photo
                is known by a few of them (Srivastava et al. 2014).
            mentor: a colorizer whose answers the network learns from, as of `mentor.load_mentor`. The hint is
                what it sees, then, rather than what the teacher sees of the colours.
            trust: the share of its answer in the colour asked for, in [0, 1]; the rest is the true colour.
            mentor_size: the side that square pictures are scaled to for the mentor, a multiple of 16: it
                knows most at the size that it was taught at, and costs less there than at a larger one. 0
                shows it what the network sees.
            halved: show every picture at half its size as well, to the mentor too, and take the mean of both
                answers: what the colorizer does. The mean then counts as much as its parts do together, so
                that they can share the work and each is still good by itself. Sides must be twice what they
                must be otherwise.
            adversarial: how often the adversarial loss counts beside the loss, once `fooling` is 1; see
                `adversarial.py`. The discriminator learns from the beginning.

        Raises:
            ValueError: an unknown loss, "rarity" without weights, `lpips` or `hint` without a teacher.
        """
        super().__init__(name="objective")
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}. Received: {loss!r}")
        if loss == "rarity" and weights is None:
            raise ValueError("loss='rarity' needs the weights that rarity_weights() computes. Received: None")
        if (lpips or adversarial or (hint and mentor is None)) and teacher is None:
            raise ValueError(
                "lpips, adversarial and hint need a teacher. "
                f"Received: {lpips}, {adversarial} and {hint} without"
            )
        self.network, self.loss_name, self.film, self.level = network, loss, film, level
        # A variable, not a number in the program: so the compiled step is the same for any photos.
        self.color_weights = None if weights is None else keras.Variable(weights, trainable=False)
        self.teacher, self.lpips, self.hint, self.dropout = teacher, lpips, hint, dropout
        self.window = window
        self.mentor, self.trust, self.mentor_size = mentor, trust, mentor_size
        self.halved = halved
        # Whether LPIPS counts yet: a variable, since the step is compiled once.
        self.heard = self.add_weight(shape=(), initializer="ones", trainable=False, name="heard")
        # Whether the network tries to fool the discriminator yet.
        self.fooling = self.add_weight(shape=(), initializer="ones", trainable=False, name="fooling")
        self.adversarial, self.discriminator = adversarial, None
        if adversarial:
            self.discriminator = Discriminator([tap.shape[-1] for tap in teacher.vgg.outputs], seed)
        # What tells the teacher's features from the network's; it is needed in training alone.
        self.pupil = None
        if hint:
            deepest = network.get_layer(DEEPEST).output
            seen = teacher.listener.output if mentor is None else mentor.outputs[1]
            self.pupil = keras.layers.Conv2D(seen.shape[-1], 1, dtype="float32", name="pupil")
            self.pupil.build(deepest.shape)
        self.seeds = keras.random.SeedGenerator(seed)

    def build(self, _: Any) -> None:
        """Nothing is left to make; Keras warns without this, since training alone asks `pupil`."""
        self.built = True

    def call(self, photos: Any, training: bool = False) -> Answer:
        """Colours the photos; see `Answer`."""
        linear = color.linear_from_srgb(ops.cast(photos, "float32") / 255, ops)
        lab = color.lab_from_linear(linear, ops)
        truth = asked = lab[..., 1:]
        told = seen = ()
        if training:
            shown = film_lightness(linear, self.film, self.seeds)
            looks, deepest = self._looks(self._learn, shown)
            if self.mentor is not None:
                # It sees the clean lightness: what it knows in good light, the network learns for any film.
                opinion, features = map(ops.stop_gradient, self._ask_mentor(lab[..., :1] / 100))
                asked = truth + self.trust * (opinion - truth)
            if self.pupil is not None:
                told = self.pupil(deepest)
                seen = self.teacher.hint(photos) if self.mentor is None else unit(features)
        else:
            looks, _ = self._looks(lambda x: (self.network(x, training=False), None), lab[..., :1] / 100)
        predicted = sum(looks) / len(looks)
        return Answer(predicted, asked, truth, lab[..., :1], told, seen, tuple(looks) if self.halved else ())

    def _looks(self, ask: Callable[[Any], tuple[Any, Any]], lightness: Any) -> tuple[list[Any], Any]:
        """Each look's answer in units of a*, b*, as large as `lightness`, and the first one's features."""
        answer, features = ask(lightness)
        looks = [_units(answer)]
        if self.halved:
            _, height, width, _ = ops.shape(lightness)  # not .shape, as in augment.py
            small, _ = ask(ops.average_pool(lightness, 2, 2))
            # Both networks end by repeating every element twofold: every second one is all there is.
            looks.append(ops.image.resize(_units(small)[:, ::2, ::2], (height, width)))
        return looks, features

    def _ask_mentor(self, lightness: Any) -> tuple[Any, Any]:
        """What the mentor says, in units of a*, b*, and sees, as large as if it had looked at `lightness`."""
        _, height, width, _ = ops.shape(lightness)
        if self.mentor_size:
            lightness = ops.image.resize(lightness, (self.mentor_size, self.mentor_size), antialias=True)
        looks, seen = self._looks(lambda x: self.mentor(x, training=False), lightness)
        opinion, seen = sum(looks) / len(looks), ops.cast(seen, "float32")
        if self.mentor_size:
            opinion = ops.image.resize(opinion, (height, width))
            seen = ops.image.resize(seen, (height // 8, width // 8))
        return opinion, seen

    def _learn(self, x: Any) -> tuple[Any, Any]:
        """The network's answer with some features hidden, and its deepest features with none hidden."""
        if not self.dropout and self.pupil is None:
            return self.network(x, training=True), None
        deepest = None
        for layer in self.network.layers[1:]:  # a plain chain, from the input on
            x = layer(x)
            if layer.name == DEEPEST:
                deepest = x
            if self.dropout and layer.name in FORGETFUL:
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
        """The mean loss over the pictures of a batch, in squared units of a*, b*.

        A picture's own loss l is the mean over its pixels and both channels. With `level` c > 0 it counts
        as c log(1 + l / c): PSNR is the mean of such logarithms, while in a plain mean a few gaudy
        pictures drown the nearly grey ones, and the network paints fog, snow and statues.
        """
        predicted, asked, truth, lightness, told, seen, looks = y_pred
        each = self._each(predicted, asked)
        if looks:
            each = (each + sum(self._each(look, asked) for look in looks) / len(looks)) / 2
        if self.discriminator is not None:
            each = each + self._perceptual(*self._through_window(predicted, truth, lightness))
        elif self.lpips:
            pictures = self._through_window(predicted, truth, lightness)
            # Not worked out before it counts: as it is used for what ships, a tenth of a step's arithmetic.
            distance = ops.cond(self.heard > 0, lambda: self.teacher(*pictures), lambda: ops.zeros_like(each))
            each = each + self.lpips * distance
        if self.pupil is not None:
            cosine = ops.sum(unit(told) * seen, axis=-1)
            each = each + self.hint * ops.mean(1 - cosine, axis=(1, 2))
        return ops.mean(each)

    def _perceptual(self, predicted: Any, truth: Any, lightness: Any) -> Any:
        """LPIPS and the adversarial losses, of the same features: (N,)."""
        mine, theirs = (self.teacher.features(ab, lightness) for ab in (predicted, truth))
        colouring, telling = adversarial.losses(
            self.discriminator,
            [adversarial.picture(lightness, predicted), *mine],
            [adversarial.picture(lightness, truth), *theirs],
        )
        distance = self.heard * self.lpips * self.teacher.distance(mine, theirs)
        return distance + self.fooling * self.adversarial * colouring + telling

    def _through_window(self, *pictures: Any) -> list[Any]:
        """The same `window` of all of these (N, H, W, channels), at an even place by chance."""
        if not self.window:
            return list(pictures)
        # Not .shape, as in augment.py. Even places, since the network answers in squares of two by two.
        count, *sides, _ = ops.shape(pictures[0])
        top, left = (
            2 * keras.random.randint((), 0, (side - self.window) // 2 + 1, seed=self.seeds) for side in sides
        )
        return [
            ops.slice(picture, (0, top, left, 0), (count, self.window, self.window, picture.shape[-1]))
            for picture in pictures
        ]

    def _each(self, predicted: Any, asked: Any) -> Any:
        """The loss of every picture: (N,)."""
        error = predicted - asked
        if self.loss_name == "huber":
            size = ops.absolute(error)
            squared = ops.where(size < HUBER, error * error, HUBER * (2 * size - HUBER))
        else:
            squared = error * error
        if self.loss_name == "rarity":
            squared = squared * ops.take(self.color_weights, bin_of(asked))[..., None]
        each = ops.mean(squared, axis=(1, 2, 3))
        return self.level * ops.log1p(each / self.level) if self.level else each
