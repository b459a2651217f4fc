from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click
from workbench.widgets.take_cell import MatrixCell, MatrixColumn
from workbench.widgets.take_matrix import TakeMatrix
from workbench.widgets.theme import theme_of


def column(title: str, series: int, rows: int) -> MatrixColumn:
    cells = tuple(
        MatrixCell(10_000 * series + row, str(row), (f"{row}.00 kbps", "+0.1 dB"), f"{title} · Depth {row}")
        for row in range(1, rows + 1)
    )
    return MatrixColumn(title, title, series, cells)


@pytest.fixture
def matrix(show: Show) -> TakeMatrix:
    """46 rows beside one."""
    matrix = TakeMatrix()
    show(matrix, 420, 240)
    matrix.set_columns((column("long", 0, 46), column("short", 1, 1)), 3)
    return matrix


def test_what_is_heard_stays_in_sight(matrix: TakeMatrix) -> None:
    for number, row in ((46, 45), (2, 1)):
        matrix.set_columns(matrix.table.columns, number)
        assert matrix.viewport().rect().contains(matrix.visualRect(matrix.table.index(row, 0)).center())


def test_cells_say_what_they_are_to_screen_readers(matrix: TakeMatrix) -> None:
    words = matrix.table.data(matrix.table.index(2, 0), Qt.ItemDataRole.AccessibleTextRole)
    assert words == "long · Depth 3, 3.00 kbps, +0.1 dB, heard now"
    assert matrix.table.headerData(1, Qt.Orientation.Horizontal) == "short"


def test_places_without_a_version_do_nothing(matrix: TakeMatrix) -> None:
    chosen: list[int] = []
    matrix.chosen.connect(chosen.append)
    empty = matrix.visualRect(matrix.table.index(1, 1)).center()
    click(matrix.viewport(), empty.x(), empty.y())
    there = matrix.visualRect(matrix.table.index(0, 1)).center()
    click(matrix.viewport(), there.x(), there.y())
    assert chosen == [10_001]


def test_keys_of_the_window_are_left_to_it(matrix: TakeMatrix) -> None:
    chosen: list[int] = []
    matrix.chosen.connect(chosen.append)
    matrix.setFocus()
    for key in (Qt.Key.Key_4, Qt.Key.Key_K, Qt.Key.Key_B):
        QTest.keyClick(matrix, key)
    assert chosen == []
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert chosen == [3]


def test_print_holds_rows_out_of_sight(matrix: TakeMatrix) -> None:
    image = QImage(400, 1400, QImage.Format.Format_RGB32)
    theme = theme_of(matrix.palette())
    painter = QPainter(image)
    matrix.paint_figure(painter, QRectF(0, 0, 400, 1400), theme)
    painter.end()
    colours = {image.pixel(x, 1385) for x in range(2, 198)}
    assert len(colours) > 2, "the last row is drawn"
    assert {image.pixel(x, 1385) for x in range(204, 398)} == {theme.background.rgb()}, "the short one has ended"
