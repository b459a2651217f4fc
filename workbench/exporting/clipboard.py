"""Copy as figure: a picture for slides, SVG for drawing programs, the table for spreadsheets, all at once."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QApplication

from workbench.exporting.data import table_text
from workbench.exporting.page import SIZES, PageSize
from workbench.exporting.pictures import image_of, svg_of
from workbench.widgets.figure import Figure

ROWS = 20_000  # of a table that is worth pasting


def mime_of(figure: Figure, size: PageSize = SIZES[0]) -> QMimeData:
    """Each program takes the kind that it likes best."""
    data = QMimeData()
    data.setImageData(image_of(figure, size))
    data.setData("image/svg+xml", svg_of(figure, size))
    text = table_text(figure, ROWS)
    if text:
        data.setText(text)
    return data


def copy(figure: Figure, size: PageSize = SIZES[0]) -> None:
    """Put it onto the clipboard."""
    QApplication.clipboard().setMimeData(mime_of(figure, size))
