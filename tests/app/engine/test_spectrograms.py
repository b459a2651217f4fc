"""Spectrograms and voices through the engine, and the sketch that comes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speefeare_core.spectrograms import pyramid
from speefeare_core.spectrograms.settings import SpectrogramSettings
from tests.app.engine.harness import Talk, speech_file
from workbench.engine import protocol as p
from workbench.engine.server.spectrograms import Made, spectrogram
from workbench.engine.topics.spectrogram import SetSpectrogram
from workbench.engine.topics.voice import VoiceReady, WantVoice


def of(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


def test_other_settings_make_other_spectrograms_and_the_old_ones_go(talk: Talk, tmp_path: Path) -> None:
    events = talk.ask(p.ProcessClip(str(speech_file(tmp_path)), (), SpectrogramSettings(256, "gaussian")))
    first = of(p.SpectrogramReady, events)[-1]
    assert first.hop_samples == 64 and first.settings == SpectrogramSettings(256, "gaussian")
    assert Path(first.spectrogram.name).exists()
    other = SpectrogramSettings(1024, "hamming")
    talk.ask(SetSpectrogram(other))
    assert not Path(first.spectrogram.name).exists()
    (again,) = of(p.SpectrogramReady, talk.ask(p.WantDepth(0)))
    assert again.settings == other and again.hop_samples == 256
    assert talk.client.array(again.spectrogram).shape == (1 + 16_000 // 256, 513)
    assert not of(p.SpectrogramReady, talk.ask(p.WantDepth(0))), "made once"
    assert "window" in talk.refused(SetSpectrogram(SpectrogramSettings(0, "square")))


def test_pitch_and_formants_come_for_any_take(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 2.5))))
    for take in (0, 2):
        found = of(VoiceReady, talk.ask(WantVoice(take)))
        assert found[-1].take == take and found[-1].rows_done == 250
        assert talk.client.array(found[-1].tracks).shape == (250, 5)


def test_a_sketch_of_the_whole_comes_first_and_the_pyramid_is_that_of_all_columns() -> None:
    sound = (np.random.default_rng(0).standard_normal((1, 64 * 9000)) * 0.1).astype(np.float32)
    seen: list[tuple[int, float]] = []

    def show(made: Made, done: int) -> None:
        assert made.levels is not None
        level = pyramid.split_levels(made.levels.array, len(made.columns.array))[0]
        seen.append((done, float((level.max(axis=1) > 0).mean())))

    work = spectrogram(sound, 16_000, show, SpectrogramSettings(256))
    made: Made | None = None
    while made is None:
        try:
            next(work)
        except StopIteration as end:
            made = end.value
    assert seen[0] == (0, 1.0), "no column is done, and every group of the level shows something"
    assert seen[-1] == (9001, 1.0)
    assert made.levels is not None
    wanted = np.zeros_like(made.levels.array)
    pyramid.raise_levels(made.columns.array, pyramid.split_levels(wanted, 9001), 0, 9001)
    assert np.array_equal(wanted, made.levels.array)
    for array in made.arrays:
        array.unlink()


def test_a_spectrogram_that_nobody_wants_any_more_leaves_nothing() -> None:
    sound = np.zeros((1, 64 * 9000), np.float32)
    shown: list[Made] = []
    work = spectrogram(sound, 16_000, lambda made, done: shown.append(made), SpectrogramSettings(256))
    while not shown:
        next(work)
    work.close()
    assert not any(Path(array.ref.name).exists() for array in shown[0].arrays)
