"""The Dockerfile, as far as tests without an engine can judge it: by a linter, and by what it copies."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from colorizer.publishing.deploy_files import select_files
from tests.helpers.paths import ROOT

HADOLINT = Path(sys.executable).parent / "hadolint"
TEXT = (ROOT / "Dockerfile").read_text()


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no package for this machine")
def test_the_linter_finds_nothing():
    done = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def is_sent(name: str) -> bool:
    """Whether .dockerignore lets a file through to the engine: the last pattern that matches decides.

    As in Docker, `*` stays within a folder, `**/` is any number of folders, and a pattern that matches a
    folder matches all that lies in it.
    """
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        words = re.split(r"(\*\*/|\*)", line.removeprefix("!"))
        pattern = "".join({"**/": "(?:.*/)?", "*": "[^/]*"}.get(word, re.escape(word)) for word in words)
        if re.fullmatch(f"{pattern}(?:/.*)?", name):
            sent = line.startswith("!")
    return sent


@pytest.mark.slow
def test_it_copies_what_a_space_gets_except_docs_and_records():
    copied = set(re.findall(r"^COPY (.*) \S+$", TEXT, re.MULTILINE))
    copied = {name for line in copied for name in line.split()}
    records = {"weights/training.json", "weights/evaluation.json"}
    needed = {name for name in select_files(ROOT) if not name.startswith("docs/")} - records
    assert {name for name in needed if not {name, name.split("/")[0]} & copied} == set()
    assert {name for name in needed if not is_sent(name)} == set()


@pytest.mark.parametrize(
    "name",
    [".env", ".git/config", "id_rsa", "colorizer/page/id_rsa", "colorizer/credentials.json",
     "colorizer/key.pem", "examples/grandma.jpg", "weights/training.json", "weights/state.npz",
     "runs/x/colorizer.weights.h5",
     "colorizer/__pycache__/cli.cpython-311.pyc", "tests/test_cli.py"],
)  # fmt: skip
def test_what_else_lies_in_the_folder_is_not_sent_to_the_engine(name):
    assert not is_sent(name)


def test_it_runs_unprivileged_with_a_health_check_on_the_pages_port():
    assert re.search(r"^USER 1000$", TEXT, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*127\.0\.0\.1:7860", TEXT, re.MULTILINE)
    assert re.search(r"^EXPOSE 7860$", TEXT, re.MULTILINE)
