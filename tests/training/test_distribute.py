"""Training on several devices and in several processes ends where it would on one device.

float32 sums depend on the order of their terms, and several devices add up gradients in another order than
one. The weights, whose largest is near 1, differed by at most 3e-7 when this was written; the tests allow
1e-5. A crop that is missing or counted twice changes them by 1e-2.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorizer.training.config import TrainingConfig
from colorizer.training.distribute import Processes, end_with_others
from colorizer.training.trainer import Trainer
from tests.helpers.network import TINY
from tests.helpers.paths import ROOT

STEPS = 15  # one pass over 119 photos
# Compilation takes most of the time. LLVM's optimisations of code that runs for a second are half of it.
QUICK = "--xla_backend_optimization_level=0"


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """Processes find what another one has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        yield


@pytest.fixture(scope="module")
def options(photos, tmp_path_factory) -> dict[str, Any]:
    """A pass over 120 small photos, of which the last is held out, in steps of 8 crops."""
    return {
        "photos": [str(photos)],
        "cache": str(tmp_path_factory.mktemp("cache")),
        "size": [32],
        "batch": 8,
        "epochs": 1,
        "lr": 5e-3,
        "loss": "mse",
        "eval_every": 60,
        "precision": "float32",
        "dropout": 0.1,
    }


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(runs: list[dict[str, Any]], flags: str = "") -> subprocess.Popen[str]:
    """A process that trains on JAX."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.training_process", json.dumps(runs)],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": f"{QUICK} {flags}", "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*processes: subprocess.Popen[str], statuses: tuple[int, ...] = ()) -> list[str]:
    """What each of them printed, once all have ended: well, or with these statuses."""
    try:
        printed = [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    ended = tuple(process.returncode for process in processes)
    assert ended == (statuses or (0,) * len(processes)), "\n".join(printed)
    return printed


@pytest.fixture(scope="module")
def together(options, free_port) -> list[dict[str, Any]]:
    """The options of each of two processes that train together; each step leaves a checkpoint."""
    common = {"distribute": True, "processes": 2, "coordinator": f"127.0.0.1:{free_port}"}
    return [options | common | {"process": number, "checkpoint_seconds": 0.0} for number in (0, 1)]


@pytest.fixture(scope="module")
def two_processes(together, tmp_path_factory) -> tuple[Path, list[str]]:
    """A whole run by two processes, "whole", and one in which process 1 dies; what each printed."""
    folder = tmp_path_factory.mktemp("two")
    whole, half = {"out": str(folder / "whole")}, {"out": str(folder / "half")}
    first, second = together
    running = [
        start([first | whole, first | half]),
        start([second | whole, second | half | {"dies": "SIGTERM"}]),
    ]
    return folder, finish(*running, statuses=(1, -signal.SIGTERM))


@pytest.fixture(scope="module")
def process_0_dies(together, two_processes) -> tuple[Path, str, int]:
    """A run in which process 0 dies; what process 1 printed, and its status."""
    out = two_processes[0] / "leaderless"
    first, second = together
    running = [start([first | {"out": str(out), "dies": "SIGKILL"}]), start([second | {"out": str(out)}])]
    try:
        printed, _ = running[1].communicate(timeout=300)
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert running[0].returncode == -signal.SIGKILL
    return out, printed, running[1].returncode


@pytest.fixture(scope="module")
def four_devices(options, two_processes, process_0_dies, tmp_path_factory) -> Path:
    """One process with four devices: "one" uses one of them, "four" all; both continue a run that died."""
    folder = tmp_path_factory.mktemp("four")
    runs = [
        {"out": str(folder / "one")},
        {"out": str(process_0_dies[0]), "resume": True},
        {"out": str(folder / "four"), "distribute": True},
        {"out": str(two_processes[0] / "half"), "distribute": True, "resume": True},
    ]
    finish(start([options | run for run in runs], "--xla_force_host_platform_device_count=4"))
    return folder


def assert_same_end(one: Path, other: Path) -> None:
    with np.load(one / "checkpoint.npz") as a, np.load(other / "checkpoint.npz") as b:
        states = [json.loads(each["about"].tobytes())["state"] for each in (a, b)]
        assert [state["steps"] for state in states] == [STEPS, STEPS]
        assert states[0]["crops"] == states[1]["crops"] == STEPS * 8
        np.testing.assert_array_equal(a["seeds"], b["seeds"])
        for name in a.files:
            if name.startswith(("weight", "average")):
                np.testing.assert_allclose(a[name], b[name], atol=1e-5, rtol=0)
        scores = [[row["val_loss"] for row in state["evaluations"]] for state in states]
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)
        assert len(scores[0]) == 2


@pytest.mark.slow
def test_four_devices_of_one_process_end_where_one_device_does(four_devices):
    assert_same_end(four_devices / "one", four_devices / "four")


@pytest.mark.slow
def test_two_processes_with_half_of_each_batch_end_where_one_with_the_whole_batch_does(
    two_processes, four_devices
):
    assert_same_end(four_devices / "one", two_processes[0] / "whole")


@pytest.mark.slow
def test_a_process_whose_companion_has_died_ends_and_says_what_to_do(two_processes):
    _, (survivor, _) = two_processes
    assert "another process of this run has ended" in survivor
    assert "Start all of them again with --resume" in survivor
    assert "Traceback" not in survivor


@pytest.mark.slow
def test_all_end_when_process_0_has_died(process_0_dies):
    _, printed, status = process_0_dies
    # JAX itself ends them with SIGABRT when it is the first to notice.
    assert status in (1, -signal.SIGABRT)
    assert "another process of this run has ended" in printed or "another task died" in printed


@pytest.mark.slow
def test_a_run_whose_process_1_has_died_goes_on_with_four_devices_and_ends_there_too(
    two_processes, four_devices
):
    assert_same_end(four_devices / "one", two_processes[0] / "half")


@pytest.mark.slow
def test_a_run_whose_process_0_has_died_goes_on_with_one_device_and_ends_there_too(
    process_0_dies, four_devices
):
    assert_same_end(four_devices / "one", process_0_dies[0])
    assert not list(process_0_dies[0].glob("*.partial*"))


@pytest.mark.slow
def test_process_0_alone_validates_writes_and_speaks(two_processes):
    folder, (first, second) = two_processes
    assert "photos to learn from" in first
    assert "epoch" in first
    assert "photos to learn from" not in second
    assert "epoch" not in second
    names = {path.name for path in (folder / "whole").iterdir()}
    assert names == {
        "checkpoint.npz",
        "colorizer.json",
        "colorizer.weights.h5",
        "history.csv",
        "history.png",
        "samples.png",
        "training.json",
    }
    command = json.loads((folder / "whole" / "training.json").read_text())["command"]
    assert "--batch 8" in command
    assert "process" not in command


@pytest.mark.slow
def test_features_lpips_and_a_discriminator_are_learnt_from_by_four_devices_as_by_one(
    options, kernels, tmp_path
):
    losses = {"feature_weight": 10.0, "lpips": 100.0, "lpips_after": 0.3, "adversarial": 20.0}
    few = options | losses | {"perceptual": str(kernels), "loss": "rarity", "epochs": 0.25}
    runs = [{"out": str(tmp_path / "one")}, {"out": str(tmp_path / "four"), "distribute": True}]
    finish(start([few | run for run in runs], "--xla_force_host_platform_device_count=4"))
    with (
        np.load(tmp_path / "one" / "checkpoint.npz") as one,
        np.load(tmp_path / "four" / "checkpoint.npz") as four,
    ):
        for name in one.files:
            if name.startswith(("weight", "projection", "discriminator")):
                # VGG16's features add to the noise: 2e-5 was seen, where a step moves weights by 5e-3.
                np.testing.assert_allclose(one[name], four[name], atol=2e-4, rtol=0)


# --- how processes find each other ---------------------------------------------------------------------

MEETING = """
import sys
from colorizer.training.config import TrainingConfig
from colorizer.training.distribute import start

