"""A recorded session once more: the same codes to the last one, the same output, and what differs is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.cli import main
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions.fingerprint import fingerprint
from speefeare_core.sessions.format import StreamStart, row_text
from speefeare_core.sessions.reader import Session
from speefeare_core.sessions.replay import replay
from tests.core.sessions.made import WARM_STEPS, record
from tests.core.small_mimi import small_codec as small_mimi
from tests.core.small_seanet import small_encodec
from tests.core.small_soundstream import small_codec as small_soundstream
from tests.core.tiny_codec import TinyCodec

HOP = 64


def rewrite(folder: Path, name: str, change: Any) -> None:
    path = folder / name
    samples = audio.read(path).samples.copy()
    rate = audio.probe(path).rate_hz
    path.unlink()
    audio.write(path, Audio(change(samples), rate))


def shipped() -> Codec:
    """Its state holds named tuples."""
    return load_codec("default", "cpu")


@pytest.mark.parametrize("make", [TinyCodec, small_mimi, small_encodec, small_soundstream, shipped])
@pytest.mark.parametrize("frames", [1, 3])
def test_replay_gives_the_same_codes_and_sound(make: Any, frames: int, tmp_path: Path) -> None:
    """It begins in the middle of a session, and its stream begins anew from a state in the middle of the recording."""
    codec: Codec = make()
    books = codec.info.depth
    changes = {8: {"depth": max(1, books - 1)}, 13: {"stream": True}, 16: {"depth": books}, 17: {"dropped": 2}}
    record(tmp_path / "s", codec, steps=24, frames=frames, changes=changes)
    heard: list[np.ndarray] = []
    report = replay(Session.open(tmp_path / "s"), codec, heard.append)
    assert report.codes_equal == 1.0 and report.frames == 24 * frames and report.output_error <= 1e-6
    assert report.passed and report.same_weights and report.dropped_frames == 2
    assert set(report.left_out) <= {"the limiter was at work"}, "random weights are loud"
    recorded = audio.read(tmp_path / "s" / "output.wav").samples
    np.testing.assert_allclose(np.concatenate(heard, axis=1), recorded, atol=1e-6)


def test_without_the_state_it_would_not_be_the_same(tmp_path: Path) -> None:
    """So the test above says something: the recording begins after frames that are not in it."""
    assert WARM_STEPS > 0
    record(tmp_path / "s", TinyCodec())
    state = tmp_path / "s" / "stream-0.pt"
    torch.save({}, state)
    report = replay(Session.open(tmp_path / "s"), TinyCodec())
    assert not report.passed and report.codes_equal is not None and report.codes_equal < 1.0


def test_books_alone_are_heard_again(tmp_path: Path) -> None:
    codec = small_mimi()
    record(tmp_path / "s", codec, changes={5: {"books": (0, 2)}, 30: {"books": ()}})
    heard: list[np.ndarray] = []
    report = replay(Session.open(tmp_path / "s"), codec, heard.append)
    recorded = audio.read(tmp_path / "s" / "output.wav").samples
    np.testing.assert_allclose(np.concatenate(heard, axis=1), recorded, atol=1e-6)
    assert report.passed and report.frames == 40


def test_differences_are_found_and_dated(tmp_path: Path) -> None:
    codec = TinyCodec()
    record(tmp_path / "codes", codec)
    session = Session.open(tmp_path / "codes")
    assert session.codes is not None
    session.codes[2, 25] ^= 1
    report = replay(session, codec)
    assert report.codes_equal == pytest.approx(1 - 1 / 160) and not report.passed
    assert report.first_difference_s == pytest.approx(25 * HOP / 16_000)

    record(tmp_path / "sound", codec)

    def click(samples: np.ndarray) -> np.ndarray:
        samples[0, 30 * HOP + 5] += 0.01
        return samples

    rewrite(tmp_path / "sound", "output.wav", click)
    report = replay(Session.open(tmp_path / "sound"), codec)
    assert report.codes_equal == 1.0 and report.output_error == pytest.approx(0.01, rel=1e-3) and not report.passed
    assert report.first_difference_s == pytest.approx(30 * HOP / 16_000)


def test_other_weights_are_told(tmp_path: Path) -> None:
    record(tmp_path / "s", small_mimi(seed=0))
    report = replay(Session.open(tmp_path / "s"), small_mimi(seed=1))
    assert report.same_weights is False and not report.passed and "other weights" in report.notes[0]
    assert fingerprint(small_mimi(seed=0)) == fingerprint(small_mimi(seed=0)) != fingerprint(small_mimi(seed=1))


def test_another_codec_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "s", TinyCodec())
    with pytest.raises(SpeefeareError, match="is another codec"):
        replay(Session.open(tmp_path / "s"), TinyCodec(depth=3))


def test_what_the_settings_do_not_tell_is_left_out_and_said(tmp_path: Path) -> None:
    """The output here is the plain decode, so comparing where gain, channel or mix act would fail."""
    codec = TinyCodec()
    changes: dict[int, dict[str, Any]] = {
        10: {"channel": {"loss": 0.5, "burst_packets": 1.0, "packet_frames": 1, "conceal": True, "bit_errors": 0.0,
                         "frozen_books": [], "seed": 0}},
        20: {"channel": None},
    }  # fmt: skip
    record(tmp_path / "s", codec, changes=changes)
    report = replay(Session.open(tmp_path / "s"), codec)
    assert report.passed and set(report.left_out) == {
        "the channel changed the codes",
        "gain, mix or stream was changing",
    }
    assert report.left_out["the channel changed the codes"] == pytest.approx(10 * HOP / 16_000)
    assert sum(report.left_out.values()) + report.output_s == pytest.approx(40 * HOP / 16_000)


@pytest.mark.parametrize(
    "settings", [{"output_gain_db": -6.0}, {"mix": 0.25}, {"bypass": True}, {"output_gain_db": 3.0, "mix": 0.5}]
)
def test_gain_and_mix_are_done_again(settings: dict[str, Any], tmp_path: Path) -> None:
    codec = TinyCodec()
    record(tmp_path / "s", codec, changes={0: settings})
    gain = 10 ** (settings.get("output_gain_db", 0.0) / 20)
    wet = 0.0 if settings.get("bypass") else settings.get("mix", 1.0)
    before = audio.read(tmp_path / "s" / "input.wav").samples
    late = np.pad(before, ((0, 0), (HOP, 0)))[:, : before.shape[1]]
    rewrite(tmp_path / "s", "output.wav", lambda decoded: (gain * (wet * decoded + (1 - wet) * late)).astype("f4"))
    report = replay(Session.open(tmp_path / "s"), codec)
    assert report.passed and report.output_s > 0.1, "all but the ramp at the beginning"
    rewrite(tmp_path / "s", "output.wav", lambda mixed: mixed * 1.01)
    assert not replay(Session.open(tmp_path / "s"), codec).passed


def test_where_the_limiter_works_nothing_is_compared(tmp_path: Path) -> None:
    codec = TinyCodec()
    record(tmp_path / "s", codec, changes={0: {"output_gain_db": 30.0}})
    rewrite(tmp_path / "s", "output.wav", lambda decoded: np.clip(decoded * 10**1.5, -0.89, 0.89).astype("f4"))
    report = replay(Session.open(tmp_path / "s"), codec)
    assert report.codes_equal == 1.0 and report.left_out["the limiter was at work"] > 0.05


def test_steps_that_began_from_an_unknown_state_are_left_out(tmp_path: Path) -> None:
    codec = TinyCodec()
    record(tmp_path / "s", codec, changes={20: {"stream": True}})
    timing = tmp_path / "s" / "timing.jsonl"
    lines = timing.read_text().splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if '"at": 1024, "samples"' in line)
    lines.insert(at, row_text(StreamStart(1024, 1, known=False)))
    timing.write_text("".join(lines))
    report = replay(Session.open(tmp_path / "s"), codec)
    assert report.passed and report.frames == 36
    assert report.left_out == {"the stream was changing, and nobody kept its state": pytest.approx(4 * HOP / 16_000)}


def test_what_was_coded_in_blocks_is_not_called_different(tmp_path: Path) -> None:
    codec = TinyCodec()
    record(tmp_path / "s", codec)
    timing = tmp_path / "s" / "timing.jsonl"
    lines = timing.read_text().splitlines(keepends=True)
    lines[1] = row_text(StreamStart(0, 0, known=False))
    timing.write_text("".join(lines))
    report = replay(Session.open(tmp_path / "s"), codec)
    assert not report.passed and report.verdict == "nothing could be compared"
    assert report.left_out == {"it was coded in blocks": pytest.approx(40 * HOP / 16_000)}


@pytest.mark.parametrize("change", [{"kind": "OtherStream"}, {"state": "gone.pt"}])
def test_a_state_that_cannot_be_had_is_told(change: dict[str, str], tmp_path: Path) -> None:
    record(tmp_path / "s", TinyCodec())
    timing = tmp_path / "s" / "timing.jsonl"
    old = {"kind": "TinyStream", "state": "stream-0.pt"}
    for key, value in change.items():
        timing.write_text(timing.read_text().replace(f'"{key}": "{old[key]}"', f'"{key}": "{value}"'))
    if "state" in change:
        with pytest.raises(SpeefeareError, match=r"gone\.pt is missing"):
            replay(Session.open(tmp_path / "s"), TinyCodec())
        return
    report = replay(Session.open(tmp_path / "s"), TinyCodec())
    assert not report.passed and report.frames == 0 and "OtherStream" in report.notes[0]


def test_the_command(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "s"
    record(folder, TinyCodec(), source=str(tiny), changes={9: {"depth": 1}})
    again = tmp_path / "again.wav"
    assert main(["replay", str(folder), "--check", "--output", str(again), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["passed"] and data["codes_equal"] == 1.0 and data["output_error"] <= 1e-5
    np.testing.assert_allclose(audio.read(again).samples, audio.read(folder / "output.wav").samples, atol=1e-6)
    rewrite(folder, "output.wav", lambda samples: samples * 0.9)
    assert main(["replay", str(folder)]) == 0
    assert "NOT the same" in capsys.readouterr().out
    assert main(["replay", str(folder), "--check"]) == 1
    assert main(["replay", str(tmp_path)]) == 2
    assert "session.json is missing" in capsys.readouterr().err
