"""Which files may leave this machine for a Space: listed here, tracked by git, no links, and no secrets.

    files = select_files(root)      # {"colorizer/cli.py": Path(...), ...}; PublishError if one is a secret

A working folder holds more than a repository: keys, records of training, private photos. So a file is sent
only if its name matches a pattern below and git tracks it. The Docker image follows the same patterns in
`.dockerignore`; a test compares the two.
"""

import re
import subprocess
from pathlib import Path

from colorizer.errors import PublishError
from colorizer.pretrained import manifest
from colorizer.publishing.secret_scan import check_no_secrets

WEIGHTS_FILES = (
    manifest.WEIGHTS_NAME,
    manifest.MANIFEST_NAME,
    "README.md",
    manifest.TRAINING_NAME,
    manifest.EVALUATION_NAME,
)
"""Of weights/ only these: a training run may have left its checkpoint there."""
FOLDERS = ("colorizer", "docs", "examples", "weights")
EXAMPLES_LIST = "examples/README.md"
# packages.txt would list Debian packages; nothing here needs one.
PATTERNS = (
    r"README\.md|LICENSE|app\.py|requirements\.txt",
    r"colorizer/(\w+/)*\w+\.py|colorizer/py\.typed|colorizer/page/failures/[\w-]+\.jpg",
    r"colorizer/page/correction/\w+\.(css|html|js)",
    r"docs/[\w-]+\.md|docs/pictures/[\w-]+\.(jpg|json|png|webp)",  # README.md links to them
    r"examples/([\w-]+\.jpg|README\.md)",
    "weights/(" + "|".join(map(re.escape, WEIGHTS_FILES)) + ")",
)
_LISTED = re.compile("|".join(PATTERNS), re.ASCII)


def select_files(root: Path) -> dict[str, Path]:
    """The files of a checkout that may be sent: name there, with `/`, to the file here; sorted by name.

    Without git, for instance in an unpacked archive, a pattern alone decides, and of the examples those that
    `examples/README.md` names.

    Raises:
        PublishError: one of them is a link or looks like a secret, or git does not answer.
    """
    tracked = _git(root, "ls-files", "-z")
    if tracked is None:
        described = (root / EXAMPLES_LIST).read_text() if (root / EXAMPLES_LIST).is_file() else ""
        found = [*root.iterdir(), *(path for folder in FOLDERS for path in (root / folder).rglob("*"))]
        names = [path.relative_to(root).as_posix() for path in found]
        names = [name for name in names if not _is_example(name) or f"`{Path(name).name}`" in described]
    else:
        names = tracked
    selected = {name: root / name for name in sorted(names) if is_listed(name) and _exists(root / name)}
    for name, path in selected.items():
        _check_is_own(root, name, path)
    check_no_secrets(selected.items())
    return selected


def untracked_files(root: Path) -> list[str]:
    """Files that a Space would need, by their names, but that git does not track: they are not sent."""
    return [
        name
        for name in _git(root, "ls-files", "--others", "--exclude-standard", "-z") or ()
        if is_listed(name)
    ]


def is_listed(name: str) -> bool:
    """Whether a file of this name, relative to the repository, belongs to what a Space needs."""
    return bool(_LISTED.fullmatch(name))


def _is_example(name: str) -> bool:
    return name.startswith("examples/") and name != EXAMPLES_LIST


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _check_is_own(root: Path, name: str, path: Path) -> None:
    """A link, also one of its folders, leads to what nobody listed."""
    if path.is_symlink() or path.resolve() != root.resolve() / name or not path.is_file():
        raise PublishError(f"{name} is not sent, and nothing else: it is a link, or no file.")


def _git(root: Path, *arguments: str) -> list[str] | None:
    """The names that a git command prints; None if `root` is not a repository."""
    if not (root / ".git").exists():
        return None
    # The repository may belong to another user than this process, as in containers.
    command = ["git", "-c", f"safe.directory={root.resolve()}", "-c", "core.fsmonitor=false", "-C", str(root)]
    try:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise PublishError(f"git does not say which files it tracks in {root}: {reason.strip()}") from error
    return done.stdout.split("\0")[:-1]
