"""Asking and telling: dialogs that turn a person's wish into paths. They change nothing themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from workbench.openable import CODEC_SUFFIXES, SOUND_SUFFIXES
from workbench.widgets.scroll_bars import flat_scroll_bars

_MOST = 2**31 - 1


def ask_clip(parent: QWidget, start: str = "") -> str:
    """A sound file, or empty when the person changed their mind."""
    kinds = " ".join(f"*{suffix}" for suffix in SOUND_SUFFIXES)
    title = "Open a sound file"
    return QFileDialog.getOpenFileName(parent, title, start, f"Sound files ({kinds});;All files (*)")[0]


def ask_clips(parent: QWidget, start: str = "") -> list[str]:
    """Sound files, or none."""
    kinds = " ".join(f"*{suffix}" for suffix in SOUND_SUFFIXES)
    title = "Show other sound files beside this one"
    return list(QFileDialog.getOpenFileNames(parent, title, start, f"Sound files ({kinds});;All files (*)")[0])


def ask_document(parent: QWidget, start: str = "") -> str:
    """A document, or empty."""
    return QFileDialog.getOpenFileName(parent, "Open a document", start, "Documents (*.speefeare);;All files (*)")[0]


def ask_target(parent: QWidget, title: str, start: str, kinds: str) -> str:
    """Where to write a file of these kinds ("Documents (*.speefeare)"), or empty."""
    return QFileDialog.getSaveFileName(parent, title, start, kinds)[0]


def ask_edits(parent: QWidget) -> str:
    """A list of token edits, or empty."""
    return QFileDialog.getOpenFileName(parent, "Open a list of edits", "", "Edits (*.json);;All files (*)")[0]


def ask_edits_target(parent: QWidget) -> str:
    """Where to write a list of token edits, or empty."""
    path = QFileDialog.getSaveFileName(parent, "Save the list of edits", "edits.json", "Edits (*.json)")[0]
    return path if not path or path.endswith(".json") else f"{path}.json"


def ask_codec_file(parent: QWidget, start: str = "") -> str:
    """A codec file, or empty."""
    kinds = " ".join(f"*{suffix}" for suffix in CODEC_SUFFIXES)
    return QFileDialog.getOpenFileName(parent, "Open a codec file", start, f"Codecs ({kinds});;All files (*)")[0]


def ask_folder(parent: QWidget, title: str, start: str = "") -> str:
    """A folder, or empty."""
    return QFileDialog.getExistingDirectory(parent, title, start)


def ask_recipe(parent: QWidget) -> str:
    """A recipe file, or the config.yaml of a run, or empty."""
    return QFileDialog.getOpenFileName(parent, "Open a recipe", "", "Recipes (*.yaml *.yml);;All files (*)")[0]


def ask_speech(parent: QWidget) -> str:
    """A manifest or a shard of speech, or empty."""
    kinds = "Manifests and shards (*.csv *.jsonl *.tar);;All files (*)"
    return QFileDialog.getOpenFileName(parent, "Train on a manifest or on shards", "", kinds)[0]


def ask_number(parent: QWidget, title: str, question: str, before: int) -> int | None:
    """A whole number from 1 on, or None when the person changed their mind."""
    number, given = QInputDialog.getInt(parent, title, question, max(1, min(before, _MOST)), 1, _MOST)
    return number if given else None


def ask_words(parent: QWidget, title: str, question: str, before: str = "") -> str:
    """A line of words, or empty when the person changed their mind."""
    words, given = QInputDialog.getText(parent, title, question, QLineEdit.EchoMode.Normal, before)
    return words.strip() if given else ""


def show_page(parent: QWidget, title: str, html: str) -> QDialog:
    """Show a page that scrolls and can be searched and copied; does not wait."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    page = QTextBrowser()
    flat_scroll_bars(page)
    page.setAccessibleName(title)
    page.setHtml(html)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(page)
    metrics = dialog.fontMetrics()
    dialog.resize(100 * metrics.averageCharWidth(), 36 * metrics.height())
    dialog.open()
    return dialog


def show_text(parent: QWidget, title: str, text: str, rich: bool = False) -> QMessageBox:
    """Show a text that can be selected and copied; does not wait."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Close, parent)
    box.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box
