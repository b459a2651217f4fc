"""The groups of controls of Live: what they show, and what a hand and the keyboard make of them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.plans.modes import PlanReport
from tests.app.panels.known_clip import known_codec
from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, mouse
from workbench.state.live import Estimate
from workbench.widgets.group import Group
from workbench.widgets.latency_bar import LatencyBar
from workbench.widgets.level_meter import LevelMeter
from workbench.widgets.live_books import LiveBooks
from workbench.widgets.live_channel import BIT_ERRORS, LiveChannel
from workbench.widgets.live_codec import LiveCodec, plan_words
from workbench.widgets.live_latency import LiveLatency
from workbench.widgets.live_trade import LiveTrade
from workbench.widgets.live_transport import LiveTransport
from workbench.widgets.loss_picture import LossPicture, example

ROLES = ("semantic", "acoustic", "acoustic", "acoustic")


@pytest.fixture
def books(show: Show) -> LiveBooks:
    strip = LiveBooks()
    show(strip, 300, 60)
    strip.set_books(ROLES, (0, 1, 2), (2,))
    return strip


# -- books ------------------------------------------------------------------------------------------------------------
def test_a_click_toggles_and_a_double_click_is_alone(books: LiveBooks) -> None:
    toggled: list[int] = []
    alone: list[int] = []
    books.toggled.connect(toggled.append)
    books.alone.connect(alone.append)
    place = books.chip_rect(3).center()
    click(books, place.x(), place.y())
    assert toggled == [3] and alone == []
    mouse(books, QEvent.Type.MouseButtonDblClick, place.x(), place.y())
    assert alone == [3]
    click(books, 299, 59)
    assert toggled == [3], "beside the chips nothing happens"


def test_the_strip_is_worked_by_keys_and_tells_where_it_is(books: LiveBooks) -> None:
    heard: list[tuple[str, int]] = []
    books.toggled.connect(lambda book: heard.append(("toggled", book)))
    books.frozen.connect(lambda book: heard.append(("frozen", book)))
    books.alone.connect(lambda book: heard.append(("alone", book)))
    QTest.keyClick(books, Qt.Key.Key_Right)
    QTest.keyClick(books, Qt.Key.Key_Right)
    assert books.accessibleDescription() == "Book 3, acoustic, heard, frozen"
    QTest.keyClick(books, Qt.Key.Key_F)
    QTest.keyClick(books, Qt.Key.Key_End)
    QTest.keyClick(books, Qt.Key.Key_Space)
    QTest.keyClick(books, Qt.Key.Key_Right)
    QTest.keyClick(books, Qt.Key.Key_Return)
    assert heard == [("frozen", 2), ("toggled", 3), ("alone", 3)]
    assert books.accessibleDescription() == "Book 4, acoustic, not heard"


def test_what_is_heard_and_frozen_is_seen(books: LiveBooks) -> None:
    pictures = [books.grab().toImage()]
    for heard, frozen in (((0, 1), (2,)), ((0, 1), ()), ((), ())):
        books.set_books(ROLES, heard, frozen)
        pictures.append(books.grab().toImage())
    assert all(a != b for i, a in enumerate(pictures) for b in pictures[:i])


def test_many_books_wrap_inside_the_strip(show: Show) -> None:
    strip = LiveBooks()
    strip.set_books(("acoustic",) * 46, range(46), ())
    show(strip, 300, strip.heightForWidth(300))
    for book in range(46):
        assert strip.rect().contains(strip.chip_rect(book).toRect()), book
        assert strip.book_at(strip.chip_rect(book).center()) == book


def test_roles_have_buttons_only_where_there_are_several(show: Show) -> None:
    codec = LiveCodec()
    show(codec, 320, 240)
    codec.set_books(known_codec(), (0,), ())
    assert list(codec.role_buttons) == ["all", "semantic", "acoustic"]
    assert [kind for kind, button in codec.role_buttons.items() if button.isChecked()] == ["semantic"]
    chosen: list[tuple[int, ...]] = []
    codec.role_chosen.connect(chosen.append)
    codec.role_buttons["acoustic"].click()
    codec.role_buttons["all"].click()
    assert chosen == [(1, 2, 3), ()]
    codec.set_books(None, (), ())
    assert codec.role_buttons == {} and not codec.books.isEnabled()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (PlanReport("float32", 1, True, 0.5, 1.0, 0.0), "100 % same tokens · error 0"),
        (PlanReport("int8_decoder", 1, True, 0.5, 1.0, 0.017), "100 % same tokens · error 2e-02"),
        (PlanReport("bfloat16", 1, True, 0.5, None, 0.007), "error 7e-03"),
        (PlanReport("float32", 1, False, 0.5, 1.0, 0.0, "x has no plan of its own."), "x has no plan of its own."),
    ],
)
def test_a_plan_in_words(report: PlanReport, words: str) -> None:
    assert plan_words(report) == words


# -- channel ----------------------------------------------------------------------------------------------------------
def test_what_the_channel_does_is_told_in_figures(show: Show) -> None:
    channel = LiveChannel()
    show(channel, 320, 200)
    told: list[dict[str, object]] = []
    channel.changed.connect(told.append)
    channel.set_channel(ChannelSettings(0.25, 5.0, 4, False, 1e-3), 50.0)
    assert told == [], "showing is no wish"
    texts = {name: label.text() for name, label in channel._texts.items()}
    assert texts == {"loss": "25 %", "burst": "5 in a row", "packet": "4 frames · 80 ms", "bits": "1e-03"}
    assert not channel.conceal.isChecked() and channel.clear.isEnabled()
    channel.bits.setValue(len(BIT_ERRORS) - 1)
    assert told == [{"bit_errors": 0.1}]


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("burst", [1.0, 5.0, 20.0])
def test_the_example_of_losses_has_their_share(loss: float, burst: float) -> None:
    assert example(loss, burst).mean() == pytest.approx(loss, abs=0.04)


def test_bursts_look_like_bursts(show: Show) -> None:
    def runs(lost: np.ndarray) -> int:
        return int((np.diff(lost.astype(int)) == 1).sum())

    single, long = example(0.3, 1.0), example(0.3, 10.0)
    assert runs(long) < runs(single) / 2
    picture = LossPicture()
    show(picture, 300, 16)
    none = picture.grab().toImage()
    picture.set_loss(0.3, 1.0)
    assert picture.grab().toImage() != none


# -- latency ----------------------------------------------------------------------------------------------------------
POINTS = tuple(
    Estimate(frames, "float32", 5.0 * frames, 6.0 * frames, 0.9 / frames, 40.0 + 20 * frames) for frames in (1, 2, 4, 8)
)


def test_the_measured_round_trip_stands_under_the_sum(show: Show) -> None:
    bar = LatencyBar()
    show(bar, 400, 140)
    bar.set_parts([("framing", 320), ("codec", 480)], 16_000)
    before = bar.grab().toImage()
    bar.set_measured(1200, 16_000)
    assert bar.accessibleDescription() == "measured 75.0 ms · 1200 samples"
    assert bar.grab().toImage() != before
    bar.set_measured(None)
    assert bar.grab().toImage() == before


def test_points_are_chosen_by_hand_and_keys_before_anything_is_applied(show: Show) -> None:
    latency = LiveLatency()
    show(latency, 360, 500)
    applied: list[tuple[int, float, int]] = []
    latency.applied.connect(lambda *step: applied.append(step))
    latency.set_step((1, 0.0, 6), 20.0)
    latency.set_estimates(POINTS, "float32", "2 frames are steady here.", False)
    assert not latency.apply.isEnabled() and latency.advice.text() == "2 frames are steady here."
    place = latency.trade.place(POINTS[2])
    click(latency.trade, place.x(), place.y())
    assert latency.wish == (4, 0.0, 6) and latency.frames_text.text() == "4 frames · 80 ms"
    assert latency.trade.marked == POINTS[2] and "120 ms" in latency.trade.accessibleDescription()
    QTest.keyClick(latency.trade, Qt.Key.Key_Left)
    assert latency.wish == (2, 0.0, 6) and applied == []
    latency.apply.click()
    assert applied == [(2, 0.0, 6)]
    latency.set_step((2, 0.0, 6), 20.0)
    assert not latency.apply.isEnabled(), "it is in use now"
    latency.block.setValue(3)
    latency.set_step((2, 0.0, 6), 20.0)
    assert latency.wish == (2, 1.0, 6), "a wish that is not applied yet is kept"


def test_the_slower_the_higher_and_the_later_the_further_right(show: Show) -> None:
    trade = LiveTrade()
    show(trade, 300, 180)
    trade.set_points((), 1, "float32", "Estimate first")
    empty = trade.grab().toImage()
    assert trade.accessibleDescription() == "Estimate first" and trade.marked is None
    trade.set_points(POINTS, 1, "float32", "")
    assert trade.grab().toImage() != empty
    still = trade.grab().toImage()
    trade.set_now(1, 0.4)
    assert trade.grab().toImage() != still, "what runs is shown beside what was estimated"
    trade.set_now(3, 0.4)
    assert trade.grab().toImage() == still, "three frames were not timed"
    places = [trade.place(point) for point in POINTS]
    assert [p.x() for p in places] == sorted(p.x() for p in places)
    assert [p.y() for p in places] == sorted(p.y() for p in places)
    assert trade.point_at(places[1]) == POINTS[1] and trade.point_at(trade.plot_rect.bottomLeft()) is None


def test_measuring_goes_one_at_a_time(show: Show) -> None:
    latency = LiveLatency()
    show(latency, 360, 500)
    latency.set_able(True, True, False)
    assert not latency.measure.isEnabled() and latency.measure.text() == "Measuring …"
    latency.set_estimates((), "float32", "", True)
    latency.set_able(False, False, True)
    assert not latency.estimate.isEnabled() and not latency.measure.isEnabled()


# -- the rest ---------------------------------------------------------------------------------------------------------
def test_a_group_folds_away_by_hand_and_by_key(show: Show) -> None:
    group = Group("Sound", LiveTransport())
    show(group, 300, 200)
    folded: list[bool] = []
    group.folded.connect(folded.append)
    group.head.click()
    assert not group.content.isVisible() and folded == [True]
    assert group.head.accessibleName() == "Sound, folded away"
    QTest.keyClick(group.head, Qt.Key.Key_Space)
    assert group.content.isVisible() and group.open


def test_recording_shows_its_time_and_its_state(show: Show) -> None:
    transport = LiveTransport()
    show(transport, 360, 90)
    transport.set_running(True, True)
    width = transport.record.width()
    idle = transport.record.grab().toImage()
    transport.set_recording(True, 75.4)
    QApplication.processEvents()
    assert transport.record.text().strip() == "1:15" and "1:15" in transport.record.accessibleName()
    assert transport.record.grab().toImage() != idle
    assert transport.record.width() == width, "the row does not jump"
    transport.set_recording(False)
    assert transport.record.text().strip() == "Record"


def test_the_limiter_is_seen_on_the_meter(show: Show, qtbot: QtBot) -> None:
    meter = LevelMeter("Out")
    show(meter, 300, 40)
    meter.set_level(0.5, 0.9, 1.0)
    quiet = meter.grab().toImage()
    meter.set_reduction(-4.2)
    meter.set_level(0.5, 0.9, 2.0)
    assert meter.reduction_db == 4.2 and meter.text == "−0.9 LIM −4"
    assert meter.grab().toImage() != quiet
    meter.clear()
    assert meter.text == "silent"
