"""Export figures: which views, in which formats, how large, where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench import dialogs
from workbench.exporting.formats import FORMATS, export
from workbench.exporting.page import SIZES
from workbench.state.stepwise import Stepwise
from workbench.widgets.figure import Figure
from workbench.widgets.theme import describe


class ExportDialog(QDialog):
    """Stays open while it writes; Cancel stops it, and leaves whole files only."""

    def __init__(self, parent: QWidget, figures: Sequence[Figure], chosen: Sequence[Figure], folder: Path) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self.setWindowTitle("Export figures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.steps = Stepwise()
        self.saved: list[Path] = []
        self._figures = tuple(figures)
        self.views = QListWidget()
        describe(self.views, "Views", "What each open panel shows now; Space ticks a view.")
        for figure in self._figures:
            item = QListWidgetItem(figure.title)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = any(figure.same_view(other) for other in chosen)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setToolTip("\n".join(figure.notes))
            self.views.addItem(item)
        self.views.itemChanged.connect(self._update)
        self.formats: dict[str, QCheckBox] = {}
        kinds = QHBoxLayout()
        for kind in FORMATS:
            box = QCheckBox(kind.title)
            describe(box, f"As {kind.title}", f"{kind.tip}.")
            box.setChecked(kind.suffix in (".png", ".svg"))
            box.toggled.connect(self._update)
            self.formats[kind.suffix] = box
            kinds.addWidget(box)
        kinds.addStretch(1)
        self.sizes = QComboBox()
        describe(self.sizes, "Size", "How wide the figure is on paper; text keeps its size, so that it stays readable.")
        for size in SIZES:
            self.sizes.addItem(size.title)
        self.folder = QLineEdit(str(folder))
        describe(self.folder, "Folder", "Where the files go; it is made where it is not there.")
        self.folder.textChanged.connect(self._update)
        browse = QPushButton("Choose…")
        describe(browse, "Choose the folder", "Choose the folder in a list.")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        describe(self.progress, "Progress", "How much is written.")
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.go = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setDefault(True)
        self.buttons.accepted.connect(self.export)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Views", self.views)
        form.addRow("As", kinds)
        form.addRow("&Size", self.sizes)
        label = QLabel("&Folder")
        label.setBuddy(self.folder)
        form.addRow(label, where)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addWidget(self.progress)
        column.addWidget(self.buttons)
        self.steps.progressed.connect(lambda share: self.progress.setValue(round(1000 * share)))
        self.steps.ended.connect(self._update)
        self.views.setFocus()
        self.resize(520, 420)
        self._update()

    def chosen(self) -> list[Figure]:
        """The figures that are ticked."""
        ticked = (self.views.item(row).checkState() == Qt.CheckState.Checked for row in range(self.views.count()))
        return [figure for figure, on in zip(self._figures, ticked, strict=True) if on]

    def export(self) -> None:
        """Write them."""
        kinds = [kind for kind in FORMATS if self.formats[kind.suffix].isChecked()]
        folder = Path(self.folder.text()).expanduser().absolute()
        self.saved = []
        steps = export(self.chosen(), folder, kinds, SIZES[self.sizes.currentIndex()], self.saved.append)
        self.told.setText(f"Writing into {folder} …")
        self.steps.start(steps, lambda: self._finished(folder), self.told.setText)
        self._update()

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

    def _update(self) -> None:
        running = self.steps.running
        some = any(box.isChecked() for box in self.formats.values()) and bool(self.chosen())
        self.go.setEnabled(not running and some and bool(self.folder.text().strip()))
        self.progress.setVisible(running)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText("Stop" if running else "Close")
        if not self._figures:
            self.told.setText("The open panels show nothing that could be exported; open a sound file first.")
