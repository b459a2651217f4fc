"""A switch for each book, beside its row: quantised (steps) or continuous (a wave)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.hinted import Hinted
from workbench.widgets.theme import mix, theme_of

WIDTH = 34
_MOVES = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_PRESS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class BookSwitches(Hinted):
    """Rows stand where `edges` says: the heights of a grid beside it. ↑ ↓ choose a book, Space turns its switch."""

    own_keys = (*_MOVES, *_PRESS, Qt.Key.Key_Home, Qt.Key.Key_End)
    switched = Signal(int, bool)  # book from 0, continuous

    def __init__(self, edges: Callable[[], list[int]]) -> None:
        super().__init__()
        self._edges = edges
        self.books = 0
        self.continuous: frozenset[int] = frozenset()
        self.chosen = 0
        self.setFixedWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tell()

    def set_books(self, books: int, continuous: Sequence[int]) -> None:
        """How many there are, and which are continuous, from 0."""
        if (books, frozenset(continuous)) != (self.books, self.continuous):
            self.books, self.continuous = books, frozenset(continuous)
            self.chosen = min(self.chosen, max(0, books - 1))
            self._tell()
            self.update()

    def box(self, book: int) -> QRectF:
        """Where a switch lies."""
        edges = self._edges()
        if book + 1 >= len(edges):
            return QRectF()
        return QRectF(3, edges[book], self.width() - 6, max(1, edges[book + 1] - edges[book] - 1))

    def hint_at(self, place: QPointF) -> str:
        book = self._at(place)
        return self.toolTip() if book is None else self._words(book)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        for book in range(self.books):
            box, on = self.box(book).adjusted(0.5, 0.5, -0.5, -0.5), book in self.continuous
            painter.setPen(QPen(theme.accent if on else theme.grid, 1))
            painter.setBrush(mix(theme.background, theme.accent, 0.22) if on else theme.background)
            painter.drawRect(box)
            if box.height() >= 5:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(theme.text if on else theme.muted, 1.5 if on else 1))
                painter.drawPolyline(_wave(box) if on else _steps(box))
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if self.hasFocus() and book == self.chosen:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.cursor, 2))
                painter.drawRect(box)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        book = self._at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None
        if book is not None:
            self.chosen = book
            self.switched.emit(book, book not in self.continuous)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self.books or key not in self.own_keys:
            super().keyPressEvent(event)
            return
        if key in _PRESS:
            self.switched.emit(self.chosen, self.chosen not in self.continuous)
            return
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.books - 1}
        self.chosen = ends.get(key, min(max(self.chosen + _MOVES.get(key, 0), 0), self.books - 1))
        self._tell()
        self.update()

    def _at(self, place: QPointF) -> int | None:
        return next((book for book in range(self.books) if self.box(book).contains(place)), None)

    def _words(self, book: int) -> str:
        if book in self.continuous:
            return f"Book {book + 1}: continuous, the decoder hears what the encoder asked for. Click: quantised."
        return f"Book {book + 1}: quantised, the decoder hears its entries. Click: continuous."

    def _tell(self) -> None:
        tip = "A switch for each book: quantised (steps) or continuous (a wave). ↑ ↓ choose a book, Space turns it."
        self.setToolTip(tip)
        self.setAccessibleName(f"Switches of the books. {self._words(self.chosen)}" if self.books else "Switches")
        self.setAccessibleDescription(tip)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 100)


def _steps(box: QRectF) -> list[QPointF]:
    y, rise = box.center().y(), min(3.0, box.height() / 4)
    x = [box.left() + box.width() * share for share in (0.2, 0.4, 0.4, 0.6, 0.6, 0.8)]
    return [QPointF(a, y + d * rise) for a, d in zip(x, (1, 1, 0, 0, -1, -1), strict=True)]


def _wave(box: QRectF) -> list[QPointF]:
    y, swing = box.center().y(), min(3.5, box.height() / 4)
    return [QPointF(box.left() + box.width() * (0.2 + 0.02 * i), y - swing * sin(i * 0.42)) for i in range(31)]
