"""Flat scroll bars: they scroll as the style's do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QStyle, QStyleOptionSlider

from tests.app.widgets.conftest import Show
from workbench.widgets.scroll_bars import ScrollBar, flat_scroll_bars


def scrolled(show: Show) -> tuple[QScrollArea, ScrollBar]:
    area = QScrollArea()
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    flat_scroll_bars(area)
    inside = QLabel("\n".join(str(line) for line in range(100)))
    area.setWidget(inside)
    show(area, 200, 300)
    bar = area.verticalScrollBar()
    assert isinstance(bar, ScrollBar)
    return area, bar


def handle(bar: ScrollBar) -> QPoint:
    option = QStyleOptionSlider()
    bar.initStyleOption(option)
    control, part = QStyle.ComplexControl.CC_ScrollBar, QStyle.SubControl.SC_ScrollBarSlider
    return bar.style().subControlRect(control, option, part, bar).center()


def ink(bar: ScrollBar, place: QPoint) -> QColor:
    return QColor(bar.grab().toImage().pixelColor(place))


def test_policies_stay_and_the_handle_scrolls(show: Show) -> None:
    area, bar = scrolled(show)
    assert area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    assert not area.horizontalScrollBar().isVisible() and bar.isVisible() and bar.value() == 0
    begin = handle(bar)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, begin)
    QTest.mouseMove(bar, begin + QPoint(0, 60))
    held = ink(bar, handle(bar))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, begin + QPoint(0, 60))
    assert bar.value() > 100
    assert handle(bar).y() > begin.y() + 40
    assert held != ink(bar, QPoint(handle(bar).x(), bar.height() - 30))  # the handle stands out from its lane


def test_the_handle_is_stronger_under_the_mouse(show: Show, qapp: QApplication) -> None:
    _, bar = scrolled(show)
    place = handle(bar)
    rest = ink(bar, place)
    bar.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    QApplication.sendEvent(bar, QEnterEvent(QPointF(place), QPointF(place), QPointF(place)))
    assert ink(bar, place).lightness() < rest.lightness()
