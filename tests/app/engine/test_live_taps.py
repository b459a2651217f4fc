"""The taps of a live session: a minute is kept, and what costs computing is computed while somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from speefeare_core import load_codec
from speefeare_core.codec import Codec
from workbench.engine.server.live_taps import RESIDUAL, LiveTaps


@pytest.fixture(scope="module")
def codec() -> Codec:
    return load_codec("default", "cpu")


class Counted:
    def __init__(self, codec: Codec) -> None:
        self.calls, self._codec = 0, codec

    def __call__(self, codes: Tensor) -> Tensor | None:
        self.calls += 1
        return self._codec.book_energies(codes)


@pytest.fixture
def energies(codec: Codec) -> Counted:
    return Counted(codec)


@pytest.fixture
def taps(codec: Codec, energies: Counted) -> Iterator[LiveTaps]:
    made = LiveTaps(codec.info, None, energies)
    yield made
    made.unlink()


def write(taps: LiveTaps, codec: Codec, codes: Tensor) -> None:
    block = np.zeros((1, codes.shape[-1] * codec.info.hop_samples), np.float32)
    taps.write(block, block, codes, None)


def codes_of(codec: Codec, frames: int, seed: int) -> Tensor:
    size = codec.info.books[0].size
    return torch.randint(size, (1, codec.info.depth, frames), generator=torch.Generator().manual_seed(seed))


def test_energies_are_computed_only_while_watched_and_keep_step_with_the_codes(
    codec: Codec, taps: LiveTaps, energies: Counted
) -> None:
    assert taps.residual is not None and taps.codes is not None
    made = energies.calls
    first, second = codes_of(codec, 3, 0), codes_of(codec, 2, 1)
    write(taps, codec, first)
    assert energies.calls == made
    taps.watched = (RESIDUAL,)
    write(taps, codec, second)
    taps.watched = ()
    write(taps, codec, first)
    assert energies.calls == made + 1
    found = taps.residual.read_since(0)[0]
    assert found.dtype == np.float32 and taps.residual.written == taps.codes.written == 8
    assert (found[:, :3] == 0).all() and (found[:, 5:] == 0).all()
    wanted = codec.book_energies(second)
    assert wanted is not None and np.array_equal(found[:, 3:5], wanted[0].numpy())
    assert np.isfinite(found).all() and found[:, 3:5].max() > 0


def test_a_minute_is_kept(codec: Codec, taps: LiveTaps) -> None:
    assert taps.input.capacity == taps.output.capacity == 60 * codec.info.rate_hz
    assert taps.codes is not None and taps.residual is not None
    assert taps.codes.capacity == taps.residual.capacity == round(60 * codec.info.frame_rate_hz)


def test_codecs_whose_books_hold_no_entries_have_no_such_tap() -> None:
    codec = load_codec("mulaw", "cpu")
    taps = LiveTaps(codec.info, None, codec.book_energies)
    try:
        assert taps.residual is None
        taps.watched = (RESIDUAL,)
        write(taps, codec, torch.zeros(1, 1, 80, dtype=torch.int64))
        assert taps.codes is not None and taps.codes.written == 80
    finally:
        taps.unlink()
