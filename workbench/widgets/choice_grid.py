"""Big buttons in a grid that scrolls: the original and every depth, or blind labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QSizePolicy, QWidget

from workbench.widgets.theme import mix, theme_of

GAP = 6


@dataclass(frozen=True)
class ChoiceItem:
    """One button: a big title, small lines under it, whether it can be heard yet, whether it takes a whole row."""

    title: str
    lines: tuple[str, ...] = ()
    ready: bool = True
    wide: bool = False
    name: str = ""  # for screen readers


class ChoiceButton(QAbstractButton):
    """The chosen one has a thick frame and a triangle besides its colour; one that is not ready has a dashed frame."""

    def __init__(self, item: ChoiceItem) -> None:
        super().__init__()
        self.item = item
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_item(item)

    def set_item(self, item: ChoiceItem) -> None:
        """Say something else."""
        self.item = item
        text = ", ".join((item.name or item.title, *item.lines))
        self.setAccessibleName(text)
        self.setToolTip(f"Hear and show {item.name or item.title}.")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        checked, ready = self.isChecked(), self.item.ready
        ground = theme.accent if checked else self.palette().button().color()
        if self.underMouse() and not checked:
            ground = mix(ground, theme.accent, 0.15)
        frame = theme.accent if checked or self.hasFocus() else mix(ground, theme.text, 0.25)
        painter.setBrush(ground)
        painter.setPen(QPen(frame, 2 if checked else 1, Qt.PenStyle.SolidLine if ready else Qt.PenStyle.DashLine))
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        painter.drawRoundedRect(box, 5, 5)
        if self.hasFocus():
            painter.setPen(QPen(theme.on_accent if checked else theme.accent, 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(3, 3, -3, -3), 3, 3)
        title_font = QFont(self.font())
        title_font.setPointSizeF(self.font().pointSizeF() * 1.35)
        title_font.setBold(True)
        painter.setFont(title_font)
        title_height = painter.fontMetrics().height()
        small = self.fontMetrics().height()
        top = box.center().y() - (title_height + small * len(self.item.lines)) / 2
        painter.setPen(theme.on_accent if checked else theme.text if ready else theme.muted)
        title = ("▸ " if checked else "") + self.item.title
        painter.drawText(QRectF(0, top, self.width(), title_height), Qt.AlignmentFlag.AlignCenter, title)
        painter.setFont(self.font())
        if not checked:
            painter.setPen(theme.muted)
        for index, line in enumerate(self.item.lines):
            line_box = QRectF(0, top + title_height + small * index, self.width(), small)
            painter.drawText(line_box, Qt.AlignmentFlag.AlignCenter, line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            event.ignore()  # Space plays, arrows and digits choose: the panel's keys

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        lines = max((metrics.horizontalAdvance(line) for line in self.item.lines), default=0)
        width = max(lines, round(metrics.horizontalAdvance("▸ " + self.item.title) * 1.5))
        return QSize(width + 16, round(metrics.height() * (1.5 + len(self.item.lines))) + 10)


class ChoiceGrid(QScrollArea):
    """`chosen(index)` when a person presses a button."""

    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.buttons: list[ChoiceButton] = []
        self.current: int | None = None
        self._inside = QWidget()
        self.setWidget(self._inside)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)

    def set_items(self, items: Sequence[ChoiceItem], current: int | None) -> None:
        """What can be chosen, and what is (None: nothing)."""
        while len(self.buttons) > len(items):
            button = self.buttons.pop()
            button.hide()
            button.deleteLater()
        for button, item in zip(self.buttons, items, strict=False):
            if button.item != item:
                button.set_item(item)
        for item in items[len(self.buttons) :]:
            button = ChoiceButton(item)
            button.setParent(self._inside)
            button.clicked.connect(self._pressed)
            button.show()
            self.buttons.append(button)
        for index, button in enumerate(self.buttons):
            button.setChecked(index == current)
        before, self.current = self.current, current
        self._arrange()
        if current is not None and current != before and current < len(self.buttons):
            self.ensureWidgetVisible(self.buttons[current], 0, GAP)

    def _pressed(self) -> None:
        button = self.sender()
        index = self.buttons.index(button)
        button.setChecked(index == self.current)  # the state decides, not the click
        self.chosen.emit(index)

    def _arrange(self) -> None:
        width = self.viewport().width()
        hints = [button.sizeHint() for button in self.buttons if not button.item.wide]
        cell = max((hint.width() for hint in hints), default=60)
        height = max((hint.height() for hint in hints), default=40)
        columns = max(1, min((width + GAP) // (cell + GAP), max(len(hints), 1)))
        cell = (width - GAP * (columns - 1)) // columns
        x = y = column = 0
        for button in self.buttons:
            if button.item.wide:
                button.setGeometry(0, y, width, button.sizeHint().height())
                y += button.height() + GAP
                continue
            if column == columns:
                column, y = 0, y + height + GAP
            x = column * (cell + GAP)
            button.setGeometry(x, y, cell, height)
            column += 1
        self._inside.resize(width, y + (height if column else 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(300, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 90)
