"""Big buttons in a grid that scrolls: the original and every depth, or blind labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QSizePolicy, QStyle, QWidget

from workbench.widgets.scroll_bars import flat_scroll_bars
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


class ChoiceGrid(QWidget):
    """`chosen(index)` when a person presses a button. Wide items stand on top and do not scroll."""

    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.buttons: list[ChoiceButton] = []
        self.current: int | None = None
        self._inside = QWidget()
        self.scroll = QScrollArea(self)
        flat_scroll_bars(self.scroll)
        self.scroll.setWidget(self._inside)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
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
            button.clicked.connect(self._pressed)
            self.buttons.append(button)
        for index, button in enumerate(self.buttons):
            home = self if button.item.wide else self._inside
            if button.parent() is not home:
                button.setParent(home)
                button.show()
            button.setChecked(index == current)
        before, self.current = self.current, current
        self._arrange()
        if current != before:
            self._show_current()

    def _show_current(self) -> None:
        if self.current is not None and self.current < len(self.buttons) and not self.buttons[self.current].item.wide:
            self.scroll.ensureWidgetVisible(self.buttons[self.current], 0, GAP)

    def _pressed(self) -> None:
        index = next(i for i, button in enumerate(self.buttons) if button is self.sender())
        self.buttons[index].setChecked(index == self.current)  # the state decides, not the click
        self.chosen.emit(index)

    def _arrange(self) -> None:
        top = 0
        for button in self.buttons:
            if button.item.wide:
                button.setGeometry(0, top, self.width(), button.sizeHint().height())
                top += button.height() + GAP
        self.scroll.setGeometry(0, top, self.width(), max(0, self.height() - top))
        small = [button for button in self.buttons if not button.item.wide]
        hints = [button.sizeHint() for button in small]
        least = max((hint.width() for hint in hints), default=60)
        height = max((hint.height() for hint in hints), default=40)
        for width in (self.width(), self.width() - self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)):
            columns = max(1, min((width + GAP) // (least + GAP), max(len(small), 1)))
            if -(-len(small) // columns) * (height + GAP) - GAP <= self.scroll.height():
                break  # no scroll bar is needed
        cell = (width - GAP * (columns - 1)) // columns
        for place, button in enumerate(small):
            row, column = divmod(place, columns)
            button.setGeometry(column * (cell + GAP), row * (height + GAP), cell, height)
        self._inside.resize(width, max(0, -(-len(small) // columns) * (height + GAP) - GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        self._show_current()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_current()  # before, the scroll area did not know its size

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(300, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 76)
