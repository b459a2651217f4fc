"""Test signals: calibrated, without clicks, the same whatever the size of the blocks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import welch

from speefeare_core import audio, generators
from speefeare_core.cli import main
from speefeare_core.errors import SpeefeareError

KINDS = ("sine", "sweep", "speech noise")
RATE = 16_000


def level(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate_hz", [8000, 24_000, 44_100])
def test_blocks_of_any_size_join_to_the_same_signal(kind: str, rate_hz: int) -> None:
    whole = generators.make(kind, rate_hz).next(7 * rate_hz)
    pieces = generators.make(kind, rate_hz)
    sizes = np.random.default_rng(1).integers(0, 3000, 400)
    joined = np.concatenate([pieces.next(int(size)) for size in sizes], axis=1)[:, : whole.shape[1]]
    assert np.array_equal(joined, whole[:, : joined.shape[1]]) and joined.shape[1] > 6 * rate_hz
    assert whole.dtype == np.float32 and whole.shape[0] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level_db", [-26.0, -40.0])
def test_the_level_is_what_was_asked_for(kind: str, level_db: float) -> None:
    wave = generators.make(kind, RATE, level_db=level_db).next(round(generators.NOISE_S * RATE))
    sounding = wave[0, : round(generators.SWEEP_S * RATE)] if kind == "sweep" else wave[0]
    assert level(sounding) == pytest.approx(level_db, abs=0.01)
    assert np.abs(wave).max() < 10 ** ((level_db + 16) / 20)


def test_the_sine_is_pure_and_stays_in_phase_for_a_day() -> None:
    sine = generators.Sine(48_000, 997.0)
    sine.position = 24 * 3600 * 48_000
    wave = sine.next(48_000)[0]
    spectrum = np.abs(np.fft.rfft(wave))
    spectrum[997] -= np.abs(spectrum[997])
    assert spectrum.max() < 1e-4 * 48_000 * np.abs(wave).max()
    again = generators.Sine(48_000, 997.0)
    again.position = 48_000  # a whole number of periods, after the fade
    np.testing.assert_allclose(wave, again.next(48_000)[0], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_clicks(kind: str) -> None:
    """No sample differs from its neighbour by more than the signal's own greatest slope allows; it begins at zero."""
    wave = generators.make(kind, 48_000, tone_hz=100.0).next(21 * 48_000)[0]
    assert abs(wave[0]) < 1e-3
    if kind == "sine":
        assert np.abs(np.diff(wave)).max() < 1.01 * 2 * np.pi * 100 / 48_000 * np.abs(wave).max()
    elif kind == "sweep":
        period = round((generators.SWEEP_S + generators.PAUSE_S) * 48_000)
        end = round(generators.SWEEP_S * 48_000)
        assert not wave[end:period].any() and wave[period : period + 4800].any()
        for edge in (end, period, period + end):
            assert np.abs(wave[edge - 2 : edge + 3]).max() < 0.002
    else:  # where the period joins it is like everywhere else
        seam = round(generators.NOISE_S * 48_000)
        steps = np.abs(np.diff(wave))
        assert steps[seam - 2 : seam + 2].max() < steps[48_000:90_000].max()


def test_the_sweep_takes_the_same_time_for_each_octave() -> None:
    wave = generators.Sweep(RATE).next(round(generators.SWEEP_S * RATE))[0]
    octaves = np.log2(RATE / 2 / generators.SWEEP_FROM_HZ)
    for octave in range(1, 7):
        at = round(octave / octaves * len(wave))
        piece = wave[at - 200 : at + 200]
        crossings = np.flatnonzero(np.diff(np.signbit(piece)))
        found = (len(crossings) - 1) / (crossings[-1] - crossings[0]) * RATE / 2
        assert found == pytest.approx(generators.SWEEP_FROM_HZ * 2**octave, rel=0.05)


def test_speech_noise_has_the_spectrum_of_speech() -> None:
    rate = 48_000
    wave = generators.SpeechNoise(rate).next(round(generators.NOISE_S * rate))[0]
    frequency, power = welch(wave, rate, nperseg=16_384)
    bands = []
    for centre in generators.SPEECH_HZ:
        inside = (frequency >= centre / 2 ** (1 / 6)) & (frequency < centre * 2 ** (1 / 6))
        bands.append(10 * np.log10(power[inside].sum()))
    found = np.array(bands) - np.mean(bands[4:-1])
    wanted = np.array(generators.SPEECH_DB) - np.mean(generators.SPEECH_DB[4:-1])
    np.testing.assert_allclose(found[4:-1], wanted[4:-1], atol=1.0)
    total = 10 * np.log10(np.sum(10 ** (np.array(generators.SPEECH_DB) / 10)))
    assert total == pytest.approx(70, abs=0.3), "the table is normalised to 70 dB"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("hum", 16_000), "no signal generator hum"),
        (("sine", 16_000, 8000.0), "does not fit"),
        (("sine", 16_000, float("nan")), "does not fit"),
        (("sweep", 16_000, 440.0, 0.0), "would clip"),
    ],
)
def test_what_cannot_be_is_a_sentence(words: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(SpeefeareError, match=sentence):
        generators.make(*words)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["sine", "sweep", "speech-noise"])
def test_generate_writes_the_file(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.wav"
    words = ["--seconds", "2.5", "--rate", "16000", "--channels", "2", "--tone-hz", "1000", "--json"]
    assert main(["generate", kind, str(target), *words]) == 0
    data = json.loads(capsys.readouterr().out)
    found = audio.read(target)
    assert (found.rate_hz, found.channels, found.length_samples) == (16_000, 2, 40_000)
    assert data["level_db"] == pytest.approx(level(found.samples), abs=0.01)
    assert np.abs(found.samples[:, [0, -1]]).max() < 1e-4, "faded at both ends"
    signal = generators.make(kind.replace("-", " "), 16_000, 1000.0).next(40_000)
    assert np.array_equal(found.samples[0, 8000:39_000], signal[0, 8000:39_000])


@pytest.mark.parametrize(
    "words",
    [("hum", "a.wav"), ("sine", "a.txt"), ("sine", "a.wav", "--seconds", "0"), ("sine", "a.wav", "--rate", "1")],
)
def test_generate_refuses_in_one_sentence(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not list(tmp_path.iterdir())
