"""What a chart of training runs holds, and its lines reduced to the pixels that there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from speefeare_core.training.run_history import RunHistory
from speefeare_core.training.run_series import Series
from workbench.widgets.colormap import table
from workbench.widgets.run_axis import RunAxis
from workbench.widgets.series import series_colour
from workbench.widgets.theme import Theme

Floats = NDArray[np.float64]
OUTSIDE = 0.02  # of the extremes that may lie beyond an axis
FEW = 6  # lines that colours and shapes of their own tell apart; more are shades from first to last
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 3), (1.5, 2.5), (8, 3, 1.5, 3), (3, 6), (12, 4))  # of the runs


@dataclass(frozen=True, eq=False)
class ChartLine:
    """One curve. `index` of `of` gives its colour and shape, `run` its pattern: 0 is solid."""

    name: str
    series: Series
    run: RunHistory
    index: int
    of: int
    run_index: int = 0
    factor: float = 1.0
    ordered: bool = False  # its chart's lines are numbered, as books are

    @property
    def shaded(self) -> bool:
        """Whether it is one of many shades, without a shape of its own."""
        return self.ordered and self.of > FEW

    @property
    def shape(self) -> int:
        """The shape that it has; colours come again after six, with other shapes."""
        return self.index + self.index // FEW

    def colour(self, theme: Theme) -> QColor:
        """Its colour."""
        if not self.shaded:
            return series_colour(self.index, theme)
        low, high = (70, 250) if theme.dark else (0, 190)
        return QColor.fromRgb(int(table("viridis")[low + (high - low) * self.index // max(1, self.of - 1)]))

    def pen(self, theme: Theme, width: float = 1.5) -> QPen:
        """Its colour and the pattern of its run."""
        pen = QPen(self.colour(theme), width)
        if self.run_index:
            pen.setDashPattern([1.5 * part / width for part in DASHES[self.run_index % len(DASHES)]])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        return pen

    def value_at(self, axis: RunAxis) -> float | None:
        """At the cursor; without one, or past its end, the newest."""
        step = math.inf if axis.cursor is None else float(axis.step_at(self.run, axis.cursor))
        value = self.series.last if step > self.run.step else self.series.at(step)
        return None if value is None or not math.isfinite(value) else value * self.factor


@dataclass(frozen=True)
class Limit:
    """A red line across: on its far side something is wrong."""

    value: float
    words: str


@dataclass(frozen=True, eq=False)
class Chart:
    """One chart. `span`: what its axis reaches at least; `log`: whether it may be logarithmic."""

    key: str
    title: str
    unit: str
    lines: tuple[ChartLine, ...]
    tip: str
    group: str
    log: bool = False
    span: tuple[float, float] | None = None
    limit: Limit | None = None
    term: str = ""
    wide: bool = False  # two places beside each other, where there are three

    @property
    def signature(self) -> tuple[object, ...]:
        """Differs where the chart has to be built anew; growing lines keep it."""
        limit = None if self.limit is None else (self.limit.value, self.limit.words)
        return (
            self.key,
            self.title,
            self.unit,
            limit,
            *((row.name, id(row.series), row.run_index) for row in self.lines),
        )


@dataclass(frozen=True)
class Trace:
    """A line as it is drawn: P places from 0 to 1 across the chart with means and extremes."""

    line: ChartLine
    x: Floats  # [P]
    mean: Floats  # [P]
    low: Floats  # [P]
    high: Floats  # [P]


def trace(line: ChartLine, axis: RunAxis, pixels: int) -> Trace:
    """A line between the ends of the axis and a point beyond each; few points as they are, many by pixels."""
    series, span = line.series, axis.end - axis.start
    ends = axis.step_at(line.run, np.array([axis.start, axis.end]))
    first, last = np.searchsorted(series.steps, [math.ceil(ends[0]), math.floor(ends[1]) + 1])
    first, last = max(0, int(first) - 1), min(series.count, int(last) + 1)
    if last - first <= pixels:
        steps = series.steps[first:last]
        edges = np.append(steps, steps[-1:] + 1).astype(np.float64) if len(steps) else np.zeros(1)
        x = (axis.place(line.run, steps) - axis.start) / span
    else:
        marks = np.linspace(0.0, 1.0, pixels + 1)
        edges = axis.step_at(line.run, axis.start + marks * span)
        edges[-1] += 1  # the last step belongs to the last piece
        x = (marks[:-1] + marks[1:]) / 2
    found = series.reduced(edges, axis.window)
    return Trace(line, x, found.mean * line.factor, found.low * line.factor, found.high * line.factor)


def value_span(traces: list[Trace], chart: Chart, log: bool) -> tuple[float, float] | None:
    """Lowest and highest of an upright axis, with a margin; in powers of ten where it is logarithmic.

    Means are in it whole; of the extremes the outermost fiftieth may lie outside, so that one spike hides nothing.
    """
    found: list[float] = []
    for row in traces:
        inside = (row.x >= 0) & (row.x <= 1)
        inside = inside if inside.any() else np.ones(len(row.x), bool)
        for values, low, high in ((row.mean, 0.0, 1.0), (row.low, OUTSIDE, 1.0), (row.high, 0.0, 1.0 - OUTSIDE)):
            known = np.sort(values[inside & (values > 0 if log else np.isfinite(values))])
            if len(known):
                found += (float(known[round(low * (len(known) - 1))]), float(known[round(high * (len(known) - 1))]))
    if chart.limit is not None and not (log and chart.limit.value <= 0) and found:
        found.append(chart.limit.value)
    if not found:
        return None
    low, high = min(found), max(found)
    if log:
        low, high = math.log10(low), math.log10(high)
        margin = max(0.06 * (high - low), 0.05)
        return low - margin, high + margin
    if chart.span is not None:
        low, high = min(low, chart.span[0]), max(high, chart.span[1])
    margin = max(0.06 * (high - low), 0.02 * max(abs(low), abs(high)), 1e-9)
    bottom = low if chart.span is not None and low == chart.span[0] else low - margin
    return bottom, high + margin
