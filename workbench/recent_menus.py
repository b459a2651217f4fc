"""The menus of what was opened before, and of the shipped codecs: filled when they are opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from speefeare_core import resources
from workbench import commands
from workbench.context import Context


class RecentMenus(QObject):
    """Submenus of `menus`, which has the menus by their names; `actions` are those to stand before."""

    def __init__(
        self,
        parent: QObject,
        context: Context,
        menus: Mapping[str, QMenu],
        actions: Mapping[str, QAction],
        open_document: Callable[[str], object],
    ) -> None:
        super().__init__(parent)
        self._context, self._codec_menu, self._open_document = context, menus["Codec"], open_document
        self._shipped: list[QAction] = []
        self.clips = _submenu(menus["File"], "Open recent", actions["save_pictures"])
        self.clips.aboutToShow.connect(self.fill_clips)
        self.documents = _submenu(menus["File"], "Open recent document", actions["save_document"])
        self.documents.aboutToShow.connect(self.fill_documents)
        self.codecs = _submenu(self._codec_menu, "Open recent", None)
        self.codecs.aboutToShow.connect(self.fill_codecs)
        self._codec_menu.addSeparator()
        self._codec_menu.aboutToShow.connect(self.fill_shipped)

    def fill_clips(self) -> None:
        """Sound files, newest first."""
        _fill(self.clips, self._context.settings.recent_clips, self._open_clip)

    def fill_documents(self) -> None:
        """Documents, newest first."""
        _fill(self.documents, self._context.settings.recent_documents, self._open_a_document)

    def fill_codecs(self) -> None:
        """Codecs, newest first."""
        _fill(self.codecs, self._context.settings.recent_codecs, self._open_codec)

    def fill_shipped(self) -> None:
        """The shipped codecs by name, below the rest of the Codec menu."""
        for action in self._shipped:
            self._codec_menu.removeAction(action)
            action.deleteLater()
        self._shipped = []
        info = self._context.codec.info
        for name, path in resources.shipped_codecs().items():
            action = self._codec_menu.addAction(name)
            action.setToolTip(str(path))
            action.setCheckable(True)
            action.setChecked(info is not None and info.source == name)
            action.triggered.connect(partial(self._open_codec, name))
            self._shipped.append(action)

    def _open_clip(self, path: str, _checked: bool = False) -> None:
        commands.open_clip(self._context, path)

    def _open_a_document(self, path: str, _checked: bool = False) -> None:
        self._open_document(path)

    def _open_codec(self, source: str, _checked: bool = False) -> None:
        commands.load_codec(self._context, source, self._context.settings.compute_device)


def _submenu(menu: QMenu, title: str, before: QAction | None) -> QMenu:
    """Above the entry that stands before this action, or at the end."""
    submenu = QMenu(title, menu)
    submenu.setToolTipsVisible(True)
    if before is None:
        menu.addMenu(submenu)
    else:
        actions = menu.actions()
        menu.insertMenu(actions[actions.index(before) - 1], submenu)
    return submenu


def _fill(menu: QMenu, paths: tuple[str, ...], run: Callable[..., None]) -> None:
    menu.clear()
    for path in paths:
        action = menu.addAction(Path(path).name)
        action.setToolTip(path)
        action.triggered.connect(partial(run, path))
    if not paths:
        menu.addAction("Nothing yet").setEnabled(False)
