"""What really comes out of the loudspeaker, through PortAudio and PulseAudio."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import Audio, read, write
from speefeare_core.resources import resource
from tests.app.engine.harness import Talk
from tests.end_to_end.offline import aligned, offline, offline_as_taken, snr_db
from tests.end_to_end.pulse import Pulse
from tests.end_to_end.undisturbed import undisturbed
from workbench.engine import protocol as p

pytestmark = [pytest.mark.audio_path, pytest.mark.slow]
RATE = 16_000
LIVE_S = 10.0
SAMPLE = ("samples", "sense_and_sensibility.flac")


@pytest.mark.timeout(400)
def test_compare_plays_the_offline_decode(sounding: Talk, pulse: Pulse) -> None:
    sounding.ask(p.LoadCodec("default", "cpu"))
    sounding.ask(p.SetOutput("default"))
    path = resource(*SAMPLE)
    number = sounding.client.send(p.ProcessClip(str(path)))
    render = sounding.until(
        lambda: next((e for e in sounding.events if isinstance(e, p.RenderReady) and e.depth == 4), None)
    )
    sounding.end(number)
    sounding.ask(p.SelectDepth(4))
    wanted = offline(read(path, RATE, 1).samples[0], 4) * np.float32(10 ** (render.gain_db / 20))
    fade = 200  # 5 ms in and out

    def play() -> float:
        recording = pulse.record()
        sounding.ask(p.Seek(0))
        sounding.ask(p.Play())
        sounding.next(p.PlayerStopped)
        time.sleep(0.5)
        return snr_db(wanted[fade:-fade], recording.stop())

    assert undisturbed(play, lambda value: value >= 40) >= 40
    sounding.ask(p.LoadCodec("default", "cpu"))


@pytest.mark.timeout(400)
def test_live_speaks_through_the_codec_without_losing_a_frame(sounding: Talk, pulse: Pulse, tmp_path: Path) -> None:
    from pystoi import stoi

    sample = read(resource(*SAMPLE), RATE, 1).samples[0]
    count = round(LIVE_S * RATE)
    speech = np.tile(np.concatenate([sample, np.zeros(RATE // 2, np.float32)]), 1 + count // len(sample))[:count]
    spoken = tmp_path / "spoken.wav"
    write(spoken, Audio(speech[None], RATE), "FLOAT")
    sounding.ask(p.LoadCodec("default", "cpu"))

    def talk() -> tuple[dict[str, float], float]:
        recording = pulse.record()
        events = sounding.ask(p.StartLive(muted=False, howl_guard=True))
        started = next(event for event in events if isinstance(event, p.LiveStarted))
        assert started.rate_hz == RATE and not started.notes, "no resampling in this path"
        speaker = pulse.speak(spoken)
        assert speaker.wait(LIVE_S + 30) == 0
        time.sleep(0.5)
        status = sounding.client.live_status
        assert status is not None
        counters = {name: status[name] for name in p.LIVE_STATUS}
        taken = sounding.client.ring(started.input_ring)
        last, written = taken.read_since(max(0, taken.written - taken.capacity))
        sounding.ask(p.StopLive())
        recorded = recording.stop()
        wanted = offline_as_taken(speech, last[0], written)
        heard = aligned(wanted, recorded)
        value = stoi(wanted[: len(heard)], heard, RATE) if len(heard) > RATE else 0.0
        print(f"STOI {value:.4f}, SNR {snr_db(wanted, recorded):.1f} dB, {counters}")
        return counters, value

    counters, value = undisturbed(talk, lambda take: take[0]["dropped_frames"] == 0 and take[1] >= 0.95)
    assert counters["dropped_frames"] == counters["overruns"] == 0, counters
    assert value >= 0.95, counters


@pytest.mark.timeout(400)
def test_a_loudspeaker_that_goes_away_is_told_and_playing_goes_on(sounding: Talk, pulse: Pulse) -> None:
    """The last test of this module: the sound card is gone afterwards."""
    sounding.ask(p.LoadCodec("default", "cpu"))
    sounding.ask(p.SetOutput("default"))
    number = sounding.client.send(p.ProcessClip(str(resource(*SAMPLE))))
    sounding.next(p.ClipOpened, number)
    sounding.ask(p.SetLoop(0, 32_000))
    sounding.ask(p.StartLive(file=str(resource(*SAMPLE)), loop_file=True))
    sounding.ask(p.Play())
    sounding.until(lambda: sounding.position() > 8000)
    for sink in ("speaker", "mic_feed"):  # with one left, PulseAudio would move the sound there
        pulse.unload(sink)
    unloaded = time.monotonic()
    notice = sounding.next(p.Notice)
    stopped = sounding.next(p.LiveStopped)
    took_s = time.monotonic() - unloaded
    assert "went away" in notice.sentence and "went away" in stopped.reason
    assert took_s <= 3.0
    before = sounding.position()
    sounding.until(lambda: sounding.position() != before)
    sounding.ask(p.Pause())
    sounding.ask(p.LoadCodec("default", "cpu"))
