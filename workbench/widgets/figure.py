"""A figure: what a view shows, to be taken out as a picture, a table or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from workbench.widgets.theme import Theme

Cell = str | int | float


def scaled(
    widget: QWidget, painter: QPainter, rect: QRect, theme: Theme, paint: Callable[[QPainter, Theme], None]
) -> None:
    """The `paint_figure` of a widget that can draw itself at its own size only, as large as `rect` lets it."""
    factor = min(rect.width() / max(widget.width(), 1), rect.height() / max(widget.height(), 1))
    painter.save()
    painter.translate(rect.left() + (rect.width() - factor * widget.width()) / 2, rect.top())
    painter.scale(factor, factor)
    paint(painter, theme)
    painter.restore()


@dataclass(frozen=True)
class Table:
    """Of a CSV file. `columns` are names with units: "time_s", "level_db"; `rows` may be a generator."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True)
class Figure:
    """One picture of one view, as it stands now. Arrays and table hold what is in sight, with its axes."""

    key: str  # of its file: "spectrogram", "codes"
    title: str  # what it shows, for a person: "Spectrogram, depth 4"
    widget: QWidget  # draws it; one with `paint_figure(painter, rect, theme)` is drawn by that, at any size
    arrays: Callable[[], dict[str, NDArray[Any]]]  # of the NPZ file: names with units
    table: Callable[[], Table]
    notes: tuple[str, ...] = field(default=())  # sentences below it: the codec, the clip, what was measured how

    def same_view(self, other: Figure) -> bool:
        """Whether both show the same view; each asking makes new ones."""
        return self.key == other.key and self.widget is other.widget
