"""The legend of a chart of training runs: names with their shapes, and values at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from workbench.widgets.run_axis import RunAxis, value_text
from workbench.widgets.run_lines import Chart, ChartLine
from workbench.widgets.series import draw_series_mark
from workbench.widgets.theme import Theme

Legend = Sequence[tuple[QRectF, tuple[ChartLine, ...]]]  # where a name stands, and its lines: one of each run
_LEFT, _MIDDLE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignVCenter


def by_name(chart: Chart) -> list[tuple[ChartLine, ...]]:
    """The lines of each name, one of each run."""
    found: dict[str, list[ChartLine]] = {}
    for line in chart.lines:
        found.setdefault(line.name, []).append(line)
    return [tuple(lines) for lines in found.values()]


def legend_items(chart: Chart) -> list[tuple[ChartLine, ...]]:
    """What has a place of its own in the legend: each name, or all shades together."""
    if any(line.shaded for line in chart.lines):
        return [chart.lines]
    return by_name(chart)


def values_text(lines: Sequence[ChartLine], axis: RunAxis) -> str:
    """The values of a name at the cursor, run by run; of many shades the lowest and the highest."""
    if lines[0].shaded:
        known = [value for value in (line.value_at(axis) for line in lines) if value is not None]
        return f"{value_text(min(known))} to {value_text(max(known))}" if known else value_text(None)
    return " · ".join(value_text(line.value_at(axis)) for line in lines)


def label_of(lines: Sequence[ChartLine]) -> str:
    """The name in the legend."""
    return f"{lines[0].name} to {lines[-1].name.rpartition(' ')[2]}" if lines[0].shaded else lines[0].name


def paint_legend(
    painter: QPainter, legend: Legend, chart: Chart, axis: RunAxis, theme: Theme, bright: str = "", chosen: str = ""
) -> None:
    """Names with shapes and values at the cursor: they change with it, the curves do not."""
    metrics = painter.fontMetrics()
    for box, lines in legend:
        row = lines[0]
        off = not row.shaded and (chart.key, row.name) in axis.hidden
        colour = theme.muted if off else row.colour(theme)
        middle = box.center().y()
        if row.shaded:
            for line in lines:
                part = 24.0 / row.of
                painter.fillRect(
                    QRectF(box.left() + 2 + line.index * part, middle - 3, part + 0.5, 6), line.colour(theme)
                )
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_series_mark(painter, QPointF(box.left() + 8, middle), 3.6, row.shape, colour)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        font = painter.font()
        font.setStrikeOut(off)
        font.setBold(not row.shaded and row.name == bright)
        painter.save()
        painter.setFont(font)
        painter.setPen(theme.muted if off else theme.text)
        words = label_of(lines) if off else f"{label_of(lines)}  {values_text(lines, axis)}"
        room = box.adjusted(30 if row.shaded else 18, 0, -2, 0)
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, _LEFT | _MIDDLE, words)
        painter.restore()
        if not row.shaded and row.name == chosen:
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0, 0, -1, -1))


def legend_rows(rect: QRectF, chart: Chart, metrics: QFontMetricsF) -> list[tuple[int, float, float]]:
    """Row, left and width of each name, as many as there is room for: two fifths of the height."""
    found: list[tuple[int, float, float]] = []
    row, left = 0, rect.left() + 6
    value, most = metrics.horizontalAdvance("  0.00000"), max(2, int(0.4 * rect.height() / metrics.height()))
    for lines in legend_items(chart):
        numbers = 2.2 if lines[0].shaded else len(lines)
        width = min(metrics.horizontalAdvance(label_of(lines)) + value * numbers + 26, rect.width() - 12)
        if left + width > rect.right() - 4 and left > rect.left() + 6:
            row, left = row + 1, rect.left() + 6
        if row >= most:
            break
        found.append((row, left, width))
        left += width
    return found
