"""What a panel shows while it has nothing to show: one line that says what to do."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.kept import draw_kept
from workbench.widgets.theme import Theme


class EmptyState(QWidget):
    """A sentence in the middle, and under it a quieter second one."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__()
        self.text, self.hint = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.set_text(text, hint)

    def set_text(self, text: str, hint: str = "") -> None:
        """Say something else."""
        self.text, self.hint = text, hint
        self.setAccessibleName(f"{text} {hint}".strip())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_kept(self, (self.text, self.hint), self._paint, filled=True)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.grid, 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(8, 8, -9, -9), 8, 8)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        painter.setFont(font)
        painter.setPen(theme.text)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        room = self.rect().adjusted(20, 12, -20, -12)
        box = painter.boundingRect(room, flags, self.text)
        painter.setFont(self.font())
        hint_box = painter.boundingRect(room, flags, self.hint) if self.hint else QRect()
        top = room.top() + max(0, (room.height() - box.height() - hint_box.height() - 6) // 2)
        painter.setFont(font)
        painter.drawText(QRect(room.left(), top, room.width(), box.height()), flags, self.text)
        painter.setFont(self.font())
        painter.setPen(theme.muted)
        hint_rect = QRect(room.left(), top + box.height() + 6, room.width(), hint_box.height())
        painter.drawText(hint_rect, flags, self.hint)

    def sizeHint(self) -> QSize:
        return QSize(280, 140)
