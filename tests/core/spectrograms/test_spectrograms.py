from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms import pyramid
from speefeare_core.spectrograms.columns import FLOOR_DB, TOP_DB, Columns
from speefeare_core.spectrograms.scales import SCALES
from speefeare_core.spectrograms.settings import FFT_SIZES, WINDOWS, SpectrogramSettings, automatic_size, window_of
from workbench.state.mixed import Mixed

RATE = 16_000


def _noise(seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal((channels, round(seconds * RATE))) * 0.1).astype(np.float32)


def _made(maker: Columns) -> np.ndarray:
    out = np.zeros((maker.count, maker.bins), np.uint8)
    maker.make(0, out)
    return out


def _db(values: np.ndarray) -> np.ndarray:
    return FLOOR_DB + values.astype(float) * (TOP_DB - FLOOR_DB) / 255


@pytest.mark.parametrize("window", WINDOWS)
def test_levels_are_those_of_a_plain_transform(window: str) -> None:
    sound = _noise()
    settings = SpectrogramSettings(256, window)
    maker = Columns(sound, RATE, settings)
    found = _db(_made(maker))
    assert (maker.hop, maker.count, maker.bins) == (64, 1 + RATE // 64, 129)
    padded = np.pad(sound[0].astype(np.float64), 128)
    for column in (0, 1, 77, maker.count - 1):
        frame = padded[column * 64 : column * 64 + 256]
        frame = np.pad(frame, (0, 256 - len(frame))) * window_of(window, 256)
        wanted = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(frame)), 1e-9))
        np.testing.assert_allclose(found[column], wanted, atol=0.5 * 120 / 255 + 0.04)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_sine_at_full_scale_is_at_the_top(window: str) -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)[None]
    middle = _made(Columns(sine, RATE, SpectrogramSettings(512, window)))[60]
    assert middle.argmax() == 32 and middle[32] >= 254


def test_side_lobes_are_what_the_windows_promise() -> None:
    size = 512
    for window, least in (
        ("rectangular", 12),
        ("hamming", 40),
        ("hann", 31),
        ("blackman-harris", 90),
        ("gaussian", 90),
    ):
        spectrum = 20 * np.log10(np.abs(np.fft.rfft(window_of(window, size), 64 * size)) + 1e-12)
        first_dip = int(np.flatnonzero(np.diff(spectrum) > 0)[0])
        assert spectrum[0] - spectrum[first_dip:].max() >= least, window


def test_channels_are_mixed_and_differences_are_summed_where_they_are_read() -> None:
    two = _noise(channels=2)
    settings = SpectrogramSettings()
    mono = _made(Columns(two.mean(axis=0, keepdims=True), RATE, settings))
    assert np.abs(mono.astype(int) - _made(Columns(two, RATE, settings))).max() <= 1
    first, second = two[:1], two[1:]
    mixed = Mixed(((first, 1.0), (second, -1.0)))
    whole = _made(Columns(first - second, RATE, settings))
    assert np.array_equal(_made(Columns(mixed, RATE, settings)), whole)  # type: ignore[arg-type]


def test_pieces_and_single_columns_are_those_of_the_whole() -> None:
    maker = Columns(_noise(3.0), RATE, SpectrogramSettings(1024))
    whole = _made(maker)
    parts = np.zeros_like(whole)
    for start, stop in ((0, 1), (1, 50), (50, maker.count)):
        maker.make(start, parts[start:stop])
    assert np.array_equal(whole, parts)
    some = np.array([0, 7, maker.count - 1])
    out = np.zeros((3, maker.bins), np.uint8)
    maker.sparse(some, out)
    assert np.array_equal(out, whole[some])


def test_silence_and_what_is_no_number_are_the_floor() -> None:
    assert not _made(Columns(np.zeros((1, 4000), np.float32), RATE, SpectrogramSettings())).any()
    broken = np.full((1, 4000), np.nan, np.float32)
    assert not _made(Columns(broken, RATE, SpectrogramSettings())).any()
    assert _made(Columns(np.zeros((1, 1), np.float32), RATE, SpectrogramSettings())).shape == (1, 257)


@pytest.mark.parametrize("columns", [100, 4096, 20_001, 70_000])
def test_levels_hold_the_maxima_however_they_grow(columns: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, (columns, 3)).astype(np.uint8)
    lengths = pyramid.level_lengths(columns)
    assert all(length >= pyramid.COARSEST for length in lengths)
    stored = np.zeros((sum(lengths), 3), np.uint8)
    levels = pyramid.split_levels(stored, columns)
    at = 0
    for step in (1, 3, 1000, 5001, columns):
        end = min(columns, at + step)
        pyramid.raise_levels(values, levels, at, end)
        at = end
    for index, level in enumerate(levels):
        group = pyramid.FACTOR ** (index + 1)
        starts = np.arange(0, columns, group)
        assert np.array_equal(level, np.maximum.reduceat(values, starts, axis=0))


def test_the_sketch_is_a_level_of_a_screen_or_some() -> None:
    assert pyramid.preview_level(8000) is None
    for columns in (9000, 337_501, 2_700_000):
        level = pyramid.preview_level(columns)
        assert level is not None
        assert pyramid.COARSEST <= pyramid.level_lengths(columns)[level] <= pyramid.PREVIEW


@pytest.mark.parametrize("scale", SCALES)
def test_axes_go_up_from_end_to_end_and_back(scale: str) -> None:
    info, places = SCALES[scale], np.linspace(0, 1, 50)
    hertz = info.frequency(places, 12_000.0)
    assert hertz[0] == pytest.approx(info.from_hz, abs=1e-6) and hertz[-1] == pytest.approx(12_000.0)
    assert (np.diff(hertz) > 0).all()
    np.testing.assert_allclose(info.share(hertz, 12_000.0), places, atol=1e-5)


def test_axes_are_the_published_ones() -> None:
    assert float(SCALES["mel"].warp(1000.0)) == pytest.approx(1000.0, abs=0.1)
    assert float(SCALES["erb"].warp(1000.0)) == pytest.approx(15.62, abs=0.01)
    octave = SCALES["log"]
    assert float(octave.share(640.0, 1280.0)) == pytest.approx(0.8)


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 44_100, 48_000, 192_000])
def test_the_automatic_size_is_about_32_ms(rate: int) -> None:
    assert automatic_size(rate) in FFT_SIZES
    assert 0.022 < automatic_size(rate) / rate < 0.046


@pytest.mark.parametrize("settings", [SpectrogramSettings(300), SpectrogramSettings(0, "square")])
def test_settings_that_there_are_not_are_named_with_those_there_are(settings: SpectrogramSettings) -> None:
    with pytest.raises(SpeefeareError, match="512|hann"):
        settings.checked()
