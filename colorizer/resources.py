"""Finds the files that come with the package: the trained weights and the example photographs.

    resources.WEIGHTS / "colorizer.weights.h5"
    resources.EXAMPLES / "detroit-1915.jpg"

In a checkout both folders lie beside the package, where people look for them. A wheel carries them inside
the package (pyproject.toml maps them there), because an installed package must not put folders of such
names beside itself.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """The folder inside the installed package, or the one beside it in a checkout."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name


WEIGHTS = _folder("weights")
EXAMPLES = _folder("examples")
