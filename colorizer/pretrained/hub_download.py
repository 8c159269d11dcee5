"""Weights from the Hugging Face Hub, into its own cache: fetched by name or revision, and checked.

    Colorizer.from_pretrained("owner/name")
    Colorizer.from_pretrained("owner/name@0123456789abcdef0123456789abcdef01234567")

A name can be moved to other content, a 40-digit commit cannot: with a commit, what loads today loads the same
in five years, and needs no request once it is in the cache. HF_ENDPOINT names another server, HF_TOKEN opens
private repositories, HF_HUB_OFFLINE=1 forbids requests.

The cache records for every branch the last commit that it saw. Here that record moves only once the weights
of the new commit are complete and fit the network. So what worked yesterday works offline tomorrow, whatever
somebody publishes today.
"""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from colorizer.errors import WeightsError
from colorizer.pretrained import manifest

_ADDRESS = re.compile(r"(?:hf://)?(?P<repo>[\w-][\w.-]*/[\w.-]+)(@(?P<revision>[\w-][\w.-]*(/[\w.-]+)*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
MAX_NAME = 200  # characters of a repository or a revision: more is no name, and too long for a file system
INSTEAD = "or give a local folder or file instead"


@dataclass(frozen=True)
class Address:
    """A repository on the Hub at a revision: a commit, tag or branch."""

    repo: str
    revision: str = "main"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Reads "owner/name", "owner/name@revision", or the same after "hf://".

        Raises:
            WeightsError: it is none of these.
        """
        match = _ADDRESS.fullmatch(text)
        names = (match["repo"], match["revision"] or "main") if match else ()
        if not names or any(len(name) > MAX_NAME or ".." in name for name in names):
            raise WeightsError(
                f"Weights on the Hub are named owner/name or owner/name@revision. Received: {shorten(text)}"
            )
        return cls(*names)

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a full commit, which never changes."""
        return bool(_COMMIT.fullmatch(self.revision))

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}"


def shorten(text: object) -> str:
    """A text that the user gave, short enough for a message."""
    words = str(text)
    return words if len(words) <= 2 * MAX_NAME else f"{words[:MAX_NAME]}… ({len(words)} characters)"


def looks_like_address(text: str) -> bool:
    """Whether a string can name a repository on the Hub; "weights.h5" and "../weights" cannot."""
    return text.startswith("hf://") or bool(_ADDRESS.fullmatch(text) and not text.endswith((".h5", "/")))


def fetch(text: str) -> Path:
    """Downloads weights and manifest, unless they are in the cache, and compares the checksum.

    Args:
        text: as in `Address.parse`.

    Returns:
        The weights file in the cache, its manifest beside it. If the Hub does not answer, a branch is what
        the cache last saw of it, with a warning.

    Raises:
        WeightsError: a wrong address, no such files, damaged ones, or no connection to the Hub.
    """
    # Imported here: training and local weights need no Hub.
    import httpx2
    from huggingface_hub import is_offline_mode
    from huggingface_hub.errors import HFValidationError

    address = Address.parse(text)
    try:
        cached = _cached(address)
    except HFValidationError as error:
        raise WeightsError(
            f"{address.repo} cannot be a repository on the Hub: {_first_line(error)}"
        ) from error
    if cached and address.is_pinned and _is_intact(cached):
        return cached
    if is_offline_mode():
        if cached:
            return cached
        raise WeightsError(
            f"HF_HUB_OFFLINE is set, and the cache holds no weights {address}: load them once without it, "
            f"{INSTEAD}."
        )
    try:
        commit = _request_commit(address, retry=cached is None)
    except (httpx2.HTTPError, OSError) as error:
        if cached is None or _is_refusal(error):
            raise WeightsError(_explain(address, error)) from error
        warnings.warn(
            f"The Hub does not answer ({_first_line(error)}); {address} comes from the cache, at commit "
            f"{cached.parent.name}.",
            stacklevel=2,
        )
        return cached
    path = _download(Address(address.repo, commit))
    try:
        manifest.verify_checksum(path)
    except WeightsError as error:
        _discard(path)
        kept = f" {address.repo}@{cached.parent.name} is still in the cache." if cached else ""
        raise WeightsError(f"The download of {address} is not kept. {error}{kept}") from error
    return path


