"""Publishes weights on the Hugging Face Hub: with checksum, records, card and samples, in one commit.

    colorizer publish owner/name --dry-run     # what would go; asks nobody
    colorizer publish owner/name               # of weights/; or --weights FOLDER
    colorizer publish owner/name --create-pr   # as a proposal to somebody else

The token is the usual one: HF_TOKEN, or `hf auth login`. It prints the address that pins this very version,
for `Colorizer.from_pretrained`. The samples are the repository's example photos, which are free to show.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from colorizer.errors import CardError, PublishError, WeightsError
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import SHIPPED
from colorizer.publishing import model_card
from colorizer.resources import EXAMPLES

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo

SAMPLES, SAMPLE_HEIGHT, GAP = 6, 240, 6


def make_sheet(folder: Path) -> bytes:
    """Example photos grey and coloured by the weights in `folder`, as JPEG."""
    from colorizer.colorizer import Colorizer

    colorizer = Colorizer.from_pretrained(folder)
    rows = []
    for path in sorted(EXAMPLES.glob("*.jpg"))[:SAMPLES]:
        prediction = colorizer.predict(path)
        pair = [prediction.render(strength).convert("RGB") for strength in (0, 1)]
        width = round(SAMPLE_HEIGHT * pair[0].width / pair[0].height)
        rows.append([picture.resize((width, SAMPLE_HEIGHT), Image.LANCZOS) for picture in pair])
    width = max(2 * grey.width + GAP for grey, _ in rows)
    sheet = Image.new("RGB", (width, len(rows) * (SAMPLE_HEIGHT + GAP) - GAP), "white")
    for number, pair in enumerate(rows):
        for place, picture in enumerate(pair):
            sheet.paste(picture, (place * (picture.width + GAP), number * (SAMPLE_HEIGHT + GAP)))
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=90)
    return data.getvalue()


def collect(repo: str, folder: Path = SHIPPED) -> dict[str, Path | bytes]:
    """Everything that goes to the Hub: name there, to a file here or to the content.

    Raises:
        CardError: the records beside the weights do not make a card.
        WeightsError: the weights are missing, damaged, or do not fit the network.
    """
    sheet = make_sheet(folder)
    files: dict[str, Path | bytes] = {
        model_card.NAME: str(model_card.build_card(folder, repo, sheet=True)).encode()
    }
    names = (manifest.WEIGHTS_NAME, manifest.MANIFEST_NAME, manifest.TRAINING_NAME, manifest.EVALUATION_NAME)
    files |= {name: folder / name for name in names if (folder / name).exists()}
    return files | {model_card.SHEET: sheet}


def publish(
    repo: str, files: dict[str, Path | bytes], private: bool = False, create_pr: bool = False
) -> tuple[str, str]:
    """Uploads in one commit; creates the repository if need be.

    Args:
        repo: "owner/name".
        files: as `collect` gives them.
        private: the repository is to be private; one that exists stays as it is.
        create_pr: propose the commit as a pull request; the repository must exist.

    Returns:
        The page of the commit or pull request, and the address that pins the version: "owner/name@commit".

    Raises:
        PublishError: no token, no rights, refused metadata, or no way to the Hub.
    """
    message = "Weights, checksum, records, card and samples"
    commit = commit_files(repo, list(files.items()), "model", message, private, create_pr)
    return commit.pr_url or commit.commit_url, f"{repo}@{commit.oid}"


def require_login() -> None:
    """Makes sure that there is a token that the Hub takes, before hours are spent on what is to be published.

    Raises:
        PublishError: there is none, or no way to the Hub.
    """
    from huggingface_hub import HfApi

    with _one_sentence("The Hub"):
        HfApi().whoami()


@contextmanager
def _one_sentence(what: str) -> Iterator[None]:
    """Turns what the Hub's client raises into one sentence."""
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
        raise PublishError(f"{what} cannot be published to at {constants.ENDPOINT}: {reason}") from error


def commit_files(
    repo: str,
    files: list[tuple[str, Path | bytes]],
    kind: str,
    message: str,
    private: bool = False,
    create_pr: bool = False,
    exactly: bool = False,
    **creation: str,
) -> "CommitInfo":
    """One commit of files to a repository of a kind ("model", "space"), which is created if need be.

    Files that are there and not among `files` stay, unless `exactly`; .gitattributes, the Hub's own, always.

    Raises:
        PublishError: as in `publish`.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    require_login()
    with _one_sentence(repo):
        if not create_pr:
            api.create_repo(repo, private=private or None, exist_ok=True, repo_type=kind, **creation)
        operations: list = [
            CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
            for name, content in files
        ]
        if exactly:
            stale = set(api.list_repo_files(repo, repo_type=kind)) - {name for name, _ in files}
            operations += [CommitOperationDelete(name) for name in sorted(stale - {".gitattributes"})]
        return api.create_commit(
            repo, operations, commit_message=message, repo_type=kind, create_pr=create_pr
        )


def describe(files: list[tuple[str, Path | bytes]]) -> str:
    """A list of what would go, with sizes."""
    sizes = [len(c) if isinstance(c, bytes) else c.stat().st_size for _, c in files]
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
    parser.add_argument("--private", action="store_true", help="a new repository is not shown to others")
    parser.add_argument("--create-pr", action="store_true", help="propose instead of changing")
    parser.add_argument("--dry-run", action="store_true", help="show what would go, and send nothing")
    options = parser.parse_args(arguments)
    try:
        files = collect(options.repo, options.weights)
        if options.dry_run:
            print(files[model_card.NAME].decode())
            print(describe(list(files.items())))
            return 0
        page, address = publish(options.repo, files, options.private, options.create_pr)
    except (CardError, WeightsError, PublishError) as error:
        print(f"colorizer publish: {error}", file=sys.stderr)
        return 2
    print(f"{page}\n{address}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
