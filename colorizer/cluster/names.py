"""The names of results, from the name of each photo alone: no two photos can have the same.

    result_name("sea/a.jpg")     # "sea/a.jpg"
    result_name("sea/a.gif")     # "sea/a.gif.png", since a GIF cannot hold the colours
    result_name("sea/A.jpg", fold=True)    # "sea/A~1f0d7a22.jpg", where OUT cannot tell it from a.jpg

The ordinary command looks at all photos first and gives shorter names. Ten million photos would be a table
too large, so here the name of the photo stays whole. To add ".png" is not enough: `a.gif` and `a.gif.png` may
lie side by side. So a name that such an addition could have made gets one more itself: `a.gif.png` becomes
`a.gif.png.png`. Whoever takes the last addition away has the photo's name again; so all names differ.
"""

import hashlib
import posixpath
import re
import unicodedata

from colorizer.image.file_types import SUFFIXES

# GIF and PNM files become PNG, and MPO files JPEG. Whatever has no known suffix is marked with "~".
_BECOMES_PNG = re.compile(r"(?:\.(?:gif|pgm|ppm|pbm|pnm|dib)(?:\.png)*|~(?:\.png)+)$", re.IGNORECASE)
_BECOMES_JPEG = re.compile(r"\.mpo(?:\.jpg)*$", re.IGNORECASE)


def result_name(name: str, fold: bool = False) -> str:
    """The path of a photo's result, relative to OUT.

    Args:
        name: the photo's path, relative to IN, with slashes.
        fold: whether OUT takes upper and lower case, or two spellings of "é", for the same. Then every path
            that is not all in lower case gets eight digits of a digest.
    """
    if _BECOMES_PNG.search(name):
        result = f"{name}.png"
    elif _BECOMES_JPEG.search(name):
        result = f"{name}.jpg"
    elif posixpath.splitext(name)[1].lower() in SUFFIXES:
        result = name
    else:
        result = f"{name}~.png"
    if not fold or result == _folded(result):
        return result
    digest = hashlib.blake2b(result.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    stem, suffix = posixpath.splitext(result)
    return f"{stem}~{digest}{suffix}"


def _folded(name: str) -> str:
    """A text that is equal for two names that some file system cannot tell apart."""
    text = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", text)
