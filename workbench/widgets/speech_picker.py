"""Which speech is looked at, how much of it, and how far the looking is."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe

Entries = tuple[tuple[str, str], ...]


class SpeechPicker(QWidget):
    """A line for the path, buttons that fill it, two choices, a button that begins and cancels, what is going on."""

    def __init__(self, amounts: Entries, rates: Entries) -> None:
        super().__init__()
        self.place = QLineEdit()
        self.place.setPlaceholderText("Folder, manifest (.csv, .jsonl), shards (.tar) or packed set")
        self.place.setClearButtonEnabled(True)
        describe(self.place, "Speech to look at", "A folder, manifest, corpus, shards or packed set; Enter checks it.")
        self.folder = Button("Folder …", "Choose a folder", "Choose a folder of speech, or of a packed set.")
        self.file = Button("File …", "Choose a file", "Choose a manifest or a shard of speech.")
        self.amount = Choice(
            "How many clips are measured",
            "A part is enough for a first look; the same clips are measured each time.",
            amounts,
        )
        self.rate = Choice(
            "Rate of the codec",
            "Sample rate of the codec that is to be trained: speech below it is named, and a copy is brought to it.",
            rates,
        )
        self.go = Button("Check", "Check or cancel", "Look at every clip, in a process of its own; again to cancel.")
        self.told = ReadOut()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        describe(self.bar, "Progress", "How far the work is.")
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.place, 1)
        above.addWidget(self.folder)
        above.addWidget(self.file)
        for widget in (self.amount, self.rate, self.go):
            below.addWidget(widget)
        below.addSpacing(6)
        below.addWidget(self.told, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for row in (above, below):
            row.setSpacing(4)
            column.addLayout(row)
        column.addWidget(self.bar)
        self.setFocusProxy(self.place)
        in_tab_order(*self.controls)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """In the order of Tab."""
        return self.place, self.folder, self.file, self.amount, self.rate, self.go

    def set_busy(self, busy: bool) -> None:
        """Nothing else is chosen while it looks."""
        for widget in (self.folder, self.file, self.amount, self.rate):
            widget.setEnabled(not busy)
        self.go.setText("Cancel" if busy else "Check")
        self.bar.setVisible(busy)

    def set_progress(self, fraction: float) -> None:
        """0..1 of the work is done."""
        self.bar.setValue(round(1000 * fraction))
