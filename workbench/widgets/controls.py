"""Buttons, sliders and boxes that keep their own keys where the window has shortcuts on the same ones."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QSlider, QWidget

from workbench.widgets.icons import icon
from workbench.widgets.theme import describe, theme_of

_KEYS = Qt.Key
_ARROWS = (_KEYS.Key_Left, _KEYS.Key_Right, _KEYS.Key_Up, _KEYS.Key_Down, _KEYS.Key_Home, _KEYS.Key_End)
_PRESS = (_KEYS.Key_Space, _KEYS.Key_Return, _KEYS.Key_Enter)


def claims(event: QEvent, keys: tuple[Qt.Key, ...]) -> bool:
    """Whether the window asks if a widget wants a key for itself (ShortcutOverride), and it is one of these."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    return plain and event.key() in keys


class Button(QPushButton):
    """Takes the focus by Tab only, so that a click leaves the keys of the window alone; Space and Enter press it.

    One that stays down has a bar at its lower edge while it does: styles show "down" too faintly, above all dark ones.
    """

    def __init__(self, text: str, name: str, tip: str, checkable: bool = False, icon_name: str = "") -> None:
        super().__init__(text)
        describe(self, name, tip)
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon_name = ""
        self.set_icon(icon_name)

    def set_icon(self, name: str) -> None:
        """Show another icon; empty: none."""
        if name != self._icon_name:
            self._icon_name = name
            self._paint_icon()

    def _paint_icon(self) -> None:
        if self._icon_name:
            self.setIcon(icon(self._icon_name, self.palette()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            theme = theme_of(self.palette())
            colour = theme.accent if self.isEnabled() else theme.muted
            QPainter(self).fillRect(4, self.height() - 5, self.width() - 8, 3, colour)

    def event(self, event: QEvent) -> bool:
        if claims(event, _PRESS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (_KEYS.Key_Return, _KEYS.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icon()
        super().changeEvent(event)


class Slider(QSlider):
    """A horizontal slider; the wheel moves it only when it has the focus, so that scrolling past it changes nothing."""

    def __init__(self, name: str, tip: str, low: int, high: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        describe(self, name, tip)
        self.setRange(low, high)

    def event(self, event: QEvent) -> bool:
        if claims(event, _ARROWS):
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Choice(QComboBox):
    """A list to choose from; each entry has a text and a value."""

    def __init__(self, name: str, tip: str, entries: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__()
        describe(self, name, tip)
        if not entries:  # filled later with names of any length, which must not widen the panel
            self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.setMinimumContentsLength(6)
        self.set_entries(entries)

    def set_entries(self, entries: tuple[tuple[str, str], ...], current: str | None = None) -> None:
        """Other entries (text, value); the chosen value stays where it is still among them."""
        wanted = self.value if current is None else current
        if entries != self.entries:
            self.blockSignals(True)
            self.clear()
            for text, value in entries:
                self.addItem(text, value)
            self.blockSignals(False)
        self.set_value(wanted)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """What can be chosen."""
        return tuple((self.itemText(i), str(self.itemData(i))) for i in range(self.count()))

    @property
    def value(self) -> str:
        """The chosen value; empty where there is none."""
        return str(self.currentData() or "")

    def set_value(self, value: str) -> None:
        """Choose without telling anybody; an unknown value changes nothing."""
        index = self.findData(value)
        if index >= 0 and index != self.currentIndex():
            self.blockSignals(True)
            self.setCurrentIndex(index)
            self.blockSignals(False)

    def event(self, event: QEvent) -> bool:
        if claims(event, (*_ARROWS, *_PRESS)):
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore() if not self.hasFocus() else super().wheelEvent(event)


def in_tab_order(*widgets: QWidget) -> None:
    """Tab goes through these in this order."""
    for first, second in pairwise(widgets):
        QWidget.setTabOrder(first, second)
