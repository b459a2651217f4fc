"""`speefeare codes`: what it says is what the library counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import audio, load_codec
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from speefeare_core.statistics.measures import entropy_bits
from tests.core.speech import speech_like


def call(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    code = main(["codes", *map(str, argv), "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    data: dict[str, Any] = json.loads(shown.out)
    return data


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(1.1)[None], 16_000))
    return path


def test_entropy_and_dead_codes_of_a_file(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = speech.with_name("counts.npz")
    found = call(capsys, speech, "--codec", tiny, "--output", output)
    codec = load_codec(tiny)
    codes = codec.encode(torch.from_numpy(audio.read(speech).samples[None])).codes[0]
    assert len(found["books"]) == codec.info.depth
    kept = np.load(output)
    for index, row in enumerate(found["books"]):
        counts = np.bincount(codes[index], minlength=codec.info.books[index].size)
        assert row["tokens"] == codes.shape[1] and row["dead"] == int((counts == 0).sum())
        assert row["entropy_bits"] == pytest.approx(entropy_bits(counts))
        assert np.array_equal(kept[f"book_{index + 1:02d}_count"], counts)


def test_a_token_file_says_the_same(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", str(speech), "--codec", str(tiny)]) == 0
    capsys.readouterr()
    sound = call(capsys, speech, "--codec", tiny)["books"]
    tokens = call(capsys, speech.with_suffix(".safetensors"))["books"]
    assert [row["entropy_bits"] for row in sound] == [row["entropy_bits"] for row in tokens]


def test_a_folder_against_itself(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = call(capsys, speech, "--codec", tiny, "--corpus", speech.parent, "--against", speech)
    for row in found["books"]:
        assert row["agreement"] == 1.0
        assert row["entropy_bits"] <= row["mean_surprisal_bits"] < row["entropy_bits"] + 3
    table = speech.with_name("table.csv")
    assert main(["codes", str(speech.parent), "--codec", str(tiny), "--output", str(table)]) == 0
    shown = capsys.readouterr().out
    assert "perplexity" in shown and len(shown.splitlines()) == len(found["books"]) + 2
    assert table.read_text().splitlines()[0].startswith("book,size,tokens,bits,entropy_bits")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nowhere.wav"], "There is no file"),
        (["--codec", "identity:8000", "SPEECH"], "no codebooks"),
        (["--output", "counts.txt", "SPEECH"], "should end in .npz or .csv"),
        (["--against", "SPEECH", "SPEECH", "SPEECH"], "compares two recordings"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    argv: list[str], words: str, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codes", *(str(speech) if word == "SPEECH" else word for word in argv)]) == 2
    assert words in capsys.readouterr().err
