from __future__ import annotations

import numpy as np
import pytest

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import colour_at, hover, rgb
from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.code_rows import CodeRow
from workbench.widgets.colormap import code_table, table


@pytest.fixture
def raster(show: Show) -> CodeRaster:
    """A slow semantic book and two acoustic ones; code = 100 · book + frame. One second."""
    raster = CodeRaster()
    show(raster, 900, 300)
    raster.set_rows(
        [
            CodeRow(1, 100 + np.arange(10, dtype=np.int32), 10.0, 1024, "semantic"),
            CodeRow(2, 200 + np.arange(20, dtype=np.int32), 20.0, 1024, "acoustic"),
            CodeRow(3, 300 + np.arange(20, dtype=np.int32), 20.0, 1024, "acoustic"),
        ]
    )
    raster.set_range(0.0, 1.0, 1.0)
    return raster


def _corner(raster: CodeRaster, row: int, frame: int, rate: float) -> tuple[float, float]:
    """A point near the upper left of a cell, beside the number that may stand in it."""
    return raster.x_of(frame / rate) + 4, raster.row_edges()[row] + 4


@pytest.mark.parametrize(("row", "frame", "rate", "code"), [(0, 3, 10.0, 103), (1, 7, 20.0, 207), (2, 19, 20.0, 319)])
def test_every_cell_has_the_colour_of_its_code(
    raster: CodeRaster, row: int, frame: int, rate: float, code: int
) -> None:
    assert rgb(colour_at(raster, *_corner(raster, row, frame, rate))) == code_table(False)[code]


def test_colours_by_index_follow_viridis(raster: CodeRaster) -> None:
    raster.set_by_index(True)
    assert rgb(colour_at(raster, *_corner(raster, 2, 10, 20.0))) == table("viridis")[310 * 255 // 1023]


def test_books_beyond_the_depth_are_dimmed(raster: CodeRaster) -> None:
    place = _corner(raster, 2, 10, 20.0)
    bright = colour_at(raster, *place)
    raster.set_heard((0, 1))
    assert raster.depth == 2
    dim = colour_at(raster, *place)
    ground = raster.theme.lane

    def distance(colour: object) -> int:
        return sum(abs(getattr(colour, c)() - getattr(ground, c)()) for c in ("red", "green", "blue"))

    assert distance(dim) < 0.3 * distance(bright)
    assert rgb(colour_at(raster, *_corner(raster, 1, 10, 20.0))) == code_table(False)[210], "book 2 is in use"


@pytest.mark.parametrize(
    ("row", "time", "expected"),
    [
        (0, 0.35, "Book 1 (semantic, 1024) · frame 3 · 0:00.350 · index 103"),
        (2, 0.525, "Book 3 (acoustic, 1024) · frame 10 · 0:00.525 · index 310"),
    ],
)
def test_hover_says_book_frame_time_and_index(raster: CodeRaster, row: int, time: float, expected: str) -> None:
    texts: list[str] = []
    raster.hovered.connect(texts.append)
    hover(raster, raster.x_of(time), raster.row_edges()[row] + 5)
    head, tail = expected.split(" · 0:")[0], expected.split(" · ")[-1]
    assert texts[0].startswith(head) and texts[0].endswith(tail)


def test_rows_stop_where_the_codes_stop(raster: CodeRaster) -> None:
    raster.set_range(0.0, 2.0, 2.0)
    assert rgb(colour_at(raster, raster.x_of(1.5), raster.row_edges()[1] + 4)) == rgb(raster.theme.lane)


def test_many_books_fit_and_all_are_drawn(show: Show) -> None:
    raster = CodeRaster()
    show(raster, 600, 200)
    raster.set_rows([CodeRow(i + 1, np.full(50, i, np.int32), 50.0, 16, "acoustic") for i in range(46)])
    raster.set_range(0.0, 1.0, 1.0)
    for row in (0, 22, 45):
        assert rgb(colour_at(raster, raster.x_of(0.5), raster.row_edges()[row] + 1)) == code_table(False)[row]


def test_without_rows_it_says_why(raster: CodeRaster) -> None:
    raster.waiting = "no codes yet"
    raster.set_rows(())
    assert not raster.grab().isNull()
