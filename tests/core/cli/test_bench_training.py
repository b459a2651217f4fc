"""`speefeare bench training`: its table holds what it measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from speefeare_core.cli import main

TINY = [
    "--set", "network.channels=2", "--set", "network.decoder_channels=2", "--set", "network.latent_dim=8",
    "--set", "network.books=2", "--set", "network.book_size=16", "--set", "data.batch=1", "--set",
    "data.segment_frames=12", "--steps", "1",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def rows(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, Any]]:
    assert main(["bench", "training", *argv, *TINY, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return found


def test_a_step_and_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = rows(capsys, "soundstream-16k-small", "--device", "cpu")
    assert set(row["parts_ms"]) == {"network", "multiscale_mel", "discriminators"}
    assert all(value > 0 for value in row["parts_ms"].values())
    assert row["steps"] == 1 and row["audio_s"] == pytest.approx(12 * 320 / 16000)
    assert row["audio_s_per_s"] == pytest.approx(row["audio_s"] / (row["step_ms"] / 1000))
    assert row["discriminator_parameters"] > 0 and row["gpu_memory_mb"] is None


def test_without_discriminators_they_are_no_part(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = rows(capsys, "soundstream-16k-small", "--set", "adversarial.discriminators=[]")
    assert set(row["parts_ms"]) == {"network", "multiscale_mel"} and row["discriminator_parameters"] == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "Name a recipe"),
        (["no-such-recipe"], "no-such-recipe"),
        (["linear-16k"], "it has no steps"),
        (["soundstream-16k-small", "--set", "data.batch=0"], "data.batch should be at least 1"),
        (["soundstream-16k-small", "--set", "nothing=1"], "nothing"),
    ],
)
def test_what_cannot_be_is_one_sentence(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "training", *argv]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_the_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "training", "soundstream-16k-small", *TINY]) == 0
    out = capsys.readouterr().out
    assert "| soundstream-16k-small |" in out and "audio s/s" in out and "network " in out
