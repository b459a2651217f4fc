"""The window: menus and toolbar from ACTIONS, docks from PANELS, messages, status, drag and drop, saved layout."""

from __future__ import annotations

import base64
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QProcess, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
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
    QMenu,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from speefeare_core import __version__, resources
from speefeare_core.errors import SpeefeareError
from workbench import commands, dialogs, pictures
from workbench.action_info import MENUS, ActionInfo
from workbench.actions import ACTIONS
from workbench.command_palette import CommandPalette
from workbench.context import Context
from workbench.depth_keys import DepthKeys
from workbench.documents import dialogs as document_dialogs
from workbench.documents.desk import DocumentDesk
from workbench.message_bar import MessageBar
from workbench.openable import codec_source, is_codec, is_document, is_session
from workbench.recent_menus import RecentMenus
from workbench.shortcuts import as_html, sections
from workbench.status_strip import StatusStrip
from workbench.term_help import TermHelp, term_of
from workbench.theme import apply_theme, next_scale
from workbench.widgets.figure import Figure

if TYPE_CHECKING:
    from workbench.dock_area import DockArea

TITLE = "Speefeare Workbench"
SAMPLE = ("samples", "sense_and_sensibility.flac")
_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home}
_USES_ARROWS = (QAbstractSlider, QAbstractItemView, QAbstractSpinBox, QComboBox)
ABOUT = f"""<h3>{TITLE} {__version__}</h3>
<p>See, hear, talk through, train and evaluate neural speech codecs.</p>
<p>MIT licence. Built on Qt (PySide6, LGPL), PyTorch, NumPy, libsndfile and PortAudio.</p>"""


class MainWindow(QMainWindow):
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
        self.actions_by_key: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        self._build_actions()
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

    def show_lesson(self, key: str = "") -> None:
        """The lessons, at one of them or at a term; empty: at what the focused control is about. One window of them."""
        from workbench.lessons_window import LessonsWindow  # not needed for the first picture of the window

        windows = self.findChildren(LessonsWindow)
        window = windows[0] if windows else LessonsWindow(self, self.run_action)
        window.open_at(key or term_of(QApplication.focusWidget()))
        window.show()
        window.raise_()
        window.activateWindow()

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
        before = self._menus["View"].actions()[0]
        for info in docks.infos:
            toggle = docks.docks[info.key].toggleViewAction()
            toggle.setToolTip(info.description)
            self._menus["View"].insertAction(before, toggle)
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

    # -- menus --------------------------------------------------------------------------------------------------------
    def _build_actions(self) -> None:
        toolbar = QToolBar("Tools")
        toolbar.setObjectName("tools")
        toolbar.setMovable(False)
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name in MENUS:
            self._menus[name] = self.menuBar().addMenu(f"&{name}")
            self._menus[name].setToolTipsVisible(True)
        themes = QActionGroup(self)
        for info in ACTIONS:
            action = self._action(info)
            if info.menu:
                if info.separator:
                    self._menus[info.menu].addSeparator()
                self._menus[info.menu].addAction(action)
            else:
                self.addAction(action)
            if info.toolbar:
                toolbar.addAction(action)
            if info.key.startswith("theme_"):
                themes.addAction(action)
        self.addToolBar(toolbar)
        self.recents = RecentMenus(self, self.context, self._menus, self.actions_by_key, self.documents.open)

    def _action(self, info: ActionInfo) -> QAction:
        action = QAction(info.text, self)
        action.setObjectName(info.key)
        action.setShortcut(QKeySequence(info.shortcut))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{info.tooltip} ({keys})" if keys else info.tooltip)
        action.setStatusTip("")
        action.setCheckable(info.checked is not None)
        action.setAutoRepeat(info.shortcut in ("Left", "Right", "Up", "Down"))
        action.triggered.connect(lambda _checked=False: self._run(info))
        self.actions_by_key[info.key] = action
        return action

    def _run(self, info: ActionInfo) -> None:
        info.run(self)
        self.update_actions()  # a tick shows the state, not the click

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
        for info in ACTIONS:
            action = self.actions_by_key[info.key]
            if info.checked is not None:
                action.setChecked(info.checked(self.context))
            if info.enabled is not None:
                action.setEnabled(info.enabled(self.context))
            if info.words is not None:
                action.setText(info.words(self.context))

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
