"""The table of the books, the histogram and the map: what they draw, and what mouse and keys do."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from speefeare_core.statistics.measures import use_of
from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, colour_at, drag, hover, rgb, wheel
from workbench.widgets.books_table import BooksTable, ScrolledBooks
from workbench.widgets.colormap import table
from workbench.widgets.entry_map import EntryMap
from workbench.widgets.theme import mix, rgb32
from workbench.widgets.usage_histogram import UsageHistogram

COUNTS = np.array([0, 40, 10, 0, 20, 0, 0, 10])
POINTS = np.array([[0, 0], [4, 0], [0, 4], [4, 4], [2, 2], [1, 3], [3, 1], [np.nan, np.nan]], np.float32)
NEAR = np.array([[4], [6], [5], [4], [6], [2], [1], [-1]], np.int32)


def press(widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, held))


# -- the table --------------------------------------------------------------------------------------------------------
@pytest.fixture
def books(show: Show) -> BooksTable:
    books = BooksTable()
    books.set_uses([use_of(COUNTS, 1), use_of(np.ones(8), 2), use_of(np.zeros(8), 3)], ("semantic", *["acoustic"] * 2))
    show(books, 560, 200)
    return books


def test_bars_are_as_long_as_the_entropy(books: BooksTable) -> None:
    edges, height = books._edges(books.width()), books.row_height
    bar = mix(books.palette().base().color(), books.palette().highlight().color(), 0.75)
    full = edges[2] - edges[1] - 12
    for row, use in enumerate(books.uses[:2]):
        y = (row + 1.5) * height + height // 2 - 5
        end = edges[1] + full * use.entropy_bits / 3
        assert rgb(colour_at(books, end - 3, y)) == rgb32(bar), f"book {row + 1}"
        if use.entropy_bits < 3:
            assert rgb(colour_at(books, end + 3, y)) != rgb32(bar)


def test_every_book_in_words_and_every_column_explained(books: BooksTable) -> None:
    assert "Book 1 (semantic): 1.75 of 3 bits, perplexity 3.4, 4 of 8 entries used in 80 tokens, 4 never used" in (
        books.hint_at(QPointF(30, 1.5 * books.row_height))
    )
    hints = {books.hint_at(QPointF(x, 3)) for x in range(10, books.width() - 10, 10)}
    assert len(hints) == 5
    assert "(semantic)" in books.accessibleDescription()


def test_a_click_chooses_a_book(books: BooksTable) -> None:
    chosen: list[int] = []
    books.chosen_changed.connect(chosen.append)
    click(books, 50, 2.5 * books.row_height)
    press(books, Qt.Key.Key_End)
    press(books, Qt.Key.Key_Down)
    assert chosen == [1, 2] and "Book 3" in books.accessibleDescription()
    books.set_uses(books.uses[:1], books.roles[:1])
    assert books.chosen == 0


def test_many_books_scroll_to_the_chosen_one(show: Show) -> None:
    books = BooksTable()
    area = ScrolledBooks(books)
    books.set_uses([use_of(COUNTS, book) for book in range(1, 47)], ["acoustic"] * 46)
    show(area, 500, 200)
    assert area.verticalScrollBar().maximum() > 0
    press(books, Qt.Key.Key_End)
    assert area.verticalScrollBar().value() == pytest.approx(area.verticalScrollBar().maximum(), abs=books.row_height)


def test_a_figure_holds_all_books_at_any_size(books: BooksTable) -> None:
    for height in (300, 40):
        image = QImage(700, height, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        books.paint_figure(painter, QRect(0, 0, 700, height), books_theme(books))
        painter.end()
        assert len({image.pixel(x, y) for x in range(0, 700, 3) for y in range(0, height, 2)}) > 4


def books_theme(widget: QWidget):
    from workbench.widgets.theme import theme_of

    return theme_of(widget.palette())


# -- the histogram ----------------------------------------------------------------------------------------------------
@pytest.fixture
def histogram(show: Show) -> UsageHistogram:
    histogram = UsageHistogram()
    show(histogram, 500, 200)
    histogram.set_counts(COUNTS, "Book 1")
    return histogram


def bar_height(histogram: UsageHistogram, place: int) -> int:
    """Pixels of the bar at a place from the left."""
    rect = histogram.plot_rect
    x = int(rect.left() + (place + 0.5) / len(COUNTS) * rect.width()) + 2
    image = histogram.grab().toImage()
    bar = mix(histogram.palette().base().color(), histogram.palette().highlight().color(), 0.85)
    return sum(rgb(image.pixelColor(x, y)) == rgb32(bar) for y in range(rect.top(), rect.bottom() + 1))


def test_bars_are_as_high_as_the_counts(histogram: UsageHistogram) -> None:
    heights = [bar_height(histogram, place) for place in range(8)]
    unit = heights[1] / 40
    assert heights == pytest.approx([count * unit for count in COUNTS], abs=2)
    histogram.set_by_rank(True)
    assert list(histogram.order) == [1, 4, 2, 7, 0, 3, 5, 6]
    assert [bar_height(histogram, place) for place in (0, 1, 2)] == pytest.approx(
        [40 * unit, 20 * unit, 10 * unit], abs=2
    )


def test_a_bar_of_several_entries_stands_for_the_most_frequent(histogram: UsageHistogram) -> None:
    counts = np.zeros(65_536)
    counts[40_000] = 9
    histogram.set_counts(counts, "large")
    rect = histogram.plot_rect
    said: list[str] = []
    histogram.hovered.connect(said.append)
    hover(histogram, rect.left() + 40_000 / 65_536 * rect.width(), rect.center().y())
    assert said[-1].startswith("Entry 40000 · 9× (100.00%)")


def test_the_histogram_by_mouse_and_keys(histogram: UsageHistogram) -> None:
    chosen: list[int] = []
    histogram.entry_chosen.connect(chosen.append)
    histogram.entry_chosen.connect(histogram.set_chosen)
    rect = histogram.plot_rect
    click(histogram, rect.left() + 4.5 / 8 * rect.width(), rect.center().y())
    press(histogram, Qt.Key.Key_Left)
    press(histogram, Qt.Key.Key_End)
    press(histogram, Qt.Key.Key_Right)
    assert chosen == [4, 3, 7, 7]


# -- the map ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def entry_map(show: Show) -> EntryMap:
    entry_map = EntryMap()
    show(entry_map, 500, 400)
    entry_map.set_points(POINTS, NEAR, "Book 1", ("a", "b"))
    entry_map.set_counts(COUNTS)
    return entry_map


def at(entry_map: EntryMap, entry: int) -> tuple[float, float]:
    x, y = entry_map.pixels_of(entry_map.points[entry], entry_map.plot_rect)
    return float(x), float(y)


def test_points_have_the_colour_of_their_counts(entry_map: EntryMap) -> None:
    assert len(entry_map.points) == 7, "what the book does not have is left out"
    assert rgb(colour_at(entry_map, *at(entry_map, 1))) == table("viridis")[255]
    share = np.log(10) / np.log(40)
    assert rgb(colour_at(entry_map, *at(entry_map, 2))) == table("viridis")[int(share * 255)]
    assert rgb(colour_at(entry_map, *at(entry_map, 5))) not in table("viridis"), "never chosen: hollow"
    assert at(entry_map, 0)[1] > at(entry_map, 2)[1] and at(entry_map, 1)[0] > at(entry_map, 0)[0]


def test_the_path_goes_through_its_entries(entry_map: EntryMap) -> None:
    entry_map.set_links(False)
    first, second = at(entry_map, 0), at(entry_map, 3)
    middle = (first[0] * 0.6 + second[0] * 0.4, first[1] * 0.6 + second[1] * 0.4)

    def around() -> set[int]:
        return {rgb(colour_at(entry_map, middle[0] + dx, middle[1] + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}

    before = around()
    entry_map.set_path(np.array([0, 3]))
    assert around() != before


def test_mouse_and_keys_choose_and_ask(entry_map: EntryMap) -> None:
    heard: list[tuple[str, int]] = []
    entry_map.entry_chosen.connect(lambda entry: heard.append(("chosen", entry)))
    entry_map.entry_wanted.connect(lambda entry: heard.append(("wanted", entry)))
    entry_map.entry_alone.connect(lambda entry: heard.append(("alone", entry)))
    entry_map.entry_chosen.connect(entry_map.set_chosen)
    click(entry_map, *at(entry_map, 3))
    press(entry_map, Qt.Key.Key_Right)
    press(entry_map, Qt.Key.Key_Return)
    press(entry_map, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    place, button = QPointF(*at(entry_map, 2)), Qt.MouseButton.LeftButton
    kind, held = QEvent.Type.MouseButtonPress, Qt.KeyboardModifier.AltModifier
    QApplication.sendEvent(entry_map, QMouseEvent(kind, place, entry_map.mapToGlobal(place), button, button, held))
    assert heard == [("chosen", 3), ("chosen", 4), ("wanted", 4), ("alone", 4), ("alone", 2)]
    click(entry_map, entry_map.plot_rect.left() + 3, entry_map.plot_rect.bottom() - 3)
    assert len(heard) == 5, "nothing is near"


def test_hover_says_what_is_known(entry_map: EntryMap) -> None:
    said: list[str] = []
    entry_map.hovered.connect(said.append)
    hover(entry_map, *at(entry_map, 4))
    entry_map.tell = lambda entry: f"told {entry}"
    hover(entry_map, *at(entry_map, 4))
    hover(entry_map, entry_map.plot_rect.left() + 3, entry_map.plot_rect.bottom() - 3)
    assert said == ["Entry 4", "told 4", ""]


def test_it_pans_zooms_and_shows_all_again(entry_map: EntryMap) -> None:
    before, apart = at(entry_map, 4), at(entry_map, 3)[0] - at(entry_map, 4)[0]
    drag(entry_map, 100, 150, 200)
    assert at(entry_map, 4)[0] == pytest.approx(before[0] + 50, abs=1)
    place = at(entry_map, 4)
    wheel(entry_map, *place, 2)
    assert at(entry_map, 4) == pytest.approx(place, abs=1), "around the pointer"
    assert at(entry_map, 3)[0] - at(entry_map, 4)[0] == pytest.approx(apart / 0.8**2, abs=1)
    press(entry_map, Qt.Key.Key_F)
    assert at(entry_map, 4) == pytest.approx(before, abs=1)


def test_without_points_it_says_why(show: Show) -> None:
    entry_map = EntryMap()
    show(entry_map, 300, 200)
    entry_map.waiting = "No vectors."
    entry_map.invalidate()
    assert not entry_map.grab().isNull()
    entry_map.set_points(np.zeros((1, 2), np.float32), np.zeros((1, 0), np.int32), "one", ("", ""))
    entry_map.set_trail(np.array([0]))
    entry_map.set_chosen(0)
    assert not entry_map.grab().isNull()


def test_a_narrow_table_leaves_out_columns_and_never_overlaps(books: BooksTable) -> None:
    widths = []
    for width in (560, 380, books.minimumSizeHint().width()):
        edges = books._edges(width)
        assert edges == sorted(edges) and edges[-1] <= width, "nothing ends beyond the table"
        widths.append([edges[column + 1] > edges[column] for column in range(5)])
    assert widths[0] == [True] * 5 and widths[2] == [True, True, False, False, True]
