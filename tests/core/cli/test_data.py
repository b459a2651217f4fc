"""`speefeare data` in this process, and as the process that a window starts and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from speefeare_core.cli import main
from speefeare_core.training.speech.opening import open_data
from tests.core.dataset_doctor.bad_set import RATE, make, speech
from tests.core.training.speech.sounds import put


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    code = main(["data", *words, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


def test_check_repair_list_pack_and_time_one_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = str(make(tmp_path / "bad"))
    code, data, _ = run(capsys, "manifest", bad, str(tmp_path / "x.csv"), "--without", "bad")
    assert code == 2 and "run `speefeare data check" in data["error"]
    assert run(capsys, "check", bad, "--at-most", "3")[0] == 0
    code, data, _ = run(capsys, "manifest", bad, str(tmp_path / "x.csv"), "--without", "bad")
    assert code == 2 and "of the 22 clips" in data["error"] and "without --at-most" in data["error"]
    code, data, err = run(
        capsys, "check", bad, "--rate", "16000", "--progress-lines", "--output", str(tmp_path / "r.md")
    )
    assert code == 0 and data["unreadable"] == 3 and {"kind", "words", "fix"} <= set(data["findings"][0])
    assert json.loads(err.splitlines()[0])["progress"].keys() == {"fraction", "words"}
    assert "cannot be read" in (tmp_path / "r.md").read_text()
    code, data, _ = run(capsys, "repair", bad, str(tmp_path / "copy"), "--repairs", "leave_out,dc,mono")
    assert code == 0 and Path(data["manifest"]).is_file() and "silent.wav" in data["left_out"]
    code, listed, _ = run(capsys, "manifest", bad, str(tmp_path / "good.csv"), "--without", "bad")
    assert code == 0 and listed["clips"] == data["clips"]
    code, packed, _ = run(capsys, "pack", data["manifest"], str(tmp_path / "set"), "--rate", "8000")
    assert code == 0 and packed["clips"] == data["clips"] - 1
    assert list(packed["left_out"].values()) == ["it is silent"]  # quiet.wav
    assert len(open_data((), tmp_path / "set", 8000)) == packed["clips"]
    code, speed, _ = run(capsys, "speed", str(tmp_path / "set"), "--rate", "8000", "--seconds", "0.05", "--batch", "2")
    assert code == 0 and speed["audio_s_per_s"] > 0 and speed["clips"] == packed["clips"]


def test_the_report_is_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "x.wav", speech(1) + 0.1, RATE, "PCM_16")
    assert main(["data", "check", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Warning: 1 clip has a DC offset: its mean is not zero." in said and "x.wav: 10 % of full scale" in said


@pytest.mark.parametrize(("words", "told"), [
    (["check", "{place}/nowhere"], "nothing at"),
    (["check", "{place}", "--at-most", "0"], "--at-most should be 1 or more, not 0"),
    (["check", "{place}", "--layout", "vctk"], "named as in VCTK"),
    (["check", "{place}", "--output", "{place}/r.txt"], "should end in .json or .md"),
    (["pack", "{place}", "{place}/set", "--match", "*.mp3"], "no clip that matches"),
    (["speed", "{place}", "--seconds", "0"], "--seconds should be more than 0"),
    (["repair", "{place}", "{place}/copy", "--repairs", "dc"], "choose a folder beside it"),
    (["manifest", "{place}", "{place}/list.txt"], "should end in .csv"),
    (["check", "{place}/empty"], "holds no sound files"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    put(tmp_path / "x.wav", speech(1), RATE)
    (tmp_path / "empty").mkdir()
    code, data, _ = run(capsys, *(word.format(place=tmp_path) for word in words))
    assert code == 2 and told in data["error"], data


def test_a_check_that_is_ended_from_outside_leaves_politely(tmp_path: Path) -> None:
    for number in range(150):
        put(tmp_path / f"{number}.wav", speech(number % 7, 1.0), RATE, "PCM_16")
    words = [sys.executable, "-m", "speefeare_core.cli", "data", "check", str(tmp_path), "--json", "--progress-lines"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    assert "progress" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Stopped" in err and "Traceback" not in err
