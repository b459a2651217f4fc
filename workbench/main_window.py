"""The window: menus and toolbar from ACTIONS, docks from PANELS, messages, status, drag and drop, saved layout."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from speefeare_core import resources
from speefeare_core.errors import SpeefeareError
from workbench import commands, pictures
from workbench.context import Context
from workbench.depth_keys import DepthKeys
from workbench.documents import dialogs as document_dialogs
from workbench.documents.desk import DocumentDesk
from workbench.message_bar import MessageBar
from workbench.openable import codec_source, is_codec, is_document, is_session
from workbench.status_strip import StatusStrip
from workbench.term_help import TermHelp
from workbench.theme import apply_theme, next_scale
from workbench.window_dialogs import TITLE, WindowDialogs
from workbench.window_figures import WindowFigures
from workbench.window_menus import WindowMenus

if TYPE_CHECKING:
    from workbench.dock_area import DockArea

SAMPLE = ("samples", "sense_and_sensibility.flac")
_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home}
_USES_ARROWS = (QAbstractSlider, QAbstractItemView, QAbstractSpinBox, QComboBox)


class MainWindow(WindowFigures, WindowDialogs, QMainWindow):
    """Is the `Shell` of the actions. Panels come with `set_docks`, so that the window is on screen before they are."""

    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.docks: DockArea | None = None
        self.depth_keys = DepthKeys(context)
        self.documents = DocumentDesk(context)
        self.documents.audio_missing.connect(self._ask_for_sound)
        context.document.layout = self
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.setStatusBar(StatusStrip(context))
        self._strip().cancel_wanted.connect(lambda: commands.cancel_work(context))
        self.messages = MessageBar()
        self.messages.restart_wanted.connect(lambda: commands.restart_engine(context))
        middle = QWidget()
        self._middle = QVBoxLayout(middle)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(0)
        self._middle.addWidget(self.messages)
        self.setCentralWidget(middle)
        self.menus = WindowMenus(self)
        self.actions_by_key = self.menus.actions
        self._listen()
        self.resize(1280, 800)
        self.update_actions()
        self.term_help = TermHelp(self)

    # -- what the actions ask of the window (Shell) -------------------------------------------------------------------
    def widget(self) -> QWidget:
        """The parent of dialogs."""
        return self

    def open_paths(self, paths: list[str]) -> None:
        """Codecs first, then the clip (the last of several); a recording of Live is both, a document everything."""
        documents = [path for path in paths if is_document(path)]
        paths = [path for path in paths if not is_document(path)]
        for path in filter(is_session, paths):
            commands.open_session(self.context, path)
        for path in filter(is_codec, paths):
            commands.load_codec(self.context, codec_source(path), self.context.settings.compute_device)
        clips = [path for path in paths if not is_codec(path) and not is_session(path)]
        if len(clips) > 1:
            self.context.engine.add_message(f"One clip is open at a time; opened {Path(clips[-1]).name}.")
        if clips:
            commands.open_clip(self.context, clips[-1])
        if documents:
            self.documents.open(documents[-1])

    def open_sample(self) -> None:
        """Open the shipped sentence."""
        try:
            commands.open_clip(self.context, resources.resource(*SAMPLE))
        except SpeefeareError as error:
            self.context.engine.add_message(str(error))

    def save_pictures(self, folder: str) -> None:
        """A picture of every open panel and a sound of every depth that is there now."""
        if self.docks is None:
            return
        try:
            saved = pictures.save_pictures(self, self.docks.open_panels(), Path(folder))
            saved += pictures.save_sounds(self.context.clip.data, Path(folder), self.context.codec.takes)
            self.context.engine.add_message(f"Saved {len(saved)} files into {folder}.")
        except SpeefeareError as error:
            self.context.engine.add_message(str(error))

    def set_theme(self, theme: str) -> None:
        """Light, dark, for a projector or as the desktop."""
        self.context.settings.theme = theme
        self._apply_theme()
        self.update_actions()

    def scale_text(self, step: int) -> None:
        """The text one size larger (1) or smaller (-1); 0: as large as the desktop's."""
        settings = self.context.settings
        settings.text_scale = next_scale(settings.text_scale, step) if step else 1.0
        self._apply_theme()

    def run_action(self, key: str) -> bool:
        """Do what an action does, by its key; False where there is none or it cannot be done now."""
        action = self.actions_by_key.get(key)
        if action is None or not action.isEnabled():
            return False
        action.trigger()
        return True

    def reset_layout(self) -> None:
        """The docks of the first start."""
        if self.docks is not None:
            self.docks.reset()

    def press_digit(self, digit: int) -> None:
        """A digit of a depth."""
        self.depth_keys.press(digit)

    def show_panel(self, key: str) -> None:
        """Open a panel and bring it to the front."""
        if self.docks is not None:
            self.docks.show_panel(key)

    def show_together(self, keys: tuple[str, ...]) -> None:
        """These panels alone."""
        if self.docks is not None:
            self.docks.show_together(keys)

    def quit(self) -> None:
        """Close the window; with it everything ends."""
        self.close()

    # -- panels and layout --------------------------------------------------------------------------------------------
    def set_docks(self, docks: DockArea) -> None:
        """Take the panels in, as the settings remember them."""
        self.docks = docks
        self._middle.addWidget(docks, 1)
        settings = self.context.settings
        if settings.docks and not docks.restore_layout(settings.docks):
            self.context.engine.add_message("The saved layout did not fit this version, so the first layout is shown.")
        docks.set_view_states(settings.panels)
        before = self.menus.menus["View"].actions()[0]
        for info in docks.infos:
            toggle = docks.docks[info.key].toggleViewAction()
            toggle.setToolTip(info.description)
            self.menus.menus["View"].insertAction(before, toggle)
            show = QAction(f"Show {info.title}", self)
            show.setShortcut(QKeySequence(info.shortcut))
            show.setToolTip(info.description)
            show.triggered.connect(partial(docks.show_panel, info.key))
            self.addAction(show)
            self.actions_by_key[f"panel_{info.key}"] = show

    def restore_geometry(self) -> None:
        """Size and place of the last time; the first time a size that fits the screen."""
        saved = self.context.settings.geometry
        if saved and self.restoreGeometry(base64.b64decode(saved, validate=False)):
            return
        room = self.screen().availableGeometry()
        self.resize(min(1440, room.width()), min(900, room.height()))

    def remember(self) -> None:
        """Layout and panel states into the settings, and these to disk."""
        settings = self.context.settings
        settings.geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        if self.docks is not None:
            settings.docks = self.docks.layout_text()
            settings.panels = self.docks.view_states()
        settings.save()

    def layout_data(self) -> dict[str, Any]:
        """Where the panels are and what they show, for a document."""
        return {} if self.docks is None else {"docks": self.docks.layout_text(), "panels": self.docks.view_states()}

    def set_layout_data(self, data: dict[str, Any]) -> None:
        """The inverse; a layout that does not fit leaves the panels where they are."""
        docks, panels = data.get("docks"), data.get("panels")
        if self.docks is not None and isinstance(docks, str):
            self.docks.restore_layout(docks)
        if self.docks is not None and isinstance(panels, dict):
            self.docks.set_view_states({key: row for key, row in panels.items() if isinstance(row, dict)})

    def offer_recovery(self) -> None:
        """Where a window did not end well, bring back what it was about?"""
        document_dialogs.offer_recovery(self.documents, self)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember, then go."""
        self.documents.close()
        self.remember()
        self.closed.emit()
        super().closeEvent(event)

    # -- drag and drop, keys ------------------------------------------------------------------------------------------
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders only."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.open_paths([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    def event(self, event: QEvent) -> bool:
        """Sliders, lists and number fields keep their arrow keys; everywhere else they are the window's."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(QApplication.focusWidget(), _USES_ARROWS):
            assert isinstance(event, QKeyEvent)
            if event.key() in _ARROWS:
                event.accept()
                return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard belongs to the window until something is clicked."""
        super().showEvent(event)
        self.setFocus()

    # -- states → window ----------------------------------------------------------------------------------------------
    def _listen(self) -> None:
        ctx = self.context
        for signal in (ctx.clip.opened, ctx.codec.changed, ctx.engine.changed, ctx.playback.changed, ctx.live.changed):
            signal.connect(self.update_actions)
        for signal in (ctx.document.changed, ctx.history.changed):
            signal.connect(self.update_actions)
        ctx.runs.panel_wanted.connect(self.show_panel)
        ctx.document.changed.connect(self._update_title)
        ctx.clip.opened.connect(self._update_title)
        ctx.codec.changed.connect(self._update_title)
        ctx.engine.message_added.connect(self.messages.add)
        ctx.engine.message_withdrawn.connect(self.messages.remove)
        ctx.catalog.ended.connect(self._catalog_ended)
        ctx.engine.changed.connect(self._show_engine)
        QApplication.instance().styleHints().colorSchemeChanged.connect(self._desktop_theme_changed)

    # Methods, not functions that hold the window: those would keep it alive as long as what they listen to.
    def _show_engine(self) -> None:
        self.messages.set_engine_died(self.context.engine.status == "dead")

    def _ask_for_sound(self, document: str, sound: str) -> None:
        document_dialogs.ask_for_sound(self.documents, self, document, sound)

    def update_actions(self) -> None:
        """Ticks and greyed-out entries as the states are now."""
        self.menus.update()

    def _catalog_ended(self, name: str, how: str, words: str) -> None:
        """Where its own window is closed, the person hears of it here."""
        shown = any(dialog.isVisible() for dialog in self.findChildren(QDialog, "catalog"))
        if how != "stopped" and not shown:
            self.context.engine.add_message(words)

    def _update_title(self) -> None:
        document = self.context.document
        clip = document.audio_name or Path(self.context.clip.data.path).name
        if document.path:
            clip = Path(document.path).name + ("*" if document.modified else "")
        codec = self.context.codec.info.name if self.context.codec.info else ""
        self.setWindowTitle(" · ".join(part for part in (clip, codec, TITLE) if part))

    def _desktop_theme_changed(self) -> None:
        if self.context.settings.theme == "system":
            self._apply_theme()

    def _apply_theme(self) -> None:
        settings = self.context.settings
        apply_theme(QApplication.instance(), settings.theme, settings.text_scale)

    def _strip(self) -> StatusStrip:
        bar = self.statusBar()
        assert isinstance(bar, StatusStrip)
        return bar
