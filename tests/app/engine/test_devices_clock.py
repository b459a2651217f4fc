"""When samples pass the membranes of devices, and the sum of the delays from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workbench.engine.server import device_clock, latency
from workbench.engine.server.device_clock import DeviceClock
from workbench.engine.server.flow import STEADY_WINDOWS, WINDOW_S, Flow

RATE = 16_000


class Time:
    """A clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        for module in ("device_clock", "flow", "latency"):
            monkeypatch.setattr(f"workbench.engine.server.{module}.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def run(device: DeviceClock, clock: Time, blocks: int, count: int, away_s: float | None, late_s: float = 0.0) -> None:
    """Callbacks; every other one comes `late_s` late, with the device as much nearer."""
    for turn in range(blocks):
        late = late_s * (turn % 2)
        clock.now += late
        device.begin(None if away_s is None else away_s - late)
        device.end(count)
        clock.now += count / RATE - late


def test_the_time_of_the_next_sample_does_not_depend_on_when_callbacks_come(clock: Time) -> None:
    device = DeviceClock(RATE, nominal_s=0.06)
    run(device, clock, 30, 160, 0.05, late_s=0.004)
    assert device.next_at() == pytest.approx(clock.now + 0.05)
    assert device.distance_s == pytest.approx(0.048, abs=0.003)


def test_a_device_that_does_not_say_is_as_far_as_it_was_asked_to_be(clock: Time) -> None:
    for hears, sign in ((True, -1), (False, 1)):
        device = DeviceClock(RATE, nominal_s=0.06, hears=hears)
        run(device, clock, 3, 160, None)
        assert device.next_at() == pytest.approx(clock.now + sign * 0.06) and device.distance_s == 0.06


def test_a_gap_is_forgotten_and_a_young_device_that_exaggerates_not_believed(clock: Time) -> None:
    device = DeviceClock(RATE, nominal_s=0.06, hears=True)
    run(device, clock, 10, 160, -0.5)
    assert device.young and device.distance_s == 0.06
    run(device, clock, round(device_clock.DOUBT_S * 100), 160, -0.02)
    assert not device.young
    assert device.next_at() == pytest.approx(clock.now - 0.02)
    run(device, clock, 2, 160, -0.5)
    assert device.next_at() == pytest.approx(clock.now - 0.5), "a headset that is far away is, once it is not young"


def stream(device: DeviceClock, held_s: float = 0.0) -> Any:
    return SimpleNamespace(clock=device, held_s=held_s, latency_s=device.distance_s)


@pytest.mark.parametrize("offset_s", [0.0, 0.004, 0.009])
def test_the_sum_is_the_time_from_membrane_to_membrane(clock: Time, offset_s: float) -> None:
    """Two devices whose callbacks come at other moments: what is queued then differs, and the sum does not."""
    microphone, loudspeaker = DeviceClock(RATE, 0.03, hears=True), DeviceClock(RATE, 0.05)
    start, block = clock.now, 160
    for turn in range(40):
        clock.now = start + turn * block / RATE
        microphone.begin(-0.03)
        microphone.end(block)
        clock.now = start + turn * block / RATE + offset_s
        loudspeaker.begin(0.05)
        loudspeaker.end(block)
    queued = 800
    now = latency.between(stream(microphone, 0.001), stream(loudspeaker, 0.002), lambda: queued)
    parts = latency.parts(
        now.input_s, now.output_s, 320, 64, 50, now.queued, RATE, round(now.conversion_s * RATE), False,
        round(now.phase_s * RATE),
    )  # fmt: skip
    assert sum(part.samples for part in parts) == pytest.approx(
        64 + queued + (0.03 + 0.05 + 0.003 + offset_s) * RATE, abs=2
    )
    names = ["input device", "framing", "codec", "compute", "queue", "conversion", "output device"]
    assert [part.name for part in parts] == names
    assert all(part.samples >= 0 for part in parts)


def test_a_file_has_no_input_device_and_a_block_its_own_name(clock: Time) -> None:
    loudspeaker = DeviceClock(RATE, 0.05)
    run(loudspeaker, clock, 10, 160, 0.05)
    now = latency.between(None, stream(loudspeaker), lambda: 640)
    parts = latency.parts(now.input_s, now.output_s, 320, 64, 50, now.queued, RATE, buffered=True)
    assert {part.name: part.samples for part in parts} == {
        "input device": 0, "block": 320, "codec": 64, "compute": 50, "queue": 270, "output device": 800
    }  # fmt: skip


def test_a_rhythm_that_gains_time_takes_it_from_the_devices(clock: Time) -> None:
    parts = latency.parts(0.01, 0.02, 320, 64, 50, 400, RATE, phase=-300)
    assert sum(part.samples for part in parts) == 160 + 320 + 64 + 400 - 300
    assert all(part.samples >= 0 for part in parts)


def test_the_bar_is_told_again_when_its_sum_has_moved(clock: Time) -> None:
    watch = latency.LatencyWatch()
    first = latency.parts(0.06, 0.06, 320, 64, 50, 640, RATE)
    moved = latency.parts(0.01, 0.06, 320, 64, 50, 640, RATE)
    watch.show(first)
    assert watch.moved(lambda: moved, RATE) is None, "not every step"
    clock.now += 1.1
    assert watch.moved(lambda: first, RATE) is None
    clock.now += 1.1
    assert watch.moved(lambda: moved, RATE) == moved
    clock.now += 1.1
    assert watch.moved(lambda: moved, RATE) is None


def test_what_a_device_gave_at_once_at_its_start_does_not_count_as_its_rhythm(clock: Time) -> None:
    """A sink that was asleep takes a second of sound and then stands still, before it runs evenly."""
    flow = Flow(RATE)
    flow.add(RATE)
    clock.now += WINDOW_S
    assert not flow.steady()
    for window in range(STEADY_WINDOWS + 1):
        for _ in range(10):
            clock.now += WINDOW_S / 10
            flow.add(RATE // 100)
        steady = flow.steady()
        assert steady == (window >= STEADY_WINDOWS - 1)
    assert 160 <= flow.burst_samples <= 330


@pytest.mark.parametrize("blocks", [1, 4])
@pytest.mark.parametrize("block_s", [0.005, 0.021, 0.045, 0.06, 0.08])
def test_an_even_device_is_soon_steady_whatever_its_blocks(clock: Time, block_s: float, blocks: int) -> None:
    """PulseAudio asked for 60 ms gives 60 ms at once, as four blocks: so much or twice that in a tenth of a second."""
    flow = Flow(RATE)
    given, begun, steady = 0, clock.now, []
    for window in range(1, 3 * STEADY_WINDOWS + 1):
        while (given + 1) * block_s <= window * WINDOW_S:
            given += 1
            clock.now = begun + given * block_s
            for _ in range(blocks):
                flow.add(round(block_s * RATE) // blocks)
        clock.now = begun + window * WINDOW_S
        steady.append(flow.steady())
    assert all(steady[STEADY_WINDOWS:]), steady
    assert round(block_s * RATE) <= flow.burst_samples <= round(2 * block_s * RATE) + 1


def test_a_device_that_stands_still_starts_over(clock: Time) -> None:
    flow = Flow(RATE)
    steady = []
    for blocks in (*[10] * STEADY_WINDOWS, 0, *[10] * STEADY_WINDOWS):
        for _ in range(blocks):
            clock.now += WINDOW_S / 10
            flow.add(RATE // 100)
        clock.now += 0 if blocks else WINDOW_S
        steady.append(flow.steady())
    wait = [False] * (STEADY_WINDOWS - 1)
    assert steady == [*wait, True, False, *wait, True]
