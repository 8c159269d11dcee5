"""The network: one small fully convolutional Keras model, lightness in, colour out.

    from colorizer import build_network
    network = build_network()
    ab01 = network(lightness01)        # (N, H, W, 1) in [0, 1]  ->  (N, H, W, 2) in [0, 1]

Thirteen 3x3 convolutions. Three of them halve the resolution, so that the widest layers work on an
eighth of it, with a receptive field of about 111 pixels. Three enlargements without parameters bring the
colour back to the size of the input. People see colour far more coarsely than lightness, so the blur of
the last enlargement is not visible: the photo's own lightness completes the result at full resolution.

Nothing here knows of photos or of training; this file needs only Keras, on any of its backends.
"""

import keras

from colorizer.model.spec import ARCHITECTURE, NEGATIVE_SLOPE, NEUTRAL, Conv


def build_network(
    architecture: tuple[Conv, ...] = ARCHITECTURE,
    precision: str | None = None,
    seed: int | None = None,
    fresh: bool = True,
) -> keras.Model:
    """Builds the network with fresh weights.

    Args:
        architecture: the convolutions from first to last; the last must have two filters.
        precision: a Keras dtype policy, such as "float32" or "mixed_bfloat16"; Keras's global policy
            if None. The last layer always computes in float32: bfloat16 resolves values near 0.5 to
            1/256, which is a whole unit of a* or b*.
        seed: makes the initial weights repeatable.
        fresh: False leaves all weights 0, because others will replace them: to draw six million random
            numbers costs as much time as to read them.

    Returns:
        A model that maps (N, H, W, 1) to (N, H, W, 2); H and W multiples of 8. In: L* / 100, in
        [0, 1]. Out: (ab + 128) / 255, a* and b* of CIELAB (D65). Values a little outside [0, 1] can
        occur; the caller clips them.

    Raises:
        ValueError: the table does not end in two filters.
    """
    if architecture[-1].filters != 2:
        raise ValueError(
            f"The last convolution gives a* and b*, so it must have 2 filters. Received: {architecture[-1]}"
        )
    seeds = keras.random.SeedGenerator(seed) if seed is not None else None
    x = inputs = keras.Input((None, None, 1), name="lightness")
    for number, conv in enumerate(architecture, 1):
        last = number == len(architecture)
        dtype = "float32" if last else precision
        x = keras.layers.Conv2D(
            conv.filters,
            3,
            strides=conv.stride,
            padding="same",
            kernel_initializer=_initializer(0.02 if last else 2.0, seeds) if fresh else "zeros",
            bias_initializer=keras.initializers.Constant(NEUTRAL if last else 0.0),
            dtype=dtype,
            name=f"conv{number}",
        )(x)
        if last:
            x = keras.layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, dtype=dtype, name="ab")(x)
        else:
            x = keras.layers.ReLU(dtype=dtype, name=f"relu{number}")(x)
        if conv.upsample:
            # Plain repetition: inside, the next convolution smooths it; at the end, every second element
            # holds all there is, and the colorizer enlarges it smoothly. Interpolation here makes a
            # training step a quarter slower and improves nothing.
            x = keras.layers.UpSampling2D(2, dtype=dtype, name=f"upsample{number}")(x)
    return keras.Model(inputs, x, name="colorizer")


def _initializer(scale: float, seeds: keras.random.SeedGenerator | None) -> keras.Initializer:
    # He et al. 2015: a scale of 2 keeps the variance through ReLU layers, so that thirteen of them train
    # without normalisation. The last layer starts small, so that the first outputs are nearly grey.
    return keras.initializers.VarianceScaling(scale, "fan_in", "truncated_normal", seed=seeds)
