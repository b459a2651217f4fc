"""What Live and the codec card give away to be taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tests.app.panels.known_clip import RATE_HZ
from tests.app.panels.live_session import ROWS, make_rings, say_started, write_second
from tests.app.shell.fake_engine import FakeClient
from workbench import live_commands
from workbench.context import Context
from workbench.engine.memory import Ring
from workbench.exporting.data import table_text
from workbench.exporting.pictures import write_png
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def rings() -> Iterator[dict[str, Ring]]:
    made = make_rings()
    yield made
    for ring in made.values():
        ring.close()
        ring.unlink()


@pytest.fixture
def live(loaded_context: Context, client: FakeClient, rings: dict[str, Ring], show: Show) -> Panel:
    panel = show(panel_info("live"), loaded_context)
    live_commands.start_live(loaded_context)
    say_started(loaded_context, client, rings)
    for second in range(2):
        write_second(rings, second)
    QApplication.processEvents()  # the layout is done: another size empties the lanes
    panel.refresh()
    panel.refresh()  # some views take turns
    loaded_context.live.counters_changed.emit()
    return panel


def test_live_gives_away_the_seconds_in_sight(live: Panel, rings: dict[str, Ring], tmp_path: Path) -> None:
    figures = {figure.key: figure for figure in live.figures()}
    assert set(figures) == {"live", "live_latents", "live_use"}
    arrays = figures["live"].arrays()
    assert arrays["codes"].shape == (ROWS["codes"], 100) and arrays["book_energy"].shape == (ROWS["residual"], 100)
    assert arrays["input"].shape == arrays["time_s"].shape == (2 * RATE_HZ,)
    assert arrays["time_s"][0] == -2.0 and arrays["frame_time_s"][-1] == pytest.approx(-0.02)
    assert np.array_equal(arrays["codes"], rings["codes"].latest(100))
    lines = table_text(figures["live"]).splitlines()
    assert lines[0].split("\t")[:2] == ["time_s", "book_1"] or lines[0].split(",")[:2] == ["time_s", "book_1"]
    assert len(lines) == 101
    write_png(figures["live"], tmp_path / "live.png")
    picture = QImage(str(tmp_path / "live.png"))
    assert len({picture.pixel(x, picture.height() // 3) for x in range(0, picture.width(), 3)}) > 20, "it is empty"


def test_what_is_hidden_or_stopped_is_not_given(live: Panel, loaded_context: Context) -> None:
    views = live.views  # type: ignore[attr-defined]
    for key in ("latents", "usage", "codes"):
        views.toggles[key].setChecked(False)
    (figure,) = live.figures()
    assert "codes" not in figure.arrays()
    loaded_context.live.update(**loaded_context.live.over())
    assert all(other.key != "live" for other in live.figures())


def test_the_codec_card_is_a_table_of_its_books(loaded_context: Context, show: Show) -> None:
    panel = show(panel_info("codec"), loaded_context)
    (figure,) = panel.figures()
    info = loaded_context.codec.info
    assert info is not None
    arrays, table = figure.arrays(), figure.table()
    assert arrays["bitrate_kbps"][-1] == pytest.approx(info.bitrate_kbps())
    assert len(list(table.rows)) == info.depth and tuple(table.columns)[-1] == "role"
