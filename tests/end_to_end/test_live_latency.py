"""The latency that live says against what is measured, through PortAudio, PulseAudio and a sink that hears itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.app.engine.harness import Talk
from tests.end_to_end.pulse import Pulse
from tests.end_to_end.undisturbed import undisturbed
from workbench.engine import protocol as p

pytestmark = [pytest.mark.audio_path, pytest.mark.slow, pytest.mark.timeout(400)]
CLOSE_S = 0.01  # less than a block of the sound card, by which its clock may err on a busy computer
LOOP = p.StartLive(input="speaker.monitor", output="speaker", howl_guard=False)


def trip(talk: Talk, request: p.StartLive) -> p.RoundTripMeasured:
    """Start, measure, stop."""
    talk.ask(request)
    (measured,) = [event for event in talk.ask(p.MeasureRoundTrip()) if isinstance(event, p.RoundTripMeasured)]
    talk.ask(p.StopLive())
    return measured


def apart_s(measured: p.RoundTripMeasured) -> float:
    return abs(measured.measured_samples - measured.predicted_samples) / measured.rate_hz


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("latency_s", [0.0, 0.03])
def test_what_is_predicted_is_measured(sounding: Talk, frames: int, latency_s: float) -> None:
    sounding.ask(p.LoadCodec("default", "cpu"))
    request = p.StartLive(
        input=LOOP.input, output=LOOP.output, frames_per_step=frames, device_latency_s=latency_s, howl_guard=False
    )
    measured = undisturbed(lambda: trip(sounding, request), lambda found: apart_s(found) <= CLOSE_S)
    print(f"measured {measured.measured_samples}, predicted {measured.predicted_samples} at {measured.rate_hz} Hz")
    assert measured.certainty > 4
    assert apart_s(measured) <= CLOSE_S


def test_a_microphone_that_does_not_hear_the_loudspeaker_is_a_sentence(sounding: Talk) -> None:
    sounding.ask(p.LoadCodec("default", "cpu"))
    sounding.ask(p.StartLive(input="mic", output="speaker"))
    assert "did not hear the loudspeaker" in sounding.refused(p.MeasureRoundTrip())
    sounding.ask(p.StopLive())
    assert "Live does not run" in sounding.refused(p.MeasureRoundTrip())


def test_the_command_says_the_same_in_a_terminal(pulse: Pulse) -> None:
    words = ["live", "--input", "speaker.monitor", "--output", "speaker", "--seconds", "5", "--round-trip", "--json"]

    def take() -> dict:
        done = subprocess.run(
            [sys.executable, "-m", "speefeare_core.cli", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def close(data: dict) -> bool:
        found = data["round_trip"]
        return abs(found["measured_ms"] - found["predicted_ms"]) <= 1000 * CLOSE_S

    data = undisturbed(take, close)
    assert data["input"] == "speaker.monitor" and data["frames"] > 100 and data["muted"]
    assert close(data), data


def test_a_named_sink_that_is_unplugged_ends_live_though_pulseaudio_moves_the_sound(
    sounding: Talk, pulse: Pulse
) -> None:
    """The last test of this module: the loudspeaker is gone afterwards."""
    sounding.ask(p.LoadCodec("default", "cpu"))
    sounding.ask(p.StartLive(input="mic", output="speaker"))
    status = sounding.client.live_status
    assert status is not None
    sounding.until(lambda: status["frames"] > 50)
    pulse.unload("speaker")
    unplugged = time.monotonic()
    stopped = sounding.next(p.LiveStopped)
    assert time.monotonic() - unplugged <= 3.0
    assert "speaker went away" in stopped.reason
