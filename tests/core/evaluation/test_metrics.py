"""Each metric against its oracle, a case worked out by hand, and where it is not defined."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pesq
import pystoi
import pytest
import speechmos
import visqol

from speefeare_core.audio import Audio, read
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import METRICS
from speefeare_core.evaluation.metrics import dnsmos as dnsmos_metric
from speefeare_core.evaluation.metrics import visqol as visqol_metric
from speefeare_core.evaluation.metrics.mel_distance import RESOLUTIONS, mel_filters
from speefeare_core.resources import resource
from tests.core.speech import speech_like

RATE = 16_000


def spoken() -> np.ndarray:
    """The shipped sentence at 16 kHz, the first five seconds."""
    return read(resource("samples", "sense_and_sensibility.flac"), RATE, channels=1).samples[0][: 5 * RATE]


def noisy(sound: np.ndarray, snr_db: float, seed: int = 3) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(sound)).astype(np.float32)
    noise -= (noise @ sound) / (sound @ sound) * sound  # so that the ratio is exact
    return (sound + noise * np.sqrt((sound @ sound) / (noise @ noise)) * 10 ** (-snr_db / 20)).astype(np.float32)


@pytest.mark.parametrize("key", sorted(METRICS))
def test_more_noise_is_worse(key: str) -> None:
    metric = METRICS[key]
    sound = spoken() if key in ("visqol", "dnsmos") else speech_like(2)  # these two know speech when they hear it
    values = [metric.measure(sound, noisy(sound, snr), RATE).value for snr in (30, 15, 0)]
    assert all(value is not None for value in values)
    assert values == sorted(values, reverse=metric.higher_is_better)
    assert metric.key == key
    assert metric.name and metric.source


@pytest.mark.parametrize("key", ["pesq_wb", "stoi", "si_sdr", "mel_distance"])
def test_a_perfect_copy_is_the_best_value(key: str) -> None:
    best = {"pesq_wb": 4.6439, "stoi": 1.0, "si_sdr": 100.0, "mel_distance": 0.0}
    sound = speech_like(2)
    assert METRICS[key].measure(sound, sound.copy(), RATE).value == pytest.approx(best[key], abs=1e-3)


@pytest.mark.parametrize("key", sorted(METRICS))
@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.zeros(100, np.float32), np.zeros(0, np.float32)])
def test_silence_has_no_value_but_a_note(key: str, samples: np.ndarray) -> None:
    found = METRICS[key].measure(samples, samples, RATE)
    assert found.value is None
    assert found.note.endswith(".")


@pytest.mark.parametrize("key", ["pesq_wb", "stoi", "mel_distance", "visqol"])
def test_too_short_has_no_value_but_a_note(key: str) -> None:
    sound = speech_like(2)[4000:4600]
    found = METRICS[key].measure(sound, sound, RATE)
    assert found.value is None
    assert "needs" in found.note


def test_a_silent_decode_has_no_value_where_there_is_none_and_a_bad_one_elsewhere() -> None:
    sound = speech_like()
    for key in ("pesq_wb", "stoi", "si_sdr"):
        assert METRICS[key].measure(sound, 0 * sound, RATE).value is None
    found = METRICS["mel_distance"].measure(sound, 0 * sound, RATE).value
    assert found is not None and found > 20


def test_pesq_is_the_packages_value_at_16_khz_and_resampled() -> None:
    sound = speech_like(2)
    decoded = noisy(sound, 10)
    assert METRICS["pesq_wb"].measure(sound, decoded, RATE).value == pesq.pesq(RATE, sound, decoded, "wb")
    high = [Audio(part[None], RATE).resampled(48_000).samples[0] for part in (sound, decoded)]
    low = [Audio(part[None], 48_000).resampled(RATE).samples[0] for part in high]
    assert METRICS["pesq_wb"].measure(high[0], high[1], 48_000).value == pesq.pesq(RATE, low[0], low[1], "wb")


def test_visqol_is_the_packages_value_in_speech_mode_with_the_lattice() -> None:
    sound = spoken()
    api = visqol.VisqolApi()
    api.create(mode="speech", use_lattice_model=True)
    wanted = api.measure_from_arrays(sound.astype(float), noisy(sound, 10).astype(float), RATE).moslqo
    assert METRICS["visqol"].measure(sound, noisy(sound, 10), RATE).value == pytest.approx(wanted)
    assert METRICS["visqol"].measure(sound, sound, RATE).value == pytest.approx(4.5, abs=0.2)


def test_dnsmos_is_the_packages_value() -> None:
    sound = spoken()
    network = Path(speechmos.__file__).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    repeated = np.concatenate([sound, sound])[: int(9.01 * RATE)]
    raw = session.run(None, {"input_1": repeated[None]})[0][0][2]
    windows = METRICS["dnsmos"].measure(np.zeros_like(sound), sound, RATE).value
    assert windows == pytest.approx(np.polyval((-0.06766283, 1.11546468, 0.04602535), raw), abs=1e-5)
    assert windows == METRICS["dnsmos"].measure(sound, sound, RATE).value  # the original has no say in it


def test_stoi_is_the_packages_value() -> None:
    sound = speech_like(2)
    decoded = noisy(sound, 5)
    wanted = pystoi.stoi(sound.astype(float), decoded.astype(float), RATE)
    assert METRICS["stoi"].measure(sound, decoded, RATE).value == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("gain", [1.0, -3.0, 0.01])
def test_si_sdr_is_the_ratio_whatever_the_gain(gain: float) -> None:
    sound = speech_like()
    assert METRICS["si_sdr"].measure(sound, np.float32(gain) * noisy(sound, 12.0), RATE).value == pytest.approx(
        12, abs=1e-3
    )


def test_si_sdr_by_hand() -> None:
    # x = (1, 0), y = (3, 4): the part along x is 3, the rest is 4: 10 log10(9 / 16).
    found = METRICS["si_sdr"].measure(np.array([1.0, 0.0]), np.array([3.0, 4.0]), RATE).value
    assert found == pytest.approx(10 * np.log10(9 / 16))


def test_mel_distance_of_a_gain_is_that_gain_in_db() -> None:
    draw = np.random.default_rng(0)
    noise = (0.3 * draw.standard_normal(RATE)).astype(np.float32)  # loud in every band, nothing reaches the floor
    assert METRICS["mel_distance"].measure(noise, noise * 0.5, RATE).value == pytest.approx(20 * np.log10(2), abs=1e-3)


def test_mel_filters_are_triangles_of_sum_one() -> None:
    for window, bands in RESOLUTIONS.items():
        for rate in (8_000, 16_000, 48_000):
            filters = mel_filters(rate, window, bands)
            assert filters.shape == (bands, window // 2 + 1)
            assert filters.min() >= 0
            assert filters.sum(axis=1) == pytest.approx(np.ones(bands))
            middles = filters.argmax(axis=1)
            assert (np.diff(middles) >= 0).all()


@pytest.mark.parametrize("key", ["pesq_wb", "stoi", "visqol", "dnsmos"])
def test_a_missing_package_is_one_sentence(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in (visqol_metric._api, dnsmos_metric._session):
        kept.cache_clear()
    monkeypatch.setitem(sys.modules, METRICS[key].module, None)
    with pytest.raises(SpeefeareError, match="pip install"):
        METRICS[key].measure(speech_like(), speech_like(), RATE)
