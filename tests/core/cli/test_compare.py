"""`speefeare compare`: the table, the sounds, and bad wishes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio, load_codec
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from speefeare_core.evaluation.side_by_side import compare
from tests.core.speech import speech_like


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(0.7, 22_050)[None], 22_050))
    return path


def test_table_and_sounds_are_those_of_the_library(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    words = ["compare", str(speech), "--codec", "linear-16k", "--codec", "mulaw", "--depths", "1,3", "--json"]
    assert main([*words, "--output", str(folder)]) == 0
    data = json.loads(capsys.readouterr().out)
    codec = load_codec("linear-16k")
    original = audio.read(speech, codec.info.rate_hz, 1)
    heard = list(compare(original, speech, [codec, load_codec("mulaw")], (1, 3)))
    rows = [{key: value for key, value in row.items() if key != "file"} for row in data["versions"]]
    assert rows == [one.version.to_dict() for one in heard] and len(rows) == 3
    assert data["rate_hz"] == 16_000
    for row, one in zip(data["versions"], heard, strict=True):
        assert np.array_equal(audio.read(row["file"]).samples, one.samples)
    assert np.array_equal(audio.read(data["original"]).samples, original.samples)
    assert sorted(path.name for path in folder.iterdir())[:2] == ["linear-16k_depth_01.wav", "linear-16k_depth_03.wav"]


def test_a_person_gets_a_table(speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(speech), "--codec", "linear-16k", "--depths", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| Codec | Depth | kbps | Gain (dB)") and lines[2].startswith(
        "| linear-16k | 2 | 1.00 |"
    )


def test_two_of_one_name_get_two_files(speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = ["--codec", "linear-16k", "--codec", "linear-16k", "--depths", "1", "--output", str(tmp_path / "o")]
    assert main(["compare", str(speech), *twice, "--json"]) == 0
    files = [Path(row["file"]).name for row in json.loads(capsys.readouterr().out)["versions"]]
    assert files == ["linear-16k_depth_01.wav", "linear-16k_depth_01_2.wav"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--depths", "99"], "None of these codecs has the depths"),
        (["--codec", "no-such-codec"], "no-such-codec"),
        (["--depths", "x"], "no whole number"),
    ],
)
def test_bad_wishes_are_one_sentence(
    speech: Path, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    codec = [] if "--codec" in more else ["--codec", "linear-16k"]
    assert main(["compare", str(speech), *codec, *more]) == 2
    assert words in capsys.readouterr().err


def test_an_output_that_is_a_file_is_refused(speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(speech), "--output", str(speech)]) == 2
    assert "is a file" in capsys.readouterr().err
