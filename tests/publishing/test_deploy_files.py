"""What may leave this machine: files that are listed and tracked, no links, and no secrets."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from colorizer.errors import PublishError
from colorizer.publishing.deploy_files import FOLDERS, is_listed, select_files, untracked_files
from colorizer.publishing.secret_scan import check_no_secrets, secret_in
from tests.helpers.paths import ROOT

FILES = {
    "README.md": "---\nsdk: gradio\n---\n", "app.py": "", "requirements.txt": "", "colorizer/__init__.py": "",
    "colorizer/page/app.py": "", "docs/hub.md": "", "examples/README.md": "| `boat.jpg` | a boat |",
    "examples/boat.jpg": "", "weights/colorizer.json": "{}",
}  # fmt: skip


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def archive(tmp_path) -> Path:
    """A small repository as an archive holds it: without git."""
    for name, text in FILES.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "repository"


@pytest.fixture
def checkout(archive) -> Path:
    """The same, tracked by git."""
    git(archive, "init", "--quiet")
    git(archive, "add", "--all")
    return archive


@pytest.fixture(params=["checkout", "archive"])
def repository(request) -> Path:
    return request.getfixturevalue(request.param)


def put(repository: Path, name: str, text: str = "") -> None:
    """Writes a file that git tracks, if there is git."""
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(text)
    if (repository / ".git").exists():
        git(repository, "add", "--force", name)


def test_all_files_of_the_page_are_selected(repository):
    assert set(select_files(repository)) == set(FILES)


@pytest.mark.parametrize(
    "name",
    ["colorizer/page/id_rsa", "colorizer/credentials.json", "colorizer/app.py~", ".env", "runs/x/app.py",
     "colorizer/.hidden.py", "docs/private.pdf", "examples/scan.tif", "weights/state.npz", "tests/test_x.py"],
)  # fmt: skip
def test_what_is_not_listed_stays_here_even_if_it_is_tracked(repository, name):
    put(repository, name, "secret")
    assert set(select_files(repository)) == set(FILES)


def test_what_git_does_not_track_stays_here_and_is_named(checkout):
    for name in ("colorizer/new_module.py", "examples/grandma.jpg"):
        (checkout / name).write_text("")
    assert set(select_files(checkout)) == set(FILES)
    assert untracked_files(checkout) == ["colorizer/new_module.py", "examples/grandma.jpg"]


def test_without_git_only_examples_that_are_described_are_selected(archive):
    (archive / "examples" / "grandma.jpg").write_text("")
    assert set(select_files(archive)) == set(FILES)
    assert untracked_files(archive) == []


def test_a_tracked_file_that_was_deleted_is_left_out(checkout):
    (checkout / "docs" / "hub.md").unlink()
    assert "docs/hub.md" not in select_files(checkout)


def test_a_link_to_a_file_is_refused(repository):
    os.symlink("/etc/passwd", repository / "docs" / "link.md")
    if (repository / ".git").exists():
        git(repository, "add", "docs/link.md")
    with pytest.raises(PublishError, match=r"docs/link\.md is not sent, and nothing else: it is a link"):
        select_files(repository)


def test_a_folder_that_became_a_link_is_refused(checkout, tmp_path):
    shutil.move(checkout / "docs", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", checkout / "docs")
    with pytest.raises(PublishError, match=r"docs/hub\.md is not sent, and nothing else: it is a link"):
        select_files(checkout)


def test_a_secret_in_a_listed_file_stops_everything(repository):
    put(repository, "colorizer/settings.py", f"TOKEN = 'hf_{'x' * 34}'")
    with pytest.raises(
        PublishError, match=r"because of colorizer/settings\.py: it holds a Hugging Face token"
    ):
        select_files(repository)


def test_a_broken_repository_is_one_sentence(archive):
    (archive / ".git").write_text("gitdir: /nowhere")
    with pytest.raises(PublishError, match="git does not say which files it tracks in"):
        select_files(archive)


def test_everything_that_this_repository_has_in_these_folders_is_listed():
    names = [path.relative_to(ROOT).as_posix() for path in select_files(ROOT).values()]
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", *FOLDERS], capture_output=True, text=True)
    if tracked.returncode == 0:  # not in an archive
        assert [name for name in tracked.stdout.split("\0")[:-1] if not is_listed(name)] == []
    assert "colorizer/page/app.py" in names


# --- secrets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", "id_rsa", "id_ed25519.pub", "server.pem", "tls.key", "credentials.json", ".netrc",
     "my-secrets.yaml", "secret.txt", "hf_token", "api-token.txt", "private_key.txt", "keys.kdbx"],
)  # fmt: skip
def test_the_names_of_secrets_are_known(name):
    assert secret_in(f"docs/{name}", b"") == "its name is that of a secret"


@pytest.mark.parametrize(
    "name", ["login.py", "secret_scan.py", "monkey.jpg", "tokenizer.md", "keynote.md", "hub.md"]
)
def test_ordinary_names_are_no_secrets(name):
    assert secret_in(f"docs/{name}", b"a text about tokens, passwords and hf_ names") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ("hf_" + "a" * 34, "a Hugging Face token"),
        ("ghp_" + "a" * 36, "a GitHub token"),
        ("key = AKIA" + "A" * 16, "an AWS key"),
        ("AIza" + "a" * 35, "a Google key"),
        ("xoxb-" + "1" * 24, "a Slack token"),
        ("sk-" + "a" * 40, "an API key"),
    ],
)
def test_the_contents_of_secrets_are_known(content, words):
    with pytest.raises(PublishError, match=rf"Nothing is sent, because of notes\.md: it holds {words}"):
        check_no_secrets([("fine.md", b"fine"), ("notes.md", f"# Notes\n{content}\n".encode())])
