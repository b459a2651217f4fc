"""Questions about documents: which to open, where to save, whether to bring back what a crash left."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from speefeare_core.documents.format import SUFFIX
from workbench import dialogs
from workbench.documents import recovery
from workbench.documents.desk import DocumentDesk

KINDS = f"Documents (*{SUFFIX})"


def open_document(desk: DocumentDesk, parent: QWidget) -> None:
    """Ask which, and open it."""
    path = dialogs.ask_document(parent, desk.ctx.document.path)
    if path:
        desk.open(path)


def save(desk: DocumentDesk, parent: QWidget) -> None:
    """Under the name that it has; where it has none, ask."""
    if desk.ctx.document.path:
        desk.save()
    else:
        save_as(desk, parent)


def save_as(desk: DocumentDesk, parent: QWidget) -> None:
    """Ask for a name."""
    clip = Path(desk.ctx.clip.data.path)
    start = desk.ctx.document.path or str(clip.with_suffix(SUFFIX) if clip.name else "")
    path = dialogs.ask_target(parent, "Save the document", start, KINDS)
    if path:
        desk.save(path)


def ask_for_sound(desk: DocumentDesk, parent: QWidget, document: str, sound: str) -> None:
    """A document names a sound file that is not there: where is it now?"""
    box = QMessageBox(QMessageBox.Icon.Warning, "Sound file missing", "", QMessageBox.StandardButton.Cancel, parent)
    box.setObjectName("sound_missing")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"The sound file of {Path(document).name} is not there.")
    box.setInformativeText(f"It was {sound or 'not named'}. Choose where it is now, or leave the document closed.")
    choose = box.addButton("Choose the sound file…", QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(choose)

    def answered() -> None:
        if box.clickedButton() is choose:
            path = dialogs.ask_clip(parent, str(Path(document).parent))
            if path:
                desk.open(document, path)

    _show(box, answered)


def offer_recovery(desk: DocumentDesk, parent: QWidget) -> QMessageBox | None:
    """Where a window did not end well: bring back what it was about? None where there is nothing."""
    found = recovery.abandoned()
    if not found:
        return None
    box = QMessageBox(QMessageBox.Icon.Question, "Bring back the last document?", "", parent=parent)
    box.setObjectName("recovery")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText("The workbench did not end well the last time. Your work was kept.")
    older = len(found) - 1
    more = (
        f"\n{older} older one{'s are' if older > 1 else ' is'} kept, too, and offered the next time." if older else ""
    )
    box.setInformativeText(f"{found[0].words}.{more}")
    restore = box.addButton("Bring it back", QMessageBox.ButtonRole.AcceptRole)
    later = box.addButton("Not now", QMessageBox.ButtonRole.RejectRole)
    discard = box.addButton("Throw it away", QMessageBox.ButtonRole.DestructiveRole)
    restore.setToolTip("Open the codec, the sound, the marks, the edits and the layout as they were")
    later.setToolTip("Ask again at the next start")
    discard.setToolTip("Delete what was kept; documents that you have saved stay as they are")
    box.setDefaultButton(restore)
    box.setEscapeButton(later)

    def answered() -> None:
        if box.clickedButton() is restore:
            desk.recover(found[0])
        elif box.clickedButton() is discard:
            found[0].remove()

    return _show(box, answered)


def _show(box: QMessageBox, answered: object) -> QMessageBox:
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.finished.connect(answered)
    box.open()
    return box
