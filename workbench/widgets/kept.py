"""Drawings that change seldom, kept as pictures: drawn once, and put back as often as the window asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from workbench.widgets.theme import Theme, theme_of

Paint = Callable[[QPainter, Theme], None]
_KEPT = "_kept_drawing"


def draw_kept(widget: QWidget, state: Hashable, paint: Paint, *, filled: bool = False) -> None:
    """In a `paintEvent`: what `paint` draws of `state`; drawn again only when that or the widget's look has changed.

    `state` is all of the widget's own that the drawing shows; size, colours, font, focus and whether it is enabled
    count as well. `filled`: on the theme's background, else on what lies under the widget.
    """
    theme, dense = theme_of(widget.palette()), widget.devicePixelRatioF()
    look = (widget.size().toTuple(), dense, widget.palette().cacheKey(), widget.font().key())
    key = (state, look, widget.isEnabled(), widget.hasFocus())
    before: tuple[object, QPixmap] | None = getattr(widget, _KEPT, None)
    if before is None or before[0] != key:
        picture = QPixmap(widget.size() * dense)
        picture.setDevicePixelRatio(dense)
        picture.fill(theme.background if filled else Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(widget.font())
        paint(painter, theme)
        painter.end()
        before = (key, picture)
        setattr(widget, _KEPT, before)
    QPainter(widget).drawPixmap(0, 0, before[1])
