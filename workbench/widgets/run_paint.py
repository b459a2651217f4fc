"""Drawing a chart of training runs: grid, lines with their extremes, marks, and a legend that can be pointed at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from workbench.widgets.run_axis import RunAxis, count_text, value_text
from workbench.widgets.run_legend import legend_items, legend_rows
from workbench.widgets.run_lines import Chart, ChartLine, Trace, trace, value_span
from workbench.widgets.series import draw_series_mark
from workbench.widgets.theme import Theme
from workbench.widgets.ticks import ticks

PIECE = 2  # pixels that a long curve is reduced to
APART = 110.0  # between the shapes on a line, pixels
SPARSE = 24  # points of which each has its shape
BAND = 46  # opacity of extremes, of 255
_RIGHT, _LEFT, _CENTRE = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Drawn:
    """A chart as it stands: where its parts are, for pointing at them and drawing over them."""

    room: QRectF  # of the curves
    legend: tuple[tuple[QRectF, tuple[ChartLine, ...]], ...]  # the lines of a name: one of each run
    traces: tuple[Trace, ...]
    low: float
    high: float
    log: bool

    def y_of(self, value: float) -> float:
        """Where a value stands; far outside for what a logarithmic axis cannot show."""
        if self.log:
            value = math.log10(value) if value > 0 else -1e9
        return self.room.bottom() - (value - self.low) / (self.high - self.low) * self.room.height()

    def nearest(self, place: QPointF, within: float = 14.0) -> ChartLine | None:
        """The line under a point."""
        found: tuple[float, ChartLine] | None = None
        at = (place.x() - self.room.left()) / self.room.width()
        for row in self.traces:
            known = np.flatnonzero(np.isfinite(row.mean))
            if not len(known):
                continue
            value = float(np.interp(at, row.x[known], row.mean[known]))
            away = abs(self.y_of(value) - place.y())
            if away <= within and (found is None or away < found[0]):
                found = (away, row.line)
        return None if found is None else found[1]


@dataclass(frozen=True)
class Moments:
    """Steps that every chart marks: alarms, resumes, and the checkpoints that are compared; as places of the axis."""

    alarms: tuple[float, ...] = ()
    resumes: tuple[float, ...] = ()
    sides: tuple[tuple[str, float], ...] = ()  # ("A", place)


def paint_chart(
    painter: QPainter, rect: QRectF, chart: Chart, axis: RunAxis, theme: Theme, moments: Moments, bright: str = ""
) -> Drawn:
    """Draw all of it into `rect`; `bright` is the name of a line that stands out."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    painter.fillRect(rect, theme.background)
    legend = legend_rows(rect, chart, metrics)
    rows = 1 + max((row for row, _, _ in legend), default=-1)
    top = rect.top() + 1.25 * line + rows * 1.15 * line + 0.35 * line
    left = rect.left() + metrics.horizontalAdvance("0.00e−0") + 8
    room = QRectF(left, top, max(20.0, rect.right() - left - 8), max(12.0, rect.bottom() - top - 1.35 * line))
    left_out = len(legend_items(chart)) - len(legend)
    painter.setPen(theme.text)
    title = f"{chart.title} ({chart.unit})" if chart.unit else chart.title
    shade = next((row for row in chart.lines if row.shaded and row.name == bright), None)
    if shade is not None:
        title = f"{chart.title}: {shade.name} {value_text(shade.value_at(axis))}"
    head = QRectF(rect.left() + 6, rect.top() + 2, rect.width() - 12, line)
    font = painter.font()
    font.setBold(True)
    painter.save()
    painter.setFont(font)
    painter.drawText(head, _LEFT | _MIDDLE, metrics.elidedText(title, Qt.TextElideMode.ElideRight, head.width()))
    painter.restore()
    if left_out:
        painter.setPen(theme.muted)
        painter.drawText(head, _RIGHT | _MIDDLE, f"and {left_out} more")
    painter.fillRect(room, theme.lane)
    shown = [row for row in chart.lines if (chart.key, row.name) not in axis.hidden]
    traces = [trace(row, axis, max(8, int(room.width()) // PIECE)) for row in shown]
    log = chart.log and axis.log and any((row.mean > 0).any() for row in traces)
    span = value_span(traces, chart, log)
    low, high = span or (0.0, 1.0)
    drawn = Drawn(room, (), tuple(traces), low, high, log)
    _paint_steps(painter, room, axis, theme, metrics)
    if span is None:
        painter.setPen(theme.muted)
        words = "every line is hidden" if chart.lines and not shown else "nothing in sight"
        painter.drawText(room, _CENTRE | _MIDDLE | Qt.TextFlag.TextWordWrap, words)
    else:
        _paint_values(painter, rect, drawn, theme, metrics)
    painter.setClipRect(room.adjusted(-1, -1, 1, 1))
    _paint_moments(painter, room, axis, moments, theme)
    if chart.limit is not None and span is not None:
        _paint_limit(painter, drawn, chart.limit.value, chart.limit.words, theme)
    for row in traces:
        _paint_band(painter, drawn, row, theme)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, row in enumerate(traces):
        _paint_line(painter, drawn, row, number, theme, bright)
    painter.setClipping(False)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    boxes = [
        (QRectF(x, rect.top() + 1.25 * line + row * 1.15 * line, width, 1.15 * line), lines)
        for (row, x, width), lines in zip(legend, legend_items(chart), strict=False)
    ]
    return Drawn(room, tuple(boxes), tuple(traces), low, high, log)


def _paint_values(painter: QPainter, rect: QRectF, drawn: Drawn, theme: Theme, metrics: QFontMetricsF) -> None:
    room, line = drawn.room, metrics.height()
    most = max(2, int(room.height() / (1.9 * line)))
    for value in _log_ticks(drawn.low, drawn.high, most) if drawn.log else ticks(drawn.low, drawn.high, most):
        y = drawn.y_of(value)
        if not room.top() - 0.5 <= y <= room.bottom() + 0.5:
            continue
        painter.setPen(QPen(theme.grid, 1))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        painter.setPen(theme.muted)
        box = QRectF(rect.left(), y - line / 2, room.left() - rect.left() - 5, line)
        painter.drawText(box, _RIGHT | _MIDDLE, value_text(value))


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """1, 10, 100 …, with 2 and 5 between them where there is room."""
    for steps in ((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [
            factor * 10.0**power
            for power in range(math.floor(low), math.ceil(high) + 1)
            for factor in steps
            if low <= math.log10(factor) + power <= high
        ]
        if len(found) <= most:
            return found if len(found) >= 2 else [10.0**value for value in ticks(low, high, most)]
    every = max(1, math.ceil((high - low) / most))
    return [10.0**power for power in range(math.ceil(low), math.floor(high) + 1) if power % every == 0]


def _paint_steps(painter: QPainter, room: QRectF, axis: RunAxis, theme: Theme, metrics: QFontMetricsF) -> None:
    line, span = metrics.height(), axis.end - axis.start
    unit = "h" if axis.unit == "hours" else ""
    for value in ticks(axis.start, axis.end, max(2, int(room.width() / (8 * metrics.horizontalAdvance("0"))))):
        x = room.left() + (value - axis.start) / span * room.width()
        text = (f"{value:g}" if unit else count_text(value)) + (f" {unit}" if unit else "")
        half = metrics.horizontalAdvance(text) / 2 + 2
        painter.setPen(theme.muted)
        painter.drawLine(QPointF(x, room.bottom()), QPointF(x, room.bottom() + 3))
        middle = min(max(x, room.left() + half - 20), room.right() + 6 - half)
        painter.drawText(QRectF(middle - half, room.bottom() + 3, 2 * half, line), _CENTRE, text)


def _paint_moments(painter: QPainter, room: QRectF, axis: RunAxis, moments: Moments, theme: Theme) -> None:
    span = axis.end - axis.start

    def x_of(place: float) -> float:
        return room.left() + (place - axis.start) / span * room.width()

    painter.setPen(QPen(theme.muted, 1, Qt.PenStyle.DashLine))
    for place in moments.resumes:
        painter.drawLine(QPointF(x_of(place), room.top()), QPointF(x_of(place), room.bottom()))
    for place in moments.alarms:
        x = x_of(place)
        painter.setPen(QPen(theme.problem, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, room.top() + 7), QPointF(x, room.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.problem)
        painter.drawPolygon(_triangle(x, room.top(), 5.0))
    painter.save()
    font = painter.font()
    font.setPointSizeF(0.75 * font.pointSizeF())
    painter.setFont(font)
    size = painter.fontMetrics().height()
    for name, place in moments.sides:
        x = x_of(place)
        painter.setPen(QPen(theme.accent, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        box = QRectF(x - size / 2, room.bottom() - size, size, size)
        box.moveLeft(min(max(box.left(), room.left()), room.right() - size))
        painter.fillRect(box, theme.accent)
        painter.setPen(theme.on_accent)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
    painter.restore()


def _triangle(x: float, top: float, half: float) -> QPolygonF:
    return QPolygonF([QPointF(x - half, top), QPointF(x + half, top), QPointF(x, top + 1.6 * half)])


def _paint_limit(painter: QPainter, drawn: Drawn, value: float, words: str, theme: Theme) -> None:
    room, y = drawn.room, drawn.y_of(value)
    if not room.top() <= y <= room.bottom():
        return
    painter.setPen(QPen(theme.problem, 1.5))
    painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
    height = painter.fontMetrics().height()
    width = painter.fontMetrics().horizontalAdvance(words) + 6
    above = y - height - 1 > room.top()
    box = QRectF(room.right() - width - 3, y - height - 1 if above else y + 1, width, height)
    ground = QColor(theme.lane)
    ground.setAlpha(200)
    painter.fillRect(box, ground)
    painter.drawText(box, _LEFT | _MIDDLE, words)


def _paint_band(painter: QPainter, drawn: Drawn, row: Trace, theme: Theme) -> None:
    """Between the extremes of each pixel, where they differ."""
    known = np.isfinite(row.low) & np.isfinite(row.high) & (not drawn.log or row.low > 0)
    x, low, high = row.x[known], row.low[known], row.high[known]
    if not len(x) or not (high > low).any():
        return
    spots = [*_spots(drawn, x, high), *reversed(_spots(drawn, x, low))]
    colour = row.line.colour(theme)
    colour.setAlpha(BAND)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF(spots))


def _paint_line(painter: QPainter, drawn: Drawn, row: Trace, number: int, theme: Theme, bright: str) -> None:
    known = np.isfinite(row.mean) & (not drawn.log or row.mean > 0)
    x, mean = row.x[known], row.mean[known]
    if len(x):
        spots = _spots(drawn, x, mean)
        _paint_path(painter, spots, row.line, theme, row.line.name == bright)
        if not row.line.shaded:
            _paint_marks(painter, spots, row.line, number, theme)
    if row.line.series.not_finite:
        _paint_not_finite(painter, drawn, row, theme)


def _paint_path(painter: QPainter, spots: list[QPointF], line: ChartLine, theme: Theme, bright: bool) -> None:
    """Qt strokes a polyline that is wider than a pixel twenty times as slowly as lone lines or a thin one."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if not line.run_index:
        painter.setPen(line.pen(theme, 2.8 if bright else 1.5))
        painter.drawLines([QLineF(*ends) for ends in pairwise(spots)])
        return
    painter.setPen(line.pen(theme, 1.0))
    thin = QPolygonF(spots)
    for aside in (-0.9, -0.3, 0.3, 0.9) if bright else (-0.3, 0.3):
        painter.drawPolyline(thin.translated(0.0, aside))


def _paint_marks(painter: QPainter, spots: Sequence[QPointF], line: ChartLine, number: int, theme: Theme) -> None:
    """The shape of a line at its end and now and then on it."""
    colour = line.colour(theme)
    apart = APART if len(spots) > SPARSE else 0.0
    following = spots[0].x() + apart * (0.2 + 0.17 * number)
    for spot in spots:
        if spot.x() >= following:
            draw_series_mark(painter, spot, 3.0, line.shape, colour)
            following = spot.x() + apart
    draw_series_mark(painter, spots[-1], 3.6, line.shape, colour)


def _paint_not_finite(painter: QPainter, drawn: Drawn, row: Trace, theme: Theme) -> None:
    """A cross at the top where a value was no number."""
    painter.setPen(QPen(theme.problem, 1.5))
    for at in row.x[np.isnan(row.mean) & (row.x >= 0) & (row.x <= 1)][:200]:
        x, y = drawn.room.left() + float(at) * drawn.room.width(), drawn.room.top() + 5
        painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
        painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))


def _spots(drawn: Drawn, x: np.ndarray, values: np.ndarray) -> list[QPointF]:
    room = drawn.room
    scaled = np.log10(values) if drawn.log else values
    across = room.left() + x * room.width()
    up = room.bottom() - (scaled - drawn.low) / (drawn.high - drawn.low) * room.height()
    up = np.clip(up, room.top() - 1e4, room.bottom() + 1e4)
    return [QPointF(*spot) for spot in zip(across.tolist(), up.tolist(), strict=True)]
