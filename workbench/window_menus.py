"""Menus and toolbar of the window, from ACTIONS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar

from workbench.action_info import MENUS, ActionInfo
from workbench.actions import ACTIONS
from workbench.recent_menus import RecentMenus

if TYPE_CHECKING:
    from workbench.main_window import MainWindow


class WindowMenus:
    """Builds one QAction per row and keeps their ticks and greyed-out entries as the states are."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.actions: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        toolbar = QToolBar("Tools")
        toolbar.setObjectName("tools")
        toolbar.setMovable(False)
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name in MENUS:
            self.menus[name] = window.menuBar().addMenu(f"&{name}")
            self.menus[name].setToolTipsVisible(True)
        themes = QActionGroup(window)
        for info in ACTIONS:
            action = self.actions[info.key] = self._action(info)
            if info.menu:
                if info.separator:
                    self.menus[info.menu].addSeparator()
                self.menus[info.menu].addAction(action)
            else:
                window.addAction(action)
            if info.toolbar:
                toolbar.addAction(action)
            if info.key.startswith("theme_"):
                themes.addAction(action)
        window.addToolBar(toolbar)
        self.recents = RecentMenus(window, window.context, self.menus, self.actions, window.documents.open)

    def update(self) -> None:
        """Ticks and greyed-out entries as the states are now."""
        context = self._window.context
        for info in ACTIONS:
            action = self.actions[info.key]
            if info.checked is not None:
                action.setChecked(info.checked(context))
            if info.enabled is not None:
                action.setEnabled(info.enabled(context))
            if info.words is not None:
                action.setText(info.words(context))

    def _action(self, info: ActionInfo) -> QAction:
        action = QAction(info.text, self._window)
        action.setObjectName(info.key)
        action.setShortcut(QKeySequence(info.shortcut))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{info.tooltip} ({keys})" if keys else info.tooltip)
        action.setStatusTip("")
        action.setCheckable(info.checked is not None)
        action.setAutoRepeat(info.shortcut in ("Left", "Right", "Up", "Down"))
        action.triggered.connect(lambda _checked=False: self._run(info))
        return action

    def _run(self, info: ActionInfo) -> None:
        info.run(self._window)
        self.update()  # a tick shows the state, not the click
