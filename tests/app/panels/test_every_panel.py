"""What holds for every row of PANELS."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from speefeare_core import lessons
from tests.app.panels.known_clip import open_known_clip
from tests.app.widgets.pictures import delete_now
from workbench.context import Context
from workbench.panels import PANELS, PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.terms import explain_terms
from workbench.theme import apply_theme
from workbench.widgets.theme import TERM

Show = Callable[[PanelInfo, Context], Panel]
every_panel = pytest.mark.parametrize("info", PANELS, ids=lambda info: info.key)


def _colours(panel: Panel) -> set[int]:
    image = panel.grab().toImage()
    return {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}


def test_keys_titles_and_shortcuts_are_unique() -> None:
    for field in ("key", "title", "shortcut"):
        values = [getattr(info, field) for info in PANELS]
        assert len(set(values)) == len(values), field


def test_an_unknown_panel_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="waveform"):
        panel_info("waterfall")


@every_panel
def test_builds_and_refreshes_with_nothing_loaded(info: PanelInfo, context: Context, show: Show) -> None:
    panel = show(info, context)
    panel.refresh()
    panel.set_view_state(panel.view_state())
    panel.set_view_state({"lanes": 3, "map": None, "nonsense": []})
    assert not panel.grab().isNull()


@every_panel
def test_builds_with_data_and_hears_of_another_clip(info: PanelInfo, loaded_context: Context, show: Show) -> None:
    panel = show(info, loaded_context)
    panel.refresh()
    before = _colours(panel)
    assert len(before) > 3, "the panel shows nothing"
    open_known_clip(loaded_context)
    panel.refresh()
    assert not panel.grab().isNull()


@every_panel
def test_a_deleted_panel_hears_nothing(info: PanelInfo, loaded_context: Context, qtbot: QtBot) -> None:
    panel = info.build(loaded_context)
    delete_now(panel)
    with qtbot.capture_exceptions() as raised:  # a slot of a deleted panel would raise RuntimeError
        open_known_clip(loaded_context)
        loaded_context.playback.update(depth=2, playing=True)
        loaded_context.live.update(muted=False)
        loaded_context.codec.changed.emit()
        loaded_context.playback.moved.emit(5)
    assert raised == []


@every_panel
def test_every_control_has_a_name_and_a_tooltip(info: PanelInfo, loaded_context: Context, show: Show) -> None:
    panel = show(info, loaded_context)
    for widget in panel.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(panel):
            assert widget.accessibleName(), f"{widget} has no accessible name"
            assert widget.toolTip(), f"{widget.accessibleName()} has no tooltip"


@every_panel
def test_follows_the_theme(info: PanelInfo, loaded_context: Context, show: Show, qapp: QApplication) -> None:
    panel = show(info, loaded_context)

    def brightness() -> float:
        image = panel.grab().toImage()
        left = [image.pixelColor(1, y).lightness() for y in range(4, image.height() - 4)]  # margin: ground only
        return sorted(left)[len(left) // 2]

    light = brightness()
    apply_theme(qapp, "dark")
    qapp.processEvents()
    dark = brightness()
    apply_theme(qapp, "light")
    assert light > dark + 60


@every_panel
def test_larger_fonts_fit(info: PanelInfo, loaded_context: Context, show: Show) -> None:
    panel = show(info, loaded_context)
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * 1.8)
    panel.setFont(font)
    assert not panel.grab().isNull()


@every_panel
def test_every_panel_explains_its_terms(info: PanelInfo, context: Context, show: Show) -> None:
    panel = show(info, context)
    explain_terms(info.key, panel)
    named = {str(widget.property(TERM)) for widget in (panel, *panel.findChildren(QWidget)) if widget.property(TERM)}
    assert panel.property(TERM) in lessons.terms()
    assert named <= set(lessons.terms())
