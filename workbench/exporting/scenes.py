"""What a video shows: a title, the views below each other, and in each of them where the sound is now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPen

from workbench.exporting.page import print_theme
from workbench.state.view import TimeView
from workbench.widgets.figure import Figure
from workbench.widgets.path_view import PathView
from workbench.widgets.theme import Theme
from workbench.widgets.ticks import length_text
from workbench.widgets.time_plot import TimePlot

PAGE_S = 10.0  # longer selections are turned like pages, as the window does it while it plays
UNIT_HEIGHT = 540  # of the picture in the units of widgets: text of this share can be read on a wall
MARGIN = 12


@dataclass(frozen=True)
class _Mover:
    """One view on the page: a plot from `start_s` to `end_s`, or a path through latent space."""

    rect: QRect
    start_s: float
    end_s: float
    path: PathView | None = None


class Scene:
    """The pictures of one video of [start_s, end_s); `size` in pixels."""

    def __init__(
        self,
        views: Sequence[Figure],
        title: str,
        size: QSize,
        span_s: tuple[float, float],
        time_view: TimeView,
        theme: Theme | None = None,
    ) -> None:
        self.views, self.title, self.size, self.time_view = tuple(views), title, size, time_view
        self.start_s, self.end_s = span_s
        self.theme = theme or print_theme()
        self.ratio = size.height() / UNIT_HEIGHT
        self.pages = max(1, math.ceil((self.end_s - self.start_s) / PAGE_S - 1e-6))
        self._page = -1
        self._ground = QImage()
        self._movers: list[_Mover] = []

    def page_at(self, seconds: float) -> int:
        """Which page shows a time."""
        share = (seconds - self.start_s) / (self.end_s - self.start_s)
        return min(max(int(share * self.pages), 0), self.pages - 1)

    def frame(self, seconds: float) -> QImage:
        """The picture at a time of the clip."""
        page = self.page_at(seconds)
        if page != self._page:
            self._turn(page)
        image = self._ground.copy()
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.views[0].widget.font())
        for mover in self._movers:
            self._mark(painter, mover, seconds)
        painter.setPen(self.theme.text)
        box = QRectF(0, MARGIN, self.size.width() / self.ratio - MARGIN, painter.fontMetrics().height())
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, length_text(seconds))
        painter.end()
        return image

    def _mark(self, painter: QPainter, mover: _Mover, seconds: float) -> None:
        rings = ((self.theme.background, 5.0), (self.theme.cursor, 2.0))
        if mover.path is not None:
            place = mover.path.figure_place(mover.rect, painter.fontMetrics(), seconds)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in rings if place is not None else ():
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(place, 7, 7)
        elif mover.end_s > mover.start_s:
            share = (seconds - mover.start_s) / (mover.end_s - mover.start_s)
            x = mover.rect.left() + share * mover.rect.width()
            for colour, width in rings:
                painter.setPen(QPen(colour, width))
                painter.drawLine(QPointF(x, mover.rect.top()), QPointF(x, mover.rect.bottom()))

    def _turn(self, page: int) -> None:
        """Draw what does not move. The window's own range is set for this moment and put back."""
        view = self.time_view
        before, long = (view.start_s, view.end_s), (self.end_s - self.start_s) / self.pages
        view.set_range(self.start_s + page * long, self.start_s + (page + 1) * long)
        try:
            image = QImage(self.size, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(self.ratio)
            image.fill(self.theme.background)
            painter = QPainter(image)
            self._movers = list(self._paint_ground(painter))
            painter.end()
        finally:
            view.set_range(*before)
        self._ground, self._page = image, page

    def _paint_ground(self, painter: QPainter) -> list[_Mover]:
        width = round(self.size.width() / self.ratio) - 2 * MARGIN
        font = QFont(self.views[0].widget.font())
        font.setBold(True)
        painter.setFont(font)
        line = painter.fontMetrics().height()
        self._write(painter, QRectF(MARGIN, MARGIN, width - 90, line), self.title)
        font.setBold(False)
        painter.setFont(font)
        movers = []
        room = QRect(MARGIN, MARGIN + line + 6, width, UNIT_HEIGHT - 2 * MARGIN - line - 6)
        for figure, place in zip(self.views, self._places(room), strict=True):
            self._write(painter, QRectF(place.left(), place.top(), place.width(), line), figure.title)
            box = place.adjusted(0, line + 2, 0, -2)
            widget: Any = figure.widget
            painter.save()
            painter.translate(box.topLeft())  # some drawings count from their left edge
            widget.paint_figure(painter, QRect(QPoint(0, 0), box.size()), self.theme)
            painter.restore()
            painter.setFont(font)
            if isinstance(widget, TimePlot):
                movers.append(_Mover(widget.figure_rect(box), widget.start_s, widget.end_s))
            elif isinstance(widget, PathView):
                movers.append(_Mover(box, 0.0, 0.0, widget))
        return movers

    def _places(self, room: QRect) -> list[QRect]:
        """Plots over time below each other; paths, which want squares, in a column of their own beside them."""
        paths = [isinstance(figure.widget, PathView) for figure in self.views]
        columns = [row for row in (False, True) if row in paths]
        places, counts = [], dict.fromkeys(columns, 0)
        for path in paths:
            box, many = QRect(room), paths.count(path)
            if len(columns) == 2:
                cut = room.left() + round(room.width() * 0.62)
                if path:
                    box.setLeft(cut + MARGIN)
                else:
                    box.setRight(cut)
            top, height = box.top(), box.height()
            box.setTop(top + height * counts[path] // many)
            counts[path] += 1
            box.setBottom(top + height * counts[path] // many - 1)
            places.append(box)
        return places

    def _write(self, painter: QPainter, box: QRectF, text: str) -> None:
        painter.setPen(self.theme.text)
        short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)


def movable(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Those that move with the sound: over time, or through latent space."""
    return tuple(figure for figure in figures if isinstance(figure.widget, TimePlot | PathView))
