"""The draw benchmark runs, every frame of every side is painted; how long it takes is nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.benchmarks import draw, hour
from tests.benchmarks.draw_matches import MATCHES, Match, Side, trajectory_ours


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # pyqtgraph's own
@pytest.mark.parametrize("match", MATCHES, ids=lambda match: match.key)
def test_every_frame_is_painted(match: Match, qapp: QApplication) -> None:
    row = draw.measure(match, 2, 0.01)
    assert 0 < row.median_ms <= row.worst_ms
    assert (row.their_median_ms is None) == (match.theirs is None)
    assert row.met is not None or match.goal == "none"


def test_a_side_that_paints_nothing_is_found_out(qapp: QApplication) -> None:
    def lazy(size: float) -> Side:
        side = trajectory_ours(2)(size)
        return Side(side.widgets, lambda index: None)

    with pytest.raises(RuntimeError, match="not painted"):
        draw.measure(Match("lazy", "lazy", "none", None, None, lazy), 1, 0.01)


def test_the_hour_has_figures() -> None:
    found = hour.measure(200.0, 16_000)
    assert 0 < found.first_cpu_s < found.cpu_s and found.result_mb > 5


def test_figures_are_written_only_where_asked(
    tmp_path: Path, qapp: QApplication, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "FOLDER", tmp_path / "nowhere")
    assert draw.main(["--only", "path_3d", "--frames", "1"], size=0.01) == 0
    assert not draw.FOLDER.exists()
    assert draw.main(["--only", "path_3d", "--frames", "1", "--write", str(tmp_path / "kept")], size=0.01) == 0
    assert "trajectory in three dimensions" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "kept" / "draw.json").read_text())["rows"]) == 1
    assert "pyqtgraph" in (tmp_path / "kept" / "draw.md").read_text()
    assert len({row.key for row in MATCHES}) == len(MATCHES)
