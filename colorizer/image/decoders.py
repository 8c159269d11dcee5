"""Opening pictures: the only place where a file's bytes are given to Pillow.

    with open_image("grandma.jpg") as image:    # or a file that is open for reading

Pillow goes by a file's content, not by its name, and by default it tries every decoder it has. Some of them
do more than decode: EPS starts Ghostscript, which runs the program that the file is; IPTC opens the picture
inside it, again with every decoder; WMF, BUFR, GRIB and HDF5 hand the file to a handler that any package may
register. A stranger's file must not choose among these, so only the decoders listed here are used.
"""

import os
from typing import BinaryIO

from PIL import Image

# Pillow's names, the most usual first. None of them starts a program, opens another file or asks a network.
# MPO, as cameras write it, is opened by "JPEG"; "PPM" also reads PGM, PBM, PNM and PFM.
DECODERS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "PPM", "TIFF", "WEBP", "AVIF", "JPEG2000", "TGA")


def open_image(file: str | os.PathLike | BinaryIO) -> Image.Image:
    """Opens a picture with one of `DECODERS`; pixels are decoded later, as Pillow does.

    Args:
        file: a path, or a binary file that can seek.

    Returns:
        The picture, to be closed by the caller.

    Raises:
        PIL.UnidentifiedImageError: none of the decoders knows the content.
        OSError, SyntaxError, ValueError, struct.error: the content is damaged.
    """
    return Image.open(file, formats=DECODERS)  # noqa: TID251
