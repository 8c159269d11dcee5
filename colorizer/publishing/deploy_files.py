"""Which files may leave this machine for a Space: listed here, tracked by git, no links, and no secrets.

    files = select_files(root)      # {"colorizer/cli.py": Path(...), ...}; PublishError if one is a secret

A working folder holds more than a repository: keys, records of training, private photos among the examples. So
a file is sent only if its name matches a pattern below and git tracks it. The Docker image follows the same
patterns in `.dockerignore`; a test compares the two.
"""

import re
import subprocess
from pathlib import Path

from colorizer.errors import PublishError
from colorizer.pretrained import manifest

WEIGHTS_FILES = (
    manifest.WEIGHTS_NAME,
    manifest.MANIFEST_NAME,
    "README.md",
    manifest.TRAINING_NAME,
    manifest.EVALUATION_NAME,
)
"""Of weights/ only these: a training run may have left its checkpoint there."""
EXAMPLES_LIST = "examples/README.md"
# packages.txt would list Debian packages; nothing here needs one.
PATTERNS = (
    r"README\.md|LICENSE|app\.py|requirements\.txt",
    r"colorizer/(\w+/)*\w+\.py|colorizer/py\.typed|colorizer/page/failures/[\w-]+\.jpg",
    r"docs/[\w-]+\.md|docs/pictures/[\w-]+\.jpg",  # README.md links to them
    r"examples/([\w-]+\.jpg|README\.md)",
    "weights/(" + "|".join(map(re.escape, WEIGHTS_FILES)) + ")",
)
_LISTED = re.compile("|".join(PATTERNS), re.ASCII)
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


def select_files(root: Path) -> dict[str, Path]:
    """The files of a checkout that may be sent: name there, with `/`, to the file here; sorted by name.

    Without git, for instance in an unpacked archive, a pattern alone decides, and of the examples those that
    `examples/README.md` names.

    Raises:
        PublishError: one of them is a link or looks like a secret, or git does not answer.
    """
    tracked = _tracked(root)
    if tracked is None:
        described = (root / EXAMPLES_LIST).read_text() if (root / EXAMPLES_LIST).is_file() else ""
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not _is_example(name) or f"`{Path(name).name}`" in described]
    else:
        names = tracked
    selected = {name: root / name for name in sorted(names) if is_listed(name) and _exists(root / name)}
    for name, path in selected.items():
        _check_is_own(root, name, path)
        if reason := secret_in(name, path.read_bytes()):
            raise PublishError(f"{name} is not sent, and nothing else: {reason}. Remove it from the repository.")
    return selected


def is_listed(name: str) -> bool:
    """Whether a file of this name, relative to the repository, belongs to what a Space needs."""
    return bool(_LISTED.fullmatch(name))


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


def _is_example(name: str) -> bool:
    return name.startswith("examples/") and name != EXAMPLES_LIST


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _check_is_own(root: Path, name: str, path: Path) -> None:
    """A link, also one of its folders, leads to what nobody listed."""
    if path.is_symlink() or path.resolve() != root.resolve() / name or not path.is_file():
        raise PublishError(f"{name} is not sent, and nothing else: it is a link, or no file.")


def _tracked(root: Path) -> list[str] | None:
    """The names that git tracks below `root`; None if there is no repository."""
    if not (root / ".git").exists():
        return None
    # The repository may belong to another user than this process, as in containers.
    command = ["git", "-c", f"safe.directory={root.resolve()}", "-c", "core.fsmonitor=false", "-C", str(root)]
    try:
        done = subprocess.run([*command, "ls-files", "-z"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise PublishError(f"git does not say which files it tracks in {root}: {reason.strip()}") from error
    return done.stdout.split("\0")[:-1]
