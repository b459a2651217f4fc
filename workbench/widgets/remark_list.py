"""Plain sentences, each with the mark of its level; a click on one goes to the entry that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtWidgets import QFrame, QTextBrowser

from speefeare_core.training.plan_check import Remark
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe, theme_of

MARKS = {"problem": "✖", "warning": "▲", "note": "·"}
LINES = 5


class RemarkList(QTextBrowser):
    """Tab goes through the links, Enter follows them."""

    entry_wanted = Signal(str)  # path

    def __init__(self) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.remarks: tuple[Remark, ...] = ()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.anchorClicked.connect(lambda url: self.entry_wanted.emit(url.path()))
        describe(self, "Check", "What would keep the run from starting ✖, what is probably not meant ▲, and notes.")

    def set_remarks(self, remarks: Sequence[Remark]) -> None:
        """Other sentences."""
        if tuple(remarks) != self.remarks:
            self.remarks = tuple(remarks)
            self.setAccessibleDescription(" ".join(remark.words for remark in self.remarks) or "Nothing to remark.")
            self._show()

    def _show(self) -> None:
        theme = theme_of(self.palette())
        colours = {"problem": theme.problem, "warning": theme.warning, "note": theme.muted}
        lines = []
        for remark in self.remarks:
            words, colour = escape(remark.words), colours[remark.level].name()
            if remark.entry:
                link = QUrl()
                link.setPath(remark.entry)
                words += f' <a href="{link.toString()}">{escape(remark.entry)}</a>'
            lines.append(f'<span style="color:{colour}"><b>{MARKS[remark.level]}</b></span>&nbsp;{words}')
        self.setHtml("<br>".join(lines))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._show()

    def sizeHint(self) -> QSize:
        return QSize(200, LINES * self.fontMetrics().lineSpacing() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 4 * self.fontMetrics().lineSpacing() + 8)
