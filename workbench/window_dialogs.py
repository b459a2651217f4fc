"""The windows and dialogs that the actions of the main window open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from speefeare_core import __version__
from workbench import dialogs
from workbench.actions import ACTIONS
from workbench.command_palette import CommandPalette
from workbench.context import Context
from workbench.shortcuts import as_html, sections
from workbench.term_help import term_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow as Window

    from workbench.dock_area import DockArea
else:
    Window = object  # a part of the window, not a window

TITLE = "Speefeare Workbench"
ABOUT = f"""<h3>{TITLE} {__version__}</h3>
<p>See, hear, talk through, train and evaluate neural speech codecs.</p>
<p>MIT licence. Built on Qt (PySide6, LGPL), PyTorch, NumPy, libsndfile and PortAudio.</p>"""


class WindowDialogs(Window):
    """The part of the main window that opens others."""

    context: Context
    docks: DockArea | None
    actions_by_key: dict[str, QAction]
    run_action: Callable[[str], bool]

    def show_lesson(self, key: str = "") -> None:
        """The lessons, at one of them or at a term; empty: at what the focused control is about. One window of them."""
        from workbench.lessons_window import LessonsWindow  # not needed for the first picture of the window

        windows = self.findChildren(LessonsWindow)
        window = windows[0] if windows else LessonsWindow(self, self.run_action)
        window.open_at(key or term_of(QApplication.focusWidget()))
        window.show()
        window.raise_()
        window.activateWindow()

    def show_shortcuts(self) -> None:
        """All keys in one list."""
        infos = () if self.docks is None else self.docks.infos
        dialogs.show_page(self, "Keys", as_html(sections(infos)))

    def show_palette(self) -> None:
        """Find a command by typing."""
        panels = [] if self.docks is None else [self.actions_by_key[f"panel_{key}"] for key in self.docks.docks]
        listed = [self.actions_by_key[info.key] for info in ACTIONS if info.menu]
        CommandPalette(self, [*listed, *panels]).open()

    def show_doctor(self) -> None:
        """Run the check of the computer in a process of its own, then show what it says."""
        process = QProcess(self)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)

        def finished() -> None:
            text = process.readAll().data().decode("utf-8", "replace").strip()
            dialogs.show_text(self, "This computer", text or "The check gave no answer.")
            process.deleteLater()

        process.finished.connect(finished)
        process.start(sys.executable, ["-m", "speefeare_core.cli", "doctor"])

    def show_catalog(self) -> None:
        """Public checkpoints; one such window at a time."""
        from workbench.catalog_dialog import CatalogDialog  # not needed for the first picture of the window

        open_ones = [dialog for dialog in self.findChildren(CatalogDialog) if dialog.isVisible()]
        dialog = open_ones[0] if open_ones else CatalogDialog(self, self.context)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def show_about(self) -> None:
        """Version and licence."""
        dialogs.show_text(self, f"About {TITLE}", ABOUT, rich=True)
