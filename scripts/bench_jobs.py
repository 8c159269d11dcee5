"""The jobs that `bench.py` times: each prepares with a photo and a folder, and returns what to measure."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import keras


def pillow(photo: Path, out: Path) -> Callable[[], None]:
    """Decodes the file and encodes it again: the least that any program does."""

    def work() -> None:
        with Image.open(photo) as image:
            image.save(out / "pillow.jpg", quality=95)

    return work


def ours(photo: Path, out: Path) -> Callable[[], None]:
    """The photo through `Colorizer`, file to file."""
    from colorizer import Colorizer

    colorizer = Colorizer.from_pretrained()
    return lambda: colorizer.predict(photo).save(out / "ours.jpg")


def usual(photo: Path, out: Path) -> Callable[[], None]:
    """The same network in the usual way: scikit-image, squashed to 256x256, Keras's `predict`, PNG."""
    from skimage.color import lab2rgb, rgb2lab
    from skimage.io import imread, imsave
    from skimage.transform import resize

    from colorizer.model.network import build_network
    from colorizer.model.spec import AB_OFFSET, AB_RANGE
    from colorizer.pretrained.locate import load_weights

    network = build_network(precision="float32")
    load_weights(network)

    def work() -> None:
        grey = imread(photo) / 255
        lightness = rgb2lab(np.dstack([grey] * 3))[..., 0]
        view = resize(lightness, (256, 256))[None, ..., None] / 100
        ab = network.predict(view, verbose=0)[0] * AB_RANGE - AB_OFFSET
        lab = np.dstack([lightness, resize(ab, grey.shape)])
        imsave(out / "usual.png", (lab2rgb(lab) * 255).astype(np.uint8))

    return work


def network(*_: Path) -> Callable[[], None]:
    """A bare pass of the network at 256x256, in the runtime that is selected at load."""
    from colorizer.model.runtime import select_runtime
    from colorizer.pretrained.locate import load_forward

    forward, view = load_forward(select_runtime()), np.ones((1, 256, 256, 1), np.float32)
    return lambda: forward(view)


def eccv16(*_: Path) -> Callable[[], None]:
    """A compiled pass of `eccv16_network` at 256x256."""
    from colorizer.model.tensorflow_backend import compile_network

    forward, view = compile_network(eccv16_network()), np.ones((1, 256, 256, 1), np.float32)
    return lambda: forward(view)


def eccv16_network() -> "keras.Model":
    """The layers of Zhang et al. 2016, in float32 as published, with random weights: for scale only."""
    import keras
    from keras import layers

    steps: list[keras.Layer] = [layers.Input((None, None, 1))]
    # Of each stage: filters, stride of its last layer, dilation, number of layers.
    stages = ((64, 2, 1, 2), (128, 2, 1, 2), (256, 2, 1, 3), (512, 1, 1, 3), (512, 1, 2, 3), (512, 1, 2, 3),
              (512, 1, 1, 3))  # fmt: skip
    for filters, stride, dilation, count in stages:
        for number in range(count):
            last = stride if number == count - 1 else 1
            steps += [layers.Conv2D(filters, 3, last, "same", dilation_rate=dilation, activation="relu")]
        steps += [layers.BatchNormalization()]
    steps += [layers.Conv2DTranspose(256, 4, 2, "same", activation="relu")]
    steps += [layers.Conv2D(256, 3, padding="same", activation="relu") for _ in range(2)]
    steps += [layers.Conv2D(313, 1, activation="softmax"), layers.Conv2D(2, 1, use_bias=False)]
    return keras.Sequential(steps)


def views(photo: Path, _out: Path) -> Callable[[], None]:
    """The network as `Colorizer` uses it: from a photo in memory to the mean over its views."""
    from colorizer import Colorizer
    from colorizer.image.reader import read_photo
    from colorizer.limits import SIZE

    colorizer, read = Colorizer.from_pretrained(), read_photo(photo)
    return lambda: colorizer.predict_ab(read, SIZE)


def edges(photo: Path, _out: Path) -> Callable[[], None]:
    """The same, and its colours aligned with the photo's edges."""
    from colorizer import Colorizer
    from colorizer.image.reader import read_photo

    colorizer, read = Colorizer.from_pretrained(), read_photo(photo)
    return lambda: colorizer.predict(read)


def bare_views(photo: Path, _out: Path) -> Callable[[], None]:
    """The bare passes of that."""
    from colorizer.model.runtime import select_runtime
    from colorizer.pretrained.locate import load_forward

    return passes(load_forward(select_runtime()), photo)


def tensorflow_views(photo: Path, _out: Path) -> Callable[[], None]:
    """The same passes, compiled by TensorFlow in its faster precision."""
    from colorizer.model.runtime import Runtime, fastest_precision
    from colorizer.pretrained.locate import load_forward

    return passes(load_forward(Runtime("tensorflow", fastest_precision())), photo)


def passes(forward: Callable[[np.ndarray], np.ndarray], photo: Path) -> Callable[[], None]:
    """The network on views of the photo's sizes, and nothing else."""
    from colorizer.colorizer import VIEWS, working_size
    from colorizer.limits import SIZE

    with Image.open(photo) as image:
        sizes = [working_size(*image.size, scale * SIZE) for scale, _ in VIEWS]
    inputs = [np.ones((1, height, width, 1), np.float32) for width, height in sizes]
    return lambda: [forward(view) for view in inputs]


JOBS = {
    job.__name__: job
    for job in (pillow, ours, usual, network, eccv16, views, edges, bare_views, tensorflow_views)
}
