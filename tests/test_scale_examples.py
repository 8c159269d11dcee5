"""The examples of docs/scale.md for batch systems: what each job runs is what the command understands."""

import os
import re
import subprocess

import pytest
import yaml

from colorizer.color_options import parse
from colorizer.shard import Shard
from tests.helpers.paths import ROOT


@pytest.fixture
def run(tmp_path):
    """Runs a shell script in which `python` and `srun` only say what they are asked for."""
    for name in ("python", "srun"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
        program.chmod(0o755)

    def run(shell: str, script: str, **environment: str) -> list[str]:
        environment["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


def example(language: str) -> str:
    """The first example in that language that has a share."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "scale.md").read_text(), re.DOTALL)
    return next(block for block in blocks if "--shard" in block)


def test_a_slurm_array_has_a_share_for_each_of_its_tasks(run, tmp_path):
    script = example("bash")
    program, scans, *arguments = run("bash", script, SLURM_ARRAY_TASK_ID="7")
    assert (program, scans) == ("colorizer", "/archive/scans")
    assert parse([str(tmp_path), *arguments]).shard == Shard(7, 100)
    assert "#SBATCH --array=1-100" in script


def test_a_kubernetes_job_has_a_share_for_each_of_its_pods(run, tmp_path):
    job = yaml.safe_load(example("yaml"))["spec"]
    (container,) = job["template"]["spec"]["containers"]
    shell, option = container["command"]
    assert option == "-c"
    for index in (0, job["completions"] - 1):
        module, name, scans, *arguments = run(shell, *container["args"], JOB_COMPLETION_INDEX=str(index))
        assert (module, name) == ("-m", "colorizer")
        options = parse([str(tmp_path), *arguments])
        assert options.shard == Shard(index + 1, job["completions"])
        assert str(options.workers) == container["resources"]["limits"]["cpu"]
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {scans, str(options.output)} == mounted
