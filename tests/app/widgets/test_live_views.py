"""The views of Live: use of the books, the frozen minute, taps read at each view's pace, what can be hidden."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import drag, rgb
from workbench.engine.memory import Ring
from workbench.widgets.book_usage import LARGEST, BookUsage
from workbench.widgets.colormap import code_table, table
from workbench.widgets.freeze_bar import FreezeBar
from workbench.widgets.group import Group
from workbench.widgets.live_books import LiveBooks
from workbench.widgets.live_column import LiveColumn
from workbench.widgets.live_feed import LiveFeed
from workbench.widgets.live_scroll import LiveScroll
from workbench.widgets.live_transport import LiveTransport
from workbench.widgets.live_usage import LiveUsage
from workbench.widgets.live_views import LiveViews
from workbench.widgets.theme import theme_of

RATE = 16_000


# -- use of the books -------------------------------------------------------------------------------------------------
def test_entropy_is_that_of_what_was_used() -> None:
    usage = BookUsage((1024, 1024, 1024), 1e9)
    frames = np.arange(4096)
    usage.push(np.stack([np.zeros_like(frames), frames % 2, frames % 256]))
    assert usage.entropy_bits() == pytest.approx([0.0, 1.0, 8.0], abs=1e-6)
    assert usage.frames == pytest.approx(4096, rel=1e-3)


def test_after_a_half_life_a_frame_counts_half() -> None:
    usage = BookUsage((4,), 100.0)
    usage.push(np.zeros((1, 100), int))
    first = usage.frames
    usage.push(np.full((1, 100), -1))  # lost ones: time passes, nothing counts
    assert usage.frames == pytest.approx(first / 2, rel=1e-6)
    usage.push(np.ones((1, 1), int))
    share = 1.0 / usage.frames
    wanted = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert usage.entropy_bits()[0] == pytest.approx(wanted, rel=1e-6)


def test_pieces_and_hours_do_not_change_what_is_counted() -> None:
    codes = np.random.default_rng(0).integers(0, 64, (2, 3000))
    whole, pieces = BookUsage((64, 64), 20.0), BookUsage((64, 64), 20.0)
    whole.push(codes[:, -600:])  # thirty half-lives: what was before does not matter
    for at in range(0, 3000, 7):
        pieces.push(codes[:, at : at + 7])
    assert pieces._weight < LARGEST
    assert pieces.entropy_bits() == pytest.approx(whole.entropy_bits(), abs=1e-5)


def test_the_bars_and_their_slider(show: Show) -> None:
    usage = LiveUsage()
    show(usage, 300, 200)
    usage.start((1024, 1024), 50.0)
    empty = usage.grab().toImage()
    usage.push(np.stack([np.arange(300) % 4, np.arange(300)]))
    usage.show_usage()
    assert usage.bars.describe(0).startswith("Book 1: 2.0 of 10 bits, perplexity 4")
    assert usage.grab().toImage() != empty
    told: list[float] = []
    usage.half_life_changed.connect(told.append)
    usage.half_life.setValue(0)
    assert told == [0.5] and usage.usage.half_life_frames == 25.0 and usage.half_life_text.text() == "0.5 s"


# -- the frozen minute ------------------------------------------------------------------------------------------------
def test_the_stretch_is_moved_by_hand_and_by_keys(show: Show) -> None:
    bar = FreezeBar()
    show(bar, 600, 40)
    assert bar.accessibleDescription() == "nothing is frozen"
    sound = np.random.default_rng(0).normal(size=(1, 60 * RATE)).astype(np.float32)
    bar.set_sound(sound, RATE, 6.0)
    assert (bar.start, bar.end) == (54 * RATE, 60 * RATE)
    ends: list[int] = []
    bar.scrubbed.connect(ends.append)
    drag(bar, 300, 300, 20)
    assert ends[-1] == bar.end == 33 * RATE, "it is taken by its middle"
    QTest.keyClick(bar, Qt.Key.Key_Left)
    assert bar.end == 32.5 * RATE
    assert bar.accessibleDescription() == "−33.5 to −27.5 s"
    QTest.keyClick(bar, Qt.Key.Key_Home)
    assert (bar.start, bar.end) == (0, 6 * RATE)
    QTest.keyClick(bar, Qt.Key.Key_Left)
    assert bar.start == 0
    QTest.keyClick(bar, Qt.Key.Key_End)
    assert bar.end == 60 * RATE


def test_a_minute_that_is_shorter_than_the_views(show: Show) -> None:
    bar = FreezeBar()
    show(bar, 600, 40)
    bar.set_sound(np.zeros((2, RATE), np.float32), RATE, 6.0)
    assert (bar.start, bar.end) == (0, RATE)
    quiet = bar.grab().toImage()
    bar.set_cursor(RATE // 2)
    assert bar.grab().toImage() != quiet


# -- taps -------------------------------------------------------------------------------------------------------------
def test_each_view_reads_at_its_own_pace() -> None:
    ring = Ring.create(1, 100, np.float32)
    try:
        feed = LiveFeed()
        taps = {"input": ring, "codes": object()}
        assert feed.attach(taps) and not feed.attach(taps)
        assert feed.has("input") and not feed.has("codes") and not feed.has("latents")
        assert feed.new("a", "input") is None and feed.new("a", "codes") is None
        ring.write(np.arange(10, dtype=np.float32)[None])
        assert feed.new("a", "input").tolist() == [list(range(10))]  # type: ignore[union-attr]
        assert feed.new("a", "input") is None
        assert feed.new("b", "input").shape == (1, 10)  # type: ignore[union-attr]
        feed.rewind("a", "input", 3)
        assert feed.new("a", "input").tolist() == [[7, 8, 9]]  # type: ignore[union-attr]
        ring.write(np.full((1, 2), np.nan, np.float32))
        assert feed.new("a", "input") is None, "what cannot be drawn is left out"
        assert feed.attach({"input": ring})
        assert feed.new("c", "input") is None
    finally:
        ring.close()
        ring.unlink()


# -- lanes ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def scroll(show: Show) -> LiveScroll:
    scroll = LiveScroll()
    show(scroll, 900, 600)
    scroll.start(RATE, 50.0, 4)
    return scroll


def test_lost_tokens_are_holes(scroll: LiveScroll) -> None:
    codes = np.full((4, 100), 7)
    codes[:, 50:] = -1
    scroll.feed_codes(codes)
    row = scroll.view.images["codes"].pixels()[2]
    assert row[-3] == rgb(theme_of(scroll.palette()).background)
    assert code_table(False)[7] in row


def test_energies_are_drawn_below_the_loudest(scroll: LiveScroll) -> None:
    energy = np.full((4, 100), 1e-3)
    energy[0] = 1.0
    energy[3] = 0.0
    scroll.feed_residual(energy)
    pixels = scroll.view.images["residual"].pixels()
    height = pixels.shape[0]
    assert pixels[2, -3] == table("magma")[255] and pixels[-2, -3] == table("magma")[0]
    assert pixels[height * 3 // 8, -3] == table("magma")[127], "30 dB of 60 below"


def test_lanes_that_are_hidden_give_their_room(scroll: LiveScroll) -> None:
    asked: list[int] = []
    scroll.emptied.connect(lambda: asked.append(1))
    before = scroll.view.lane_pixels("input")[1]
    scroll.set_visible({"input", "codes"})
    assert set(scroll.view.images) == {"input", "codes"} and asked
    assert scroll.view.lane_pixels("input")[1] > 1.5 * before
    scroll.feed_residual(np.ones((4, 10)))  # nothing to draw it on, and no error


def test_all_views_can_be_hidden_and_come_again(show: Show) -> None:
    views = LiveViews()
    show(views, 1000, 600)
    views.scroll.start(RATE, 50.0, 4)
    changed: list[int] = []
    views.views_changed.connect(lambda: changed.append(1))
    size = views.size()
    for button in views.toggles.values():
        button.click()
    assert len(changed) == 6 and views.shown == frozenset()
    assert not views.scroll.view.lanes and not views.side.isVisible()
    assert views.size() == size and views.scroll.view.waiting == "All views are hidden"
    views.set_shown(["codes", "usage"])
    assert views.scroll.isVisible() and views.usage.isVisible() and not views.trail.isVisible()
    views.set_there({"codes": False, "usage": False})
    assert not views.usage.isVisible() and not views.toggles["codes"].isEnabled()


def test_the_bar_below_keeps_its_place(show: Show) -> None:
    views = LiveViews()
    show(views, 1000, 600)
    where = views.bar.geometry(), views.scroll.geometry()
    views.set_frozen(True, True, "output")
    views.grab()
    assert (views.bar.geometry(), views.scroll.geometry()) == where
    assert views.play_output.isChecked() and not views.play_input.isChecked() and views.freeze.text() == "Go on"
    views.set_frozen(False, False)
    assert not views.freeze.isEnabled() and not views.play_input.isEnabled()


def test_the_controls_stand_in_two_columns_where_it_is_flat_and_give_way(show: Show) -> None:
    groups = [Group(name, LiveTransport()) for name in ("Sound", "Codec", "Channel", "Latency")]
    column = LiveColumn(QWidget(), groups)
    show(column, 400, 700)
    column.fit(QSize(1280, 800))
    one = column.sizeHint().width()
    assert column.columns == 1 and column.minimumSizeHint().width() == one
    column.fit(QSize(1440, 330))
    assert column.columns == 2 and column.sizeHint().width() > 1.8 * one
    assert column.minimumSizeHint().width() == one, "or the window could not be made narrow again"
    column.fit(QSize(800, 330))
    assert column.columns == 1
    assert [group.parentWidget() is not None for group in groups] == [True] * 4


def test_a_group_that_grows_after_its_column_was_chosen_gets_the_room(show: Show, qapp: QApplication) -> None:
    books = LiveBooks()
    inside = QWidget()
    QVBoxLayout(inside).addWidget(books)
    column = LiveColumn(QWidget(), [Group("Codec", inside), Group("Other", _with_label())])
    show(column, 760, 300)
    for room in (QSize(700, 900), QSize(1600, 300)):  # one column, then two
        column.fit(room)
        qapp.processEvents()
    books.set_books(("acoustic",) * 32, range(32), ())
    for _ in range(3):
        qapp.processEvents()
    assert books.height() >= books.heightForWidth(books.width()) > 2 * books.fontMetrics().height()


def _with_label() -> QWidget:
    inside = QWidget()
    QVBoxLayout(inside).addWidget(QLabel("x"))
    return inside
