"""A port hands a device from one core to the next: every sample once, the old one fading out, rates converted."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.engine.server.ports import FADE_S, InputPort, OutputPort

RATE = 16_000
FADE = round(FADE_S * RATE)


class Counting:
    """Gives a constant, and counts what it was asked for."""

    def __init__(self, value: float, channels: int = 1) -> None:
        self.value, self.channels, self.taken = value, channels, 0

    def __call__(self, count: int) -> np.ndarray:
        self.taken += count
        return np.full((self.channels, count), self.value, np.float32)


def pulled(port: OutputPort, total: int, block: int) -> np.ndarray:
    return np.concatenate([port(min(block, total - at)) for at in range(0, total, block)], axis=1)


@pytest.mark.parametrize("block", [1, 33, 160, 700])
def test_the_old_one_is_heard_to_its_end_and_fades(block: int) -> None:
    port, old, new = OutputPort(RATE, 1), Counting(0.5), Counting(0.0)
    assert not port(500).any() and port.flow.burst_samples >= 500
    port.connect(old, RATE, 1)
    assert np.array_equal(pulled(port, 640, block), np.full((1, 640), 0.5, np.float32))
    port.connect(new, RATE, 1, old_left_s=0.1)
    out = pulled(port, 3200, block)[0]
    assert (out[: 1600 - FADE] == 0.5).all() and not out[1600:].any()
    assert np.abs(np.diff(out)).max() <= 0.51 / FADE
    assert new.taken == 3200 and 640 + 1600 <= old.taken < 640 + 1600 + block
    port.forget_old()
    taken = old.taken
    port(100)
    assert old.taken == taken


def test_leaving_a_device_fades_out() -> None:
    port, old = OutputPort(RATE, 1), Counting(0.5)
    port.connect(old, RATE, 1)
    port(100)
    port.disconnect()
    out = pulled(port, 400, 64)[0]
    assert np.abs(np.diff(out)).max() <= 0.51 / FADE and out[0] > 0.49 and not out[FADE:].any()


def test_a_core_with_another_rate_and_count_is_converted() -> None:
    port, core = OutputPort(48_000, 2), Counting(0.25)
    port.connect(core, 16_000, 1)
    out = pulled(port, 48_000, 480)
    assert out.shape == (2, 48_000) and core.taken == pytest.approx(16_000, abs=800)
    np.testing.assert_allclose(out[:, 4800:], 0.25, atol=1e-3)
    assert port.held_s > 0
    taken: list[np.ndarray] = []
    entry = InputPort(48_000, 2)
    entry(np.ones((2, 480), np.float32))
    assert entry.flow.burst_samples >= 480 and entry.held_s == 0
    entry.connect(taken.append, 16_000, 1)
    for _ in range(100):
        entry(np.full((2, 480), 0.5, np.float32))
    joined = np.concatenate(taken, axis=1)
    assert joined.shape[0] == 1 and joined.shape[1] == pytest.approx(16_000, abs=800)
    np.testing.assert_allclose(joined[:, 1600:-1600], 0.5, atol=1e-3)
