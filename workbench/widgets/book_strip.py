"""The codebooks drawn: one block per book, wrapped; semantic and acoustic differ by shape and letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.figure import scaled
from workbench.widgets.hinted import Hinted
from workbench.widgets.kept import draw_kept
from workbench.widgets.labels import ROLE_MARK, ROLE_SHORT, draw_role_mark
from workbench.widgets.theme import Theme, mix

GAP = 4
COMPACT_FROM = 12  # more books than this are drawn smaller


@dataclass(frozen=True)
class BookBlock:
    """One book: entries, frames per second, role."""

    size: int
    frame_rate_hz: float
    role: str


class BookStrip(Hinted):
    """Blocks in book order, wrapped; those that are not heard are outlined only."""

    def __init__(self) -> None:
        super().__init__()
        self.books: tuple[BookBlock, ...] = ()
        self.heard: frozenset[int] | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Codebooks")

    def set_books(self, books: Sequence[BookBlock], heard: Iterable[int] | None) -> None:
        """What to draw, and which of them are in use, from 0; None: all."""
        chosen = None if heard is None else frozenset(heard)
        if (tuple(books), chosen) != (self.books, self.heard):
            resized = len(books) != len(self.books)
            self.books, self.heard = tuple(books), chosen
            self.setAccessibleDescription("; ".join(self.describe(i) for i in range(len(books))))
            if resized:
                self.updateGeometry()
            self.update()

    def describe(self, index: int) -> str:
        """A book in words."""
        book = self.books[index]
        return f"Book {index + 1}: {book.size} entries, {book.frame_rate_hz:g} frames/s, {book.role}"

    def block_rect(self, index: int) -> QRectF:
        """Where a block lies."""
        columns, width, height = self._layout(self.width())
        return QRectF((index % columns) * (width + GAP), (index // columns) * (height + GAP), width, height)

    @property
    def compact(self) -> bool:
        """Many books: mark, number and size only; what is the same for all stands in one line under them."""
        return len(self.books) > COMPACT_FROM

    def _layout(self, width: int) -> tuple[int, float, float]:
        """Columns, and width and height of a block."""
        metrics = self.fontMetrics()
        least = metrics.horizontalAdvance("◆ 0000" if self.compact else "◆ sem 00") + 12
        columns = max(1, min(len(self.books) or 1, int((width + GAP) // (least + GAP))))
        cell = min((width - GAP * (columns - 1)) / columns, least * 1.6)
        return columns, cell, (2 if self.compact else 3) * metrics.height() + 6.0

    def _caption(self) -> str:
        rates = sorted({book.frame_rate_hz for book in self.books})
        roles = dict.fromkeys(book.role for book in self.books)
        parts = [f"{ROLE_MARK.get(role, '')} {role}" for role in roles]
        return " · ".join([*parts, ", ".join(f"{rate:g}" for rate in rates) + " Hz"])

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """As it stands, at the size and in the colours of a page."""
        scaled(self, painter, rect, theme, self._paint)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_kept(self, (self.books, self.heard), self._paint)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        line = self.fontMetrics().height()
        for index, book in enumerate(self.books):
            box = self.block_rect(index)
            used = self.heard is None or index in self.heard
            ink = theme.text if used else theme.muted
            painter.setBrush(mix(theme.background, theme.accent, 0.22) if used else theme.background)
            style = Qt.PenStyle.SolidLine if used else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.accent if used else theme.grid, 1, style))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            painter.setPen(ink)
            inner = box.adjusted(6, 3, -6, -3)
            draw_role_mark(
                painter, QPointF(inner.left() + line * 0.3, inner.top() + line / 2), line * 0.3, book.role, ink
            )
            head = QRectF(inner.left() + line * 0.8, inner.top(), inner.width() - line * 0.8, line)
            texts = [f"{book.size}"]
            if not self.compact:
                painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, ROLE_SHORT.get(book.role, book.role))
                texts.append(f"{book.frame_rate_hz:g} Hz")
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(index + 1))
            for row, text in enumerate(texts, 1):
                painter.drawText(QRectF(inner.left(), inner.top() + row * line, inner.width(), line), text)
        if self.compact:
            painter.setPen(theme.muted)
            painter.drawText(QRectF(0, self.height() - line, self.width(), line), self._caption())

    def hint_at(self, place: QPointF) -> str:
        index = next((i for i in range(len(self.books)) if self.block_rect(i).contains(place)), None)
        return "" if index is None else self.describe(index)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns, _, height = self._layout(width)
        caption = self.fontMetrics().height() + 2 if self.compact else 0
        return round(-(-len(self.books) // columns) * (height + GAP)) + caption

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(max(240, self.width())))
