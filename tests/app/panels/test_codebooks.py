"""Codes by rarity, change and agreement; the books of the clip, of a corpus and of Live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from speefeare_core.errors import SpeefeareError
from speefeare_core.statistics.measures import entropy_bits
from tests.app.panels.known_clip import BOOKS, codes, known_codec, open_known_clip
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import click
from workbench.context import Context
from workbench.documents import tokens_part
from workbench.engine import protocol
from workbench.engine.messages import Event
from workbench.engine.topics import token_statistics as told
from workbench.engine.topics.audition import AuditionCode, PlayOnce
from workbench.engine_events import EngineEvents
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.codebooks import CodebooksPanel
from workbench.panels.codes import CodesPanel
from workbench.state.columns import Column
from workbench.state.derived_takes import number_of
from workbench.verbs import token_statistics as verbs

Show = Callable[[PanelInfo, Context], Panel]
COUNTS = np.zeros((4, 1024), np.int64)
COUNTS[:, :100] = 7


@pytest.fixture
def known(loaded_context: Context) -> Iterator[Context]:
    """The known clip, whole, and known by the engine."""
    loaded_context.clip.complete = loaded_context.clip.in_engine = True
    yield loaded_context


@pytest.fixture
def hear(known: Context, client: FakeClient) -> Callable[[Event], None]:
    events = EngineEvents(known)
    return lambda event: events.apply([event]) and None


def press(widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, held))


def described(client: FakeClient) -> told.BooksDescribed:
    """Entry n of book b has the norm 10^(−b) and lies at (n, b); its nearest are n + 1 and n + 2."""
    number, _ = client.last(told.DescribeBooks)
    entries = np.arange(1024)
    norms = np.repeat(10.0 ** -np.arange(4.0)[:, None], 1024, axis=1).astype(np.float32)
    near = np.stack([(entries + 1) % 1024, (entries + 2) % 1024], axis=1)[None].repeat(4, axis=0).astype(np.int32)
    points = np.stack([np.stack([entries, entries * 0 + book], axis=1) for book in range(4)]).astype(np.float32)
    shared = (client.share(norms), client.share(near), client.share(near.astype(np.float32)), client.share(points))
    return told.BooksDescribed(number, *shared, ((0.5, 0.2),) * 4, (0.4,) * 4)


def codes_panel(show: Show, context: Context) -> CodesPanel:
    panel = show(panel_info("codes"), context)
    assert isinstance(panel, CodesPanel)
    return panel


def books_panel(show: Show, context: Context) -> CodebooksPanel:
    panel = show(panel_info("codebooks"), context)
    assert isinstance(panel, CodebooksPanel)
    for _ in range(6):
        panel.refresh()
    return panel


# -- codes ------------------------------------------------------------------------------------------------------------
def test_surprisal_asks_for_the_corpus_once_and_then_colours(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = codes_panel(show, known)
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("surprisal"))
    for _ in range(3):
        panel.refresh()
    number, request = client.last(told.CountCorpus)
    assert client.count(told.CountCorpus) == 1 and request.folder == ""
    assert panel.raster.scale is None and panel.of_choice.isVisible()
    hear(told.CorpusCounted(number, "", client.share(COUNTS), 1, 8.0, ()))
    hear(protocol.Done(number, 0.1))
    assert panel.raster.scale is not None and panel.raster.scale.name == "Surprisal"
    panel.refresh()
    assert client.count(told.CountCorpus) == 1
    assert "shipped sample" in panel.read_out.resting
    levels = panel.raster.scale.levels[3]
    assert levels is not None and levels[99] < levels[100] == 255


def test_a_corpus_that_failed_is_not_asked_for_again(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = codes_panel(show, known)
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("surprisal"))
    panel.refresh()
    hear(protocol.Failed(client.last(told.CountCorpus)[0], "The folder holds no sound."))
    panel.refresh()
    assert client.count(told.CountCorpus) == 1 and known.engine.messages[-1] == "The folder holds no sound."


def test_hover_tells_norm_neighbours_and_counts(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = codes_panel(show, known)
    panel.refresh()
    hear(described(client))
    words = panel.raster.describe_cell(2, 50, 1.0)
    assert "index 250 · norm 0.01 · nearest 251, 252 · 1× here" in words
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("change"))
    assert "−40.0 dB" in panel.raster.describe_cell(2, 50, 1.0)
    assert panel.raster.scale is not None and panel.raster.scale.low == "−60 dB"


def test_a_click_plays_the_moment_and_alt_the_code_alone(known: Context, show: Show, client: FakeClient) -> None:
    panel = codes_panel(show, known)
    raster = panel.raster
    click(raster, raster.x_of(1.01), raster.row_edges()[2] + 5)
    once = client.last(PlayOnce)[1]
    assert once.start < 1.01 * 16_000 < once.end and once.take == known.playback.depth
    press(raster, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    alone = client.last(AuditionCode)[1]
    assert (alone.book, alone.frame) == (2, 50)
    panel.alone.click()
    assert client.count(AuditionCode) == 2
    known.playback.update(playing=True)
    click(raster, raster.x_of(0.5), raster.row_edges()[2] + 5)
    assert client.count(PlayOnce) == 1, "what plays goes on from there"


def test_books_that_are_not_heard_are_dimmed_in_takes_of_every_kind(known: Context, show: Show) -> None:
    panel = codes_panel(show, known)
    for number, heard in (
        (0, None),
        (2, {0, 1}),
        (number_of("alone", 3), {2}),
        (number_of("added", 3), {2}),
        (number_of("edited", 2), {0, 1}),
        (number_of("missing", 2), None),
        (number_of("take", 2, column=1), None),
    ):
        known.playback.update(depth=number)
        assert panel.raster.heard == heard, number


def test_agreement_with_another_recording(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = codes_panel(show, known)
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("agreement"))
    verbs.compare_with_recording(known, "/clips/other.wav")
    number, request = client.last(told.EncodeOther)
    assert request.path == "/clips/other.wav"
    slow, fast = codes()
    other = fast.copy()
    other[1, ::2] += 1
    groups = (client.share(slow), client.share(other))
    hear(told.OtherEncoded(number, request.path, groups, (12.5, 50.0), 2.0))
    for _ in range(5):
        panel.refresh()
    scale = panel.raster.scale
    assert scale is not None and not scale.by_entry and scale.high == "same"
    assert [row is not None and float((row == 255).mean()) for row in scale.levels] == [1.0, 1.0, 0.5, 1.0]
    assert "88%" in panel.read_out.resting
    assert "agreement 0%" in panel.raster.describe_cell(2, 4, 0.08)
    verbs.compare_with_recording(known, "/clips/third.wav")
    groups = (client.share(slow), client.share(fast + 1))
    hear(told.OtherEncoded(client.last(told.EncodeOther)[0], "/clips/third.wav", groups, (12.5, 50.0), 2.0))
    for _ in range(5):
        panel.refresh()
    assert panel.raster.scale is not None
    means = [None if row is None else float((row == 255).mean()) for row in panel.raster.scale.levels]
    assert means == [1.0, 0.0, 0.0, 0.0], "of the recording chosen last"


def test_agreement_with_a_column_is_how_well_it_foretells(known: Context, show: Show) -> None:
    panel = codes_panel(show, known)
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("agreement"))
    info = known_codec()
    repeated = np.repeat(np.arange(10, dtype=np.int32), 10)[None]
    known.columns.put(
        Column(1, "other", info=type(info).from_dict({**info.to_dict(), "source": "x", "books": [BOOKS[1].__dict__]}),
               codes=(repeated,), code_rates_hz=(50.0,))
    )  # fmt: skip
    assert ("known", "column:1") in panel.of_choice.entries
    verbs.compare_with_column(known, 1)
    for _ in range(5):
        panel.refresh()
    scale = panel.raster.scale
    assert scale is not None and scale.high == "100 %"
    assert scale.levels[1] is not None and set(scale.levels[1]) == {0}, "every token of the clip comes once"


def described_first(panel: CodesPanel, client: FakeClient) -> told.BooksDescribed:
    panel.refresh()
    return described(client)


def test_figures_hold_what_is_in_sight(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = codes_panel(show, known)
    known.time_view.set_range(0.5, 1.0)
    (figure,) = panel.figures()
    arrays = figure.arrays()
    assert list(arrays["book_02_index"]) == list(range(125, 150)) and arrays["book_02_time_s"][0] == 0.5
    rows = list(figure.table().rows)
    assert len(rows) == 7 + 3 * 25 and rows[-1] == (4, "acoustic", 1024, 49, 0.98, 349)
    hear(described_first(panel, client))
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("change"))
    (figure,) = panel.figures()
    assert figure.table().columns[-1] == "change_db" and list(figure.table().rows)[-1][-1] == pytest.approx(-60.0)
    assert figure.arrays()["book_03_change_db"] == pytest.approx(np.full(25, -40.0))


# -- codebooks --------------------------------------------------------------------------------------------------------
def test_the_table_counts_the_clip(known: Context, show: Show) -> None:
    panel = books_panel(show, known)
    uses = panel.table.uses
    assert [use.tokens for use in uses] == [25, 100, 100, 100]
    assert uses[1].entropy_bits == pytest.approx(np.log2(100)) and uses[1].dead == 924
    assert panel.histogram.counts[100:200].sum() == 0 and panel.histogram.counts[:25].sum() == 25
    panel.table.choose(1)
    panel.refresh()
    assert panel.histogram.counts[100:200].sum() == 100 and panel.histogram.title.startswith("Book 2 · 100 tokens")
    assert "perplexity 100" in panel.table.accessibleDescription()


def test_the_path_follows_the_view_and_the_trail_the_cursor(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = books_panel(show, known)
    panel.controls.map_kind.setCurrentIndex(1)
    hear(described(client))
    panel.table.choose(2)
    known.time_view.set_range(0.5, 1.0)
    known.playback.position = 16_000
    panel.refresh()
    assert list(panel.map.path) == list(range(225, 250))
    assert list(panel.map.trail) == list(range(239, 251)), "the last twelve up to frame 50"
    assert panel.map.axes == ("PC 1, 50% of variance", "PC 2, 20%") and "40%" in panel.map.title
    assert "norm 0.01" in panel.map.tell(5) and "nearest (distance) 6 (6)" in panel.map.tell(5)  # type: ignore[misc]


def test_a_map_of_neighbours_is_asked_for_and_shown(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = books_panel(show, known)
    hear(described(client))
    for _ in range(3):
        panel.refresh()
    number, request = client.last(told.MapBook)
    assert request.book == 0 and client.count(told.MapBook) == 1
    points = np.random.default_rng(1).standard_normal((1024, 2)).astype(np.float32)
    hear(told.BookMapped(number, 0, client.share(points), 0.71))
    hear(protocol.Done(number, 1.0))
    panel.refresh()
    assert "71%" in panel.map.title and np.array_equal(panel.map.points, points)
    assert client.count(told.MapBook) == 1


def test_it_is_settled_when_the_chosen_map_is_there_or_cannot_be(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = books_panel(show, known)
    assert not panel.settled
    hear(described(client))
    panel.refresh()
    number, _ = client.last(told.MapBook)
    assert not panel.settled
    hear(protocol.Failed(number, "Not today."))
    assert panel.settled
    panel.refresh()
    assert client.count(told.MapBook) == 1


def test_entries_that_cannot_be_compared_are_asked_for_once(
    context: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = books_panel(show, context)
    number, _ = client.last(told.DescribeBooks)
    assert not panel.settled
    hear(protocol.Failed(number, "Not today."))
    for _ in range(6):
        panel.refresh()
    assert client.count(told.DescribeBooks) == 1 and panel.settled


def test_a_corpus_takes_the_place_of_the_clip(
    known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]
) -> None:
    panel = books_panel(show, known)
    panel.controls.source.setCurrentIndex(1)
    panel.refresh()
    number, _ = client.last(told.CountCorpus)
    hear(told.CorpusCounted(number, "", client.share(COUNTS), 1, 8.0, ()))
    panel.refresh()
    assert [use.tokens for use in panel.table.uses] == [700] * 4
    assert panel.table.uses[0].entropy_bits == pytest.approx(np.log2(100))


class Tap:
    """A ring of codes."""

    def __init__(self) -> None:
        self.columns = np.zeros((4, 0), np.int32)

    @property
    def written(self) -> int:
        return self.columns.shape[1]

    def read_since(self, position: int) -> tuple[np.ndarray, int]:
        return self.columns[:, position:], self.written


def test_live_counts_fade_with_the_half_life(known: Context, show: Show) -> None:
    panel = books_panel(show, known)
    tap = Tap()
    known.live.update(running=True, rings={"codes": tap}, frame_rate_hz=50.0)
    panel.controls.source.setCurrentIndex(2)
    panel.controls.half_life.set_value("0.5")
    tap.columns = np.full((4, 50), 3, np.int32)
    for _ in range(13):
        panel.refresh()
    assert panel.table.uses[0].used == 1 and panel.table.uses[0].entropy_bits == 0.0
    tap.columns = np.concatenate([tap.columns, np.tile(np.arange(100, 104, dtype=np.int32), 200)[None].repeat(4, 0)], 1)
    for _ in range(13):
        panel.refresh()
    use = panel.table.uses[0]
    assert use.entropy_bits == pytest.approx(2.0, abs=0.01) and use.used == 4, "what was before is forgotten"
    assert list(panel.map.trail[-4:]) == [100, 101, 102, 103]
    assert entropy_bits(panel.counts.counts_of(0, "live")) == pytest.approx(use.entropy_bits)


def test_an_entry_is_found_in_the_clip_and_heard(known: Context, show: Show, client: FakeClient) -> None:
    panel = books_panel(show, known)
    panel.table.choose(1)
    panel.refresh()
    panel.map.entry_chosen.emit(150)
    assert panel.histogram.chosen == 150 == panel.map.chosen
    panel.controls.alone.click()
    alone = client.last(AuditionCode)[1]
    assert (alone.book, alone.frame) == (1, 50)
    panel.map.entry_wanted.emit(160)
    assert known.playback.position == pytest.approx(60.5 / 50 * 16_000, abs=1)
    panel.map.entry_alone.emit(900)
    assert "does not come in this clip" in known.engine.messages[-1]


def test_books_by_key(known: Context, show: Show) -> None:
    panel = books_panel(show, known)
    press(panel.table, Qt.Key.Key_Down)
    press(panel.table, Qt.Key.Key_Down)
    assert panel.table.chosen == 2
    press(panel.table, Qt.Key.Key_Home)
    panel.refresh()
    press(panel.histogram, Qt.Key.Key_Right)
    press(panel.histogram, Qt.Key.Key_Right)
    assert panel.histogram.chosen == 1 == panel.map.chosen
    panel.controls.order.setCurrentIndex(1)
    assert list(panel.histogram.order[:25]) == list(range(25))


def test_figures_of_the_books(known: Context, show: Show, client: FakeClient, hear: Callable[[Event], None]) -> None:
    panel = books_panel(show, known)
    hear(described(client))
    panel.refresh()
    uses, usage, entries = panel.figures()
    assert len(list(uses.table().rows)) == 4 and uses.arrays()["book_02_count"][100:200].sum() == 100
    assert usage.arrays()["norm"][0] == 1.0 and list(usage.table().rows)[3][1] == 1.0
    assert list(entries.table().rows)[7] == (7, 7.0, 0.0, 1.0, 8)


def test_without_books_it_says_why(context: Context, show: Show) -> None:
    panel = show(panel_info("codebooks"), context)
    assert isinstance(panel, CodebooksPanel) and panel.empty.text == "Open a codec to see its books"
    info = known_codec()
    context.codec.set_codec(type(info).from_dict({**info.to_dict(), "books": []}), "cpu")
    assert "has no codebooks" in panel.empty.text
    context.codec.set_codec(info, "cpu")
    open_known_clip(context)
    panel.refresh()
    assert panel.stack.currentIndex() == 1


def test_a_document_keeps_what_tokens_are_measured_against(known: Context, client: FakeClient, tmp_path: Path) -> None:
    assert tokens_part.save(known) is None
    other = tmp_path / "other.wav"
    other.write_bytes(b"sound")
    known.tokens.corpus_folder = "/speech"
    verbs.compare_with_recording(known, other)
    kept = tokens_part.save(known)
    tokens_part.load(known, None)
    assert known.tokens.against == "" and known.tokens.corpus_folder == ""
    tokens_part.load(known, kept)
    assert known.tokens.corpus_folder == "/speech" and client.last(told.EncodeOther)[1].path == str(other)
    tokens_part.load(known, {"corpus": 3, "against": "column:9"})
    assert known.tokens.against == str(other), "there is no such column"
    with pytest.raises(SpeefeareError, match="is not there"):
        tokens_part.load(known, {"against": str(tmp_path / "gone.wav")})
