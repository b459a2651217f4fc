"""What the system plays, spoken into live: the monitor of a PulseAudio sink as the microphone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import generators
from speefeare_core.audio import Audio, write
from tests.app.engine.harness import Talk
from tests.end_to_end.pulse import Pulse
from workbench.engine import protocol as p

pytestmark = [pytest.mark.audio_path, pytest.mark.slow]
RATE = 16_000
TONE_HZ = 500


@pytest.mark.timeout(300)
def test_a_monitor_hears_what_another_program_plays(sounding: Talk, pulse: Pulse, tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    write(tone, Audio(generators.Sine(RATE, TONE_HZ).next(30 * RATE), RATE), "FLOAT")
    sounding.ask(p.LoadCodec("default", "cpu"))
    devices = next(event for event in sounding.ask(p.ListDevices()) if isinstance(event, p.Devices))
    monitors = [device.name for device in devices.inputs if device.monitor]
    (monitor,) = (name for name in monitors if "speaker.monitor" in name)
    assert len(monitors) == 2 and not [device for device in devices.outputs if device.monitor]
    player = subprocess.Popen(["paplay", "--device=speaker", str(tone)], env=pulse._env())
    try:
        events = sounding.ask(p.StartLive(input=monitor, output=p.VIRTUAL_DEVICE))
        started = next(event for event in events if isinstance(event, p.LiveStarted))
        ring = sounding.client.ring(started.input_ring)

        def heard() -> bool:
            sound = ring.latest(RATE // 2)[0]
            if len(sound) < RATE // 2 or not sound.any():
                return False
            level = 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)))
            peak = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax() * 2
            return abs(level - generators.LEVEL_DB) < 0.5 and peak == TONE_HZ

        sounding.until(heard, 30)
    finally:
        player.terminate()
        player.wait()
        sounding.ask(p.StopLive())
