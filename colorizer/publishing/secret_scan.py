"""Refuses to publish what looks like a secret, by its name or by its content.

    check_no_secrets([("README.md", Path("README.md")), ("card.md", b"...")])

A secret that was published once stays published. So one such file stops everything, and nothing is sent.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from colorizer.errors import PublishError

_SECRET_NAMES = re.compile(
    r"\.env.*|\.netrc|\.npmrc|\.pypirc|\.?htpasswd|id_(rsa|dsa|ecdsa|ed25519).*"
    r"|(.*[_.-])?(credentials?|secrets?|passwords?|private[_-]?keys?|tokens?)([_.-].*)?"
    r"|.*\.(pem|key|p12|pfx|jks|kdbx|ppk|asc|gpg)",
    re.IGNORECASE,
)
_SECRET_CONTENTS = {
    "a private key": rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a Hugging Face token": rb"\bhf_[A-Za-z0-9]{30,}",
    "a GitHub token": rb"\b(?:gh[opsur]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})",
    "an AWS key": rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a Google key": rb"\bAIza[A-Za-z0-9_-]{35}",
    "a Slack token": rb"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "an API key": rb"\bsk-[A-Za-z0-9_-]{32,}",
}


def check_no_secrets(files: Iterable[tuple[str, Path | bytes]]) -> None:
    """Looks through files before they are sent.

    Args:
        files: the name that each will have, and the file here or its content.

    Raises:
        PublishError: one looks like a secret.
    """
    for name, content in files:
        if reason := secret_in(name, content if isinstance(content, bytes) else content.read_bytes()):
            raise PublishError(f"Nothing is sent, because of {name}: {reason}. Remove it, and try again.")


def secret_in(name: str, content: bytes) -> str | None:
    """Why a file looks like a secret, or None."""
    stem = name.rpartition("/")[2]
    # A module may be about passwords; its content decides.
    if _SECRET_NAMES.fullmatch(stem) and not stem.endswith(".py"):
        return "its name is that of a secret"
    for words, pattern in _SECRET_CONTENTS.items():
        if re.search(pattern, content):
            return f"it holds {words}"
    return None
