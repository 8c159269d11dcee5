"""Puts the page on a Hugging Face Space: exactly what it needs, weights included, in one commit.

    colorizer deploy owner/space --dry-run        # lists the files and their sizes; sends nothing
    colorizer deploy owner/space                  # or: make space SPACE=owner/space

The repository is a Space as it stands: README.md begins with the settings that the Hub reads (which Gradio,
which Python, which file to start), requirements.txt is complete. `deploy_files.py` selects the files. The
thumbnail of the Space and the link to the weights depend on its name, so they are added to README.md here.
It works in a checkout of the repository: an installed package has no app.py and no requirements.txt.
"""

import argparse
import sys
from pathlib import Path

from colorizer.errors import PublishError, WeightsError
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import find_weights
from colorizer.publishing import model_repo
from colorizer.publishing.deploy_files import select_files, untracked_files

ROOT = Path(__file__).resolve().parents[2]
THUMBNAIL = "docs/pictures/before-after.jpg"
SPACE_README = "README.md"
REQUIRED = (SPACE_README, "LICENSE", "app.py", "requirements.txt", "colorizer/__init__.py", THUMBNAIL)


def collect_space_files(space: str, model: str | None = None, root: Path = ROOT) -> model_repo.Files:
    """Everything that goes to the Space: the name there, and the file here or its content.

    Args:
        space: "owner/space".
        model: the repository of the weights on the Hub, for a link, if there is one.
        root: the checkout of the repository.

    Raises:
        PublishError: a file is missing, is a link, or looks like a secret.
        WeightsError: the weights are missing or damaged.
    """
    from huggingface_hub import SpaceCard
    from huggingface_hub.constants import ENDPOINT

    selected = select_files(root)
    if missing := [name for name in REQUIRED if name not in selected]:
        raise PublishError(
            f"A Space needs {', '.join(missing)}, which {root} does not hold, or git does not track: deploy "
            "from a checkout of the repository"
        )
    manifest.verify_checksum(find_weights(root / "weights"))
    readme = SpaceCard((root / SPACE_README).read_text())
    readme.data["thumbnail"] = f"{ENDPOINT}/spaces/{space}/resolve/main/{THUMBNAIL}"
    if model:
        readme.data["models"] = [model]
    files: dict[str, Path | bytes] = {**selected, SPACE_README: str(readme).encode()}
    return list(files.items())


def deploy(space: str, files: model_repo.Files, private: bool = False) -> str:
    """Makes the Space hold exactly these files, in one commit; creates it if necessary.

    Returns:
        The address of the commit.

    Raises:
        PublishError: no token, no rights, refused settings, or no connection to the Hub.
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
    parser.add_argument("--model", metavar="owner/name", help="the published weights, for a link")
    parser.add_argument("--private", action="store_true", help="a new Space is visible to you alone")
    parser.add_argument("--dry-run", action="store_true", help="list the files, and send nothing")
    options = parser.parse_args(arguments)
    try:
        files = collect_space_files(options.space, options.model)
        for name in untracked_files(ROOT):
            print(f"note: {name} is not sent: git does not track it", file=sys.stderr)
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
