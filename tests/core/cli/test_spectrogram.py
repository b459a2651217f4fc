from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.cli import main


def _file(folder: Path, name: str, delay: int = 0, gain: float = 1.0) -> Path:
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    path = folder / name
    soundfile.write(path, gain * np.concatenate([np.zeros(delay, np.float32), noise])[:16_000], 16_000, subtype="FLOAT")
    return path


def test_two_files_are_compared_after_the_delay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = _file(tmp_path, "a.wav"), _file(tmp_path, "b.wav", 37, 0.5)
    target = tmp_path / "levels.npz"
    options = ["--other", str(second), "--fft", "256", "--window", "gaussian", "--output", str(target), "--json"]
    assert main(["spectrogram", str(first), *options]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["fft_samples"], data["hop_samples"], data["window"]) == (256, 64, "gaussian")
    assert data["other"]["delay_samples"] == 37
    assert data["other"]["mean_difference_db"] == pytest.approx(6.02, abs=0.1)
    kept = np.load(target)
    assert kept["level_db"].shape == (data["columns"], data["bins"]) == kept["difference_db"].shape
    assert float(np.median(kept["difference_db"][2:-4])) == pytest.approx(-6.02, abs=0.3)


def test_pitch_and_formants_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spectrogram", str(_file(tmp_path, "a.wav")), "--voice", "--json"]) == 0
    assert 0.0 <= json.loads(capsys.readouterr().out)["voice"]["voiced_share"] <= 1.0


@pytest.mark.parametrize("option", [("--fft", "300"), ("--window", "square"), ("--output", "levels.txt")])
def test_bad_options_are_one_sentence(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spectrogram", str(_file(tmp_path, "a.wav")), *option]) == 2
    said = capsys.readouterr().err.strip()
    assert option[1] in said and "\n" not in said
