"""Rate against distortion: one point for each version of the clip, one line for each codec; a point can be heard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.hinted import Hinted
from workbench.widgets.series import draw_series_mark, series_colour
from workbench.widgets.theme import Theme, theme_of
from workbench.widgets.ticks import ticks

REACH = 16.0  # how near a click has to be, pixels
LOG_FROM = 12.0  # bitrates that differ by this factor stand on a logarithmic axis


@dataclass(frozen=True)
class RatePoint:
    """One version. Without a bitrate (continuous latents) it is a line across, which stands for every rate."""

    number: int  # of the take
    series: int  # its codec: 0, 1 …
    kbps: float | None
    value: float  # of the metric, in its unit
    text: str  # beside the point: "3"
    name: str  # in words: "mimi-24 · depth 3"
    joined: bool = True  # stands on the line of its codec, as depths do


@dataclass(frozen=True)
class RateMetric:
    """What stands on the upright axis."""

    name: str
    unit: str
    higher_is_better: bool


class RateDistortion(Hinted):
    """A click, or the arrow keys, choose a point: ← → by bitrate along a codec, ↑ ↓ from codec to codec."""

    chosen = Signal(int)  # number of a take
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[RatePoint, ...] = ()
        self.series: tuple[str, ...] = ()
        self.measure = RateMetric("", "", True)
        self.heard: int | None = None
        self.waiting = ""
        self._tip = (
            "Each point is one version of the clip: to the right it costs more bits, and the better ones stand higher."
            " Click one to hear it."
        )
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Rate and distortion")
        self.setToolTip(self._tip)

    def set_points(
        self, points: Sequence[RatePoint], series: Sequence[str], metric: RateMetric, waiting: str = ""
    ) -> None:
        """What was measured, the names of the codecs, and what to say where there is nothing."""
        state = (tuple(points), tuple(series), metric, waiting)
        if state != (self.points, self.series, self.measure, self.waiting):
            self.points, self.series, self.measure, self.waiting = state
            self._describe()
            self.update()

    def set_heard(self, number: int | None) -> None:
        """Which version is heard; None: not told."""
        if number != self.heard:
            self.heard = number
            self._describe()
            self.update()

    def point(self, number: int | None) -> RatePoint | None:
        """The point of a version."""
        return next((point for point in self.points if point.number == number), None)

    def words_of(self, point: RatePoint) -> str:
        """A point in words."""
        rate = "no bitrate" if point.kbps is None else f"{point.kbps:.2f} kbps"
        return f"{point.name}: {rate}, {self.measure.name} {_number(point.value)} {self.measure.unit}".rstrip()

    def _describe(self) -> None:
        heard = self.point(self.heard)
        words = f"{len(self.points)} versions of {len(self.series)} codecs" if self.points else self.waiting
        self.setAccessibleDescription(f"{words}; heard: {self.words_of(heard)}" if heard else words)

    # -- places -----------------------------------------------------------------------------------------------------
    def _room(self, outer: QRectF, metrics: QFontMetrics) -> QRectF:
        """Where points lie: below title and legend, right of the numbers, above rates and the axis' name."""
        line = metrics.height()
        rows = max((row for row, _, _ in self._legend(outer, metrics)), default=-1) + 1
        top = outer.top() + line * (1.5 + 1.2 * rows)
        left = outer.left() + metrics.horizontalAdvance("−00.0") + 10
        return QRectF(left, top, max(10.0, outer.right() - left - 14), max(10.0, outer.bottom() - top - 2.3 * line))

    def _legend(self, outer: QRectF, metrics: QFontMetrics) -> list[tuple[int, float, float]]:
        """Row, left and width of each name below the title; one codec needs no legend."""
        found: list[tuple[int, float, float]] = []
        row, left = 0, outer.left() + 4
        for name in self.series if len(self.series) > 1 else ():
            width = min(metrics.horizontalAdvance(name) + 34.0, outer.width() - 8)
            if left + width > outer.right() and left > outer.left() + 4:
                row, left = row + 1, outer.left() + 4
            found.append((row, left, width))
            left += width
        return found

    def _spans(self) -> tuple[float, float, float, float, bool]:
        """Lowest and highest rate, lowest and highest value, with a margin; whether rates are logarithmic."""
        rates = [point.kbps for point in self.points if point.kbps]
        low, high = (min(rates), max(rates)) if rates else (1.0, 2.0)
        logarithmic = high / low >= LOG_FROM
        if logarithmic:
            edge = (high / low) ** 0.06
            low, high = low / edge, high * edge
        else:
            low, high = 0.0, high * 1.08
        values = [point.value for point in self.points]
        bottom, top = min(values, default=0.0), max(values, default=1.0)
        margin = max(0.08 * (top - bottom), 0.05 * max(abs(top), abs(bottom)), 0.1)
        return low, high, bottom - margin, top + margin, logarithmic

    def _place(self, rect: QRectF, kbps: float | None, value: float) -> QPointF:
        low, high, bottom, top, logarithmic = self._spans()
        if kbps is None:
            x = rect.right() - 6
        elif logarithmic:
            x = rect.left() + rect.width() * math.log(max(kbps, low) / low) / math.log(high / low)
        else:
            x = rect.left() + rect.width() * (kbps - low) / (high - low)
        share = (value - bottom) / (top - bottom)
        if not self.measure.higher_is_better:
            share = 1.0 - share
        return QPointF(x, rect.bottom() - rect.height() * share)

    @property
    def plot_rect(self) -> QRectF:
        """Where points lie in the widget."""
        return self._room(QRectF(self.rect()), self.fontMetrics())

    def place_of(self, point: RatePoint) -> QPointF:
        """Where a point is drawn in the widget."""
        return self._place(self.plot_rect, point.kbps, point.value)

    def point_at(self, place: QPointF) -> RatePoint | None:
        """The nearest point within reach; the line of a version without a bitrate counts along its whole length."""
        rect, best, least = self.plot_rect, None, REACH
        for point in self.points:
            at = self._place(rect, point.kbps, point.value)
            far = abs(at.y() - place.y()) if point.kbps is None else (at - place).manhattanLength()
            if far < least and (point.kbps is not None or far < REACH / 2):
                best, least = point, far
        return best

    # -- drawing ----------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        self.paint_figure(painter, QRectF(self.rect()), theme)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def paint_figure(self, painter: QPainter, rect: QRect | QRectF, theme: Theme) -> None:
        """Draw everything into `rect`, for the screen and for print."""
        outer = QRectF(rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(outer, theme.background)
        room = self._room(outer, painter.fontMetrics())
        painter.fillRect(room, theme.lane)
        if not self.points:
            painter.setPen(theme.muted)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.waiting)
            painter.restore()
            return
        self._paint_axes(painter, outer, room, theme)
        self._paint_legend(painter, outer, theme)
        # Where texts and points stand: no text over them.
        places = [self._place(room, point.kbps, point.value) for point in self.points if point.kbps is not None]
        taken = [QRectF(at.x() - 4, at.y() - 4, 8, 8) for at in places]
        for index in sorted(range(len(self.series)), key=lambda index: not self._is_heard(index)):
            self._paint_series(painter, room, index, theme, taken)
        self._paint_heard(painter, room, theme)
        painter.restore()

    def _paint_axes(self, painter: QPainter, outer: QRectF, room: QRectF, theme: Theme) -> None:
        low, high, bottom, top, logarithmic = self._spans()
        line = painter.fontMetrics().height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in ticks(bottom, top, max(2, int(room.height() / (2.4 * line)))):
            y = self._place(room, low, value).y()
            painter.setPen(QPen(theme.grid, 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(theme.muted)
            painter.drawText(
                QRectF(outer.left(), y - line / 2, room.left() - outer.left() - 5, line), right, _tick(value)
            )
        painter.setPen(theme.muted)
        taken = -1e9
        for value in _rates(low, high, logarithmic, room.width() / (3.2 * line)):
            x = self._place(room, value, bottom).x()
            text = f"{value:g}"
            half = painter.fontMetrics().horizontalAdvance(text) / 2 + 5
            if x - half < taken:
                continue
            taken = x + half
            painter.drawLine(QPointF(x, room.bottom()), QPointF(x, room.bottom() + 3))
            painter.drawText(QRectF(x - 40, room.bottom() + 3, 80, line), Qt.AlignmentFlag.AlignCenter, text)
        under = QRectF(room.left(), room.bottom() + 3 + line, room.width(), line)
        scale = ", logarithmic" if logarithmic else ""
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, f"bitrate (kbps{scale})")
        better = "up is better" if self.measure.higher_is_better else "axis turned round: up is better"
        unit = f" ({self.measure.unit})" if self.measure.unit else ""
        painter.setPen(theme.text)
        title = QRectF(outer.left() + 4, outer.top() + 2, outer.width() - 8, line)
        text = painter.fontMetrics().elidedText(
            f"{self.measure.name}{unit} · {better}", Qt.TextElideMode.ElideRight, int(title.width())
        )
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_legend(self, painter: QPainter, outer: QRectF, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        line = metrics.height()
        for index, (row, left, width) in enumerate(self._legend(outer, metrics)):
            y = outer.top() + line * (1.5 + 1.2 * row) + line / 2
            draw_series_mark(painter, QPointF(left + 8, y), 4.5, index, series_colour(index, theme))
            painter.setPen(theme.text)
            text = metrics.elidedText(self.series[index], Qt.TextElideMode.ElideRight, int(width - 22))
            painter.drawText(QRectF(left + 18, y - line / 2, width, line), Qt.AlignmentFlag.AlignVCenter, text)

    def _is_heard(self, series: int) -> bool:
        heard = self.point(self.heard)
        return heard is not None and heard.series == series

    def _paint_series(self, painter: QPainter, room: QRectF, index: int, theme: Theme, taken: list[QRectF]) -> None:
        colour = series_colour(index, theme)
        points = [point for point in self.points if point.series == index]
        rated = sorted((point for point in points if point.kbps is not None and point.joined), key=_rate)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline([self._place(room, point.kbps, point.value) for point in rated])
        line = painter.fontMetrics().height()
        for point in sorted(points, key=lambda point: point.number != self.heard):
            at = self._place(room, point.kbps, point.value)
            if point.kbps is None:
                painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(room.left(), at.y()), QPointF(room.right(), at.y()))
                text = f"{self.series[index]}, no bitrate"
                self._paint_text(painter, QPointF(room.left() + 4, at.y() - line), text, theme, taken)
                continue
            draw_series_mark(painter, at, 4.5, index, colour)
            width = painter.fontMetrics().horizontalAdvance(point.text)
            left = at.x() + 7 if at.x() + 11 + width < room.right() + 14 else at.x() - 11 - width
            self._paint_text(painter, QPointF(left, at.y() - line), point.text, theme, taken)

    def _paint_heard(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        heard = self.point(self.heard)
        if heard is None:
            return
        at = self._place(room, heard.kbps, heard.value)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.text, 2))
        painter.drawEllipse(at, 9.0, 9.0)

    @staticmethod
    def _paint_text(painter: QPainter, place: QPointF, text: str, theme: Theme, taken: list[QRectF]) -> None:
        """Where nothing else stands."""
        metrics = painter.fontMetrics()
        box = QRectF(place.x(), place.y(), metrics.horizontalAdvance(text) + 2, metrics.height())
        if not any(box.intersects(other) for other in taken):
            taken.append(box)
            painter.setPen(theme.text)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    # -- hand and keys ----------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = self.point_at(event.position())
        if point is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(point.number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.point_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key not in self.own_keys or not self.points:
            super().keyPressEvent(event)
            return
        step = 1 if key in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1
        found = self._along(step) if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) else self._across(step)
        if found is not None and found.number != self.heard:
            self.chosen.emit(found.number)

    def _along(self, step: int) -> RatePoint | None:
        """The next point of the same codec by bitrate; from nowhere, the first of all."""
        here = self.point(self.heard)
        if here is None:
            return min(self.points, key=lambda point: (point.series, _rate(point)))
        row = sorted((point for point in self.points if point.series == here.series), key=_rate)
        return row[min(max(row.index(here) + step, 0), len(row) - 1)]

    def _across(self, step: int) -> RatePoint | None:
        """The point of the next codec that is nearest in bitrate."""
        here = self.point(self.heard)
        if here is None:
            return self._along(1)
        others = sorted({point.series for point in self.points})
        at = others.index(here.series) + step
        if not 0 <= at < len(others):
            return here
        row = [point for point in self.points if point.series == others[at]]
        return min(row, key=lambda point: abs(math.log(_rate(point) + 1e-9) - math.log(_rate(here) + 1e-9)))

    def hint_at(self, place: QPointF) -> str:
        point = self.point_at(place)
        return self.words_of(point) if point else self._tip

    def sizeHint(self) -> QSize:
        return QSize(320, 15 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 8 * self.fontMetrics().height())


def _rate(point: RatePoint) -> float:
    return 1e6 if point.kbps is None else point.kbps


def _rates(low: float, high: float, logarithmic: bool, room: float) -> list[float]:
    """Round bitrates for the axis: 1, 2, 5 times powers of ten where it is logarithmic."""
    if not logarithmic:
        return ticks(low, high, max(2, int(room)))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [10.0**power * factor for power in range(first, last + 1) for factor in (1, 2, 5)]
    return [round(value, 6) for value in every if low <= value <= high]


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
