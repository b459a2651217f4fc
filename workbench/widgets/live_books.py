"""The codebooks as a strip of chips: hear or not, freeze, alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.hinted import Hinted
from workbench.widgets.kept import draw_kept
from workbench.widgets.labels import draw_role_mark
from workbench.widgets.theme import Theme, mix

GAP = 3
TIP = "Click or Space: hear this book or not. F: freeze its entry. Double click, Enter or Alt+digit: this book alone."
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_KEYS = (
    *_STEPS, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F,
)  # fmt: skip


class LiveBooks(Hinted):
    """Filled chips are heard, outlined ones not; a frozen book carries a snow crystal. Shapes mark the roles."""

    own_keys = _KEYS
    toggled = Signal(int)  # book, from 0
    frozen = Signal(int)
    alone = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.roles: tuple[str, ...] = ()
        self.heard: frozenset[int] = frozenset()
        self.frozen_books: frozenset[int] = frozenset()
        self.current = 0
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Books")
        self.setToolTip(TIP)

    def set_books(self, roles: Sequence[str], heard: Iterable[int], frozen: Iterable[int]) -> None:
        """The role of each book, which of them are heard and which keep their entry, from 0."""
        state = (tuple(roles), frozenset(heard), frozenset(frozen))
        if state != (self.roles, self.heard, self.frozen_books):
            resized = len(state[0]) != len(self.roles)
            self.roles, self.heard, self.frozen_books = state
            self.current = min(self.current, max(0, len(self.roles) - 1))
            self._tell()
            if resized:
                self.updateGeometry()
            self.update()

    def describe(self, book: int) -> str:
        """A book in words."""
        parts = [f"Book {book + 1}, {self.roles[book]}", "heard" if book in self.heard else "not heard"]
        return ", ".join([*parts, "frozen"] if book in self.frozen_books else parts)

    def _tell(self) -> None:
        self.setAccessibleDescription(self.describe(self.current) if self.roles else "This codec has no books.")

    # -- where they lie -------------------------------------------------------------------------------------------
    def _layout(self, width: int) -> tuple[int, float, float]:
        metrics = self.fontMetrics()
        least = metrics.horizontalAdvance("◆00") + 12
        columns = max(1, min(len(self.roles) or 1, int((width + GAP) // (least + GAP))))
        return columns, min((width - GAP * (columns - 1)) / columns, least * 1.5), metrics.height() + 6.0

    def chip_rect(self, book: int) -> QRectF:
        """Where the chip of a book lies."""
        columns, width, height = self._layout(self.width())
        return QRectF((book % columns) * (width + GAP), (book // columns) * (height + GAP) + 1, width, height)

    def book_at(self, place: QPointF) -> int | None:
        """The book under a point."""
        return next((book for book in range(len(self.roles)) if self.chip_rect(book).contains(place)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_kept(self, (self.roles, self.heard, self.frozen_books, self.current), self._paint)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        able = self.isEnabled()
        for book, role in enumerate(self.roles):
            box = self.chip_rect(book).adjusted(0.5, 0.5, -0.5, -0.5)
            heard = book in self.heard
            ink = (theme.on_accent if heard else theme.text) if able else theme.muted
            painter.setBrush(mix(theme.background, theme.accent, 1.0 if able else 0.2) if heard else theme.background)
            style = Qt.PenStyle.SolidLine if heard else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.accent if heard else theme.muted, 1, style))
            painter.drawRoundedRect(box, 4, 4)
            half = box.height() * 0.2
            mark = QPointF(box.left() + half + 5, box.center().y())
            if book in self.frozen_books:
                _draw_crystal(painter, mark, half * 1.5, ink)
            else:
                draw_role_mark(painter, mark, half, role, ink)
            painter.setPen(ink)
            painter.drawText(box.adjusted(2 * half + 6, 0, -4, 0), Qt.AlignmentFlag.AlignCenter, str(book + 1))
            if self.hasFocus() and book == self.current:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.text, 2))
                painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 3, 3)
        if not self.roles:
            painter.setPen(theme.muted)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, "no books")

    # -- hand and keys --------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        book = self.book_at(event.position())
        if book is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go(book)
            self.toggled.emit(book)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        book = self.book_at(event.position())
        if book is not None and event.button() == Qt.MouseButton.LeftButton:
            self.alone.emit(book)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self.roles or key not in _KEYS:
            super().keyPressEvent(event)
        elif key in _STEPS:
            self._go(min(max(self.current + _STEPS[key], 0), len(self.roles) - 1))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(0 if key == Qt.Key.Key_Home else len(self.roles) - 1)
        elif key == Qt.Key.Key_Space:
            self.toggled.emit(self.current)
        else:
            (self.frozen if key == Qt.Key.Key_F else self.alone).emit(self.current)

    def _go(self, book: int) -> None:
        self.current = book
        self._tell()
        self.update()

    def hint_at(self, place: QPointF) -> str:
        book = self.book_at(place)
        return self.toolTip() if book is None else f"{self.describe(book)}. {self.toolTip()}"

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns, _, height = self._layout(width)
        return round(max(1, -(-len(self.roles) // columns)) * (height + GAP)) + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(max(240, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.heightForWidth(max(120, self.width())))


def _draw_crystal(painter: QPainter, centre: QPointF, radius: float, colour: QColor) -> None:
    """Three crossing lines."""
    painter.setPen(QPen(colour, 1.5))
    for angle in (30, 90, 150):
        arm = QLineF.fromPolar(radius, angle)
        painter.drawLine(centre - arm.p2(), centre + arm.p2())
