"""The Framer gives back every sample once, in order, in whole frames."""

import numpy as np
import pytest

from speefeare_core.stream import Framer


@pytest.mark.parametrize("sizes", [(1,), (7, 320, 3), (319, 1), (640,), (1000, 1, 333)])
def test_ragged_blocks_become_whole_frames(sizes):
    data = np.arange(2 * 5000, dtype=np.float32).reshape(2, 5000)
    framer = Framer(320, channels=2)
    out, at, turn = [], 0, 0
    while at < 5000:
        block = data[:, at : at + sizes[turn % len(sizes)]]
        at += block.shape[1]
        turn += 1
        frames = framer.push(block)
        assert frames.shape[1] % 320 == 0
        assert framer.pending_samples < 320
        out.append(frames)
    rest = framer.flush()
    whole = np.concatenate([*out, rest], axis=1)
    assert whole.shape[1] == 5120
    np.testing.assert_array_equal(whole[:, :5000], data)
    assert not whole[:, 5000:].any()
    assert framer.pending_samples == 0


def test_flush_of_nothing_is_nothing():
    framer = Framer(4)
    assert framer.push(np.ones((1, 8), np.float32)).shape == (1, 8)
    assert framer.flush().shape == (1, 0)


def test_pushed_blocks_may_be_reused_by_the_caller():
    framer = Framer(4)
    block = np.ones((1, 3), np.float32)
    framer.push(block)
    block[:] = 9
    np.testing.assert_array_equal(framer.push(np.ones((1, 1), np.float32)), np.ones((1, 4)))
