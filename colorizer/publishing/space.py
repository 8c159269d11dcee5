"""Puts the page on a Hugging Face Space: exactly what it needs, weights included, in one commit.

    colorizer deploy owner/space --dry-run        # what would go, with sizes; asks nobody
    colorizer deploy owner/space                  # or: make space SPACE=owner/space

The repository is a Space as it stands: README.md opens with the settings that the Hub reads (which Gradio,
which Python, which file to start), requirements.txt is complete. Left out is what only training and testing
need. The picture of the Space and the weights' own page depend on its name, so they are added on the way.
It works in a checkout of the repository: an installed package holds no app.py and no requirements.txt.
"""

import argparse
import sys
from pathlib import Path

from colorizer.errors import PublishError, WeightsError
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import find_weights
from colorizer.publishing import model_card, model_repo

ROOT = Path(__file__).resolve().parents[2]
# packages.txt would list Debian packages; nothing here needs one.
FILES = ("README.md", "LICENSE", "app.py", "requirements.txt")
FOLDERS = ("colorizer", "docs", "examples")  # README.md links to docs
# Of weights/ only these: a training run may have left its checkpoint there.
WEIGHTS = (
    manifest.WEIGHTS_NAME,
    manifest.MANIFEST_NAME,
    model_card.NAME,
    manifest.TRAINING_NAME,
    manifest.EVALUATION_NAME,
)
LEFT_OUT = ("__pycache__", ".DS_Store")
THUMBNAIL = "docs/pictures/before-after.jpg"
SPACE_README = "README.md"


def collect(space: str, model: str | None = None, root: Path = ROOT) -> list[tuple[str, Path | bytes]]:
    """Everything that goes to the Space: name there, and the file here or its content.

    Args:
        space: "owner/space".
        model: the repository of the weights on the Hub, to be linked, if there is one.
        root: the repository.

    Raises:
        PublishError: a file is missing.
        WeightsError: the weights are missing or damaged.
    """
    from huggingface_hub import SpaceCard
    from huggingface_hub.constants import ENDPOINT

    if missing := [name for name in (*FILES, *FOLDERS, THUMBNAIL) if not (root / name).exists()]:
        raise PublishError(
            f"A Space needs {', '.join(missing)}, which {root} does not hold: deploy from a checkout of the "
            "repository"
        )
    manifest.verify_checksum(find_weights(root / "weights"))
    paths = [root / name for name in FILES]
    paths += [root / "weights" / name for name in WEIGHTS if (root / "weights" / name).exists()]
    for folder in FOLDERS:
        paths += sorted(path for path in (root / folder).rglob("*") if path.is_file())
    files = {
        path.relative_to(root).as_posix(): path
        for path in paths
        if not any(part in LEFT_OUT or part.startswith(".") for part in path.relative_to(root).parts)
    }
    readme = SpaceCard((root / SPACE_README).read_text())
    readme.data["thumbnail"] = f"{ENDPOINT}/spaces/{space}/resolve/main/{THUMBNAIL}"
    if model:
        readme.data["models"] = [model]
    return list((files | {SPACE_README: str(readme).encode()}).items())


def deploy(space: str, files: list[tuple[str, Path | bytes]], private: bool = False) -> str:
    """Makes the Space hold exactly these files, in one commit; creates it if need be.

    Returns:
        The address of the commit.

    Raises:
        PublishError: no token, no rights, refused settings, or no way to the Hub.
    """
    return model_repo.commit_files(
        space, files, "space", "The page, with its weights", private, exactly=True, space_sdk="gradio"
    ).commit_url


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 if nothing was deployed."""
    parser = argparse.ArgumentParser(
        prog="colorizer deploy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("space", metavar="owner/space")
    parser.add_argument("--model", metavar="owner/name", help="where the weights are published, to be linked")
    parser.add_argument("--private", action="store_true", help="a new Space is not shown to others")
    parser.add_argument("--dry-run", action="store_true", help="list what would go, and send nothing")
    options = parser.parse_args(arguments)
    try:
        files = collect(options.space, options.model)
        if options.dry_run:
            print(model_repo.describe(files))
        else:
            print(deploy(options.space, files, options.private))
    except (WeightsError, PublishError) as error:
        print(f"colorizer deploy: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
