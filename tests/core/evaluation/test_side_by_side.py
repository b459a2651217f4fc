"""Several codecs on one file: aligned, at one loudness, measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.evaluation.side_by_side import Heard, compare, snr_db
from speefeare_core.levels import loudness_lufs
from tests.core.speech import speech_like


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audio]:
    """A second of speech as a file, and as it is compared at 16 kHz."""
    path = tmp_path_factory.mktemp("side") / "speech.wav"
    audio.write(path, Audio(speech_like(1.2)[None], 16_000))
    return path, audio.read(path)


@pytest.fixture(scope="module")
def heard(original: tuple[Path, Audio]) -> list[Heard]:
    path, sound = original
    return list(compare(sound, path, [load_codec("linear-16k"), load_codec("mulaw")], (1, 4, 24)))


def test_every_depth_of_every_codec_is_there_once(heard: list[Heard]) -> None:
    assert [(one.version.codec, one.version.depth) for one in heard] == [
        ("linear-16k", 1), ("linear-16k", 4), ("linear-16k", 24), ("mulaw-8", 1),
    ]  # fmt: skip


def test_more_books_cost_more_and_lie_nearer(heard: list[Heard]) -> None:
    rows = [one.version for one in heard[:3]]
    assert [row.bitrate_kbps for row in rows] == pytest.approx([0.5, 2.0, 12.0])
    assert rows[0].snr_db < rows[1].snr_db < rows[2].snr_db  # type: ignore[operator]
    assert rows[0].mel_distance_db > rows[1].mel_distance_db > rows[2].mel_distance_db  # type: ignore[operator]


def test_everything_is_as_long_and_as_loud_as_the_original(heard: list[Heard], original: tuple[Path, Audio]) -> None:
    sound = original[1]
    wanted = loudness_lufs(sound.samples, sound.rate_hz)
    for one in heard:
        assert one.samples.shape == sound.samples.shape and one.samples.dtype == np.float32
        assert loudness_lufs(one.samples, sound.rate_hz) == pytest.approx(wanted, abs=0.1), one.version
        assert one.version.delay_samples == 0


def test_silence_has_no_measures_and_no_gain(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    sound = Audio(np.zeros((1, 16_000), np.float32), 16_000)
    audio.write(path, sound)
    (one,) = compare(sound, path, [load_codec("linear-16k")], (2,))
    assert (one.version.si_sdr_db, one.version.snr_db, one.version.gain_db) == (None, None, 0.0)


def test_snr_is_the_ratio_of_energies() -> None:
    x = np.array([[3.0, 4.0]], np.float32)
    assert snr_db(x, x * np.float32(0.5)) == pytest.approx(6.0206, abs=1e-3)
    assert snr_db(x, x) is None and snr_db(x * 0, x) is None
