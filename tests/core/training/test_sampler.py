"""Batches: pure draws, places that say what is in them, chances as the recipe says, broken clips."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import DataRecipe
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.speech.pool import SpeechPool
from tests.core.training.speech.sounds import tone
from tests.core.training.speech.test_pool import Counted

PLAIN = {"gain_low_db": 0.0, "gain_high_db": 0.0, "flip": False, "batch": 4}
EVERYTHING = {"batch": 4, "speed_share": 0.5, "noise_share": 0.5, "tilt_share": 0.5, "phase_share": 0.5}


class Tones(Counted):
    """Clips of tones at 8 kHz."""

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        if index in self.broken:
            raise SpeefeareError(f"{self.names[index]} is broken.")
        whole = 0.3 * tone(index, int(self.lengths[index]))
        return whole[start:] if length is None else whole[start : start + length]


def tones(lengths: list[int], broken: tuple[int, ...] = (), key: str = "a") -> Tones:
    found = Tones(key, lengths, broken)
    found.rate_hz = 8000
    return found


def sampler(
    pool: SpeechPool | None = None, segment: int = 1000, rank: int = 0, seed: int = 3, **values: object
) -> SpeechSampler:
    pool = SpeechPool([tones([5000, 700, 3000])]) if pool is None else pool
    return SpeechSampler(DataRecipe(**values), pool, segment, seed, rank)  # type: ignore[arg-type]


def test_a_batch_is_a_pure_function_of_seed_rank_and_number() -> None:
    drawn = [sampler(**EVERYTHING).draw(index) for index in range(6)]
    other = sampler(**EVERYTHING)
    for index in (4, 0, 5, 2):
        again = other.draw(index)
        np.testing.assert_array_equal(again.audio, drawn[index].audio)
        assert again.places == drawn[index].places
    for different in (sampler(rank=1, **EVERYTHING), sampler(seed=4, **EVERYTHING)):
        assert different.draw(0).places != drawn[0].places
    assert len({batch.places for batch in drawn}) == 6


def test_threads_change_nothing() -> None:
    one, start = sampler(**EVERYTHING), threading.Barrier(4)

    def draw(index: int) -> bytes:
        start.wait(10)
        return one.draw(index).audio.tobytes()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(draw, range(4)))
    assert found == [sampler(**EVERYTHING).draw(index).audio.tobytes() for index in range(4)]


def test_a_place_says_which_samples_an_example_holds() -> None:
    pool = SpeechPool([tones([5000, 700, 3000])])
    drawing = sampler(pool, **PLAIN | {"gain_low_db": -6.0, "flip": True})
    short = 0
    for index in range(20):
        batch = drawing.draw(index)
        assert batch.audio.shape == (4, 1, 1000) and batch.audio.dtype == np.float32
        for row, place in zip(batch.audio[:, 0], batch.places, strict=True):
            clip = pool.read(pool.find(place.clip), place.start, place.length)
            assert place.length == place.filled == min(1000, int(pool.lengths[pool.find(place.clip)]))
            inside = row[place.offset : place.offset + place.filled]
            np.testing.assert_allclose(inside, place.gain * clip, rtol=1e-5, atol=1e-7)
            assert not row[: place.offset].any() and not row[place.offset + place.filled :].any()
            short += place.filled < 1000
    assert short, "short clips are drawn too"


def test_another_speed_takes_more_or_less_of_the_clip() -> None:
    drawing = sampler(**PLAIN | {"speed_share": 1.0, "speed": (1.25, 1.25)})
    pool = drawing.pool
    for place in (place for index in range(10) for place in drawing.draw(index).places):
        assert place.speed == 1.25
        assert place.filled == pytest.approx(place.length / 1.25, abs=2) or place.filled == 1000
        assert place.start + place.length <= pool.lengths[pool.find(place.clip)]
    row = drawing.draw(0).audio[0, 0]
    place = drawing.draw(0).places[0]
    number = pool.find(place.clip)
    spectrum = np.abs(np.fft.rfft(row * np.hanning(1000), 16000))
    assert np.argmax(spectrum) / 2 == pytest.approx(1.25 * (100 + 40 * number), rel=0.03)


def test_chances_follow_length_weight_and_balance() -> None:
    def shares(pool: SpeechPool, **values: object) -> list[float]:
        drawing = sampler(pool, 10, batch=50, **values)
        found = [place.clip for index in range(40) for place in drawing.draw(index).places]
        return [found.count(pool.name(index)) / len(found) for index in range(len(pool))]

    sources = [Counted("a", [1000, 3000]), Counted("b", [1000])]
    assert shares(SpeechPool(sources)) == pytest.approx([0.2, 0.6, 0.2], abs=0.04)
    assert shares(SpeechPool(sources, [1.0, 4.0])) == pytest.approx([0.125, 0.375, 0.5], abs=0.04)
    assert shares(SpeechPool(sources), balanced_sources=True) == pytest.approx([0.125, 0.375, 0.5], abs=0.04)
    assert shares(SpeechPool(sources, [0.0, 1.0]))[2] == 1.0
    with pytest.raises(SpeefeareError, match="weight 0"):
        sampler(SpeechPool(sources, [0.0, 0.0]))


def test_pauses_are_passed_over_where_the_recipe_wants_it() -> None:
    class Half(Counted):
        def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
            ramp = super().read(index, start, length)
            return np.where(ramp < 4000, 0.0, 0.1).astype(np.float32)

    pool = SpeechPool([Half("a", [8000])])
    silent = [not sampler(pool, 100, quietest_db=None, **PLAIN).draw(index).audio.any() for index in range(30)]
    assert any(silent)
    drawn = [sampler(pool, 100, quietest_db=-40.0, **PLAIN).draw(index).audio for index in range(30)]
    assert all(row.any() for batch in drawn for row in batch[:, 0])


def test_a_broken_clip_is_drawn_anew_and_named() -> None:
    drawing = sampler(SpeechPool([tones([1000] * 30, broken=(7,))]), **PLAIN)
    first = [drawing.draw(index).places for index in range(40)]
    assert list(drawing.broken) == ["a/clip7"] and "broken" in drawing.broken["a/clip7"]
    assert all(place.clip != "a/clip7" for places in first for place in places)
    again = sampler(SpeechPool([tones([1000] * 30, broken=(7,))]), **PLAIN)
    assert [again.draw(index).places for index in range(40)] == first


def test_data_that_are_gone_end_the_run_with_the_reason() -> None:
    with pytest.raises(SpeefeareError, match=r"20 clips in a row cannot be read.*clip0 is broken"):
        sampler(SpeechPool([tones([1000], broken=(0,))])).draw(0)
    many = sampler(SpeechPool([tones([1000] * 60, broken=tuple(range(40)))]), **PLAIN)
    with pytest.raises(SpeefeareError, match="of 60 clips cannot be read"):
        for index in range(200):
            many.draw(index)
    with pytest.raises(SpeefeareError, match="hold no speech"):
        sampler(SpeechPool([tones([])]))


def test_the_first_speech_is_the_same_on_every_rank() -> None:
    pool = SpeechPool([tones([5000, 700, 3000], broken=(1,))])
    one, other = sampler(pool).stretch(0.5), sampler(pool, rank=1).stretch(0.5)
    np.testing.assert_array_equal(one, other)
    assert len(one) == 4000
    assert len(sampler(pool).stretch(60.0)) == 8000
