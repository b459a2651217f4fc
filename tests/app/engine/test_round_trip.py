"""The measured round trip: synthetic delays, noise, echoes, other clocks, and a loop without devices."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from speefeare_core.errors import SpeefeareError
from tests.app.engine.harness import Talk
from workbench.engine import protocol as p
from workbench.engine.server import round_trip
from workbench.engine.server.round_trip import Chirp, RoundTrip, find

RATES = (8000, 16_000, 24_000, 44_100, 48_000)


def delayed(signal: np.ndarray, lag: float, length: int) -> np.ndarray:
    """`signal` later by `lag` samples, also by fractions: a turn of its spectrum's phase."""
    padded = np.zeros(length)
    padded[: len(signal)] = signal
    spectrum = np.fft.rfft(padded) * np.exp(-2j * np.pi * np.fft.rfftfreq(length) * lag)
    return np.fft.irfft(spectrum, length)


@pytest.mark.parametrize("rate", RATES)
def test_the_chirp_is_short_quiet_faded_and_within_its_band(rate: int) -> None:
    chirp = Chirp(rate)
    signal = chirp.signal
    assert 0.02 <= len(signal) / rate <= 0.05
    assert np.abs(signal).max() == pytest.approx(0.1, rel=0.05)  # -20 dB
    assert np.abs(signal[[0, -1]]).max() < 0.001
    power = np.abs(np.fft.rfft(signal.astype(np.float64), 8 * len(signal))) ** 2
    hz = np.fft.rfftfreq(8 * len(signal), 1 / rate)
    assert power[(hz > 200) & (hz < min(7500, 0.46 * rate))].sum() > 0.99 * power.sum()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("lag", [40.0, 63.3, 400.5, 1234.27])
def test_a_lag_is_found_between_samples(rate: int, lag: float) -> None:
    found = find(chirp := Chirp(rate), delayed(chirp.signal, lag, 8192 + len(chirp.signal)))
    assert found.lag == pytest.approx(lag, abs=0.02)
    assert found.certainty > 10


@pytest.mark.parametrize("polarity", [1, -1])
def test_noise_as_loud_as_the_chirp_and_a_loudspeaker_wired_the_wrong_way_round(polarity: int) -> None:
    chirp = Chirp(16_000)
    draw = np.random.default_rng(0)
    heard = polarity * delayed(chirp.signal, 700.4, 8000) + 0.05 * draw.standard_normal(8000)
    found = find(chirp, heard)
    assert found.lag == pytest.approx(700.4, abs=0.3)
    assert found.certainty > round_trip.GUESS


def test_an_echo_that_is_nearly_as_loud_is_not_taken_for_the_sound() -> None:
    chirp = Chirp(16_000)
    heard = delayed(chirp.signal, 500, 8000) + 0.8 * delayed(chirp.signal, 611, 8000)
    found = find(chirp, heard)
    assert found.lag == pytest.approx(500, abs=0.3)
    assert found.certainty > round_trip.GUESS


def test_a_device_at_another_rate() -> None:
    chirp = Chirp(24_000)
    there = soxr.resample(np.pad(chirp.signal, (480, 9600)), 24_000, 44_100, quality="HQ")
    heard = soxr.resample(np.pad(there, (441, 0)), 44_100, 24_000, quality="HQ")
    assert find(chirp, heard).lag == pytest.approx(480 + 240, abs=0.05)


def test_noise_alone_silence_and_too_little_are_no_chirp() -> None:
    chirp = Chirp(16_000)
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(16_000)
        assert find(chirp, noise).certainty < round_trip.GUESS
    assert find(chirp, np.zeros(16_000)).certainty == 0
    assert find(chirp, chirp.signal[:-1]).certainty == 0


def test_a_lag_longer_than_the_pauses_is_not_taken_for_a_shorter_one() -> None:
    chirp = Chirp(16_000)
    sent = (800, 5600, 12_000)
    heard = sum(delayed(np.pad(chirp.signal, (at, 0)), 6000, 24_000) for at in sent)
    assert isinstance(heard, np.ndarray)
    for known in range(13_000, 24_000, 700):
        found = find(chirp, heard[:known], sent)
        assert found.certainty < round_trip.GUESS or found.lag == pytest.approx(6000, abs=0.1)
    assert find(chirp, heard, sent).lag == pytest.approx(6000, abs=0.05)


def loop(
    lag: int, gain: float, noise: float, step: int = 320, rate: int = 16_000, channels: int = 1, seed: int = 1
) -> RoundTrip:
    """A live session whose loudspeaker its microphone hears, until the measurement is finished."""
    trip = RoundTrip(rate)
    draw = np.random.default_rng(seed)
    air = np.zeros((channels, lag))
    for _ in range(4 * rate // step):
        taken, air = air[:, :step], air[:, step:]
        trip.hear((gain * taken + noise * draw.standard_normal(taken.shape)).astype(np.float32))
        out = trip.replace(np.full((channels, step), 0.3, np.float32))
        trip.look()
        if out is None:
            return trip
        air = np.concatenate([air, out], axis=1)
    raise AssertionError("it never ends")


@pytest.mark.parametrize("lag", [320, 1000, 9000, 24_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_loop_is_measured_whatever_its_length(lag: int, channels: int) -> None:
    found = loop(lag, 0.3, 0.0001, channels=channels).result()
    assert found.lag == pytest.approx(lag, abs=0.1)
    assert found.certainty > round_trip.CERTAIN


def test_repeats_lift_the_chirp_out_of_noise() -> None:
    """At a tenth of the level of the noise one chirp alone is not found."""
    found = loop(3000, 0.1, 0.012).result()
    assert found.lag == pytest.approx(3000, abs=1)


def test_a_microphone_that_hears_nothing_is_a_sentence() -> None:
    for noise, seed in ((0.0, 0), *((0.01, seed) for seed in range(8))):
        with pytest.raises(SpeefeareError, match="did not hear the loudspeaker"):
            loop(1000, 0.0, noise, seed=seed).result()


def test_the_codecs_own_sound_is_not_heard_meanwhile() -> None:
    trip = RoundTrip(16_000)
    out = trip.replace(np.full((1, 320), 0.5, np.float32))
    assert out is not None and not out.any()


def test_the_engine_says_that_live_must_run_and_that_nothing_was_heard(talk: Talk) -> None:
    assert "Live does not run" in talk.refused(p.MeasureRoundTrip())
    talk.ask(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE))
    assert "did not hear the loudspeaker" in talk.refused(p.MeasureRoundTrip())
    status = talk.client.live_status
    assert status is not None and status["running"] == 1, "live goes on"


def test_live_that_stops_meanwhile_ends_the_measurement(talk: Talk) -> None:
    talk.ask(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE))
    number = talk.client.send(p.MeasureRoundTrip())
    talk.ask(p.StopLive())
    end = talk.end(number)
    assert isinstance(end, p.Failed) and "Live" in end.sentence
