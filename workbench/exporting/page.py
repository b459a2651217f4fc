"""A figure on a white page: its title, the drawing, and sentences below it, at any size."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QRegion
from PySide6.QtWidgets import QWidget

from workbench.theme import palette
from workbench.widgets.figure import Figure
from workbench.widgets.theme import Theme, theme_of

MARGIN = 8  # units of 1/96 inch, as everywhere on the page
UNITS_PER_MM = 96 / 25.4
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class PageSize:
    """`width_mm` 0: as on the screen. `share`: height of the drawing as a share of its width; 0: as on the screen."""

    key: str
    title: str
    width_mm: float = 0.0
    share: float = 0.0


SIZES = (
    PageSize("screen", "As on the screen"),
    PageSize("column", "One column of a paper, 85 mm", 85.0, 0.62),
    PageSize("page", "The width of a page, 175 mm", 175.0, 0.45),
    PageSize("slide", "A slide, 254 × 143 mm", 254.0, 0.46),
)


def print_palette() -> QPalette:
    """Black on white, without the tint of a screen."""
    colours = palette("light")
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        colours.setColor(role, QColor("#ffffff"))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
        colours.setColor(role, QColor("#000000"))
    return colours


def print_theme() -> Theme:
    """The colours of drawings on paper."""
    return theme_of(print_palette())


class Page:
    """How one figure stands on its page. Units are 1/96 inch; y downwards."""

    def __init__(self, figure: Figure, size: PageSize = SIZES[0], theme: Theme | None = None) -> None:
        self.figure, self.theme = figure, theme or print_theme()
        self.any_size = hasattr(figure.widget, "paint_figure")
        drawn = figure.widget.size().expandedTo(QSize(200, 120))
        if self.any_size and size.width_mm:
            width = round(size.width_mm * UNITS_PER_MM) - 2 * MARGIN
            least = getattr(figure.widget, "least_figure_height", lambda: 0)()  # of tables with many rows
            drawn = QSize(width, max(round(width * size.share), least))
        font = figure.widget.font()
        self._title_font, self._note_font = QFont(font), QFont(font)
        self._title_font.setBold(True)
        self._note_font.setPointSizeF(max(6.0, font.pointSizeF() * 0.85))
        self.title_box = self._box(figure.title, self._title_font, MARGIN, drawn.width())
        self.drawing = QRect(QPoint(MARGIN, self.title_box.bottom() + 5), drawn)
        self._notes = " · ".join(figure.notes)
        self.notes_box = self._box(self._notes, self._note_font, self.drawing.bottom() + 5, drawn.width())
        bottom = (self.notes_box if self._notes else self.drawing).bottom() + 1
        self.size = QSize(drawn.width() + 2 * MARGIN, bottom + MARGIN)

    @staticmethod
    def _box(text: str, font: QFont, top: int, width: int) -> QRect:
        found = QFontMetrics(font).boundingRect(QRect(MARGIN, top, width, 10_000), int(_WRAPPED.value), text)
        return QRect(MARGIN, top, width, found.height() if text else 0)

    def paint(self, painter: QPainter) -> None:
        """Everything."""
        theme = self.theme
        painter.fillRect(QRect(QPoint(0, 0), self.size), theme.background)
        for text, font, box, colour in (
            (self.figure.title, self._title_font, self.title_box, theme.text),
            (self._notes, self._note_font, self.notes_box, theme.muted),
        ):
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(QRectF(box), int(_WRAPPED.value), text)
        painter.setFont(self.figure.widget.font())
        painter.save()
        if self.any_size:
            painter.translate(self.drawing.topLeft())  # some drawings count from their left edge
            self.figure.widget.paint_figure(painter, QRect(QPoint(0, 0), self.drawing.size()), theme)  # type: ignore[attr-defined]
        else:
            _paint_as_it_is(self.figure.widget, painter, self.drawing.topLeft(), theme)
        painter.restore()


def _paint_as_it_is(widget: QWidget, painter: QPainter, place: QPoint, theme: Theme) -> None:
    """A widget without `paint_figure`: at its size, in the colours of the page."""
    own = widget.palette() if widget.testAttribute(Qt.WidgetAttribute.WA_SetPalette) else QPalette()
    if not theme.dark:
        widget.setPalette(print_palette())
    try:
        widget.render(
            painter, place, QRegion(), QWidget.RenderFlag.DrawWindowBackground | QWidget.RenderFlag.DrawChildren
        )
    finally:
        widget.setPalette(own)
