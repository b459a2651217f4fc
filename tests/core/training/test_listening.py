"""What a step hears of a teacher: examples get their part of their clip's features, at its place and speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers import open_teacher
from speefeare_core.teachers.cache import FeatureCache
from speefeare_core.training.batch import Batch, Place
from speefeare_core.training.listening import Listener, at_frames
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.speech.interface import OpenSpeech
from speefeare_core.training.speech.pool import SpeechPool
from speefeare_core.training.trainable import build_trainable
from tests.core.teachers.made import MeanTeacher

CPU = torch.device("cpu")


class Made(OpenSpeech):
    """Two clips: a slow rise, and noise."""

    key = "made"
    speakers = ("", "")
    problems: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, rate_hz: int = 16_000, seconds: float = 4.0) -> None:
        self.rate_hz = rate_hz
        count = int(seconds * rate_hz)
        noise = np.random.default_rng(0).uniform(-0.3, 0.3, count).astype(np.float32)
        self.clips = [np.linspace(0, 1, count, dtype=np.float32), noise]
        self.names = ("rise", "noise")
        self.lengths = np.array([count, count])

    def read(self, index: int, start: int = 0, length: int | None = None) -> np.ndarray:
        return self.clips[index][start : None if length is None else start + length]


def listener(folder: Path, pool: SpeechPool, teacher: Any = None) -> Listener:
    teacher = teacher or MeanTeacher()
    return Listener(CPU, teacher, pool, FeatureCache(teacher, folder), pool.rate_hz)


def heard(listener: Listener, place: Place, samples: int = 16_000) -> torch.Tensor:
    batch = Batch(np.zeros((1, 1, samples), np.float32), (place,))
    features = listener.hear(batch).features
    assert features is not None
    return features[0]


def test_without_a_teacher_there_is_audio_alone() -> None:
    found = Listener(CPU).hear(Batch(np.ones((2, 1, 10), np.float32), ()))
    assert found.audio.shape == (2, 1, 10) and found.features is None


def test_an_example_gets_its_part_at_its_speed_and_silence_around_it(tmp_path: Path) -> None:
    pool = SpeechPool([Made()])
    ears = listener(tmp_path, pool)
    rise = pool.name(0)
    found = heard(ears, Place(rise, 16_000, 16_000, 0, 16_000))
    middles = (np.arange(50) + 0.5) * 320
    np.testing.assert_allclose(found[0], (16_000 + middles) / 64_000, atol=2e-3)
    found = heard(ears, Place(rise, 16_050, 16_000, 0, 16_000))  # between two features
    np.testing.assert_allclose(found[0], (16_050 + middles) / 64_000, atol=2e-3)
    found = heard(ears, Place(rise, 8_000, 12_000, 4_800, 8_000, speed=1.5))
    inside = (middles >= 4_800) & (middles < 12_800)
    np.testing.assert_allclose(found[0][inside], (8_000 + (middles[inside] - 4_800) * 1.5) / 64_000, atol=2e-3)
    assert (found[0][~inside] == 0).all()
    assert found.shape == (2, 50)


def test_a_run_at_another_rate_is_heard_at_the_teachers(tmp_path: Path) -> None:
    pool = SpeechPool([Made(24_000)])
    ears = listener(tmp_path, pool)
    found = heard(ears, Place(pool.name(0), 24_000, 24_000, 0, 24_000), samples=24_000)
    assert found.shape == (2, 50)
    np.testing.assert_allclose(found[0], (24_000 + (np.arange(50) + 0.5) * 480) / 96_000, atol=3e-3)
    batch = Batch(np.stack([pool.read(0, 24_000, 24_000)[None]]), ())
    without = Listener(CPU, MeanTeacher(), pool, None, 24_000).hear(batch).features
    assert without is not None and torch.allclose(without[0][0, 2:-2], found[0, 2:-2], atol=3e-3)


def test_drawn_batches_hear_what_their_audio_says(tmp_path: Path) -> None:
    data = {"batch": 6, "gain_low_db": 0, "gain_high_db": 0, "flip": False}
    recipe = Recipe.from_dict({"name": "a", "family": "encodec", "data": data})
    pool = SpeechPool([Made()])
    batch = SpeechSampler(recipe.data, pool, 8000, 0).draw(0)
    found = listener(tmp_path, pool).hear(batch).features
    assert found is not None
    directly = MeanTeacher().hear(torch.from_numpy(batch.audio))
    rises = [row for row, place in enumerate(batch.places) if place.clip == pool.name(0)]
    assert rises
    torch.testing.assert_close(found[rises, 0], directly[rises, 0], atol=3e-3, rtol=0)


def test_the_shipped_teacher_says_the_same_with_and_without_the_cache(tmp_path: Path) -> None:
    from speefeare_core.synthetic_speech.shipped import shipped_speech

    made = Made(seconds=2.0)
    made.clips[1] = shipped_speech()[0].samples[:32_000]
    pool = SpeechPool([made])
    teacher = open_teacher("phones")
    place = Place(pool.name(1), 3_200, 25_600, 0, 25_600)
    audio = pool.read(1, 3_200, 25_600)[None, None]
    cached = listener(tmp_path, pool, teacher).hear(Batch(audio, (place,))).features
    direct = Listener(CPU, teacher, pool, None).hear(Batch(audio, (place,))).features
    assert cached is not None and direct is not None
    torch.testing.assert_close(cached[..., 15:-15], direct[..., 15:-15], atol=0.05, rtol=0.05)


def test_of_a_recipe_opens_its_teacher_and_checks_the_width() -> None:
    pool = SpeechPool([Made()])
    network = {"n_filters": 2, "dimension": 8, "ratios": [5, 4, 4, 4], "lstm": 0, "books": 2, "book_size": 8}
    recipe = Recipe.from_dict({"name": "small", "family": "speechtokenizer", "teacher": {"key": "phones"}})
    fits = build_trainable("speechtokenizer", network | {"semantic_dimension": 64})
    ears = Listener.of(recipe, pool, CPU, fits)
    assert ears.teacher is not None and ears.teacher.key == "phones" and ears.cache is not None
    with pytest.raises(SpeefeareError, match=r"set network\.semantic_dimension of the recipe small to 64, not 32"):
        Listener.of(recipe, pool, CPU, build_trainable("speechtokenizer", network | {"semantic_dimension": 32}))
    assert Listener.of(recipe.changed({"teacher.cache": False}), pool, CPU, fits).cache is None
    assert Listener.of(recipe.changed({"teacher.key": ""}), pool, CPU, fits).teacher is None


def test_features_at_the_frames_of_a_codec() -> None:
    features = torch.arange(8.0).view(1, 1, 8)
    assert at_frames(features, 8).flatten().tolist() == list(range(8))
    assert at_frames(features, 2).flatten().tolist() == [1.5, 5.5]
    assert at_frames(features, 2, kernel=2).flatten().tolist() == [2.5, 4.5]  # 0 to 5 and 2 to 7: later ones too
    assert at_frames(features, 16).shape == (1, 16, 1)
    np.testing.assert_allclose(at_frames(features, 16)[0, 4:8, 0], [1.75, 2.25, 2.75, 3.25])
