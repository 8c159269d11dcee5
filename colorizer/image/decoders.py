"""Opens pictures: the only place where Pillow gets a file's bytes.

    with open_image("grandma.jpg") as image:    # or a file that is open for reading

Pillow chooses the decoder by a file's content, not by its name, and by default tries every decoder it has.
Some of them do more than decode: EPS starts Ghostscript, which runs the file as a program; IPTC opens the
picture inside it, again with every decoder; WMF, BUFR, GRIB and HDF5 pass the file to a handler that any
package can register. A stranger's file must not choose among these, so only the decoders listed here are
used.
"""

import os
from typing import BinaryIO

from PIL import Image

# Pillow's names, the most common first. None of them starts a program, opens another file or asks a network.
# MPO, as cameras write it, is opened by "JPEG"; "PPM" also reads PGM, PBM, PNM and PFM.
DECODERS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "PPM", "TIFF", "WEBP", "AVIF", "JPEG2000", "TGA")


def open_image(file: str | os.PathLike | BinaryIO) -> Image.Image:
    """Opens a picture with one of `DECODERS`; like Pillow, it decodes the pixels later.

    Args:
        file: a path, or a binary file that can seek.

    Returns:
        The picture, to be closed by the caller.

    Raises:
        PIL.UnidentifiedImageError: none of the decoders accepts the content.
        OSError, SyntaxError, ValueError, struct.error: the content is damaged.
    """
    return Image.open(file, formats=DECODERS)  # noqa: TID251
