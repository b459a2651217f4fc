"""The stream benchmark runs, and every side does the same work; how long it takes is nobody's business here."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.benchmarks import figures, stream
from tests.benchmarks.stream_peers import MATCHES, Match, build_default, build_encodec, build_mimi
from tests.parity.peers.mimi import SMALL

MATCH_ROWS = (
    Match("mimi", "Mimi, small", 1, partial(build_mimi, sizes=SMALL)),
    Match("encodec_3", "EnCodec, small", 3, partial(build_encodec, filters=4, books=4)),
    Match("default", "default", 2, build_default),
)


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("match", MATCH_ROWS, ids=lambda match: match.key)
def test_every_side_gives_the_same_codes(match: Match, tmp_path: Path) -> None:
    rows = stream.measure(match, tmp_path, 0.6, 0.4)
    names = [row.figures.name for row in rows]
    assert stream.PLAIN in names and f"{stream.PLAN} int8_decoder" in names
    for row in rows:
        found = row.figures
        assert row.plan.name == f"{stream.PLAN} float32" and row.report.compiled
        assert found.first_book_codes >= 4, "codes that do not depend on the input agree for nothing"
        assert 0 < found.median_ms <= found.worst_ms and row.ratio > 0 and row.cpu_ratio > 0
        assert found.same_codes is not None
        assert found.same_codes == 1.0 if row.report.mode != "bfloat16" else 0 <= found.same_codes <= 1.0
        if row.report.mode == "float32":  # moshi's stream is as far off its own decode of the whole file
            assert found.audio_error < (1e-5 if found.name == stream.PLAIN else 2e-3), found.name


def test_figures_are_written_only_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "nowhere")
    short = ["--only", "default", "--seconds", "0.1", "--warm-up", "0.1"]
    assert stream.main(short, MATCH_ROWS) == 0
    assert not figures.FOLDER.exists()
    assert stream.main([*short, "--write", str(tmp_path / "kept")], MATCH_ROWS) == 0
    assert "| ours, plain |" in capsys.readouterr().out
    kept = json.loads((tmp_path / "kept" / "stream.json").read_text())
    assert kept["machine"]["threads"] == 1 and len(kept["rows"]) == 3
    assert "| ours, plan int8_decoder |" in (tmp_path / "kept" / "stream.md").read_text()
    assert len({row.key for row in MATCHES}) == len(MATCHES)
