"""Nothing above the ceiling, nothing changed below it, and a gain without jumps."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.engine.server.limiter import ATTACK_S, CEILING, RELEASE_S, Limiter

RATE = 16_000


def limited(samples: np.ndarray, block: int) -> tuple[np.ndarray, list[float]]:
    limiter, out, reductions = Limiter(RATE), [], []
    for at in range(0, samples.shape[1], block):
        out.append(limiter.limit(samples[:, at : at + block]))
        reductions.append(limiter.reduction_db)
    return np.concatenate(out, axis=1), reductions


def tone(level: np.ndarray | float, seconds: float = 0.5, hz: float = 220.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time_s))[None].astype(np.float32)


@pytest.mark.parametrize("block", [1, 37, 320, 1280])
def test_never_above_the_ceiling(block: int) -> None:
    loud = np.repeat(tone(2.0), 2, axis=0) * np.array([[1.0], [0.3]], np.float32)
    out, reductions = limited(loud, block)
    assert np.abs(out).max() <= CEILING
    assert max(reductions) == pytest.approx(20 * np.log10(2.0 / CEILING), abs=0.05)
    held = np.abs(out[0]) < CEILING - 1e-6
    np.testing.assert_allclose(out[1][held], 0.3 * out[0][held], atol=1e-6, err_msg="one gain for all channels")


def test_what_is_quiet_is_untouched() -> None:
    quiet = tone(CEILING - 0.001)
    limiter = Limiter(RATE)
    assert limiter.limit(quiet) is quiet and limiter.reduction_db == 0.0


@pytest.mark.parametrize("block", [64, 320, 1280])
def test_the_gain_moves_along_slopes_and_comes_back(block: int) -> None:
    level = np.where((np.arange(RATE) > 4000) & (np.arange(RATE) < 8000), 3.0, 0.4)
    steady = level[None].astype(np.float32)  # no oscillation: the gain is what comes out
    out, reductions = limited(steady, block)
    gain = (out / steady)[0]
    clipped = out[0] >= CEILING - 1e-6
    moves = np.diff(gain)[~(clipped[1:] | clipped[:-1])]
    assert moves.min() >= -1.01 / (ATTACK_S * RATE) and moves.max() <= 1.01 / (RELEASE_S * RATE)
    assert np.array_equal(out[0, -2000:], steady[0, -2000:]) and reductions[-1] == 0.0
    assert np.abs(gain[:3800] - 1).max() == 0
