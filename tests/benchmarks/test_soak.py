"""The soak runs and its figures are right; how steady this computer is, is nobody's business here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import soak
from tests.benchmarks.soak_figures import COLUMNS, Look, Soak, heading, row, slope_per_h, summary
from workbench.engine.protocol import LIVE_STATUS

COUNTERS = dict.fromkeys(LIVE_STATUS, 0.0)


def test_growth_is_that_of_the_line_after_the_start() -> None:
    times = [10.0 * step for step in range(60)]
    memory = [1000.0 if at < 120 else 300.0 + at / 36.0 + (0.5 if at % 20 else -0.5) for at in times]
    assert slope_per_h(times, memory) == pytest.approx(100.0, rel=0.02)
    assert slope_per_h(times[:14], memory[:14]) is None


def test_a_row_and_the_end_say_what_was_counted() -> None:
    found = Soak(16_000, 50.0, 2)
    for step in range(1, 40):
        counters = COUNTERS | {
            "frames": 500.0 * step, "dropped_frames": 3.0, "lag_samples": 160.0 + 16 * step, "step_ms_median": 2.0,
            "step_ms_p99": 3.0, "step_ms_worst": 9.0,
        }  # fmt: skip
        found.looks.append(Look(10.0 * step, counters, 200.0, 80.0, 600 * step, 0.25))
    cells = dict(zip(COLUMNS, row(found).split(), strict=True))
    assert cells["frames"] == "19500" and cells["dropped"] == "3" and cells["redraws/s"] == "60.0"
    assert cells["lag"] == f"{10 + 39:.1f}" and cells["stolen"] == "0.25"
    assert len(heading().splitlines()[0].split()) == len(COLUMNS)
    told = summary(found)
    assert (
        "380 s" in told
        and "19000 frames coded of 19000" in told
        and "lag +360.00 ms/h" in told
        and "engine +0.00 MB/h" in told
    )
    assert "dropped frames 3, underruns 0" in told
    assert "(1.50 and 1.50 medians)" in told and "drawn 60.0 times a second" in told


def test_counters_that_begin_anew_are_added_up() -> None:
    found = Soak(16_000, 50.0, 1)
    for frames, dropped in ((100.0, 2.0), (200.0, 5.0), (50.0, 1.0), (90.0, 1.0)):
        counters = COUNTERS | {"frames": frames, "dropped_frames": dropped, "step_ms_median": 1.0}
        found.looks.append(Look(10.0 * (len(found.looks) + 1), counters, 1.0, notices=("Again.", "Again.")))
    assert found.total("frames") == 190 and found.total("dropped_frames") == 4
    assert "dropped frames 6," in summary(found) and "2× Again." in summary(found)


def test_a_few_seconds_of_the_engine(tmp_path: Path) -> None:
    log = tmp_path / "soak.log"
    argv = ["--minutes", "0.04", "--every", "1", "--sound", "virtual", "--output", str(log)]
    assert soak.main(argv) in (0, 1)  # 1: this computer dropped a frame
    lines = log.read_text().splitlines()
    rows = [line.split() for line in lines if line.split() and line.split()[0].isdigit() and "coded" not in line]
    frames = [int(cells[COLUMNS.index("frames")]) for cells in rows]
    assert len(rows) >= 2 and frames == sorted(frames) and frames[-1] > frames[0] > 0
    assert all(float(cells[COLUMNS.index("engine")]) > 50 for cells in rows)
    assert "dropped frames" in log.read_text() and "growth" in log.read_text()


@pytest.mark.slow
def test_a_few_seconds_in_the_window(tmp_path: Path) -> None:
    log = tmp_path / "soak.log"
    argv = ["--minutes", "0.04", "--every", "1", "--sound", "virtual", "--window", "--output", str(log)]
    assert soak.main(argv) in (0, 1)
    told = log.read_text()
    assert "the whole window was drawn" in told and "before its time" not in told
