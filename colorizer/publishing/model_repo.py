"""Publishes weights on the Hugging Face Hub: with checksum, records, card and samples, in one commit.

    colorizer publish owner/name --dry-run     # shows the card and lists the files; sends nothing
    colorizer publish owner/name               # weights/; or --weights FOLDER
    colorizer publish owner/name --create-pr   # as a pull request to a repository of somebody else

The token is the usual one: HF_TOKEN, or `hf auth login`. The command prints the address that pins this exact
version, for `Colorizer.from_pretrained`. The samples are example photos of the repository, which are in the
public domain.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorizer.errors import CardError, PublishError, WeightsError
from colorizer.evaluation.contact_sheet import contact_sheet, resize_to_height
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import SHIPPED
from colorizer.publishing import model_card
from colorizer.publishing.secret_scan import check_no_secrets
from colorizer.resources import EXAMPLES

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo

# By name: whatever else lies in that folder is not shown to the world.
SAMPLES = (
    "buffalo-bank-1908.jpg",
    "detroit-1915.jpg",
    "eileen-collins-nasa.jpg",
    "keller-chaplin-1919.jpg",
    "london-boy-1945.jpg",
    "louis-armstrong-1946.jpg",
)
SAMPLE_HEIGHT = 240  # pixels
Files = list[tuple[str, Path | bytes]]
"""The name that each file will have on the Hub, and the file here or its content."""


def make_sheet(folder: Path) -> bytes:
    """A contact sheet of example photos, grey and coloured by the weights in `folder`, as JPEG."""
    from colorizer.colorizer import Colorizer

    colorizer = Colorizer.from_pretrained(folder)
    predictions = [colorizer.predict(EXAMPLES / name) for name in SAMPLES]
    groups = [
        [resize_to_height(prediction.render(strength), SAMPLE_HEIGHT) for strength in (0, 1)]
        for prediction in predictions
    ]
    data = io.BytesIO()
    contact_sheet(groups, gap=6).save(data, "JPEG", quality=90)
    return data.getvalue()


def collect_model_files(repo: str, folder: Path = SHIPPED) -> Files:
    """Everything that goes to the Hub.

    Raises:
        CardError: the records beside the weights do not make a card.
        WeightsError: the weights are missing, damaged, or do not fit the network.
        PublishError: a file looks like a secret.
    """
    sheet = make_sheet(folder)
    card = str(model_card.build_card(folder, repo, sheet=True)).encode()
    names = (manifest.WEIGHTS_NAME, manifest.MANIFEST_NAME, manifest.TRAINING_NAME, manifest.EVALUATION_NAME)
    files: Files = [(model_card.CARD_NAME, card)]
    files += [(name, folder / name) for name in names if (folder / name).exists()]
    files += [(model_card.SHEET_NAME, sheet)]
    check_no_secrets(files)
    return files


def publish(repo: str, files: Files, private: bool = False, create_pr: bool = False) -> tuple[str, str]:
    """Uploads in one commit; creates the repository if necessary.

    Args:
        repo: "owner/name".
        files: as `collect_model_files` returns them.
        private: makes a new repository private; an existing one stays as it is.
        create_pr: propose the commit as a pull request; the repository must exist.

    Returns:
        The page of the commit or pull request, and the address that pins the version: "owner/name@commit".

    Raises:
        PublishError: no token, no rights, refused metadata, or no connection to the Hub.
    """
    message = "Weights, checksum, records, card and samples"
    commit = commit_files(repo, files, "model", message, private, create_pr)
    return commit.pr_url or commit.commit_url, f"{repo}@{commit.oid}"


def require_login() -> None:
    """Checks that the Hub accepts the token, before hours of training whose result is to be published.

    Raises:
        PublishError: there is no token, the Hub refuses it, or there is no connection.
    """
    from huggingface_hub import HfApi

    with _as_publish_error("The Hub"):
        HfApi().whoami()


@contextmanager
def _as_publish_error(target: str) -> Iterator[None]:
    """Turns an error of the Hub's client into a PublishError of one sentence."""
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalTokenNotFoundError

    try:
        yield
    except LocalTokenNotFoundError as error:
        raise PublishError(
            "Publishing needs a token: set HF_TOKEN, or log in with `hf auth login`"
        ) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:  # ValueError: the Hub refuses the metadata
        reason = " ".join(str(error).split()) or repr(error)
        raise PublishError(f"{target} cannot be published to at {constants.ENDPOINT}: {reason}") from error


def commit_files(
    repo: str,
    files: Files,
    repo_type: str,
    message: str,
    private: bool = False,
    create_pr: bool = False,
    exactly: bool = False,
    **creation: Any,
) -> "CommitInfo":
    """Commits files to a repository of a type ("model", "space"), which is created if necessary.

    Other files in the repository stay, unless `exactly`; .gitattributes belongs to the Hub and always stays.

    Raises:
        PublishError: as in `publish`.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    require_login()
    with _as_publish_error(repo):
        if not create_pr:
            api.create_repo(repo, private=private or None, exist_ok=True, repo_type=repo_type, **creation)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
            for name, content in files
        ]
        if exactly:
            stale = set(api.list_repo_files(repo, repo_type=repo_type)) - {name for name, _ in files}
            operations += [CommitOperationDelete(name) for name in sorted(stale - {".gitattributes"})]
        return api.create_commit(
            repo, operations, commit_message=message, repo_type=repo_type, create_pr=create_pr
        )


def describe(files: Files) -> str:
    """A list of the files, with their sizes in bytes."""
    sizes = [len(content) if isinstance(content, bytes) else content.stat().st_size for _, content in files]
    lines = [f"{size:>12,}  {name}" for size, (name, _) in zip(sizes, files, strict=True)]
    return "\n".join([*lines, f"{sum(sizes):>12,}  bytes in {len(files)} files"])


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 if nothing was published."""
    parser = argparse.ArgumentParser(
        prog="colorizer publish",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("repo", metavar="owner/name")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder (default: the shipped)")
    parser.add_argument("--private", action="store_true", help="a new repository is visible to you alone")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request instead")
    parser.add_argument(
        "--dry-run", action="store_true", help="show the card and the files, and send nothing"
    )
    options = parser.parse_args(arguments)
    try:
        files = collect_model_files(options.repo, options.weights)
        if options.dry_run:
            card = dict(files)[model_card.CARD_NAME]
            print(card.decode() if isinstance(card, bytes) else card.read_text())
            print(describe(files))
            return 0
        page, address = publish(options.repo, files, options.private, options.create_pr)
    except (CardError, WeightsError, PublishError) as error:
        print(f"colorizer publish: {error}", file=sys.stderr)
        return 2
    print(f"{page}\n{address}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
