"""The training benchmark runs, and both sides compute the same; how long it takes is nobody's business here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.benchmarks import figures, training
from tests.benchmarks.training import SMALL, SMALL_44, Match
from tests.benchmarks.training_peers import AudiocraftStep, DacStep

TINY = replace(SMALL, filters=2, dimension=16, books=2, entries=32, windows=(128,), channels=2)
TINY_DAC = replace(SMALL_44, filters=2, dimension=4, books=2, entries=32, bands=(128,), periods=())
MATCHES = (
    Match("encodec", "EnCodec, tiny", "encodec-24k-official", AudiocraftStep, TINY, 2, 0.1),
    Match("dac", "DAC, tiny, no periods", "dac-44k-official", DacStep, TINY_DAC, 1, 0.1),
)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("match", MATCHES, ids=lambda match: match.key)
def test_both_sides_compute_the_same_losses(match: Match) -> None:
    """The network, all losses and, for what is judged after the discriminators have learnt, their step too."""
    row = training.measure(match, steps=1, warm_up=1)
    assert row.values < 1e-4
    assert len(row.ours_wall) == len(row.theirs_cpu) == 1 and min(row.ratios) > 0
    assert row.parameters > 1000 and row.discriminator_parameters > 100


def test_figures_are_written_only_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "nowhere")
    short = ["--only", "encodec", "--steps", "1", "--warm-up", "0"]
    assert training.main(short, MATCHES) == 0
    assert not figures.FOLDER.exists()
    assert training.main([*short, "--write", str(tmp_path / "kept")], MATCHES) == 0
    assert "| EnCodec, tiny |" in capsys.readouterr().out
    kept = json.loads((tmp_path / "kept" / "training.json").read_text())
    assert kept["machine"]["threads"] == 1 and len(kept["rows"]) == 1
    assert "| EnCodec, tiny |" in (tmp_path / "kept" / "training.md").read_text()
    assert len({row.key for row in training.MATCHES}) == len(training.MATCHES)
