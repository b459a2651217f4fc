"""The workbench as a person starts it, which does what it is told by a file and says what its document would hold.

    python -m tests.end_to_end.document_process FOLDER [FILE …]

FOLDER/state.json is written ten times a second. FOLDER/do.json ({"number", "do", …}) is done once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from workbench import app, commands
from workbench.context import Context
from workbench.documents import snapshot
from workbench.state.marks import Mark
from workbench.verbs import columns, edits


class Told:
    """Does what do.json says, tells in state.json."""

    def __init__(self, workbench: app.Workbench, folder: Path) -> None:
        self.workbench, self.folder, self.done = workbench, folder, 0

    def turn(self) -> None:
        """Once."""
        order = self.folder / "do.json"
        if order.exists():
            wish = json.loads(order.read_text())
            if wish["number"] > self.done:
                self.done = wish["number"]
                getattr(self, f"do_{wish['do']}")(wish)
        self.tell()

    def tell(self) -> None:
        """Whole or not at all."""
        ctx, desk = self.workbench.context, self.workbench.window.documents
        box = self.box()
        state: dict[str, Any] = {
            "done": self.done,
            "complete": ctx.clip.is_open and ctx.clip.complete,
            "columns_ready": all(column.info and not column.request for column in ctx.columns.columns.values()),
            "opening": desk.opening,
            "kept": desk.kept_text,
            "now": snapshot.take(ctx, print).everything,
            "parts": snapshot.take(ctx, print).parts,
            "heard": sorted(ctx.clip.data.renders),
            "path": ctx.document.path,
            "shown": sorted(self.workbench.window.docks.open_panels()) if self.workbench.window.docks else [],
            "title": self.workbench.window.windowTitle(),
            "offer": "" if box is None else f"{box.text()} {box.informativeText()}",
            "engine": ctx.client.pid,
            "undo": ctx.history.undo_words,
            "messages": ctx.engine.messages,
        }
        part = self.folder / "state.part"
        part.write_text(json.dumps(state))
        part.replace(self.folder / "state.json")

    def box(self) -> QMessageBox | None:
        """The question about recovery."""
        found = self.workbench.window.findChildren(QMessageBox, "recovery")
        return next((box for box in found if box.isVisible()), None)

    # -- orders -------------------------------------------------------------------------------------------------
    def do_work(self, wish: dict[str, Any]) -> None:
        """What a person does with a clip, each by the verb that key and mouse call too."""
        ctx, rate = self.workbench.context, self.workbench.context.clip.data.rate_hz
        commands.select_depth(ctx, wish["depth"])
        commands.set_loop(ctx, round(0.25 * rate), round(0.75 * rate))
        add_mark(ctx, 0.5, "the s is dull")
        add_mark(ctx, 0.9, "click")
        ctx.history.undo()
        columns.add_column(ctx, wish["column"])
        edits.select_all(ctx)
        edits.shuffle(ctx)
        ctx.time_view.set_range(0.1, 1.1)
        commands.seek(ctx, round(0.3 * rate))
        self.workbench.window.show_panel("codebooks")

    def do_mark(self, wish: dict[str, Any]) -> None:
        add_mark(self.workbench.context, wish["at"], wish["name"])

    def do_save(self, wish: dict[str, Any]) -> None:
        self.workbench.window.documents.save(wish["path"], wish["embed"])

    def do_answer(self, wish: dict[str, Any]) -> None:
        box = self.box()
        assert box is not None
        button = next(button for button in box.findChildren(QPushButton) if button.text() == wish["button"])
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def do_picture(self, wish: dict[str, Any]) -> None:
        widget = self.box() or QApplication.activeWindow() or self.workbench.window
        widget.grab().save(wish["path"])

    def do_close(self, _wish: dict[str, Any]) -> None:
        self.workbench.window.close()


def add_mark(ctx: Context, time_s: float, name: str) -> None:
    """A mark that can be undone."""
    if ctx.clip.is_open:
        mark = Mark(ctx.marks.new_id(), time_s, name, heard=ctx.playback.depth)
        ctx.history.do("the new mark", lambda: ctx.marks.put(mark), lambda: ctx.marks.remove(mark.id))


def main(folder: Path, files: tuple[str, ...], codec: str) -> int:
    """Run until the window is closed."""
    begin = app.begin

    def begin_and_tell(workbench: app.Workbench, options: app.Options) -> None:
        begin(workbench, options)
        told = Told(workbench, folder)
        timer = QTimer(workbench.window)
        timer.timeout.connect(lambda: told.turn())  # Qt keeps the lambda, and that keeps `told`
        timer.start(100)

    app.begin = begin_and_tell
    return app.run(app.Options(files=files, codec=codec, device="cpu"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), tuple(sys.argv[3:]), sys.argv[2]))
