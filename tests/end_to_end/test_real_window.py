"""The main job as a person does it: a real window, real keys, and what comes out of the loudspeaker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import Audio, read, write
from speefeare_core.resources import resource
from tests.end_to_end.desktop import Desk, Screen
from tests.end_to_end.offline import aligned, offline, offline_as_taken, snr_db
from tests.end_to_end.pulse import Pulse
from tests.end_to_end.undisturbed import undisturbed

pytestmark = [pytest.mark.audio_path, pytest.mark.slow]
RATE = 16_000
LIVE_S = float(os.environ.get("SPEEFEARE_LIVE_S", "15"))  # a longer soak by hand
SAMPLE = resource("samples", "sense_and_sensibility.flac")


@pytest.fixture
def desk(pulse: Pulse, tmp_path: Path) -> Iterator[Desk]:
    screen = Screen()
    try:
        desk = Desk(screen, tmp_path, SAMPLE)
        yield desk
        desk.kill()
    finally:
        screen.stop()


@pytest.mark.timeout(600)
def test_hear_a_depth_then_talk_through_the_codec(desk: Desk, pulse: Pulse, tmp_path: Path) -> None:
    from pystoi import stoi

    print(f"visible after {1000 * desk.visible_after_s:.0f} ms")
    ready = desk.until(lambda state: state["complete"])
    assert ready["engine_side_modules"] == []

    desk.key("4")
    desk.until(lambda state: state["depth"] == 4)
    sample = read(SAMPLE, RATE, 1).samples[0]
    wanted = offline(sample, 4) * np.float32(10 ** (ready["gains_db"]["4"] / 20))
    fade = 200  # 5 ms in and out

    def play() -> float:
        recording = pulse.record()
        desk.key("space")
        desk.until(lambda state: state["playing"])
        desk.until(lambda state: not state["playing"])
        time.sleep(0.5)
        return snr_db(wanted[fade:-fade], recording.stop())

    played_db = undisturbed(play, lambda value: value >= 40)
    print(f"depth 4 from the loudspeaker: {played_db:.1f} dB")
    assert played_db >= 40

    count = round(LIVE_S * RATE)
    speech = np.tile(np.concatenate([sample, np.zeros(RATE // 2, np.float32)]), 1 + count // len(sample))[:count]
    write(tmp_path / "spoken.wav", Audio(speech[None], RATE))
    desk.key("0")  # Live takes every book where no depth is chosen

    def talk() -> tuple[dict[str, float], float]:
        recording = pulse.record()
        desk.key("ctrl+l")
        assert desk.until(lambda state: state["live"])["muted"], "Live starts muted"
        desk.key("m")
        desk.until(lambda state: not state["muted"])
        assert pulse.speak(tmp_path / "spoken.wav").wait(LIVE_S + 30) == 0
        time.sleep(0.5)
        taken, written = desk.live_input()
        counters = desk.state["counters"]
        desk.key("ctrl+l")
        desk.until(lambda state: not state["live"])
        recorded = recording.stop()
        wanted = offline_as_taken(speech, taken, written)
        heard = aligned(wanted, recorded)
        value = stoi(wanted[: len(heard)], heard, RATE) if len(heard) > RATE else 0.0
        print(f"live {LIVE_S:.0f} s: STOI {value:.4f}, SNR {snr_db(wanted, recorded):.1f} dB, {counters}")
        return counters, value

    counters, value = undisturbed(talk, lambda take: take[0]["dropped_frames"] == 0 and take[1] >= 0.95)
    assert counters["frames"] >= 50 * LIVE_S
    assert counters["dropped_frames"] == 0
    assert value >= 0.95
    assert desk.close() == 0
