"""How often a device that stands still is opened again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from speefeare_core.errors import SpeefeareError
from workbench.engine.server import live_recovery
from workbench.engine.server.live_recovery import MOST, WITHIN_S, Recovery


class Case:
    """A session whose loudspeaker stands still whenever somebody looks, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.opened = 0
        self.there = True
        self.told: list[object] = []
        output = SimpleNamespace(
            port=SimpleNamespace(forget_old=lambda: None), stream=SimpleNamespace(name="card", lost=lambda: True)
        )
        session = SimpleNamespace(output=output, input=None, emit=self.told.append)
        monkeypatch.setattr(live_recovery, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.recovery = Recovery(session)  # type: ignore[arg-type]
        monkeypatch.setattr(self.recovery, "_open_again", self._open)

    def _open(self, slept: bool) -> None:
        if not self.there:
            raise SpeefeareError("The loudspeaker card is not there.")
        self.opened += 1


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(monkeypatch)


def test_several_times_in_a_minute_but_not_for_ever(case: Case) -> None:
    for _ in range(MOST):
        assert case.recovery.look_at_devices() == ""
        case.now += 3.0
    assert case.opened == MOST == len(case.told)
    assert "went away" in case.recovery.look_at_devices()
    case.now += WITHIN_S
    assert case.recovery.look_at_devices() == "" and case.opened == MOST + 1


def test_one_that_never_runs_again_is_gone(case: Case) -> None:
    assert case.recovery.look_at_devices() == ""
    case.now += 1.0
    assert "went away" in case.recovery.look_at_devices()


def test_one_that_is_not_there_is_gone(case: Case) -> None:
    case.there = False
    assert "card went away" in case.recovery.look_at_devices() and not case.told
