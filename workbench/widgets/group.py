"""A titled group of controls that folds away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from workbench.widgets.theme import describe


class Group(QWidget):
    """`content` under a title; a click on the title (or Space) folds it away."""

    folded = Signal(bool)

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.title, self.content = title, content
        self.head = QToolButton()
        self.head.setText(title)
        self.head.setAutoRaise(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        font = self.head.font()
        font.setBold(True)
        self.head.setFont(font)
        describe(self.head, title, f"Show or fold away {title}.")
        self.head.setArrowType(Qt.ArrowType.DownArrow)
        content.layout().setContentsMargins(4, 0, 0, 2)  # type: ignore[union-attr]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.head)
        column.addWidget(content)
        self.open = True
        self.head.clicked.connect(lambda: self.set_open(not self.open))

    def set_open(self, on: bool) -> None:
        """Unfold, or fold away."""
        if on != self.open:
            self.open = on
            self.head.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
            self.head.setAccessibleName(self.title if on else f"{self.title}, folded away")
            self.content.setVisible(on)
            self.folded.emit(not on)
