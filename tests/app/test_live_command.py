"""`speefeare live`, on virtual devices: the counters in a terminal, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speefeare_core.cli import main
from tests.app.engine.harness import speech_file
from tests.app.engine.tiny_engine import COMMAND
from tests.core.tiny_codec import tiny_file
from workbench.cli import engine_talk, live_report
from workbench.engine import client, protocol
from workbench.state.sound import DeviceInfo, LatencyPart

PARTS = ["input device", "framing", "codec", "compute", "queue", "output device"]
COUNTERS = {"frames", "dropped_frames", "underruns", "overruns", "step_ms", "real_time_factor", "lag_ms", "muted"}


@pytest.fixture
def codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny codec, which only the test's engine knows."""
    monkeypatch.setattr(client, "COMMAND", COMMAND)
    return str(tiny_file(tmp_path))


def ask(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    """What `speefeare live … --json` says."""
    assert main(["live", *words, "--json"]) == code
    shown = capsys.readouterr()
    return json.loads(shown.out)


def test_a_file_is_spoken_to_its_end_and_counted(
    codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = speech_file(tmp_path, 1.0)
    data = ask(capsys, "--codec", codec, "--file", str(path), "--output", "virtual", "--depth", "2", "--unmute")
    assert data.keys() >= COUNTERS
    assert data["frames"] * 64 >= 16_000 and data["depth"] == 2 and not data["muted"] and data["reason"] == ""
    assert data["input"] == str(path) and data["output"] == "virtual"
    assert [row["name"] for row in data["latency"]] == PARTS
    assert data["latency_ms"] == pytest.approx(sum(row["ms"] for row in data["latency"]))
    assert data["step_ms"]["worst"] >= data["step_ms"]["p99"] >= data["step_ms"]["median"] > 0


def test_it_ends_after_so_many_seconds_and_says_how_to_hear_it(codec: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--generator",
        "sine",
        "--output",
        "virtual",
        "--seconds",
        "0.5",
        "--frames-per-step",
        "4",
        "--loss",
        "0.5",
    ]
    assert main(["live", "--codec", codec, *words]) == 0
    shown = capsys.readouterr()
    assert "Live is muted; put on headphones" in shown.err
    for name in ("codec", "ran", "sound card", "step", "real time", "latency"):
        assert any(line.startswith(name) for line in shown.out.splitlines())
    assert "packets lost" in shown.out


def test_the_devices_are_listed(codec: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = ask(capsys, "--list")
    assert data["inputs"][-1]["name"] == data["outputs"][-1]["name"] == protocol.VIRTUAL_DEVICE


def test_the_codec_is_timed_before_a_start(codec: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = ask(capsys, "--codec", codec, "--estimate", "--frames-per-step", "3")
    assert [point["frames"] for point in data["points"]] == [1, 2, 3, 4, 8]
    assert data["advice"].endswith(".")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--file", "missing.wav"], "missing.wav is not there"),
        (["--depth", "9"], "Depth 9 does not exist"),
        (["--input", "No such microphone"], "No such microphone"),
        (["--seconds", "soon"], "'soon' is no number"),
        (["--frames-per-step", "0"], "'0' is no whole number from 1"),
        (["--generator", "sine", "--file", "a.wav"], "not allowed with"),
        (["--codec", "nonsense"], "nonsense"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], sentence: str, codec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--codec", codec, "--output", "virtual"] if "--codec" not in words else []
    assert sentence in ask(capsys, *given, *words, code=2)["error"]


def test_a_recording_wants_a_folder_of_its_own(codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is there already" in ask(capsys, "--codec", codec, "--record", str(tmp_path), code=2)["error"]


def test_an_engine_that_dies_is_a_sentence(
    codec: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    assert ask(capsys, "--list", code=2)["error"] == engine_talk.GONE


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--seconds", "600"), 130)])
def test_ctrl_c_ends_it_cleanly_with_the_counters(words: tuple[str, ...], code: int, codec: str) -> None:
    program = (
        "import sys\nfrom tests.app.engine.tiny_engine import COMMAND\nfrom workbench.engine import client\n"
        "client.COMMAND = COMMAND\nfrom speefeare_core.cli import main\nraise SystemExit(main(sys.argv[1:]))\n"
    )
    source = ("live", "--codec", codec, "--generator", "sine", "--output", "virtual", "--json", *words)
    process = subprocess.Popen(
        [sys.executable, "-c", program, *source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert "headphones" in process.stderr.readline()
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the engine too
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert json.loads(out)["frames"] > 0 and err == ""


def test_the_text_names_what_counts() -> None:
    found = protocol.Devices(
        1,
        (DeviceInfo("Monitor of Speakers", "PulseAudio", 2, 0, 48_000, 60.0, monitor=True),),
        (DeviceInfo("default", "ALSA", 0, 2, 44_100, 8.0, is_default=True),),
    )
    text = live_report.devices(found)[1]
    assert "Monitor of Speakers (PulseAudio): 2 in, 0 out, 48000 Hz, monitor" in text
    assert "default (ALSA): 0 in, 2 out, 44100 Hz, default" in text
    point = protocol.LiveEstimate(2, "float32", 5.0, 8.0, 0.125, 63.2)
    data, text = live_report.estimate(protocol.LiveEstimated(1, (point,), "Two it is."))
    assert data["points"][0]["frames"] == 2 and "63.2 ms" in text and text.endswith("Two it is.")
    (row,) = live_report.latency_rows((LatencyPart("queue", 160),), 16_000)
    assert row == {"name": "queue", "samples": 160, "ms": 10.0}