def record_commit(text: str, path: Path) -> None:
    """Records in the cache that a branch is now at the commit of `path`; call it once the weights are in use.

    Raises:
        WeightsError: the Hub no longer answers.
    """
    import httpx2
    from huggingface_hub import hf_hub_download, is_offline_mode

    address = Address.parse(text)
    if address.is_pinned or is_offline_mode() or _cached(address) == path:
        return
    try:
        hf_hub_download(address.repo, manifest.MANIFEST_NAME, revision=address.revision)  # writes the record
    except (httpx2.HTTPError, OSError) as error:
        raise WeightsError(_explain(address, error)) from error


def _cached(address: Address) -> Path | None:
    """The weights of a revision as the cache knows it, if their manifest is there as well."""
    from huggingface_hub import try_to_load_from_cache

    about, weights = (
        try_to_load_from_cache(address.repo, name, revision=address.revision)
        for name in (manifest.MANIFEST_NAME, manifest.WEIGHTS_NAME)
    )
    return Path(weights) if isinstance(about, str) and isinstance(weights, str) else None


def _is_intact(path: Path) -> bool:
    """Whether cached weights have their checksum; if not, they are removed from the cache."""
    try:
        manifest.verify_checksum(path)
    except WeightsError:
        _discard(path)
        return False
    return True


def _request_commit(address: Address, retry: bool) -> str:
    """The commit that a revision is at now; `retry` repeats the request if the Hub is busy or broken."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    url = hf_hub_url(address.repo, manifest.MANIFEST_NAME, revision=address.revision)
    try:
        metadata = get_hf_file_metadata(url)
    except HfHubHTTPError as error:
        # Without a network a second request is pointless; after 429 and 5xx it is not.
        if not retry or _is_refusal(error):
            raise
        metadata = get_hf_file_metadata(url, retry_on_errors=True)
    if metadata.commit_hash is None:
        raise OSError(f"{url} does not answer as the Hub does")
    return metadata.commit_hash


def _download(address: Address) -> Path:
    """Manifest and weights of one commit; the client resumes downloads and keeps complete files only."""
    import httpx2
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(address.repo, manifest.MANIFEST_NAME, revision=address.revision)
        return Path(hf_hub_download(address.repo, manifest.WEIGHTS_NAME, revision=address.revision))
    except (httpx2.HTTPError, OSError) as error:
        raise WeightsError(_explain(address, error)) from error


def _discard(path: Path) -> None:
    """Removes weights and manifest of one commit from the cache; what another commit shares stays."""
    for file in (path, path.with_name(manifest.MANIFEST_NAME)):
        content = file.resolve()
        file.unlink(missing_ok=True)
        other_files = path.parent.parent.glob("*/*")
        if not any(other.resolve() == content for other in other_files):
            content.unlink(missing_ok=True)


def _is_refusal(error: Exception) -> bool:
    """Whether the Hub answered, and will answer the same again: no such file, or no permission."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status is not None and 400 <= status < 500 and status not in (408, 429)


def _explain(address: Address, error: Exception) -> str:
    """One sentence that says why the weights cannot be fetched, and what to do."""
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, RepositoryNotFoundError):
        return (
            f"There is no folder {address.repo} here, and the Hub shows no repository of that name: if it is "
            f"private, set HF_TOKEN or log in with `hf auth login`, {INSTEAD}."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{address.repo} on the Hub has no commit, tag or branch {address.revision}."
    if isinstance(error, EntryNotFoundError) and getattr(error, "response", None) is not None:
        names = f"{manifest.MANIFEST_NAME} or {manifest.WEIGHTS_NAME}"
        return f"{address} on the Hub holds no weights: {names} is missing."
    return (
        f"The weights {address} cannot be fetched from {constants.ENDPOINT} ({_first_line(error)}), and the "
        f"cache does not hold them: try again with a connection, {INSTEAD}."
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0].rstrip(".")
