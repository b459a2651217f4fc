"""`speefeare ladder`: one row a book, files that hold what they say, one sentence for what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from tests.core.speech import speech_like


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(0.8)[None], 16_000))
    return path


def test_rows_arrays_and_sounds(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, folder = speech.with_name("ladder.npz"), speech.with_name("sounds")
    options = ["--codec", str(tiny), "--depths", "1,4", "--output", str(arrays), "--sounds", str(folder), "--json"]
    assert main(["ladder", str(speech), *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["book"] for row in told["rows"]] == [None, 1, 2, 3, 4]
    assert [step["depth"] for step in told["depths"]] == [1, 4]
    assert told["depths"][1]["snr_db"] > told["depths"][0]["snr_db"] > 0
    assert told["unquantised"]["snr_db"] > told["depths"][1]["snr_db"]
    with np.load(arrays) as found:
        assert found["energy"].shape == (5, told["frames"])
        assert found["book"].tolist() == [0, 1, 2, 3, 4]
        means = found["energy"].mean(axis=1)
    for row, mean in zip(told["rows"], means, strict=True):
        assert row["left_db"] == pytest.approx(10 * np.log10(mean / means[0]), abs=1e-3)
    names = {Path(path).name for path in told["sounds"]}
    assert {"depth_01.wav", "missing_04.wav", "book_04_added.wav", "left_over_01.wav", "not_quantised.wav"} <= names
    assert not any("alone" in name for name in names), "the tiny codec decodes its first books only"
    x, y, missing = (audio.read(path).samples for path in (speech, folder / "depth_04.wav", folder / "missing_04.wav"))
    np.testing.assert_allclose(y + missing, x, atol=1e-6)


def test_the_table_for_people(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", str(speech), "--codec", str(tiny)]) == 0
    text = capsys.readouterr().out
    assert "book 4" in text and "not quantised" in text and "SNR" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--output", "ladder.csv"], "should end in .npz"),
        (["--depths", "7"], "7"),
        (["--sounds", "nowhere/at/all"], "does not exist"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str], words: str, tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ladder", str(speech), "--codec", str(tiny), *options]) == 2
    assert words in capsys.readouterr().err


def test_a_codec_without_codes(speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", str(speech), "--codec", "identity:16000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == [] and told["depths"][0]["depth"] == 0 and told["depths"][0]["bitrate_kbps"] is None
    assert "nothing is quantised" in told["notes"][0]
