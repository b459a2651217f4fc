"""Plain sentences for the person, above the panels; with *Restart engine* while the engine is gone."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton

ENGINE_DIED = "The engine stopped unexpectedly. Your clip and everything already computed are still here."


class MessageBar(QFrame):
    """One sentence at a time, the newest; older ones are counted and stand in the tool tip."""

    restart_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[str] = []
        self._engine_died = False
        self.setObjectName("message_bar")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.label = QLabel()
        self.label.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.restart = QPushButton("Restart engine")
        self.restart.clicked.connect(self.restart_wanted)
        self.close_button = QToolButton()
        self.close_button.setText("Dismiss")
        self.close_button.setToolTip("Hide this message")
        self.close_button.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 6, 5)
        row.addWidget(self.label, 1)
        row.addWidget(self.restart)
        row.addWidget(self.close_button)
        self._show()

    @property
    def text(self) -> str:
        """The sentence that is shown; empty when the bar is hidden."""
        return self.label.text() if self.isVisibleTo(self.parentWidget()) else ""

    def add(self, sentence: str) -> None:
        """Show a sentence, until it is dismissed or a newer one comes."""
        if sentence in self._waiting:
            self._waiting.remove(sentence)
        self._waiting.append(sentence)
        self._show()

    def remove(self, sentence: str) -> None:
        """It is not true any more."""
        if sentence in self._waiting:
            self._waiting.remove(sentence)
            self._show()

    def set_engine_died(self, died: bool) -> None:
        """Whether the engine is gone: that stays until it is back."""
        self._engine_died = died
        self._show()

    def dismiss(self) -> None:
        """The person has read it all."""
        self._waiting.clear()
        self._show()

    def _show(self) -> None:
        sentences = [*([ENGINE_DIED] if self._engine_died else []), *self._waiting[-1:]]
        self.label.setText("\n".join(sentences))
        older = self._waiting[:-1]
        self.label.setToolTip("Before that:\n" + "\n".join(older[-5:]) if older else "")
        self.restart.setVisible(self._engine_died)
        self.close_button.setVisible(bool(self._waiting))
        self.setVisible(bool(sentences))
