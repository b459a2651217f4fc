"""What a term means: one sentence more in the tooltip of a control that names a term, and the lesson with Shift+F1."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from speefeare_core import lessons
from speefeare_core.errors import SpeefeareError
from workbench.widgets.theme import TERM


class TermHelp(QObject):
    """Adds the sentence when a tooltip is about to be shown; texts are read at the first one."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(watched, QWidget) and watched.toolTip():
            text = tooltip_of(watched)
            if text != watched.toolTip():
                assert isinstance(event, QHelpEvent)
                QToolTip.showText(event.globalPos(), text, watched)
                return True
        return super().eventFilter(watched, event)


def term_of(widget: QWidget | None) -> str:
    """The term that a control, or else what it lies in, is about; the first lesson where none is."""
    while widget is not None:
        key = widget.property(TERM)
        if key:
            return str(key)
        widget = widget.parentWidget()
    return "tokens"


def tooltip_of(widget: QWidget) -> str:
    """The tooltip with the sentence on its term, where it has one of its own."""
    key = widget.property(TERM)
    if not key:
        return widget.toolTip()
    try:
        term = lessons.terms()[str(key)]
    except (SpeefeareError, OSError):  # an installation without its texts still works
        return widget.toolTip()
    return f"{widget.toolTip()}\n\n{term.name}: {term.says}\nShift+F1 opens the lesson."
