"""Drawings that are kept look as they did when they were drawn each time, and never stay when they should change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from tests.app.widgets.conftest import Show
from workbench.theme import apply_theme
from workbench.widgets.bitrate_chart import BitrateChart
from workbench.widgets.book_strip import BookBlock, BookStrip
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.kept import draw_kept
from workbench.widgets.latency_bar import LatencyBar
from workbench.widgets.live_books import LiveBooks
from workbench.widgets.theme import Theme, theme_of


class Word(QWidget):
    """One word, and how often it was drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.word, self.drawn = "one", 0

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_kept(self, self.word, self._paint, filled=True)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        self.drawn += 1
        painter.setPen(theme.text)
        painter.drawText(10, 30, self.word)


def test_drawn_again_only_when_something_has_changed(show: Show, qapp: QApplication) -> None:
    widget = show(Word(), 200, 60)
    assert isinstance(widget, Word)
    first = widget.drawn
    for _ in range(5):
        widget.repaint()
    assert widget.drawn == first == 1
    changes: list[Callable[[], object]] = [
        lambda: setattr(widget, "word", "two"),
        lambda: widget.resize(210, 60),
        lambda: widget.setEnabled(False),
        lambda: widget.setStyleSheet("") or widget.setFont(bigger(widget)),  # type: ignore[func-returns-value]
        lambda: apply_theme(qapp, "dark"),
    ]
    for count, change in enumerate(changes, 2):
        change()
        qapp.processEvents()
        widget.repaint()
        widget.repaint()
        assert widget.drawn == count


def bigger(widget: QWidget) -> object:
    font = widget.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    return font


def strip() -> BookStrip:
    made = BookStrip()
    made.set_books([BookBlock(1024, 50.0, "semantic"), BookBlock(64, 12.5, "acoustic")], [0])
    return made


def chart() -> BitrateChart:
    made = BitrateChart()
    made.set_bitrates([0.5, 1.0, 1.5], 2)
    return made


def latency() -> LatencyBar:
    made = LatencyBar()
    made.set_parts([("input device", 480), ("framing", 320), ("compute", 100)], 48_000)
    made.set_measured(1200, 48_000)
    return made


def books() -> LiveBooks:
    made = LiveBooks()
    made.set_books(["semantic", "acoustic", "acoustic"], [0, 1], [1])
    return made


MAKERS = {
    "empty": lambda: EmptyState("Nothing here", "Load a file"),
    "strip": strip,
    "chart": chart,
    "latency": latency,
    "books": books,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_same_pixels_as_drawn_at_once(name: str, theme: str, show: Show, qapp: QApplication) -> None:
    widget = show(MAKERS[name](), 420, 160)
    apply_theme(qapp, theme)
    qapp.processEvents()
    kept = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    ground = QPixmap(widget.size())
    ground.fill(theme_of(widget.palette()).background if name == "empty" else widget.palette().window().color())
    painter = QPainter(ground)
    painter.setFont(widget.font())
    widget._paint(painter, theme_of(widget.palette()))  # type: ignore[attr-defined]
    painter.end()
    wanted = ground.toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert (kept.width(), kept.height()) == (wanted.width(), wanted.height())
    far = [
        (x, y)
        for x in range(0, kept.width())
        for y in range(0, kept.height())
        if max(abs(a - b) for a, b in zip(_parts(kept, x, y), _parts(wanted, x, y), strict=True)) > 3
    ]
    assert not far  # blending twice may round


def _parts(image: QImage, x: int, y: int) -> tuple[int, int, int]:
    value = image.pixel(x, y)
    return value >> 16 & 255, value >> 8 & 255, value & 255
