"""Two clocks that differ: the queue stays as long as it was, and nobody hears how."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.engine.server.drift import MOST_PPM, DriftControl
from workbench.engine.server.ports import InputPort

RATE = 24_000
LOOK_S = 0.1


def talk(seconds: int, clock_ppm: float, jump_at: int = -1, jump_s: float = 0.0) -> tuple[list[float], DriftControl]:
    """The delay, each second, in s; the microphone's clock is so much too fast. What is measured of it is jagged."""
    control, draw = DriftControl(), np.random.default_rng(0)
    waits, shown, underruns = 0.05, [], 0
    for turn in range(round(seconds / LOOK_S)):
        now = turn * LOOK_S
        waits += LOOK_S * 1e-6 * (clock_ppm - control.ppm)
        if turn == round(jump_at / LOOK_S):
            waits += jump_s
            underruns += 1
        jagged = waits + draw.uniform(-0.005, 0.005)
        control.look(now, jagged, underruns)
        if turn % round(1 / LOOK_S) == 0:
            shown.append(waits)
    return shown, control


@pytest.mark.parametrize("clock_ppm", [100.0, -60.0, 250.0])
def test_the_queue_stays_as_long_as_it_was(clock_ppm: float) -> None:
    waits, control = talk(600, clock_ppm)
    assert max(abs(each - 0.05) for each in waits) < 0.02
    assert max(abs(each - 0.05) for each in waits[-100:]) < 0.003
    assert control.ppm == pytest.approx(clock_ppm, abs=25)


def test_devices_with_one_clock_are_not_touched() -> None:
    _, control = talk(1800, 0.0)
    assert control.ppm == 0.0


def test_more_than_can_be_made_up_for_is_not_tried() -> None:
    _, control = talk(120, 5000.0)
    assert control.ppm == MOST_PPM


def test_what_an_underrun_added_goes_again_but_for_some_patience() -> None:
    waits, _ = talk(600, 0.0, jump_at=60, jump_s=0.03)
    assert waits[62] > 0.075
    assert waits[-1] == pytest.approx(0.055, abs=0.004)


@pytest.mark.parametrize("device_rate", [RATE, 48_000])
@pytest.mark.parametrize("ppm", [MOST_PPM, -MOST_PPM])
def test_the_input_is_stretched_without_a_click(device_rate: int, ppm: float) -> None:
    port, got = InputPort(device_rate, 1), []
    port.connect(lambda block: got.append(block.copy()), RATE, 1)
    tone = np.sin(2 * np.pi * 440 * np.arange(device_rate * 4) / device_rate).astype(np.float32)[None]
    block = device_rate // 100
    for turn, at in enumerate(range(0, tone.shape[1], block)):
        if turn == 100:
            port.stretch(ppm / 2)
        if turn == 200:
            port.stretch(ppm)
        port(tone[:, at : at + block])
    out = np.concatenate(got, axis=1)[0, 1000:]
    assert np.abs(np.diff(out, 2)).max() < 1.05 * (2 * np.pi * 440 / RATE) ** 2
    given = sum(part.shape[1] for part in got) + port.held_s * RATE
    assert given == pytest.approx(RATE * (1 + (1 - ppm / 2e6) + 2 * (1 - ppm / 1e6)), abs=1.5)


def test_until_then_it_is_passed_on_to_the_bit_and_a_new_core_gets_it_stretched_too() -> None:
    port, first, second = InputPort(RATE, 1), [], []
    port.connect(first.append, RATE, 1)
    block = np.random.default_rng(0).standard_normal((1, 240)).astype(np.float32)
    port(block)
    assert np.array_equal(first[0], block) and port.held_s == 0
    port.stretch(300.0)
    port.connect(second.append, RATE, 1)
    for _ in range(1000):
        port(block)
    assert sum(part.shape[1] for part in second) == pytest.approx(240_000 * (1 - 300e-6) - 41, abs=2)
