"""The lessons: a list, a text, and links that work the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QListWidget, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from speefeare_core import lessons
from speefeare_core.errors import SpeefeareError
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe


class LessonsWindow(QDialog):
    """Stays open beside the window. `run_action` does what an action of that key does, and says whether it could."""

    def __init__(self, parent: QWidget, run_action: Callable[[str], bool]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Lessons")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._run_action = run_action
        self.list = QListWidget()
        flat_scroll_bars(self.list)
        describe(self.list, "Lessons", "Choose a lesson; Tab goes on to its links.")
        self.text = QTextBrowser()
        flat_scroll_bars(self.text)
        describe(self.text, "Lesson", "Tab goes from link to link, Enter follows one.")
        self.text.setOpenLinks(False)
        self.term = QLabel()
        self.term.setWordWrap(True)
        self.term.setTextFormat(Qt.TextFormat.PlainText)
        self.term.setContentsMargins(10, 8, 10, 4)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.term)
        column.addWidget(self.text, 1)
        halves = QSplitter()
        halves.addWidget(self.list)
        halves.addWidget(right)
        halves.setStretchFactor(1, 1)
        QHBoxLayout(self).addWidget(halves)
        width = self.fontMetrics().averageCharWidth()
        halves.setSizes([34 * width, 96 * width])
        self.resize(136 * width, 36 * self.fontMetrics().height())
        self.keys: list[str] = []
        self._fill()
        self.list.currentRowChanged.connect(self._chosen)
        self.text.anchorClicked.connect(self.follow)

    def open_at(self, key: str) -> None:
        """A lesson, or the lesson of a term with the term's own sentence above it."""
        try:
            found = lessons.lesson(key)
        except SpeefeareError as error:
            self._show_term(str(error))
            return
        self.list.setCurrentRow(self.keys.index(found.key))
        term = lessons.terms().get(key)
        self._show_term(f"{term.name}: {term.says}" if term else "")

    def follow(self, link: QUrl) -> None:
        """A link: `do:` an action of the window, `lesson:` another text, or a page, which the browser opens."""
        kind, key = link.scheme(), link.path()
        if kind == "lesson":
            self.open_at(key)
        elif kind == "do":
            done = self._run_action(key)
            self._show_term("" if done else "That cannot be done just now: it needs an open clip or codec.")
        else:
            QDesktopServices.openUrl(link)

    def _fill(self) -> None:
        try:
            rows = lessons.lessons()
        except (SpeefeareError, OSError) as error:
            self._show_term(str(error))
            return
        self.keys = list(rows)
        self.list.addItems([row.title for row in rows.values()])

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self.keys):
            self._show_term("")
            features = (
                QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
            )
            self.text.document().setMarkdown(lessons.lesson(self.keys[row]).text, features)
            self.text.moveCursor(self.text.textCursor().MoveOperation.Start)

    def _show_term(self, words: str) -> None:
        self.term.setText(words)
        self.term.setVisible(bool(words))
