"""One version of the clip as a button in a table, and one codec as its column."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPolygonF

from workbench.widgets.series import draw_series_mark, series_colour
from workbench.widgets.theme import Theme, mix


@dataclass(frozen=True)
class MatrixCell:
    """One version: its number, a big title, small words, and how it stands."""

    number: int
    title: str
    lines: tuple[str, ...] = ()  # the most important first: what does not fit is left out
    name: str = ""  # in words, for screen readers and the tooltip
    ready: bool = True
    picked: bool = False  # chosen for blind trials


@dataclass(frozen=True)
class MatrixColumn:
    """One codec (or its edited codes): `series` is its colour and shape in the plots."""

    title: str
    tip: str
    series: int
    cells: tuple[MatrixCell, ...]


def paint_cell(painter: QPainter, box: QRectF, cell: MatrixCell, theme: Theme, heard: bool, focus: bool) -> None:
    """A cell as a button: the one that is heard has a thick frame and a triangle besides its colour; one that is not
    made yet a dashed frame; a picked one a corner."""
    ground = theme.accent if heard else mix(theme.background, theme.text, 0.06)
    frame = theme.accent if heard or focus else mix(ground, theme.text, 0.25)
    painter.setBrush(ground)
    painter.setPen(QPen(frame, 2 if heard else 1, Qt.PenStyle.SolidLine if cell.ready else Qt.PenStyle.DashLine))
    painter.drawRoundedRect(box, 4, 4)
    if focus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.on_accent if heard else theme.accent, 1, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(box.adjusted(2.5, 2.5, -2.5, -2.5), 3, 3)
    if cell.picked:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.on_accent if heard else theme.text)
        corner = box.topRight()
        size = min(11.0, box.height() * 0.45)
        corner_of = [(-size - 2, 2), (-2, 2), (-2, size + 2)]
        painter.drawPolygon(QPolygonF([corner + QPointF(dx, dy) for dx, dy in corner_of]))
    _paint_words(painter, box.adjusted(6, 2, -6, -2), cell, theme, heard)


def _in_lines(words: tuple[str, ...], lines: int, metrics: QFontMetrics, room: float) -> list[str]:
    """As many words as fit into so many lines, several in one where there is the width."""
    found: list[str] = []
    for word in words:
        joined = f"{found[-1]} · {word}" if found else word
        if found and metrics.horizontalAdvance(joined) <= room:
            found[-1] = joined
        elif len(found) < lines:
            found.append(word)
        else:
            break
    return found


def _paint_words(painter: QPainter, box: QRectF, cell: MatrixCell, theme: Theme, heard: bool) -> None:
    """Below each other where there is the height, else beside each other; words that do not fit are left out."""
    small = QFont(painter.font())
    big = QFont(small)
    big.setBold(True)
    big.setPointSizeF(small.pointSizeF() * 1.15)
    painter.setFont(small)
    line = painter.fontMetrics().height()
    title = ("▸ " if heard else "") + cell.title
    loud = theme.on_accent if heard else theme.text if cell.ready else theme.muted
    quiet = theme.on_accent if heard else theme.muted
    painter.setFont(big)
    big_line = painter.fontMetrics().height()
    centre = Qt.AlignmentFlag.AlignCenter
    below = min(len(cell.lines), int((box.height() - big_line + 2) // line)) if box.width() < 24 * line else 0
    painter.setPen(loud)
    if below > 0 or not cell.lines:
        lines = _in_lines(cell.lines, below, QFontMetrics(small), box.width())
        top = box.center().y() - (big_line + len(lines) * line) / 2
        text = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(QRectF(box.left(), top, box.width(), big_line), centre, text)
        painter.setFont(small)
        painter.setPen(quiet)
        for row, words in enumerate(lines):
            place = QRectF(box.left(), top + big_line + row * line, box.width(), line)
            text = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(box.width()))
            painter.drawText(place, centre, text)
        return
    start = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    end = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
    width = painter.fontMetrics().horizontalAdvance(title) + 10
    painter.drawText(box, start, painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(box.width())))
    painter.setFont(small)
    painter.setPen(quiet)
    metrics = painter.fontMetrics()
    fitting: list[str] = []
    for words in cell.lines:
        if metrics.horizontalAdvance(" · ".join((*fitting, words))) <= box.width() - width:
            fitting.append(words)
    painter.drawText(box, end, " · ".join(fitting))


def paint_head(painter: QPainter, box: QRectF, column: MatrixColumn, theme: Theme) -> None:
    """The name of a codec, with the shape and colour that it has in the plots."""
    at = QPointF(box.left() + 11, box.center().y())
    draw_series_mark(painter, at, 4.5, column.series, series_colour(column.series, theme))
    painter.setPen(theme.text)
    room = box.adjusted(22, 0, -4, 0)
    text = painter.fontMetrics().elidedText(column.title, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
