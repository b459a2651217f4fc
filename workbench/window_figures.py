"""The figures of the window: what its panels show, taken out by clipboard, file or video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from workbench.context import Context
from workbench.widgets.figure import Figure

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow as Window

    from workbench.dock_area import DockArea
else:
    Window = object  # a part of the window, not a window


class WindowFigures(Window):
    """The part of the main window that takes figures out."""

    context: Context
    docks: DockArea | None

    def figures(self) -> tuple[Figure, ...]:
        """What the open panels show now."""
        panels = {} if self.docks is None else self.docks.open_panels()
        return tuple(figure for panel in panels.values() for figure in panel.figures())

    def focused_figures(self) -> tuple[Figure, ...]:
        """What the panel with the keyboard shows; none has it: what all open ones show."""
        panels = {} if self.docks is None else self.docks.open_panels()
        focus = QApplication.focusWidget()
        for panel in panels.values():
            if focus is not None and (panel is focus or panel.isAncestorOf(focus)):
                return panel.figures()
        return self.figures()

    def copy_figure(self) -> None:
        """What the panel with the keyboard shows, onto the clipboard."""
        from workbench.exporting.clipboard import copy  # loads QtSvg

        found = self.focused_figures()
        if found:
            copy(found[0])
            self.context.engine.add_message(f"Copied: {found[0].title}.")
        else:
            self.context.engine.add_message("There is no figure to copy: click into a panel that shows something.")

    def show_export(self) -> None:
        """Which views, in which formats, where to."""
        from workbench.exporting.dialog import ExportDialog

        clip = Path(self.context.clip.data.path)
        folder = (clip.parent if clip.name else Path.home()) / "figures"
        ExportDialog(self, self.figures(), self.focused_figures(), folder).open()

    def show_video(self) -> None:
        """Which views, of which stretch, where to."""
        from workbench.exporting.video_dialog import VideoDialog

        VideoDialog(self, self.context, self.figures(), self.focused_figures()).open()
