"""Weights on the Hugging Face Hub: fetched by revision, checked like any others; published with their card.

    Colorizer.from_pretrained("hf://owner/name@0123456789abcdef0123456789abcdef01234567")
    python -m colorizer.hub publish owner/name          # uploads the folder weights/

A name can be moved to other content, a 40-digit commit cannot: pin it, and what loads today loads the
same in five years, without asking the Hub again once it is in the cache. HF_ENDPOINT names another
server, HF_HUB_OFFLINE=1 forbids asking any.
"""

import argparse
import re
import sys
from pathlib import Path

from colorizer import weights

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


def fetch(address: str) -> Path:
    """Downloads weights and manifest, unless they are in the cache.

    Args:
        address: "hf://owner/name@revision"; the revision is a commit, tag or branch, "main" if left out.

    Returns:
        The weights file in the cache, its manifest beside it.

    Raises:
        WeightsError: a wrong address, no such files, or no way to the Hub.
    """
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise weights.WeightsError(
            f"Weights on the Hub are named hf://owner/name@revision. Received: {address}"
        )
    # Imported here: training and local weights need no Hub.
    import httpx
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    where = {"repo_id": match["repo"], "revision": match["revision"] or "main"}
    try:
        hf_hub_download(filename=weights.MANIFEST, **where)
        return Path(hf_hub_download(filename=weights.FILE, **where))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise weights.WeightsError(f"The weights {address} cannot be fetched: {reason}") from error


def publish(repo: str, folder: Path = weights.FOLDER) -> str:
    """Uploads weights, manifest and card; returns the address that pins this very version.

    Raises:
        WeightsError: the weights in `folder` do not match their manifest.
    """
    from huggingface_hub import HfApi

    weights.check(weights.locate(folder))
    api = HfApi()
    api.create_repo(repo, exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        folder_path=folder,
        allow_patterns=[weights.FILE, weights.MANIFEST, "README.md"],
        commit_message="Weights, checksum and card",
    )
    return f"{SCHEME}{repo}@{commit.oid}"


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 if the weights are not fit to be published."""
    parser = argparse.ArgumentParser(prog="python -m colorizer.hub", description="Publishes the weights.")
    parser.add_argument("action", choices=["publish"])
    parser.add_argument("repo", metavar="OWNER/NAME")
    parser.add_argument("--weights", type=Path, default=weights.FOLDER, help="folder (default: weights/)")
    options = parser.parse_args(arguments)
    try:
        print(publish(options.repo, options.weights))
    except weights.WeightsError as error:
        print(f"colorizer.hub: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