processes = start(TrainingConfig(photos=("p",), size=(32,), batch=8, distribute=True, processes=2))
print(processes, processes.agree(processes.number + 0.5))
processes.check_same("photos", b"the same")
try:
    processes.check_same("photos", bytes([processes.number]))
except ValueError as error:
    print(error)
try:
    with processes.one_first():
        print("opening")
        raise OSError("no such folder")
except (OSError, ValueError) as error:
    print(error)
"""


@pytest.mark.slow
def test_slurm_says_where_the_others_are_and_all_stop_if_one_cannot_go_on(free_port):
    slurm = {
        "SLURM_JOB_ID": "1",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_NTASKS": "2",
        "JAX_COORDINATOR_PORT": str(free_port),
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", MEETING],
            cwd=ROOT,
            env=os.environ
            | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
            | slurm
            | {"SLURM_PROCID": str(number), "SLURM_LOCALID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (0, 1)
    ]
    printed = finish(*running)
    for number, text in enumerate(printed):
        found, different, *rest = [line for line in text.splitlines() if not line.startswith("[Gloo]")]
        assert found == f"Processes(distributed=True, count=2, number={number}, devices=2) 0.5"
        assert different == "All processes need the same photos. Received: others in process 1 than in 0"
        # Only the first has tried; the second does not wait for it.
        assert rest == [["opening", "no such folder"], ["process 0 could not start, and says why"]][number]


def test_a_process_that_fails_ends_at_once_instead_of_waiting_for_the_others(monkeypatch, capsys):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    assert end_with_others(lambda: 0) == 0
    assert ended == []

    def fails():
        raise OSError(28, "No space left on device")

    end_with_others(fails)
    assert "OSError: [Errno 28] No space left on device" in capsys.readouterr().err
    end_with_others(lambda: 2)
    assert ended == [1, 2]


# --- without a second process --------------------------------------------------------------------------


def test_on_tensorflow_it_is_refused_with_the_way_that_works(tmp_path):
    config = TrainingConfig(photos=("nowhere",), out=str(tmp_path), distribute=True)
    with pytest.raises(ValueError, match=r"needs KERAS_BACKEND=jax. .*MultiWorkerMirroredStrategy.*20585"):
        Trainer(config, TINY)


def test_each_process_cuts_its_own_part_of_a_batch_and_together_they_cut_all_of_it():
    shares = [Processes(True, 4, number, 8).share(100, 24) for number in range(4)]
    assert shares == [(100, 6), (106, 6), (112, 6), (118, 6)]
    assert Processes().share(100, 24) == (100, 24)


def test_a_batch_that_the_devices_cannot_share_is_refused_with_the_next_that_they_can():
    config = TrainingConfig(photos=("p",))  # 32 crops of 128 pixels, 43 of 96, 64 of 64
    with pytest.raises(ValueError, match=r"8 devices. Received: batch 32, which makes 43 crops of 96"):
        Processes(True, 2, 0, 8).check_batches(config)
    with pytest.raises(ValueError, match="48 divides at every size"):
        Processes(True, 2, 0, 8).check_batches(config)
    Processes(True, 2, 0, 8).check_batches(replace(config, batch=48))
    Processes().check_batches(config)
