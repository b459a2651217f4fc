"""The benchmark runs and its tables are whole; what it measures is nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import files
from tests.benchmarks.contestants import CONTESTANTS, Contestant
from tests.benchmarks.long_files import measure_long
from tests.parity.peers import mimi


@pytest.fixture
def small() -> Contestant:
    return Contestant("mimi_small", "Mimi, small", 24_000, 1, mimi._moshi_peer(8, mimi.SMALL))


def test_ours_and_theirs_take_turns(small: Contestant, tmp_path: Path) -> None:
    rows = files.measure(small, tmp_path, [0.5, 1.0], rounds=2)
    assert [(row.operation, row.length_s) for row in rows] == [
        ("encode", 0.5), ("decode", 0.5), ("encode", 1.0), ("decode", 1.0)
    ]  # fmt: skip
    assert all(row.same_codes == 1.0 and row.ours_cpu > 0 and row.ratio_cpu > 0 for row in rows)
    assert files.table(rows).count("\n") == 5


def test_long_files_are_measured_in_a_process_of_their_own(small: Contestant, tmp_path: Path) -> None:
    runs = measure_long(small, tmp_path, [2.0])
    assert [run.operation for run in runs] == ["encode", "decode"]
    assert runs[0].way == "stream" and runs[0].cpu > 0 and runs[0].megabytes >= 0
    assert files.long_table(runs).count("\n") == 3


def test_figures_can_be_kept(
    small: Contestant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "CONTESTANTS", (small,))
    target = tmp_path / "figures.json"
    assert files.main(["--seconds", "0.5", "--rounds", "1", "--json", str(target)]) == 0
    assert "| Mimi, small | moshi" in capsys.readouterr().out
    kept = json.loads(target.read_text())
    assert kept["machine"]["threads"] == 1 and len(kept["rows"]) == 2
    assert len({row.key for row in CONTESTANTS}) == len(CONTESTANTS)
