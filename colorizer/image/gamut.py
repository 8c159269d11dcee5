"""What sRGB can show at one lightness: black cannot become yellow, nor white deep blue.

    is_showable(50.0, ab)                    # whether sRGB has this colour
    nearest_showable(5.0, (10.0, 60.0))      # the same hue, as strong as sRGB can show it there
    advice(5.0, (10.0, 60.0))                # a sentence for the user, or None

A photo gives the lightness of each place; a correction chooses only a* and b*. If sRGB cannot show a colour,
the renderer makes it paler until it can; these functions say so before.
"""

import numpy as np

from colorizer.image import color

# How far a channel may lie outside [0, 1], in linear light: rounding moves colours that 8-bit sRGB can show
# to the other side.
TOLERANCE = 1e-4
# Halvings of the chroma between grey and the colour that was asked for: to 1/4096 of it.
HALVINGS = 12


def linear_rgb(lightness: np.ndarray | float, ab: np.ndarray) -> np.ndarray:
    """Linear light of CIELAB, not clipped: outside [0, 1] where sRGB cannot show the colour.

    Args:
        lightness: (...), L* in [0, 100].
        ab: (..., 2), a* and b*.

    Returns:
        (..., 3): R, G and B.
    """
    fy = (np.asarray(lightness, float) + 16) / 116
    f = np.stack(np.broadcast_arrays(fy + ab[..., 0] / 500, fy, fy - ab[..., 1] / 200), axis=-1)
    return np.asarray(color.lab_curve_inverse(f) @ (color.XYZ_TO_RGB.T * color.WHITE[:, None]))


def is_showable(lightness: np.ndarray | float, ab: np.ndarray) -> np.ndarray:
    """Whether sRGB can show colours: (...) bool of (...) L* and (..., 2) a*, b*."""
    rgb = linear_rgb(lightness, np.asarray(ab))
    inside: np.ndarray = np.all((rgb >= -TOLERANCE) & (rgb <= 1 + TOLERANCE), axis=-1)
    return inside


def nearest_showable(lightness: np.ndarray | float, ab: np.ndarray | tuple[float, float]) -> np.ndarray:
    """The colour of the same hue that sRGB can show: as it is, or with as much chroma as possible.

    Args:
        lightness: (...), L* in [0, 100].
        ab: (..., 2), a* and b*.

    Returns:
        (..., 2).
    """
    ab = np.asarray(ab, float)
    low = np.zeros(ab.shape[:-1])
    high = np.ones(ab.shape[:-1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        fits = is_showable(lightness, ab * middle[..., None])
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    share = np.where(is_showable(lightness, ab), 1.0, low)
    return ab * share[..., None]


def hex_color(lightness: float, ab: np.ndarray | tuple[float, float]) -> str:
    """The sRGB colour as "#rrggbb"; one that cannot be shown is made paler first."""
    a, b = nearest_showable(lightness, ab)
    rgb = np.round(color.lab_to_rgb(np.array([lightness, a, b])) * 255).astype(int)
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def advice(lightness: float, ab: np.ndarray | tuple[float, float]) -> str | None:
    """A sentence about a wish that cannot be fulfilled at this lightness; None if it can be."""
    if is_showable(lightness, np.asarray(ab)):
        return None
    place = (
        "almost black"
        if lightness < 15
        else "almost white"
        if lightness > 90
        else f"of lightness {lightness:.0f}"
    )
    return (
        f"This place is {place}: no screen can show that colour so {'dark' if lightness < 50 else 'light'}. "
        f"The nearest that it can show is {hex_color(lightness, ab)}."
    )
