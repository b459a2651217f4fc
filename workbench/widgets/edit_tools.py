"""The buttons of the token editor: one for each edit, its key in its text, with the numbers that some need."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QSpinBox, QWidget

from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.theme import describe

TOOLS: tuple[tuple[str, str, str, str], ...] = (
    ("zero", "Zero", "Del", "The selected books add nothing here."),
    (
        "shuffle",
        "Shuffle",
        "U",
        "The selected codes change places in time, each book for itself; again: another order.",
    ),
    ("freeze", "Freeze", "H", "Hold the first selected code of each book."),
    ("continuous", "Continuous", "C", "Not quantised here: the decoder hears what the encoder asked for."),
    ("restore", "Restore", "O", "As the encoder made these cells."),
    ("set", "Set", "I", "Every selected cell gets this code."),
    ("neighbours", "Neighbours", "N", "Each code makes way for one of so many nearest entries of its book."),
    ("copy", "Copy from…", "", "The selected cells get the codes of another sound file at the same time."),
    ("swap", "Swap with…", "", "The selected books make way for those of another sound file."),
    ("voice", "Voice of…", "", "The content of this clip with the voice of another: all its books but the first."),
)
FITS = (("Cut", "cut"), ("Repeat", "repeat"), ("Stretch", "stretch"))


class EditTools(QWidget):
    """`pressed` gives the word of a tool; `index`, `k` and `fit` are what some of them need."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.buttons = {
            word: Button(f"{text}  {key}".strip(), text.rstrip("…"), f"{tip} ({key})" if key else tip)
            for word, text, key, tip in TOOLS
        }
        for word, pressed in self.buttons.items():
            pressed.clicked.connect(lambda _checked=False, word=word: self.pressed.emit(word))
        self.index_box = Number("Code to set", "Which entry of its book a cell gets.", 0, 1023)
        self.k_box = Number("Nearest entries", "Among how many nearest entries of the book one is drawn.", 1, 64)
        self.k_box.setValue(4)
        self.fit_box = Choice(
            "Length", "What happens where the other recording is shorter: cut, begin it anew, or stretch it.", FITS
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.setSizeConstraint(QLayout.SizeConstraint.SetMinimumSize)
        button = self.buttons
        rows: Sequence[Sequence[QWidget | QLayout]] = (
            (button["zero"], button["shuffle"], button["freeze"], button["restore"]),
            (button["continuous"], _pair(button["set"], self.index_box), _pair(button["neighbours"], self.k_box)),
            (button["copy"], _pair(button["swap"], self.fit_box), button["voice"]),
        )
        for row, parts in enumerate(rows):
            for column, part in enumerate(parts):
                span = 4 - column if column == len(parts) - 1 else 1
                if isinstance(part, QLayout):
                    grid.addLayout(part, row, column, 1, span)
                else:
                    grid.addWidget(part, row, column, 1, span)
        grid.setRowStretch(len(rows), 1)
        in_tab_order(
            button["zero"], button["shuffle"], button["freeze"], button["restore"], button["continuous"],
            button["set"], self.index_box, button["neighbours"], self.k_box, button["copy"], button["swap"],
            self.fit_box, button["voice"],
        )  # fmt: skip

    def set_enabled(self, selected: bool, whole: bool) -> None:
        """Whether there are selected cells, and whether anything can be edited at all."""
        for word, button in self.buttons.items():
            button.setEnabled(whole if word == "voice" else selected)

    def set_size(self, entries: int) -> None:
        """How many entries the smallest of the selected books has."""
        self.index_box.setMaximum(max(0, entries - 1))
        self.k_box.setMaximum(max(1, entries - 1))


class Number(QSpinBox):
    """A number to type; the wheel changes it only when it has the focus."""

    def __init__(self, name: str, tip: str, low: int, high: int) -> None:
        super().__init__()
        describe(self, name, tip)
        describe(self.lineEdit(), name, tip)
        self.setRange(low, high)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("00000") + 30, super().sizeHint().height())


def _pair(button: Button, box: QWidget) -> QHBoxLayout:
    pair = QHBoxLayout()
    pair.setSpacing(2)
    pair.addWidget(button, 1)
    pair.addWidget(box)
    return pair
