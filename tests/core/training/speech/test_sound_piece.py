"""A piece of a file at another rate is the same piece of the whole file at that rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import read
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.sound_piece import facts_of, read_piece
from tests.core.training.speech.sounds import put, tone


@pytest.mark.parametrize(("own_hz", "rate_hz"), [(44100, 16000), (16000, 24000), (48000, 8000), (22050, 16000)])
@pytest.mark.parametrize("start", [0, 1, 4001, 7500])
def test_pieces_at_another_rate_equal_the_whole(tmp_path: Path, own_hz: int, rate_hz: int, start: int) -> None:
    path = put(tmp_path / "x.wav", tone(2, own_hz, own_hz))
    whole = read(path, rate_hz).samples[0]
    facts = facts_of(path)
    assert facts.samples_at(rate_hz) == len(whole)
    length = min(900, len(whole) - start)
    piece = read_piece(path, facts, rate_hz, start, length)
    assert piece.shape == (length,) and piece.dtype == np.float32
    np.testing.assert_allclose(piece, whole[start : start + length], atol=2e-5)


def test_channels_are_mixed_by_their_mean(tmp_path: Path) -> None:
    path = put(tmp_path / "x.wav", np.stack([tone(1), tone(2)]))
    np.testing.assert_allclose(
        read_piece(path, facts_of(path), 8000, 10, 40), (tone(1) + tone(2))[10:50] / 2, atol=1e-6
    )


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = put(tmp_path / "x.wav", tone(1))
    facts = facts_of(path)
    broken = tone(1)
    broken[1000] = np.nan
    put(tmp_path / "nan.wav", broken)
    read_piece(tmp_path / "nan.wav", facts, 8000, 0, 900)
    with pytest.raises(SpeefeareError, match="NaN"):
        read_piece(tmp_path / "nan.wav", facts, 8000, 900, 200)
    put(tmp_path / "x.wav", tone(1, 1000))  # shorter than it was
    with pytest.raises(SpeefeareError, match=r"cut off after 0\.12 s"):
        read_piece(path, facts, 8000, 0, 3000)
    path.unlink()
    with pytest.raises(SpeefeareError, match="cannot be read near"):
        read_piece(path, facts, 8000, 0, 3000)
