"""The catalog of public checkpoints: find one, read its licence, download it, load it, remove it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableView,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from speefeare_core.catalog import Entry, look, places, read_catalog
from speefeare_core.catalog.words import byte_words, licence_words, size_words
from speefeare_core.errors import SpeefeareError
from workbench import commands
from workbench.context import Context
from workbench.widgets.catalog_details import details_html
from workbench.widgets.catalog_table import STATE_COLUMN, CatalogFilter, CatalogModel, family_title
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe


class CatalogDialog(QDialog):
    """Not modal: the workbench goes on. Downloads outlive it; the next one that is opened shows them."""

    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.ctx = context
        self.setObjectName("catalog")
        self.setWindowTitle("Catalog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        try:
            entries, problem = read_catalog(), ""
        except SpeefeareError as error:
            entries, problem = (), str(error)
        self.model = CatalogModel(entries, {entry.name: look(entry) for entry in entries})
        self.filter = CatalogFilter(self.model)
        self._build(problem)
        self._listen()
        for name in context.catalog.names:
            self._job_changed(name)
        self.resize(1220, 700)
        self._choose()
        self.line.setFocus()

    @property
    def selected(self) -> Entry | None:
        """The entry of the selected row."""
        rows = self.table.selectionModel().selectedRows()
        return self.filter.entry(rows[0]) if rows else None

    # -- building -------------------------------------------------------------------------------------------------
    def _build(self, problem: str) -> None:
        self.line = QLineEdit()
        self.line.setPlaceholderText("Filter by name, family, licence, paper …")
        self.line.setClearButtonEnabled(True)
        describe(self.line, "Filter", "Show only the checkpoints that hold every word")
        families = {entry.family: family_title(entry) for entry in self.model.entries}
        every = (("All families", ""), *((title, key) for key, title in families.items()))
        self.family = Choice("Family", "Show only the checkpoints of this family", every)
        tip = "Never use the network; what is on this computer still loads"
        self.offline = Button("Offline", "Offline", tip, checkable=True)
        self.offline.setAutoDefault(False)
        forced = places.offline_reason()
        self.offline.setChecked(self.ctx.settings.offline or bool(forced))
        if forced:
            self.offline.setEnabled(False)
            self.offline.setText(f"Offline ({forced} is set)")
        self._build_table()
        self.details = QTextBrowser()
        flat_scroll_bars(self.details)
        self.details.setOpenExternalLinks(True)
        describe(self.details, "Details", "What is known of the selected checkpoint")
        self.none = EmptyState("No checkpoint fits the filter.", "Take some letters away, or choose all families.")
        if problem:
            self.none.set_text("The catalog cannot be shown.", problem)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.none)
        self.bar = QProgressBar()
        describe(self.bar, "Progress", "How much of the selected checkpoint has arrived")
        room = self.bar.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # nothing jumps when a download begins
        self.bar.setSizePolicy(room)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.download = _button("Download", "Download", "Show the licence, then download the selected checkpoint")
        self.cancel = _button("Cancel", "Cancel", "Stop the download; what has arrived stays and can be gone on from")
        self.load = _button("Load", "Load", "Load the selected checkpoint into the workbench")
        self.remove = _button("Remove", "Remove", "Delete what was downloaded of the selected checkpoint")
        self.close_button = _button("Close", "Close", "Close this window; downloads go on")
        self._lay_out()

    def _build_table(self) -> None:
        self.table = QTableView()
        flat_scroll_bars(self.table)
        self.table.setModel(self.filter)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(STATE_COLUMN, Qt.SortOrder.AscendingOrder)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # the order of the catalog until a heading is clicked
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        metrics = self.table.fontMetrics()
        for column, texts in enumerate(self.model.texts()):  # `resizeColumnsToContents` takes fifty times as long
            self.table.setColumnWidth(column, 16 + max(map(metrics.horizontalAdvance, texts)))
        header.setStretchLastSection(True)
        self.table.installEventFilter(self)
        describe(self.table, "Checkpoints", "Enter loads the selected checkpoint, or downloads it first")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.line, 1)
        top.addWidget(self.family)
        top.addWidget(self.offline)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.pages)
        split.addWidget(self.details)
        split.setSizes([400, 220])
        split.setChildrenCollapsible(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.words, 1)
        for button in (self.download, self.cancel, self.load, self.remove, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)
        in_tab_order(
            self.line, self.family, self.offline, self.table, self.details,
            self.download, self.cancel, self.load, self.remove, self.close_button,
        )  # fmt: skip

    def _listen(self) -> None:
        self.line.installEventFilter(self)
        self.line.textChanged.connect(self._choose)
        self.family.currentIndexChanged.connect(self._choose)
        self.offline.toggled.connect(self._offline_toggled)
        self.table.selectionModel().selectionChanged.connect(self._show_selected)
        self.table.doubleClicked.connect(lambda _index: self.use())
        self.download.clicked.connect(self.ask_licence)
        self.cancel.clicked.connect(self._cancel)
        self.load.clicked.connect(self.load_selected)
        self.remove.clicked.connect(self.ask_remove)
        self.close_button.clicked.connect(self.close)
        self.ctx.catalog.changed.connect(self._job_changed)
        self.ctx.catalog.ended.connect(self._job_ended)

    # -- what a person does ---------------------------------------------------------------------------------------
    def use(self) -> None:
        """Load what is here; download what is not."""
        entry = self.selected
        if entry is not None and self.model.found(entry.name).usable:
            self.load_selected()
        elif self.download.isEnabled():
            self.ask_licence()

    def load_selected(self) -> None:
        """Load it into the workbench and close."""
        entry = self.selected
        if entry is not None and self.model.found(entry.name).usable:
            commands.load_codec(self.ctx, entry.name, self.ctx.settings.compute_device)
            self.close()

    def ask_licence(self) -> None:
        """Show the licence; only its acceptance begins the download."""
        entry = self.selected
        if entry is None or not self.download.isEnabled():
            return
        size = f"The download: {size_words(entry)}, into {places.models_dir()}."
        box = self._ask(f"Download {entry.name}", f"{licence_words(entry)}\n\n{size}", "Accept and download")
        box.accepted.connect(lambda: commands.download_checkpoint(self.ctx, entry.name))
        box.open()

    def ask_remove(self) -> None:
        """Ask once, then delete."""
        entry = self.selected
        if entry is None or not self.remove.isEnabled():
            return
        size = byte_words(self.model.found(entry.name).size_bytes)
        box = self._ask(f"Remove {entry.name}", f"Delete {size} of {entry.name} from this computer?", "Remove")
        box.accepted.connect(lambda: commands.remove_checkpoint(self.ctx, entry.name))
        box.open()

    def _ask(self, title: str, text: str, yes: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Cancel, self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        return box

    def _cancel(self) -> None:
        if self.selected is not None:
            commands.cancel_checkpoint(self.ctx, self.selected.name)

    def _offline_toggled(self, on: bool) -> None:
        commands.set_offline(self.ctx, on)
        self._show_selected()

    def _choose(self) -> None:
        self.filter.choose(self.line.text(), self.family.value)
        self.pages.setCurrentWidget(self.table if self.filter.rowCount() else self.none)
        if self.selected is None:
            self.table.selectRow(0)
        self._show_selected()

    # -- what is shown --------------------------------------------------------------------------------------------
    def _job_changed(self, name: str) -> None:
        progress = self.ctx.catalog.progress(name)
        self.model.set_busy(name, "" if progress is None else progress.short)
        if self.selected is not None and self.selected.name == name:
            self._show_job()

    def _job_ended(self, name: str, how: str, words: str) -> None:
        self.model.set_busy(name, "")
        for entry in self.model.entries:
            if entry.name == name:
                self.model.set_found(name, look(entry))
        self._show_selected()
        if self.selected is not None and self.selected.name == name:
            self.words.setText(words)

    def _show_selected(self) -> None:
        entry = self.selected
        self.details.setHtml("" if entry is None else details_html(entry, self.model.found(entry.name)))
        self.words.setText("")
        self._show_job()

    def _show_job(self) -> None:
        """Bar, words and buttons for the selected entry."""
        entry = self.selected
        progress = None if entry is None else self.ctx.catalog.progress(entry.name)
        found = None if entry is None else self.model.found(entry.name)
        idle = found is not None and progress is None
        state = "" if found is None else found.state
        _enable(self.download, idle and state in ("absent", "partial") and not self.offline.isChecked())
        self.download.setText("Resume" if state == "partial" else "Download")
        _enable(self.cancel, progress is not None and progress.verb == "download")
        _enable(self.load, idle and found is not None and found.usable)
        _enable(self.remove, idle and state in ("complete", "partial"))
        self.bar.setVisible(progress is not None)
        if progress is not None:
            known = progress.total_bytes > 0 and not progress.checking
            self.bar.setRange(0, 1000 if known else 0)
            self.bar.setValue(round(1000 * progress.done_bytes / progress.total_bytes) if known else 0)
            self.words.setText(progress.words)
        elif idle and self.offline.isChecked() and state in ("absent", "partial"):
            self.words.setText("Offline: nothing is downloaded. Press Offline to go online again.")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down in the filter goes to the table; Enter in either uses the selected row."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and watched in (self.line, self.table):
                self.use()
                return True
            if event.key() == Qt.Key.Key_Down and watched is self.line:
                self.table.setFocus()
                return True
        return super().eventFilter(watched, event)


def _button(text: str, name: str, tip: str) -> Button:
    button = Button(text, name, tip)
    button.setAutoDefault(False)
    return button


def _enable(button: QPushButton, on: bool) -> None:
    button.setEnabled(on)
