"""The docks: one for each row of PANELS, their first layout, and how it is saved and restored."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget

from workbench.context import Context
from workbench.panels import PanelInfo
from workbench.panels.base import Panel
from workbench.panels.terms import explain_terms

VERSION = 2  # of the saved layout; another one is not restored
_WIDTHS = {"left": 300, "center": 700, "right": 400}
_HEIGHTS = {"compare": 560, "latents": 320}  # where these share a column
_BELOW_HEIGHT = 330
_LATER_SHARE = 0.6  # of the height, for a panel that is opened later as a tab in a column


class DockArea(QMainWindow):
    """A window inside the window that has docks only, so that messages and menus stay outside of the layout."""

    def __init__(self, context: Context, panels: Sequence[PanelInfo]) -> None:
        super().__init__()
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.infos = tuple(panels)
        self.panels: dict[str, Panel] = {}
        self.docks: dict[str, QDockWidget] = {}
        self._restored = False
        self._unsized: set[str] = set()  # docks that were not seen yet
        for info in self.infos:
            dock = QDockWidget(info.title, self)
            dock.setObjectName(info.key)
            panel = info.build(context)
            explain_terms(info.key, panel)
            dock.setWidget(panel)
            self.panels[info.key], self.docks[info.key] = panel, dock
            dock.visibilityChanged.connect(partial(self._shown, info.key))
        self.reset()

    def visible_panels(self) -> Iterator[Panel]:
        """The panels that a person can see now (not closed, not behind another tab, not minimised)."""
        for key, panel in self.panels.items():
            dock = self.docks[key]
            # Docks behind another tab lie outside. A visible region does not tell: it is empty under opaque children.
            here = dock.isFloating() or dock.geometry().intersects(self.rect())
            if here and panel.isVisible() and not panel.window().isMinimized():
                yield panel

    def open_panels(self) -> dict[str, Panel]:
        """The panels that are not closed, also those behind another tab."""
        return {key: panel for key, panel in self.panels.items() if self.docks[key].toggleViewAction().isChecked()}

    def show_panel(self, key: str) -> None:
        """Open a panel, bring it to the front and give it the focus."""
        dock = self.docks[key]
        dock.show()
        dock.raise_()
        self.panels[key].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_only(self, key: str) -> None:
        """One panel that has everything to itself."""
        for other, dock in self.docks.items():
            dock.setVisible(other == key)

    def show_together(self, keys: Sequence[str]) -> None:
        """These panels alone, as tabs of one place; the first of them in front."""
        for other, dock in self.docks.items():
            dock.setVisible(other in keys)
        for key in keys[1:]:
            self.tabifyDockWidget(self.docks[keys[0]], self.docks[key])
        self.show_panel(keys[0])

    # -- layout -----------------------------------------------------------------------------------------------------
    def reset(self) -> None:
        """The first layout: what stands left, in the middle and right in columns, the rest below."""
        first = {info.key for info in self.infos if info.open_first}
        columns = [[info.key for info in self.infos if info.area == area] for area in ("left", "center", "right")]
        columns = [column for column in columns if column]
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        heads = [self.docks[column[0]] for column in columns]
        for index, head in enumerate(heads):
            if index == 0:
                self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, head)
            else:
                self.splitDockWidget(heads[index - 1], head, Qt.Orientation.Horizontal)
        for column in columns:
            stacked = [key for key in column if key in first]
            for above, below in itertools.pairwise(stacked):
                self.splitDockWidget(self.docks[above], self.docks[below], Qt.Orientation.Vertical)
            for key in column:  # one that is opened later is a tab over the last of its column
                if key not in first and stacked:
                    self.tabifyDockWidget(self.docks[stacked[-1]], self.docks[key])
                    self._unsized.add(key)
        for info in self.infos:
            if info.area in ("top", "bottom"):
                self._unsized.add(info.key)
                self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.docks[info.key])
            self.docks[info.key].setVisible(info.open_first)
        self._set_first_sizes()

    def _set_first_sizes(self) -> None:
        """Qt gives docks their sizes only in a window that has its own."""
        heads = {info.area: self.docks[info.key] for info in reversed(self.infos) if info.area in _WIDTHS}
        self.resizeDocks(list(heads.values()), [_WIDTHS[area] for area in heads], Qt.Orientation.Horizontal)
        shared = [key for key in _HEIGHTS if key in self.docks]
        self.resizeDocks(
            [self.docks[key] for key in shared], [_HEIGHTS[key] for key in shared], Qt.Orientation.Vertical
        )

    def _shown(self, key: str, visible: bool) -> None:
        """A dock below the columns has no size before it is first seen, and a tab in a column has too little."""
        if visible and key in self._unsized:
            self._unsized.discard(key)
            below = next(info.area for info in self.infos if info.key == key) in ("top", "bottom")
            height = _BELOW_HEIGHT if below else round(_LATER_SHARE * self.height())
            QTimer.singleShot(0, self, lambda: self.resizeDocks([self.docks[key]], [height], Qt.Orientation.Vertical))

    def showEvent(self, event: QShowEvent) -> None:
        """The first time, with the first layout, share out the width that there is now."""
        super().showEvent(event)
        if not self._restored:
            self._restored = True
            self._set_first_sizes()
            QTimer.singleShot(0, self, self._set_first_sizes)  # again when the window has laid itself out

    def layout_text(self) -> str:
        """Positions and sizes of the docks, for the settings."""
        return base64.b64encode(self.saveState(VERSION).data()).decode("ascii")

    def restore_layout(self, text: str) -> bool:
        """Put the docks where `layout_text` saw them; False (and nothing changed) where the text is no layout."""
        self._restored = self.restoreState(decode(text), VERSION)
        if self._restored:
            self._unsized -= {key for key, dock in self.docks.items() if not dock.isHidden()}
        return self._restored

    def view_states(self) -> dict[str, dict[str, Any]]:
        """What every panel wants to be remembered."""
        return {key: panel.view_state() for key, panel in self.panels.items()}

    def set_view_states(self, states: dict[str, dict[str, Any]]) -> None:
        """The inverse; panels that are not there are ignored."""
        for key, panel in self.panels.items():
            if key in states:
                panel.set_view_state(states[key])


def decode(text: str) -> QByteArray:
    """The bytes of a base64 text; empty where it is none."""
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
