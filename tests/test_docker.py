"""The Dockerfile, as far as it can be judged without an engine: by a linter, and by what it copies."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from colorizer.publishing import space
from tests.helpers.paths import ROOT

HADOLINT = Path(sys.executable).parent / "hadolint"
TEXT = (ROOT / "Dockerfile").read_text()


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no package for this machine")
def test_the_linter_finds_nothing():
    done = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_copies_what_a_space_gets_but_for_the_papers_and_lets_it_through():
    copied = set(re.findall(r"^COPY (.*) \S+$", TEXT, re.MULTILINE))
    copied = {name for line in copied for name in line.split()}
    needed = {name for name, _ in space.collect("owner/space") if not name.startswith("docs/")}
    papers = {"weights/training.json", "weights/evaluation.json"}
    assert {name for name in needed - papers if not {name, name.split("/")[0]} & copied} == set()
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == let_through


def test_it_runs_unprivileged_with_a_health_check_on_the_pages_port():
    assert re.search(r"^USER 1000$", TEXT, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*127\.0\.0\.1:7860", TEXT, re.MULTILINE)
    assert re.search(r"^EXPOSE 7860$", TEXT, re.MULTILINE)
