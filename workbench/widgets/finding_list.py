"""What the doctor found, as a list, and the clips that a finding is about, as another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from speefeare_core.dataset_doctor.report import Finding, FoundClip
from workbench.widgets.controls import claims
from workbench.widgets.figure import Table
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe, theme_of

LONGEST = 48  # letters of the second column
MARKS = {
    "problem": "■ problem",
    "warning": "▲ warning",
    "note": "● note",
}  # the mark and the word, not the colour, tell


class _Rows(QTableWidget):
    """A list of rows that are chosen as a whole; the last column takes what room there is."""

    def __init__(self, columns: Sequence[str], wide: int) -> None:
        super().__init__(0, len(columns))
        flat_scroll_bars(self)
        self.setHorizontalHeaderLabels(list(columns))
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setResizeContentsPrecision(0)  # a thousand rows are not measured for what is in sight
        for column in range(len(columns)):
            mode = QHeaderView.ResizeMode.Stretch if column == wide else QHeaderView.ResizeMode.ResizeToContents
            head.setSectionResizeMode(column, mode)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)

    def fill(self, rows: Sequence[Sequence[str]], tips: Sequence[str]) -> None:
        """Other rows, without telling anybody."""
        self.blockSignals(True)
        self.setRowCount(len(rows))
        height = self.fontMetrics().height() + 6
        for place, (row, tip) in enumerate(zip(rows, tips, strict=True)):
            self.setRowHeight(place, height)
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                self.setItem(place, column, item)
        self.blockSignals(False)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 4 * (self.fontMetrics().height() + 6))


class FindingList(_Rows):
    """The arrow keys choose a finding."""

    chosen = Signal(str)  # its kind

    def __init__(self) -> None:
        super().__init__(("", "Finding", "Clips", "What it is"), 3)
        self.findings: tuple[Finding, ...] = ()
        describe(self, "Findings", "What the doctor found, the worst first; the arrow keys choose a finding.")
        self.currentCellChanged.connect(self._moved)

    def set_findings(self, findings: Sequence[Finding], kind: str) -> None:
        """What there is, and which of it is looked at."""
        if tuple(findings) != self.findings:
            self.findings = tuple(findings)
            rows = [
                (MARKS.get(one.severity, one.severity), one.title, f"{one.count:,}" if one.count else "", one.words)
                for one in self.findings
            ]
            self.fill(rows, [f"{one.words} {one.fix}" for one in self.findings])
            self._paint_marks()
        place = next((number for number, one in enumerate(self.findings) if one.kind == kind), -1)
        if place != self.currentRow():
            self.blockSignals(True)
            self.setCurrentCell(place, 1)
            self.blockSignals(False)

    def table(self) -> Table:
        """For a CSV file."""
        rows = [(one.severity, one.title, one.count, one.words, one.fix) for one in self.findings]
        return Table(("severity", "finding", "clips", "what it is", "what helps"), rows)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_marks()
        super().changeEvent(event)

    def _paint_marks(self) -> None:
        theme = theme_of(self.palette())
        colours = {"problem": theme.problem, "warning": theme.warning, "note": theme.muted}
        for place, one in enumerate(self.findings):
            item = self.item(place, 0)
            if item is not None:
                item.setForeground(QBrush(colours.get(one.severity, theme.text)))

    def _moved(self, row: int, *_: int) -> None:
        if 0 <= row < len(self.findings):
            self.chosen.emit(self.findings[row].kind)


class ClipList(_Rows):
    """Enter or a double click opens a clip."""

    opened = Signal(int)  # its number in the list

    def __init__(self) -> None:
        super().__init__(("Clip", "How much"), 0)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names begin alike
        self.clips: tuple[FoundClip, ...] = ()
        describe(self, "Clips of the finding", "The worst first; Enter or a double click opens one to see and hear it.")
        self.cellDoubleClicked.connect(self._double_clicked)

    def set_clips(self, clips: Sequence[FoundClip]) -> None:
        """What the finding is about."""
        if tuple(clips) != self.clips:
            self.clips = tuple(clips)
            self.fill([(clip.name, _short(clip)) for clip in self.clips],
                      [f"{clip.path or clip.name}: {clip.words}" for clip in self.clips])  # fmt: skip
            if self.clips:
                self.scrollToTop()

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.opened.emit(self.currentRow())
        else:
            super().keyPressEvent(event)

    def _double_clicked(self, row: int, _column: int) -> None:
        self.opened.emit(row)


def _short(clip: FoundClip) -> str:
    """Without the path, which the first column shows."""
    words = clip.words.removeprefix(clip.path).strip() if clip.path else clip.words
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
