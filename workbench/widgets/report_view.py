"""The doctor's report: pictures on the left, findings and their clips on the right, what can be written below."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from speefeare_core.dataset_doctor.report import DatasetReport, Finding
from speefeare_core.dataset_doctor.words import facts
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.finding_list import ClipList, FindingList
from workbench.widgets.histogram_grid import HistogramGrid
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe

PICTURES_FROM = 75  # letters that it is wide, for pictures beside the findings
ROW_FROM = 100  # letters for all that can be written in one row


class ReportView(QWidget):
    """Makes room where it is small: the findings stay."""

    def __init__(self, repairs: Mapping[str, tuple[str, str, bool]]) -> None:
        """`repairs`: by key the title, what it does, and whether it is done unless the person says otherwise."""
        super().__init__()
        self.summary, self.fix = QLabel(), QLabel()
        for label in (self.summary, self.fix):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = ReadOut()
        self.pictures, self.findings, self.clips = HistogramGrid(), FindingList(), ClipList()
        self.list = Button(
            "Write manifest …", "Write a manifest", "List the clips in a new file, without the bad ones."
        )
        self.copy = Button("Repaired copy …", "Write a repaired copy", "Write the clips into a new folder, repaired.")
        self.repairs: dict[str, QCheckBox] = {}
        for key, (title, words, wanted) in repairs.items():
            self.repairs[key] = QCheckBox(title)
            describe(self.repairs[key], title, f"In the copy: {words}.")
            self.repairs[key].setChecked(wanted)
        self.left = QWidget()
        column = QVBoxLayout(self.left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.facts)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.left)
        split.addWidget(self._lists())
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        self.written = self._written()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addWidget(self.summary)
        whole.addWidget(split, 1)
        whole.addLayout(self.written)
        in_tab_order(*self.controls)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """In the order of Tab."""
        return self.pictures, self.findings, self.clips, self.list, self.copy, *self.repairs.values()

    @property
    def wanted(self) -> list[str]:
        """Keys of the repairs that the person wants."""
        return [key for key, box in self.repairs.items() if box.isChecked()]

    def set_report(self, report: DatasetReport, finding: Finding | None) -> None:
        """Show a report, and of it one finding with its clips."""
        self.summary.setText(report.words)
        self.facts.say(" · ".join(f"{name} {value}" for name, value in facts(report)[2:]))
        self.pictures.set_histograms(report.histograms)
        self.findings.set_findings(report.findings, finding.kind if finding else "")
        self.clips.set_clips(finding.clips if finding else ())
        self.fix.setText(f"{finding.words} {finding.fix}" if finding else "")

    def _lists(self) -> QSplitter:
        lists = QSplitter(Qt.Orientation.Vertical)
        lists.setChildrenCollapsible(False)
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 4, 0, 0)
        under.setSpacing(4)
        under.addWidget(self.fix)
        under.addWidget(self.clips, 1)
        lists.addWidget(self.findings)
        lists.addWidget(lower)
        lists.setSizes([200, 160])
        return lists

    def _written(self) -> QHBoxLayout:
        written, buttons, mended = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        buttons.addWidget(self.list)
        buttons.addWidget(self.copy)
        for box in self.repairs.values():
            mended.addWidget(box)
        for row in (buttons, mended):
            row.setSpacing(10)
            row.addStretch(1)
            written.addLayout(row)
        written.setStretch(1, 1)
        return written

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        letters = self.width() / max(1, self.fontMetrics().horizontalAdvance("0"))
        self.left.setVisible(letters >= PICTURES_FROM)
        narrow = letters < ROW_FROM
        self.written.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)
