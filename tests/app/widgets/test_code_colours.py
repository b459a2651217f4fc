"""Tokens coloured by values, marked, selected and chosen by keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, colour_at, drag, hover, mouse, rgb
from workbench.widgets.code_means import MeanLevels
from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.code_rows import UNKNOWN, CellRange, CodeRow, Scale, levels_of, rows_of
from workbench.widgets.code_scales import agreement_scale, change_scale, surprisal_scale
from workbench.widgets.colormap import table
from workbench.widgets.theme import rgb32

ROWS = (
    CodeRow(1, np.arange(10, dtype=np.int32), 10.0, 16, "semantic"),
    CodeRow(2, np.arange(20, dtype=np.int32) % 4, 20.0, 16, "acoustic"),
)


@pytest.fixture
def raster(show: Show) -> CodeRaster:
    raster = CodeRaster()
    show(raster, 900, 300)
    raster.set_rows(ROWS)
    raster.set_range(0.0, 1.0, 1.0)
    return raster


def corner(raster: CodeRaster, row: int, frame: int) -> tuple[float, float]:
    return raster.x_of(frame / ROWS[row].frame_rate_hz) + 4, raster.row_edges()[row] + 4


def press(widget: CodeRaster, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, held))


def test_levels_run_from_low_to_high_and_nothing_known_is_told_apart() -> None:
    assert list(levels_of(np.array([0.0, 5.0, 10.0, 99.0, -1.0, np.nan]), 0.0, 10.0)) == [0, 128, 255, 255, 0, UNKNOWN]


def test_a_scale_colours_by_entry(raster: CodeRaster) -> None:
    levels = np.arange(16, dtype=np.int16) * 17
    raster.set_scale(Scale("x", "0", "1", (levels, levels), map="magma"))
    assert rgb(colour_at(raster, *corner(raster, 0, 7))) == table("magma")[7 * 17]
    assert rgb(colour_at(raster, *corner(raster, 1, 6))) == table("magma")[2 * 17], "its code is 6 % 4"
    raster.set_scale(None)
    assert rgb(colour_at(raster, *corner(raster, 0, 7))) != table("magma")[7 * 17]


def test_a_scale_colours_by_frame_and_leaves_out_what_is_unknown(raster: CodeRaster) -> None:
    levels = np.full(20, 200, np.int16)
    levels[5] = UNKNOWN
    raster.set_scale(Scale("x", "0", "1", (None, levels), by_entry=False))
    assert rgb(colour_at(raster, *corner(raster, 1, 4))) == table("viridis")[200]
    assert rgb(colour_at(raster, *corner(raster, 1, 5))) == rgb32(raster.theme.lane)
    assert rgb(colour_at(raster, *corner(raster, 0, 4))) == rgb32(raster.theme.lane), "nothing is known of this row"


def test_means_are_those_of_blocks() -> None:
    levels = np.random.default_rng(1).integers(0, 256, 1003).astype(np.int16)
    means = MeanLevels(levels)
    assert means.at(np.arange(5), 3.9) is None, "hardly more than one frame"
    for block in (4, 16, 64):
        found = means.at(np.arange(0, 600, block) + 1, block * 1.5)
        wanted = levels[: 600 // block * block].reshape(-1, block).mean(axis=1)
        assert found is not None and np.abs(found[: len(wanted)] - wanted).max() <= 1.0
    levels[:16] = UNKNOWN
    levels[16:18] = UNKNOWN
    found = MeanLevels(levels).at(np.array([3, 17]), 4.0)
    assert found is not None and found[0] == UNKNOWN and found[1] == round(float(levels[18:20].mean()) + 1e-6)
    assert MeanLevels(levels[:3]).at(np.arange(3), 100.0) is None


def test_several_frames_in_a_pixel_show_their_mean(show: Show) -> None:
    raster = CodeRaster()
    show(raster, 500, 200)
    raster.set_rows([CodeRow(1, np.arange(200_000, dtype=np.int32) % 2, 1000.0, 2, "acoustic")])
    raster.set_range(0.0, 200.0, 200.0)
    raster.set_scale(Scale("x", "0", "1", (np.array([0, 200], np.int16),)))

    def seen() -> set[int]:
        return {rgb(colour_at(raster, raster.x_of(t), 20)) for t in np.linspace(5, 195, 20)}

    assert seen() <= {int(table("viridis")[0]), int(table("viridis")[200])}, "at first whichever is in the middle"
    raster.refine()
    assert seen() == {int(table("viridis")[100])}


def test_the_colour_bar_says_its_ends(raster: CodeRaster) -> None:
    x = raster.plot_rect.right() + 12
    before = rgb(colour_at(raster, x, raster.plot_rect.center().y()))
    raster.set_scale(Scale("x", "low", "high", (np.zeros(16, np.int16),) * 2))
    assert rgb(colour_at(raster, x, raster.plot_rect.top() + 1)) in table("viridis")[245:]
    assert rgb(colour_at(raster, x, raster.plot_rect.bottom() - 1)) in table("viridis")[:10]
    assert before not in table("viridis")


def test_scales_of_tokens() -> None:
    counts = np.array([[90, 9, 1, *[0] * 13], [1] * 16])
    rare = surprisal_scale(ROWS, counts)
    first, second = rare.levels
    assert first is not None and second is not None
    assert list(first[:4]) == sorted(first[:4]) and first[3] == 255 == first[15], "never seen: the brightest"
    assert len(set(second)) == 1 and rare.high.endswith("bit")
    norms = np.ones((2, 16), np.float32)
    norms[1] = 0.1
    norms[1, 3] = 0.0
    change = change_scale(ROWS, norms)
    assert change.low == "−20 dB" and change.high == "0 dB"
    assert change.levels[0] is not None and change.levels[1] is not None
    assert set(change.levels[0]) == {255} and set(change.levels[1]) == {0}
    agree = agreement_scale([levels_of(np.array([0.0, 0.5, np.nan]), 0.0, 1.0), None], same=True)
    assert agree.levels[0] is not None and list(agree.levels[0]) == [0, 128, UNKNOWN]
    assert agree.levels[1] is None and not agree.by_entry and agree.high == "same"


def test_rows_take_the_codes_of_their_rate() -> None:
    from tests.app.panels.known_clip import codes, known_codec

    rows = rows_of(known_codec(), codes(), (12.5, 50.0))
    assert [(row.book, row.frame_rate_hz, int(row.codes[3])) for row in rows] == [
        (1, 12.5, 3), (2, 50.0, 103), (3, 50.0, 203), (4, 50.0, 303)
    ]  # fmt: skip
    assert rows_of(known_codec(), codes()[1:], (50.0,)) == ()


def test_cells_are_in_a_range_or_out_of_it() -> None:
    row = ROWS[1]
    assert row.frames_between(0.1, 0.2) == (2, 4)
    assert row.frames_between(0.12, 0.21) == (2, 4), "frame 2 from 0.10 to 0.15 has its middle inside, frame 4 has not"
    assert row.frames_between(-1.0, 9.0) == (0, 20) and row.frames_between(0.13, 0.14) == (3, 3)
    assert row.frame_at(0.15) == 3 and row.frame_at(7.0) == 19 and row.time_of(3) == pytest.approx(0.15)


def test_a_click_names_its_cell_and_a_drag_does_not(raster: CodeRaster) -> None:
    pressed: list[tuple[int, int]] = []
    raster.cell_pressed.connect(lambda row, frame: pressed.append((row, frame)))
    click(raster, *corner(raster, 1, 6))
    assert pressed == [(1, 6)] and raster.chosen_row == 1
    drag(raster, raster.x_of(0.2), raster.x_of(0.6), raster.row_edges()[0] + 4)
    assert pressed == [(1, 6)]


def test_alt_and_a_click_ask_for_the_code_alone(raster: CodeRaster) -> None:
    alone: list[tuple[int, int]] = []
    pressed: list[tuple[int, int]] = []
    raster.cell_alone.connect(lambda row, frame: alone.append((row, frame)))
    raster.cell_pressed.connect(lambda row, frame: pressed.append((row, frame)))
    sought: list[float] = []
    raster.seek_requested.connect(sought.append)
    at, button = QPointF(*corner(raster, 1, 6)), Qt.MouseButton.LeftButton
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        place = raster.mapToGlobal(at)
        event = QMouseEvent(kind, at, place, button, button, Qt.KeyboardModifier.AltModifier)
        QApplication.sendEvent(raster, event)
    assert alone == [(1, 6)] and pressed == [] and sought == []


def test_keys_choose_a_cell_and_let_it_be_heard(raster: CodeRaster) -> None:
    said: list[str] = []
    heard: list[tuple[str, int, int]] = []
    raster.hovered.connect(said.append)
    raster.cell_pressed.connect(lambda row, frame: heard.append(("moment", row, frame)))
    raster.cell_alone.connect(lambda row, frame: heard.append(("alone", row, frame)))
    raster.seek_requested.connect(raster.set_cursor)
    raster.set_cursor(0.31)
    press(raster, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert raster.chosen_row == 1 and said[-1].startswith("Book 2 (acoustic, 16) · frame 6")
    press(raster, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert raster.cursor_s == pytest.approx(0.375) and "frame 7" in said[-1]
    press(raster, Qt.Key.Key_Return)
    press(raster, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert heard == [("moment", 1, 7), ("alone", 1, 7)]
    press(raster, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    press(raster, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert raster.chosen_row == 0


def test_what_is_told_of_a_cell_joins_the_read_out(raster: CodeRaster) -> None:
    raster.tell = lambda row, frame: f"more of {row}/{frame}"
    said: list[str] = []
    raster.hovered.connect(said.append)
    hover(raster, *corner(raster, 0, 3))
    assert said[-1].endswith("index 3 · more of 0/3")


def test_while_selecting_a_drag_marks_whole_cells(raster: CodeRaster) -> None:
    raster.selecting = True
    found: list[CellRange] = []
    regions: list[tuple[float, float]] = []
    raster.cells_selected.connect(found.append)
    raster.region_selected.connect(lambda a, b: regions.append((a, b)))
    mouse(raster, QEvent.Type.MouseButtonPress, raster.x_of(0.22), raster.row_edges()[0] + 20)
    mouse(raster, QEvent.Type.MouseMove, raster.x_of(0.38), raster.row_edges()[1] + 20)
    mouse(raster, QEvent.Type.MouseButtonRelease, raster.x_of(0.38), raster.row_edges()[1] + 20)
    (cells,) = found
    assert (cells.first_row, cells.last_row) == (0, 1) and regions == []
    assert (cells.start_s, cells.end_s) == pytest.approx((0.2, 0.4))
    assert raster.selection == cells and not raster.grab().isNull()
    click(raster, *corner(raster, 1, 10))
    assert ROWS[1].frames_between(raster.selection.start_s, raster.selection.end_s) == (10, 11)


def test_while_selecting_keys_grow_the_rectangle(raster: CodeRaster) -> None:
    raster.selecting = True
    raster.set_cursor(0.51)
    both = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
    press(raster, Qt.Key.Key_Right, both)
    assert raster.selection == CellRange(0, 0, 0.5, pytest.approx(0.6))
    press(raster, Qt.Key.Key_Right, both)
    press(raster, Qt.Key.Key_Down, both)
    assert raster.selection is not None
    assert (raster.selection.last_row, raster.selection.end_s) == (1, pytest.approx(0.7))


def test_marked_cells_have_a_bar(raster: CodeRaster) -> None:
    marks = np.zeros(20, bool)
    marks[6] = True
    raster.set_marks([None, marks])
    x = raster.x_of(6.5 / 20)
    bottom = raster.row_edges()[2] - 3
    assert rgb(colour_at(raster, x, bottom)) == rgb32(raster.theme.cursor)
    assert rgb(colour_at(raster, raster.x_of(7.5 / 20), bottom)) != rgb32(raster.theme.cursor)


def test_a_figure_has_the_same_cells_at_another_size(raster: CodeRaster) -> None:
    raster.set_scale(Scale("x", "0", "1", (np.full(16, 99, np.int16), np.full(16, 180, np.int16))))
    image = QImage(1600, 500, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    raster.paint_figure(painter, QRect(0, 0, 1600, 500), raster.theme)
    painter.end()
    found = {image.pixelColor(800, y).rgb() & 0xFFFFFF for y in range(20, 440, 10)}
    assert {int(table("viridis")[level]) & 0xFFFFFF for level in (99, 180)} <= found
