"""One chart of training runs: drawn once into a picture, cursor and legend over it, worked by mouse and keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.figure import Cell, Table
from workbench.widgets.hinted import Hinted
from workbench.widgets.run_axis import RunAxis, count_text
from workbench.widgets.run_legend import by_name, label_of, legend_items, paint_legend, values_text
from workbench.widgets.run_lines import Chart
from workbench.widgets.run_paint import Drawn, Moments, paint_chart
from workbench.widgets.theme import Theme, theme_of

DRAG = 5  # pixels; less is a click
KEY_STEP = 1 / 60  # of what is shown, by which a key moves the cursor
_K = Qt.Key
HELP = (
    "Click: compare the checkpoint there. Drag: zoom in. Ctrl and wheel: zoom. Double-click: large, or small again."
    " Click a name: hide its line. Keys: ← → read values, ↑ ↓ choose a line, Space hide it, + − zoom, F all,"
    " A or B compare the checkpoint at the cursor, Enter large."
)


class RunChart(Hinted):
    """`draw` makes the picture anew; until then the one before is shown, so that a redraw can wait its turn."""

    step_chosen = Signal(str, float)  # "A" or "B", and a place on the axis
    enlarged = Signal(str)  # key of the chart
    own_keys = (
        _K.Key_Left, _K.Key_Right, _K.Key_Up, _K.Key_Down, _K.Key_Space, _K.Key_Return, _K.Key_Enter, _K.Key_Plus,
        _K.Key_Minus, _K.Key_Equal, _K.Key_F, _K.Key_A, _K.Key_B, _K.Key_Home, _K.Key_End,
    )  # fmt: skip

    def __init__(self, chart: Chart, axis: RunAxis) -> None:
        super().__init__()
        self.chart, self.axis = chart, axis
        self.moments = Moments()
        self.stale = True
        self._image: QImage | None = None
        self._drawn: Drawn | None = None
        self._bright = ""
        self._chosen = 0  # of the lines, by keys
        self._press: QPointF | None = None
        self._drag: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(chart.title)
        self.setToolTip(f"{chart.tip} {HELP}")
        axis.changed.connect(self.invalidate)
        axis.cursor_moved.connect(self._cursor_moved)
        self._describe()

    def set_chart(self, chart: Chart) -> None:
        """Other lines, or a longer one."""
        self.chart = chart
        self.invalidate()
        self._describe()

    def set_moments(self, moments: Moments) -> None:
        """Other marks."""
        if moments != self.moments:
            self.moments = moments
            self.invalidate()

    def invalidate(self) -> None:
        """It has to be drawn anew, when there is time."""
        self.stale = True

    def words(self) -> str:
        """Every line's value at the cursor."""
        where = "newest" if self.axis.cursor is None else f"{self.axis.unit} {count_text(round(self.axis.cursor, 4))}"
        told = (f"{label_of(lines)} {values_text(lines, self.axis)}" for lines in legend_items(self.chart))
        return f"{self.chart.title}, {where}: " + (", ".join(told) or "nothing yet")

    def _describe(self) -> None:
        self.setAccessibleDescription(self.words())

    @property
    def _name(self) -> str:
        """Of the line that keys have chosen."""
        names = [lines[0].name for lines in by_name(self.chart)]
        return names[self._chosen % len(names)] if names else ""

    # -- figure ---------------------------------------------------------------------------------------------------
    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """The whole chart into a part of another picture."""
        painter.save()
        painter.setFont(self.font())
        drawn = paint_chart(painter, QRectF(rect), self.chart, self.axis, theme, Moments())
        paint_legend(painter, drawn.legend, self.chart, self.axis, theme)
        painter.restore()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Steps and values of every line that are in sight, as they were logged."""
        found: dict[str, NDArray[Any]] = {}
        for row in self.chart.lines:
            first, last = self._in_sight(row.series.steps, row.run)
            key = _file_name(row.name) + (f"_run_{row.run_index + 1}" if row.run_index else "")
            found[f"{key}_step"] = row.series.steps[first:last].copy()
            found[f"{key}_{_file_name(self.chart.unit) or 'value'}"] = row.series.values[first:last] * row.factor
        return found

    def table(self) -> Table:
        """One row a point: the line, its step and its value."""
        return Table(("run", "line", "step", _file_name(self.chart.unit) or "value"), self._rows())

    def _rows(self) -> Iterable[tuple[Cell, ...]]:
        for row in self.chart.lines:
            first, last = self._in_sight(row.series.steps, row.run)
            values = row.series.values[first:last] * row.factor
            for step, value in zip(row.series.steps[first:last].tolist(), values.tolist(), strict=True):
                yield row.run.folder.name, row.name, step, value

    def _in_sight(self, steps: NDArray[np.int64], run: Any) -> tuple[int, int]:
        ends = self.axis.step_at(run, np.array([self.axis.start, self.axis.end]))
        first, last = np.searchsorted(steps, np.floor(ends).astype(np.int64) + np.array([0, 1]))
        return int(first), int(last)

    # -- drawing --------------------------------------------------------------------------------------------------
    def draw(self) -> None:
        """Make the picture anew."""
        ratio, theme = self.devicePixelRatioF(), theme_of(self.palette())
        size = (self.size() * ratio).expandedTo(QSize(1, 1))
        if self._image is None or self._image.size() != size:
            self._image = QImage(size, QImage.Format.Format_RGB32)
        self._image.setDevicePixelRatio(ratio)
        painter = QPainter(self._image)
        painter.setFont(self.font())
        self._drawn = paint_chart(
            painter, QRectF(self.rect()), self.chart, self.axis, theme, self.moments, self._bright
        )
        painter.end()
        self.stale = False
        self._describe()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None or self._drawn is None:
            self.draw()
        assert self._image is not None and self._drawn is not None
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.drawImage(self.rect(), self._image)
        if self._image.size() != self.size() * self.devicePixelRatioF():
            return  # it is stretched until it is drawn anew
        chosen = self._name if self.hasFocus() else ""
        paint_legend(painter, self._drawn.legend, self.chart, self.axis, theme, self._bright, chosen)
        room = self._drawn.room
        if self.axis.cursor is not None and self.axis.start <= self.axis.cursor <= self.axis.end:
            self._paint_cursor(painter, room, theme)
        if self._drag is not None:
            left, right = sorted(self._drag)
            painter.fillRect(QRectF(left, room.top(), right - left, room.height()), theme.region)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_cursor(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        assert self.axis.cursor is not None
        x = room.left() + (self.axis.cursor - self.axis.start) / (self.axis.end - self.axis.start) * room.width()
        painter.setPen(QPen(theme.cursor, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        metrics = self.fontMetrics()
        unit = "h" if self.axis.unit == "hours" else ""
        text = f"{self.axis.cursor:.2f} {unit}" if unit else f"{round(self.axis.cursor):,}".replace(",", " ")
        width = metrics.horizontalAdvance(text) + 8
        box = QRectF(
            min(max(x - width / 2, room.left()), room.right() - width), room.bottom() + 2, width, metrics.height()
        )
        painter.fillRect(box, theme.background)
        painter.setPen(theme.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _cursor_moved(self) -> None:
        self.update()
        if self.hasFocus():
            self._describe()

    # -- the person -----------------------------------------------------------------------------------------------
    def hint_at(self, place: QPointF) -> str:
        if self._drawn is not None:
            for box, lines in self._drawn.legend:
                if box.contains(place):
                    return f"{label_of(lines)}: {values_text(lines, self.axis)}. Click to hide it or show it again."
            if self._drawn.room.contains(place):
                return self.words()
        return self.toolTip()

    def _place(self, x: float) -> float | None:
        """The place on the axis below a pixel."""
        if self._drawn is None:
            return None
        room = self._drawn.room
        return self.axis.start + (x - room.left()) / room.width() * (self.axis.end - self.axis.start)

    def _set_bright(self, name: str) -> None:
        if name != self._bright:
            self._bright = name
            self.draw()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawn is None:
            return
        place, room = event.position(), self._drawn.room
        if self._press is not None and abs(place.x() - self._press.x()) > DRAG:
            self._drag = (
                min(max(self._press.x(), room.left()), room.right()),
                min(max(place.x(), room.left()), room.right()),
            )
        inside = room.contains(place)
        over = next(
            (lines[0] for box, lines in self._drawn.legend if box.contains(place) and not lines[0].shaded), None
        )
        near = over or (self._drawn.nearest(place) if inside else None)
        self._set_bright(near.name if near is not None else "")
        if inside:
            self.axis.set_cursor(self._place(place.x()))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._set_bright("")
        self.axis.set_cursor(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._drawn is None:
            return
        for box, lines in self._drawn.legend:
            if box.contains(event.position()) and not lines[0].shaded:
                self.axis.toggle(self.chart.key, lines[0].name)
                return
        self._press = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, drag = self._press, self._drag
        self._press = self._drag = None
        self.update()
        if press is None or self._drawn is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if drag is not None:
            first, last = sorted(self._place(x) or 0.0 for x in drag)
            self.axis.show(first, last)
        elif self._drawn.room.contains(press):
            place = self._place(press.x())
            side = "B" if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else "A"
            if place is not None:
                self.step_chosen.emit(side, place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = None
            self.enlarged.emit(self.chart.key)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and turn.y():
            self.axis.zoom(0.8 ** (turn.y() / 120), self._place(event.position().x()))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(turn.x()) > abs(turn.y()):
            self.axis.pan(-(turn.x() or turn.y()) / 120 * 0.1)
        else:
            event.ignore()  # the page scrolls
            return
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        axis, key = self.axis, event.key()
        at = axis.cursor if axis.cursor is not None else axis.end
        if key in (_K.Key_Left, _K.Key_Right):
            axis.set_cursor(at + (axis.end - axis.start) * (KEY_STEP if key == _K.Key_Right else -KEY_STEP))
        elif key in (_K.Key_Home, _K.Key_End):
            axis.set_cursor(axis.start if key == _K.Key_Home else axis.end)
        elif key in (_K.Key_Up, _K.Key_Down) and self.chart.lines:
            self._chosen += 1 if key == _K.Key_Down else -1
            self._set_bright(self._name)
        elif key == _K.Key_Space and self.chart.lines:
            axis.toggle(self.chart.key, self._name)
        elif key in (_K.Key_Plus, _K.Key_Equal, _K.Key_Minus):
            axis.zoom(2.0 if key == _K.Key_Minus else 0.5)
        elif key == _K.Key_F:
            axis.show_all()
        elif key in (_K.Key_A, _K.Key_B):
            self.step_chosen.emit("A" if key == _K.Key_A else "B", at)
        elif key in (_K.Key_Return, _K.Key_Enter):
            self.enlarged.emit(self.chart.key)
        else:
            super().keyPressEvent(event)
            return
        self._describe()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.invalidate()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._image = None
            self.invalidate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(360, round(12 * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, round(8 * self.fontMetrics().height()))


def _file_name(text: str) -> str:
    """As a part of a column's name."""
    return "".join(letter if letter.isalnum() else "_" for letter in text.lower().replace("%", "percent")).strip("_")
