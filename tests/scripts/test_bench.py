"""`make bench` still measures what it says; how fast this is, no test can know."""

import re
import sys

import pytest

from colorizer.model.network import build_network
from tests.helpers.paths import ROOT

sys.path.append(str(ROOT / "scripts"))
import bench
import bench_jobs


def test_every_job_works_and_only_the_last_ones_memory_is_measured(tmp_path):
    bench.make_photo(tmp_path / "photo.jpg", bench.SIZES["small"])
    names = ["pillow", "usual", "ours"]
    results = bench.in_process(names, tmp_path / "photo.jpg", tmp_path, times=1)
    assert list(results) == names
    assert all(result["seconds"] > 0 for result in results.values())
    assert [name for name, result in results.items() if "memory" in result] == ["ours"]


def test_the_network_for_scale_has_as_many_parameters_as_eccv16_and_ours_a_fifth():
    assert bench_jobs.eccv16_network().count_params() == pytest.approx(32.2e6, rel=0.01)
    assert build_network().count_params() < 32.2e6 / 5


def test_a_row_of_a_table_is_markdown(capsys):
    bench.table(("", "seconds"), ("this", 0.123))
    assert capsys.readouterr().out == "|  | seconds |\n| --- | --- |\n| this | 0.12 |\n\n"


def test_training_is_measured_beside_its_limit_and_its_loader(tmp_path, capsys):
    bench.training(tmp_path, size=32, minutes=0.02)
    printed = capsys.readouterr().out
    rates = [float(rate) for rate in re.findall(r"\| (\d+\.\d+) \| \d", printed)]
    limit, step, whole, _ = rates
    assert limit > step
    assert limit > whole > 0
    assert "was spent waiting for photos" in printed
