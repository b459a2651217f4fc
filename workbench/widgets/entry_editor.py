"""Editors of one entry of a recipe: a list to choose from, or a line that says at once what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.form import FormRow, text_of, value_from
from workbench.widgets.theme import describe, theme_of

_NONE = "none"  # how an empty text is shown in a list
FACTOR = 1.25  # of a number without a step of its own, for each press of an arrow key


def editor_for(row: FormRow, parent: QWidget | None = None) -> ChoiceEditor | LineEditor:
    """The editor of a kind of entry."""
    if row.kind in ("choice", "flag"):
        return ChoiceEditor(row, parent)
    return LineEditor(row, parent)


def tip_of(row: FormRow) -> str:
    """What it is and what may be written."""
    return f"{row.help.help} ({row.bounds})" if row.bounds else row.help.help


class ChoiceEditor(QComboBox):
    """yes and no, or the entry's choices."""

    edited = Signal()

    def __init__(self, row: FormRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        for choice in ("yes", "no") if row.kind == "flag" else row.help.choices:
            self.addItem(choice or _NONE, choice)
        describe(self, row.path, tip_of(row))
        self.activated.connect(lambda _index: self.edited.emit())

    @property
    def text(self) -> str:
        """What is chosen."""
        return str(self.currentData() or "")

    def set_text(self, text: str) -> None:
        """Choose; one that is not there is added."""
        index = self.findData(text)
        if index < 0:
            self.addItem(text or _NONE, text)
            index = self.count() - 1
        self.setCurrentIndex(index)

    @property
    def problem(self) -> str:
        """Nothing that can be chosen is wrong."""
        return ""


class LineEditor(QLineEdit):
    """Red, with the reason as tooltip, while what is written cannot be; ↑ and ↓ step a number."""

    edited = Signal()  # Enter, or the focus went elsewhere, with another text than before

    def __init__(self, row: FormRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self.check: Callable[[FormRow, Any], str] = lambda _row, _value: ""  # a further look: why a value cannot be
        self.problem = ""
        self._before = ""
        describe(self, row.path, tip_of(row))
        self.textChanged.connect(lambda _text: self._look())
        self.editingFinished.connect(self._finished)

    @property
    def value(self) -> Any:
        """What is written. Raises `SpeefeareError` where that is no value of its kind."""
        return value_from(self.row, self.text())

    def set_text(self, text: str) -> None:
        """Show a value."""
        self._before = text
        if text != self.text():
            self.setText(text)
        self._look()

    def _look(self) -> None:
        try:
            self.problem = self.check(self.row, self.value)
        except SpeefeareError as error:
            self.problem = str(error)
        colours = QPalette() if self.parent() is None else self.parentWidget().palette()
        if self.problem:
            colours.setColor(QPalette.ColorRole.Text, QColor(theme_of(colours).problem))
        self.setPalette(colours)
        self.setToolTip(self.problem or tip_of(self.row))
        self.setAccessibleDescription(self.problem or tip_of(self.row))

    def _finished(self) -> None:
        if self.text() != self._before:
            self._before = self.text()
            self.edited.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.accept()  # all keys are its own while it is written in
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}
        if event.key() in steps and self.row.kind in ("whole", "number"):
            self.step(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def step(self, up: int) -> None:
        """The next larger (1) or smaller (-1) number within the bounds."""
        try:
            value = self.value
        except SpeefeareError:
            return
        told = self.row.help
        if value is None:
            value = told.low or 0.0
        if told.step:
            value = value + up * told.step
        elif self.row.kind == "whole":
            value = value + up * max(1, 10 ** (len(str(abs(value))) - 2))
        else:
            value = value * FACTOR**up if value else 0.01 * max(up, 0)
        low, high = told.low, told.high
        value = max(value, low) if low is not None else value
        value = min(value, high) if high is not None else value
        self.setText(text_of(round(value) if self.row.kind == "whole" else float(f"{value:.4g}")))
