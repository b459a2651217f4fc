"""Export figures: which views, in which formats, how large, where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from workbench import dialogs
from workbench.exporting.figures_dialog import FiguresDialog
from workbench.exporting.formats import FORMATS, export
from workbench.exporting.page import SIZES
from workbench.state.stepwise import Stepwise
from workbench.widgets.figure import Figure
from workbench.widgets.theme import describe


class ExportDialog(FiguresDialog):
    """Stays open while it writes; Cancel stops it, and leaves whole files only."""

    def __init__(self, parent: QWidget, figures: Sequence[Figure], chosen: Sequence[Figure], folder: Path) -> None:
        super().__init__(parent, "Export figures", figures, chosen)
        self.setObjectName("export")
        describe(self.views, "Views", "What each open panel shows now; Space ticks a view.")
        describe(self.progress, "Progress", "How much is written.")
        self.steps = Stepwise()
        self.saved: list[Path] = []
        self.formats: dict[str, QCheckBox] = {}
        kinds = QHBoxLayout()
        for kind in FORMATS:
            box = QCheckBox(kind.title)
            describe(box, f"As {kind.title}", f"{kind.tip}.")
            box.setChecked(kind.suffix in (".png", ".svg"))
            box.toggled.connect(self.update_state)
            self.formats[kind.suffix] = box
            kinds.addWidget(box)
        kinds.addStretch(1)
        self.sizes = QComboBox()
        describe(self.sizes, "Size", "How wide the figure is on paper; text keeps its size, so that it stays readable.")
        for size in SIZES:
            self.sizes.addItem(size.title)
        self.folder = QLineEdit(str(folder))
        describe(self.folder, "Folder", "Where the files go; it is made where it is not there.")
        self.folder.textChanged.connect(self.update_state)
        self.go = self.add_go("Export", self.export)
        self.lay_out((("As", kinds), ("&Size", self.sizes)), ("&Folder", self.folder, self._browse))
        self.steps.progressed.connect(self.show_share)
        self.steps.ended.connect(self.update_state)
        self.views.setFocus()
        self.resize(520, 420)
        self.update_state()

    def export(self) -> None:
        """Write them."""
        kinds = [kind for kind in FORMATS if self.formats[kind.suffix].isChecked()]
        folder = Path(self.folder.text()).expanduser().absolute()
        self.saved = []
        steps = export(self.chosen(), folder, kinds, SIZES[self.sizes.currentIndex()], self.saved.append)
        self.told.setText(f"Writing into {folder} …")
        self.steps.start(steps, lambda: self._finished(folder), self.told.setText)
        self.update_state()

    def reject(self) -> None:
        """While it writes: stop that. Otherwise: close."""
        if self.steps.running:
            self.steps.cancel()
            self.told.setText(f"Stopped; {len(self.saved)} files are written.")
        else:
            super().reject()

    def _finished(self, folder: Path) -> None:
        self.progress.setValue(1000)
        self.told.setText(f"{len(self.saved)} files are in {folder}.")

    def _browse(self) -> None:
        folder = dialogs.ask_folder(self, "Export figures into", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def update_state(self) -> None:
        running = self.steps.running
        some = any(box.isChecked() for box in self.formats.values()) and bool(self.chosen())
        self.go.setEnabled(not running and some and bool(self.folder.text().strip()))
        self.show_running(running)
        if not self._figures:
            self.told.setText("The open panels show nothing that could be exported; open a sound file first.")
