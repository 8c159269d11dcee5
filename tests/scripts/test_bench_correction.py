"""`scripts/bench_correction.py` still measures what it says; how fast this is, no test can know."""

import sys

from tests.helpers.page import serving
from tests.helpers.paths import ROOT

sys.path.append(str(ROOT / "scripts"))
import bench_correction


def test_every_edit_of_a_visitor_is_timed_to_its_picture(tiny_colorizer, photo_bytes):
    with serving(tiny_colorizer) as address:
        times = bench_correction.edits_of(address, 3, photo_bytes(side=200), edits=4, pause=0)
    assert len(times) == 4
    assert all(0 < milliseconds < 60_000 for milliseconds in times)


def test_a_row_has_the_median_the_95th_percentile_and_the_longest():
    assert bench_correction.line("ten", [10.0] * 19 + [110.0]) == "| ten | 20 | 10 | 15 | 110 |"
