"""What the dialogs that take figures out have in common: views to tick, where to, progress, and Stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.widgets.figure import Figure
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe


class FiguresDialog(QDialog):
    """`lay_out` puts a dialog's own rows between the views and the place; `update_state` is its own."""

    def __init__(self, parent: QWidget, title: str, figures: Sequence[Figure], chosen: Sequence[Figure]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._figures = tuple(figures)
        self.views = QListWidget()
        flat_scroll_bars(self.views)
        for figure in self._figures:
            item = QListWidgetItem(figure.title)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = any(figure.same_view(other) for other in chosen)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setToolTip("\n".join(figure.notes))
            self.views.addItem(item)
        self.views.itemChanged.connect(self.update_state)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)

    def lay_out(
        self, rows: Sequence[tuple[str, QWidget | QLayout]], place: tuple[str, QLineEdit, Callable[[], None]]
    ) -> None:
        """Label and widget of each row; the place: its label, its line, and what lets a person choose it in a list."""
        name, line, browse = place
        button = QPushButton("Choose…")
        plain = name.replace("&", "").lower()
        describe(button, f"Choose the {plain}", f"Choose the {plain} in a list.")
        button.setAutoDefault(False)
        button.clicked.connect(browse)
        where = QHBoxLayout()
        where.addWidget(line, 1)
        where.addWidget(button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Views", self.views)
        for label, row in rows:
            form.addRow(label, row)
        title = QLabel(name)
        title.setBuddy(line)
        form.addRow(title, where)
        column = QVBoxLayout(self)
        column.addLayout(form)
        for widget in (self.told, self.progress, self.buttons):
            column.addWidget(widget)

    def add_go(self, text: str, run: Callable[[], None]) -> QPushButton:
        """The button that begins."""
        go = self.buttons.addButton(text, QDialogButtonBox.ButtonRole.AcceptRole)
        go.setDefault(True)
        self.buttons.accepted.connect(run)
        return go

    def chosen(self) -> list[Figure]:
        """The figures that are ticked."""
        ticked = (self.views.item(row).checkState() == Qt.CheckState.Checked for row in range(self.views.count()))
        return [figure for figure, on in zip(self._figures, ticked, strict=True) if on]

    def show_share(self, share: float) -> None:
        """How much is done, 0 to 1."""
        self.progress.setValue(round(1000 * share))

    def show_running(self, running: bool) -> None:
        """The bar is there while it runs, and Close is Stop."""
        self.progress.setVisible(running)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setText("Stop" if running else "Close")

    def update_state(self) -> None:
        """What can be done now."""
        raise NotImplementedError
