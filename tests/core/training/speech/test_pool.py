"""All clips as one list, and those that training leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.held_out import hold_out, validation_clips
from speefeare_core.training.recipe_parts import ValidationRecipe
from speefeare_core.training.speech.interface import OpenSpeech
from speefeare_core.training.speech.opening import open_data
from speefeare_core.training.speech.pool import SpeechPool
from tests.core.training.speech.sounds import RATE, tones_in


class Counted(OpenSpeech):
    """Clips of ramps; `broken` ones cannot be read."""

    def __init__(self, key: str, lengths: list[int], broken: tuple[int, ...] = (), prefix: str = "clip") -> None:
        self.key, self.rate_hz, self.problems, self.broken = key, 1000, {}, broken
        self.names = [f"{prefix}{number}" for number in range(len(lengths))]
        self.speakers = [""] * len(lengths)
        self.lengths = np.array(lengths, np.int64)

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        if index in self.broken:
            raise SpeefeareError(f"{self.names[index]} is broken.")
        stop = int(self.lengths[index]) if length is None else min(int(self.lengths[index]), start + length)
        return np.arange(start, stop, dtype=np.float32)


def names(pool: SpeechPool) -> list[str]:
    return [pool.name(index) for index in range(len(pool))]


def test_clips_of_all_sources_have_names_of_their_own() -> None:
    pool = SpeechPool([Counted("a", [5, 6]), Counted("a", [7])])
    assert names(pool) == ["a/clip0", "a/clip1", "a-2/clip0"]
    assert [pool.find(name) for name in names(pool)] == [0, 1, 2]
    assert pool.speech_s == pytest.approx(0.018)
    assert pool.read(2, 5).tolist() == [5, 6]


def test_what_is_held_out_hangs_on_names_alone() -> None:
    lengths = [10] * 200
    training, held = SpeechPool([Counted("a", lengths)]).split(0.1, 4)
    assert len(held) == 20 and len(training) == 180 and not set(names(held)) & set(names(training))
    again = SpeechPool([Counted("another", lengths)]).split(0.1, 4)[1]
    assert [name.partition("/")[2] for name in names(again)] == [name.partition("/")[2] for name in names(held)]
    more = SpeechPool([Counted("a", [10] * 400)]).split(0.05, 4)[1]
    assert len(set(names(more)) & set(names(held))) >= 5, "most of the small hashes of 200 are among those of 400"


def test_the_same_clips_are_held_out_of_a_folder_and_of_its_manifest(tmp_path: Path) -> None:
    tones_in(tmp_path, [f"speaker/{number}.wav" for number in range(12)], 800)
    lines = "".join(f"{tmp_path}/speaker/{number}.wav\n" for number in range(12))
    (tmp_path / "list.csv").write_text("path\n" + lines)
    held = [open_data((), place, RATE).split(0.25)[1] for place in (tmp_path, tmp_path / "list.csv")]
    files = [{name.rpartition("/")[2] for name in names(pool)} for pool in held]
    assert files[0] == files[1] and len(files[0]) == 3


def test_few_clips_are_not_all_held_out_and_none_where_none_is_wanted() -> None:
    pool = SpeechPool([Counted("a", [10] * 3)])
    assert [len(part) for part in pool.split(0.02, 4)] == [2, 1]
    assert [len(part) for part in pool.split(0.0, 4)] == [3, 0]
    training, held = hold_out(pool, ValidationRecipe(share=0.0))
    assert held is training
    assert [len(part) for part in SpeechPool([Counted("a", [10])]).split(0.5, 1)] == [1, 0]


def test_validation_hears_every_source_and_passes_over_what_is_broken() -> None:
    pool = SpeechPool([Counted("a", [3000, 4000, 100], broken=(1,)), Counted("b", [5000, 200], prefix="other")])
    found = validation_clips(pool, ValidationRecipe(clips=4, seconds=2.0))
    assert [clip.name for clip in found] == ["a/clip0", "b/other0", "b/other1", "a/clip2"]
    assert [len(clip.audio) for clip in found] == [2000, 2000, 200, 100]
    with pytest.raises(SpeefeareError, match="clip0 is broken"):
        validation_clips(SpeechPool([Counted("a", [10], broken=(0,))]), ValidationRecipe())
    assert validation_clips(pool, ValidationRecipe(clips=0)) == []
