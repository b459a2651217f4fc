"""The button that adds a codec to the comparison."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QMenu

from speefeare_core.resources import shipped_codecs
from workbench import dialogs
from workbench.context import Context
from workbench.verbs.columns import add_column
from workbench.widgets.controls import Button


class AddCodec(Button):
    """Opens a menu: codecs that are shipped, those used lately, a file or a folder."""

    def __init__(self, context: Context) -> None:
        super().__init__("Add codec", "Add codec", "Hear a further codec on the same clip, beside the first.")
        self._context = context
        self.menu_of_codecs = QMenu(self)
        self.menu_of_codecs.setToolTipsVisible(True)
        self.menu_of_codecs.aboutToShow.connect(self._fill)
        self.setMenu(self.menu_of_codecs)

    def _fill(self) -> None:
        menu, ctx = self.menu_of_codecs, self._context
        menu.clear()
        here = {column.source for column in ctx.columns.columns.values()}
        here.add(ctx.codec.info.source if ctx.codec.info is not None else "")
        shipped = list(shipped_codecs())
        for name in shipped:
            self._row(name, name, name in here)
        recent = [source for source in ctx.settings.recent_codecs if source not in (*shipped, "default")]
        if recent:
            menu.addSeparator()
        for source in recent:
            self._row(Path(source).name or source, source, source in here)
        menu.addSeparator()
        menu.addAction("Codec file…").triggered.connect(self._ask_file)
        menu.addAction("Codec folder…").triggered.connect(self._ask_folder)

    def _row(self, text: str, source: str, there: bool) -> None:
        action = self.menu_of_codecs.addAction(text)
        action.setToolTip(source)
        action.setEnabled(not there)
        action.triggered.connect(partial(self._add, source))

    def _add(self, source: str, _checked: bool = False) -> None:
        add_column(self._context, source, self._context.settings.compute_device)

    def _ask_file(self) -> None:
        path = dialogs.ask_codec_file(self)
        if path:
            self._add(path)

    def _ask_folder(self) -> None:
        path = dialogs.ask_folder(self, "Add a codec folder")
        if path:
            self._add(path)
