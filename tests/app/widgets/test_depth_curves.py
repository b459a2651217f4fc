"""Curves over depth: clicks and keys choose depths, values are said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.app.widgets.pictures import click, delete_now
from workbench.widgets.depth_curves import Curve, CurveLine, DepthCurves


@pytest.fixture
def curves(qapp: QApplication) -> Iterator[DepthCurves]:
    widget = DepthCurves()
    points = tuple((depth, -2.0 * depth) for depth in range(9))
    widget.set_curves(
        (
            Curve("Left over", "dB", (CurveLine("chain 1", points),), "of the latent"),
            Curve("SNR", "dB", (), "up is better", "measuring …"),
        ),
        8,
        3,
    )
    widget.resize(600, 140)
    widget.show()
    yield widget
    delete_now(widget)


def test_a_click_and_the_arrows_choose_a_depth(curves: DepthCurves) -> None:
    chosen: list[int] = []
    curves.chosen.connect(chosen.append)
    room = curves.room_of(0)
    click(curves, curves.x_of(5, room), room.center().y())
    QTest.keyClick(curves, Qt.Key.Key_Right)
    QTest.keyClick(curves, Qt.Key.Key_Left)
    assert chosen == [5, 4, 2]
    assert curves.depth_at(QPointF(room.left() - 20, room.center().y())) is None


def test_values_are_said(curves: DepthCurves) -> None:
    assert curves.words(3) == "depth 3, left over −6.0 dB"
    assert "left over −6.0 dB" in curves.accessibleDescription()
    room = curves.room_of(0)
    assert "depth 8" in curves.hint_at(QPointF(curves.x_of(8, room), room.center().y()))


def test_it_is_drawn_with_nothing_one_point_and_many(curves: DepthCurves) -> None:
    for count in (0, 1, 2, 47):
        points = tuple((depth, 1.0) for depth in range(count))
        curves.set_curves((Curve("SNR", "dB", (CurveLine("a", points),) if count else (), "up", "not yet"),), 46, 0)
        assert not curves.grab().isNull()
