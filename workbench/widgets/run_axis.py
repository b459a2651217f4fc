"""The axis that all curves of training runs share: steps or hours of training, zoom, smoothing, and one cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from speefeare_core.training.run_history import RunHistory

Floats = NDArray[np.float64]
WINDOWS = (0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)  # of smoothing, steps
HOUR_S = 3600.0
NEAREST = 1e-5  # of all that there is: no further in


class RunAxis(QObject):
    """`unit` is "steps" or "hours"; `start`, `end`, `last` and `cursor` are in it."""

    changed = Signal()  # everything has to be drawn anew
    cursor_moved = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.unit = "steps"
        self.start, self.end, self.last = 0.0, 1.0, 1.0
        self.whole = True  # all of it is shown, also when there is more
        self.window = 0.0  # steps that are smoothed over
        self.log = True  # where a chart allows it
        self.cursor: float | None = None
        self.hidden: frozenset[tuple[str, str]] = frozenset()  # (chart, line) that are not drawn

    # -- places -----------------------------------------------------------------------------------------------------
    def place(self, run: RunHistory, step: Any) -> Any:
        """Where steps of a run stand."""
        if self.unit == "steps":
            return np.asarray(step, np.float64)
        steps, seconds = run.elapsed.steps, run.elapsed.values
        if not len(steps):
            return np.zeros_like(np.asarray(step, np.float64))
        return np.interp(step, steps, seconds) / HOUR_S

    def step_at(self, run: RunHistory, place: Any) -> Any:
        """The step of a run at a place; past its end one more than its last."""
        if self.unit == "steps":
            return np.asarray(place, np.float64)
        steps, seconds = run.elapsed.steps, run.elapsed.values
        if not len(steps):
            return np.zeros_like(np.asarray(place, np.float64))
        return np.interp(np.asarray(place) * HOUR_S, seconds, steps, right=float(steps[-1]) + 1.0)

    # -- what is shown ----------------------------------------------------------------------------------------------
    def follow(self, runs: tuple[RunHistory, ...]) -> None:
        """Runs have grown, or are other ones."""
        ends = [float(self.place(run, run.step)) for run in runs]
        last = max([end for end in ends if end > 0], default=1.0)
        if last != self.last:
            self.last = last
            if self.whole or self.start >= last:
                self.start, self.end, self.whole = 0.0, last, True
            self.changed.emit()

    def show(self, start: float, end: float) -> None:
        """Show a stretch, as far as there is one."""
        span = min(max(end - start, NEAREST * self.last), self.last)
        start = min(max(start, 0.0), self.last - span)
        if (start, start + span) != (self.start, self.end):
            self.start, self.end = start, start + span
            self.whole = span >= self.last
            self.changed.emit()

    def show_all(self) -> None:
        """From the first step to the last."""
        self.show(0.0, self.last)

    def zoom(self, factor: float, around: float | None = None) -> None:
        """A span `factor` times as long, around a place (the cursor, or the middle)."""
        if around is None:
            around = self.cursor if self.cursor is not None else (self.start + self.end) / 2
        around = min(max(around, self.start), self.end)
        share = (around - self.start) / (self.end - self.start)
        span = min(max((self.end - self.start) * factor, NEAREST * self.last), self.last)
        self.show(around - share * span, around + (1 - share) * span)

    def pan(self, share: float) -> None:
        """To the right by a share of what is shown."""
        shift = share * (self.end - self.start)
        self.show(self.start + shift, self.end + shift)

    def set_unit(self, unit: str, runs: tuple[RunHistory, ...]) -> None:
        """Steps or hours; all is shown then."""
        if unit != self.unit and unit in ("steps", "hours"):
            self.unit, self.whole, self.last, self.cursor = unit, True, 0.0, None
            self.follow(runs)

    def set_look(self, *, window: float | None = None, log: bool | None = None) -> None:
        """Smoothing and upright axes."""
        state = (self.window if window is None else window, self.log if log is None else log)
        if state != (self.window, self.log):
            self.window, self.log = state
            self.changed.emit()

    def toggle(self, chart: str, line: str) -> None:
        """Hide a line, or show it again."""
        self.hidden = self.hidden ^ {(chart, line)}
        self.changed.emit()

    def set_cursor(self, place: float | None) -> None:
        """Read values here; None: the newest ones."""
        if place is not None:
            place = min(max(place, self.start), self.end)
        if place != self.cursor:
            self.cursor = place
            self.cursor_moved.emit()


def count_text(value: float) -> str:
    """A number of steps: `950`, `12k`, `1.25M`."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 1e4 or (abs(value) >= 1e3 and value % 100 == 0):
        return f"{value / 1e3:.3g}k"
    return f"{value:g}"


def value_text(value: float | None) -> str:
    """A value of a curve, in four or five letters: `1.234`, `0.0123`, `3.1e−5`, `12.4k`."""
    if value is None or not np.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1e4:
        text = count_text(float(f"{value:.3g}"))
    elif size >= 100 or value == int(value):
        text = f"{value:.0f}"
    elif size >= 1e-3:
        text = f"{value:.3g}"
    else:
        text = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    return text.replace("-", "−")
