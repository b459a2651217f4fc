"""Who does not keep up is told so once; a machine that slept goes on from now."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from speefeare_core.plans.modes import PlanReport
from tests.app.engine.live_cores import PREFILL, core_of, through
from tests.core.tiny_codec import TinyCodec
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, StartLive
from workbench.engine.server.live_advice import too_slow
from workbench.engine.server.live_load import LOOK_S, Load
from workbench.engine.server.live_prepare import Prepared
from workbench.engine.server.sleep_watch import SleepWatch


def after(factor: float, seconds: float, drops: float = 0.0, step_s: float = 0.02) -> Load:
    load, owed = Load(), 0.0
    for _ in range(round(seconds / step_s)):
        owed += drops
        load.add(factor * step_s, step_s, int(owed))
        owed -= int(owed)
    return load


def test_a_load_that_is_carried_is_not_mentioned() -> None:
    load = after(0.9, 60)
    assert load.real_time_factor == pytest.approx(0.9) and not load.too_slow()
    load.add(1.5, 0.02, 3)
    assert not load.too_slow(), "one late step is not slowness"


def test_the_factor_is_of_the_last_seconds() -> None:
    load = after(3.0, 10)
    for _ in range(round(1.1 * LOOK_S / 0.02)):
        load.add(0.002, 0.02, 0)
    assert load.real_time_factor == pytest.approx(0.1, rel=0.05)


def test_slowness_is_said_once() -> None:
    load = after(0.96, LOOK_S)
    assert load.too_slow() and not load.too_slow()
    assert not after(2.0, 0.2).too_slow(), "not before it is sure"


def test_steady_losses_are_slowness_too() -> None:
    assert after(0.5, 20, drops=0.1).too_slow()
    load = after(0.5, 20)
    load.add(0.01, 0.02, 4)
    assert not load.too_slow()


@pytest.fixture
def status() -> Iterator[Status]:
    made = Status.create(LIVE_STATUS)
    yield made
    made.unlink()


def test_the_advice_has_figures_and_names_what_there_is(status: Status) -> None:
    codec = TinyCodec()
    core = core_of(codec, status)
    for _ in range(400):
        core.times.add(0.009)
        core.load.add(0.009, 0.004, 1)
    told = too_slow(core, Prepared(codec, StartLive(), core.coder, None, None, 0))
    assert "a step of 4 ms takes 9 ms (real-time factor 2.25)" in told
    assert "more frames a step, buffered mode or a smaller codec" in told and "faster mode" not in told
    report = PlanReport("float32", 1, True, 0.1, 1.0, 0.0)
    told = too_slow(core, Prepared(codec, StartLive(), core.coder, None, report, 0, block=640))
    assert "a faster mode, longer blocks" in told and "buffered" not in told
    core.taps.unlink()


def test_sleep_is_noticed_by_the_clock_that_goes_on() -> None:
    times = iter([10.0, 10.02, 10.04, 130.0, 130.02])
    watch = SleepWatch(lambda: next(times), lambda: 0.0)
    assert [watch.look() for _ in range(4)] == [0.0, 0.0, pytest.approx(119.96), 0.0]


@pytest.mark.parametrize(("worked_s", "slept_s"), [(0.02, 2.48), (0.4, 2.1), (2.4, 0.0), (1.0, 0.0)])
def test_a_long_computation_is_no_sleep_but_sleep_in_the_middle_of_one_is(worked_s: float, slept_s: float) -> None:
    """A step that began before the computer slept ends after it: only the time that was worked tells."""
    times, worked = iter([10.0, 12.5, 12.52]), iter([3.0, 3.0 + worked_s, 3.0 + worked_s])
    watch = SleepWatch(lambda: next(times), lambda: next(worked))
    assert watch.look() == pytest.approx(slept_s)
    assert watch.look() == 0.0


def test_after_sleep_what_waited_is_left_out(status: Status) -> None:
    core = core_of(TinyCodec(), status, max_queue_frames=1000)
    sound = np.full((1, 64 * 100), 0.1, np.float32)
    core.push(sound)
    core.push(sound[:, :40])
    assert core.drop_waiting() == 100 and core.queued == PREFILL + 40
    core.step()
    core.tell(0)
    assert status["dropped_frames"] == 100 and status["frames"] == 0
    assert status["lag_samples"] == 40
    through(core, sound, 64)
    assert status["frames"] == 100
    core.taps.unlink()
