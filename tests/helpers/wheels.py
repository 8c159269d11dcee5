"""The wheels that an installation of the package alone needs, kept on disk for tests without a network.

    python -m tests.helpers.wheels      # prints them, exactly as pinned: "h5py==3.14.0 numpy==2.4.6 …"

`make venv` downloads them to `.venv/wheels`.
"""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.paths import ROOT

FOLDER = ROOT / ".venv" / "wheels"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for: the package's own requirements, or those of extras, resolved."""
    found = []
    for text in PROJECT["dependencies"] if not extras else []:
        found.append(Requirement(text))
    for extra in extras:
        for text in PROJECT["optional-dependencies"][extra]:
            requirement = Requirement(text)
            inner = requirement.name == PROJECT["name"]
            found += declared(*sorted(requirement.extras)) if inner else [requirement]
    return found


def pinned(path: Path) -> list[Requirement]:
    """The requirements that a file lists, without those that it includes."""
    lines = [line.partition("  #")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def names(requirements: list[Requirement]) -> set[str]:
    """Their names in the one spelling that packages are compared by."""
    return {canonicalize_name(requirement.name) for requirement in requirements}


if __name__ == "__main__":
    needed = names(declared())
    pins = [pin for pin in pinned(ROOT / "requirements.txt") if canonicalize_name(pin.name) in needed]
    print(*(f"{pin.name}{pin.specifier}" for pin in pins))
