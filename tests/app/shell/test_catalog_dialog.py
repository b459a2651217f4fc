"""The Catalog window: filter, licence, download, cancel, resume, load, remove, offline; by mouse and by keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from speefeare_core import resources
from speefeare_core.catalog import read_catalog
from tests.app.shell.conftest import Desk
from tests.core.catalog.conftest import SWITCHES
from tests.core.catalog.loopback import Loopback, Served
from tests.core.catalog.probe import PLACE, WEIGHTS, program, write_catalog
from workbench.catalog_dialog import CatalogDialog
from workbench.engine import protocol
from workbench.engine.catalog_jobs import CatalogJobs, JobProgress
from workbench.settings import Settings, load_settings
from workbench.theme import apply_theme

LIMIT_MS = 30_000


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPEEFEARE_MODELS", str(tmp_path / "models"))


@pytest.fixture
def dialog(desk: Desk) -> CatalogDialog:
    """The shipped catalog; nothing is on disk."""
    desk.ready()
    desk.window.show_catalog()
    return desk.window.findChild(CatalogDialog)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    loopback = Loopback()
    monkeypatch.setenv("HF_ENDPOINT", loopback.address)
    loopback.files[PLACE] = Served(WEIGHTS, etag='"v1"')
    yield loopback
    loopback.close()


@pytest.fixture
def probe(
    make_desk: Callable[..., Desk], server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A window whose catalog has one row, on a server of this computer."""
    folder = write_catalog(tmp_path / "resources")
    desk = make_desk(panels=False).ready()
    desk.ctx.catalog = CatalogJobs((sys.executable, "-c", program(folder)))
    desk.ctx.catalog.ended.connect(desk.window._catalog_ended)
    monkeypatch.setattr(resources, "resource_dir", lambda: folder)
    yield desk
    desk.ctx.catalog.stop()


def opened(desk: Desk) -> CatalogDialog:
    desk.window.show_catalog()
    return next(dialog for dialog in desk.window.findChildren(CatalogDialog) if dialog.isVisible())


def names(dialog: CatalogDialog) -> list[str]:
    return [dialog.filter.index(row, 0).data() for row in range(dialog.filter.rowCount())]


def state(dialog: CatalogDialog, row: int = 0) -> str:
    return str(dialog.filter.index(row, dialog.filter.columnCount() - 1).data())


def answer(dialog: CatalogDialog, word: str) -> str:
    """Press the button of this name in the question that is open; gives the question."""
    (box,) = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
    text = box.text()
    next(button for button in box.buttons() if button.text().replace("&", "") == word).click()
    return text


def choose(dialog: CatalogDialog, name: str) -> None:
    dialog.table.selectRow(names(dialog).index(name))


# -- find ---------------------------------------------------------------------------------------------------------
def test_every_row_is_there_with_its_details(dialog: CatalogDialog) -> None:
    assert names(dialog) == [entry.name for entry in read_catalog()]
    for row, entry in enumerate(read_catalog()):
        dialog.table.selectRow(row)
        assert dialog.selected == entry
        text = dialog.details.toPlainText()
        assert entry.title in text and entry.licence in text and entry.paper in text and entry.page in text
        assert all(remark in text for remark in entry.remarks)


def test_filter_by_words_and_family(dialog: CatalogDialog) -> None:
    dialog.line.setText("encodec mit")
    assert names(dialog) == ["encodec-24khz", "encodec-48khz", "encodec-48khz-hf", "vocos-encodec-24khz"]
    assert dialog.selected is not None and dialog.selected.name == "encodec-24khz"
    dialog.family.setCurrentIndex(dialog.family.findData("vocos"))
    assert names(dialog) == ["vocos-encodec-24khz"]
    dialog.line.setText("zzz")
    assert names(dialog) == [] and dialog.none.isVisible() and "No checkpoint fits" in dialog.none.text
    assert dialog.selected is None and dialog.details.toPlainText() == ""
    assert not any(button.isEnabled() for button in (dialog.download, dialog.load, dialog.remove, dialog.cancel))
    dialog.line.clear()
    dialog.family.setCurrentIndex(0)
    assert dialog.table.isVisible() and dialog.selected is not None


def test_sorting_goes_by_values(dialog: CatalogDialog) -> None:
    dialog.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    rates = [dialog.filter.index(row, 2).data() for row in range(dialog.filter.rowCount())]
    numbers = [float(rate.split()[0]) for rate in rates]
    assert numbers == sorted(numbers, reverse=True) and numbers[0] == 48.0


def test_one_window_at_a_time(desk: Desk, dialog: CatalogDialog) -> None:
    desk.window.show_catalog()
    assert len(desk.window.findChildren(CatalogDialog)) == 1
    dialog.close()
    assert opened(desk).isVisible()


def test_a_catalog_that_cannot_be_read(
    make_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "catalog.yaml").write_text("{")
    monkeypatch.setattr(resources, "resource_dir", lambda: tmp_path / "bad")
    dialog = opened(make_desk(panels=False).ready())
    assert dialog.none.isVisible() and dialog.none.text == "The catalog cannot be shown."
    assert "cannot be read" in dialog.none.hint


# -- download, cancel, resume, load, remove -----------------------------------------------------------------------
def test_the_whole_way(probe: Desk, server: Loopback, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(probe)
    assert state(dialog) == "not here" and dialog.download.isEnabled() and not dialog.load.isEnabled()
    dialog.download.click()
    assert answer(dialog, "Cancel").startswith(
        "The weights of probe are under the licence MIT (the page); read more on"
    )
    qtbot.wait(50)
    assert server.asked == [] and probe.ctx.catalog.names == ()
    dialog.download.click()
    answer(dialog, "Accept and download")
    assert not dialog.download.isEnabled() and dialog.cancel.isEnabled() and dialog.bar.isVisible()
    assert dialog.words.text() == "Connecting …" and state(dialog) == "downloading"
    qtbot.waitUntil(lambda: state(dialog) == "on this computer", timeout=LIMIT_MS)
    assert dialog.words.text() == "probe is on this computer now." and not dialog.bar.isVisible()
    assert dialog.load.isEnabled() and dialog.remove.isEnabled() and not dialog.download.isEnabled()
    assert str(tmp_path / "models" / "probe" / "w.bin") in dialog.details.toPlainText()
    dialog.remove.click()
    assert answer(dialog, "Remove") == "Delete 0.5 MB of probe from this computer?"
    qtbot.waitUntil(lambda: state(dialog) == "not here", timeout=LIMIT_MS)
    assert dialog.words.text() == "probe was removed." and not (tmp_path / "models" / "probe").exists()


def test_cancel_resume_and_load(probe: Desk, server: Loopback, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(probe)
    server.files[PLACE].stall_after = 300_000
    dialog.use()
    answer(dialog, "Accept and download")
    part = tmp_path / "models" / "probe" / "w.bin.part"
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0, timeout=LIMIT_MS)
    dialog.cancel.click()
    qtbot.waitUntil(lambda: state(dialog) == "partly downloaded", timeout=LIMIT_MS)
    assert "Resume goes on from there" in dialog.words.text()
    assert dialog.download.text() == "Resume" and dialog.remove.isEnabled() and not dialog.load.isEnabled()
    server.files[PLACE].stall_after = None
    dialog.download.click()
    answer(dialog, "Accept and download")
    qtbot.waitUntil(lambda: state(dialog) == "on this computer", timeout=LIMIT_MS)
    dialog.load.click()
    assert probe.client.last(protocol.LoadCodec)[1].source == "probe"
    assert not dialog.isVisible()


def test_what_fails_is_told_in_the_window_or_in_the_workbench(probe: Desk, server: Loopback, qtbot: QtBot) -> None:
    server.files[PLACE] = Served(WEIGHTS[::-1])
    dialog = opened(probe)
    dialog.use()
    answer(dialog, "Accept and download")
    qtbot.waitUntil(lambda: "arrived damaged" in dialog.words.text(), timeout=LIMIT_MS)
    assert state(dialog) == "not here" and probe.ctx.engine.messages == []
    dialog.use()
    answer(dialog, "Accept and download")
    dialog.close()
    qtbot.waitUntil(lambda: bool(probe.ctx.engine.messages), timeout=LIMIT_MS)
    assert "arrived damaged" in probe.ctx.engine.messages[0]


def test_a_download_outlives_its_window(probe: Desk, server: Loopback, qtbot: QtBot, tmp_path: Path) -> None:
    server.files[PLACE].stall_after = 300_000
    dialog = opened(probe)
    dialog.use()
    answer(dialog, "Accept and download")
    part = tmp_path / "models" / "probe" / "w.bin.part"
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0, timeout=LIMIT_MS)
    dialog.close()
    again = opened(probe)
    assert again is not dialog and state(again).startswith("downloading") and again.cancel.isEnabled()
    probe.workbench.close()  # with the workbench it ends
    assert probe.ctx.catalog.names == ()


# -- offline ------------------------------------------------------------------------------------------------------
def test_the_offline_switch_is_kept(make_desk: Callable[..., Desk], tmp_path: Path) -> None:
    desk = make_desk().ready()
    dialog = opened(desk)
    assert not dialog.offline.isChecked() and dialog.download.isEnabled()
    dialog.offline.click()
    assert desk.ctx.settings.offline and not dialog.download.isEnabled()
    assert "Offline: nothing is downloaded" in dialog.words.text()
    dialog.use()
    assert not [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
    desk.window.remember()
    assert load_settings(tmp_path / "settings.json").offline
    assert opened(make_desk(Settings(offline=True))).offline.isChecked()


def test_going_offline_stops_what_runs(probe: Desk, server: Loopback, qtbot: QtBot) -> None:
    server.files[PLACE].stall_after = 300_000
    dialog = opened(probe)
    dialog.use()
    answer(dialog, "Accept and download")
    dialog.offline.click()
    qtbot.waitUntil(lambda: probe.ctx.catalog.names == (), timeout=LIMIT_MS)
    assert probe.ctx.settings.offline


def test_a_switch_of_the_environment_cannot_be_undone_here(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dialog = opened(desk)
    assert dialog.offline.isChecked() and not dialog.offline.isEnabled() and "HF_HUB_OFFLINE" in dialog.offline.text()
    assert not dialog.download.isEnabled() and not desk.ctx.settings.offline


# -- keys, names, looks -------------------------------------------------------------------------------------------
def test_by_keys_alone(probe: Desk, qtbot: QtBot) -> None:
    probe.window.activateWindow()
    QTest.keyClick(probe.window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    (dialog,) = [dialog for dialog in probe.window.findChildren(CatalogDialog) if dialog.isVisible()]
    dialog.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is dialog.line)
    QTest.keyClicks(dialog.line, "pro")
    QTest.keyClick(dialog.line, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is dialog.table
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    answer(dialog, "Accept and download")
    qtbot.waitUntil(lambda: state(dialog) == "on this computer", timeout=LIMIT_MS)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert probe.client.last(protocol.LoadCodec)[1].source == "probe"


def test_tab_reaches_everything_and_escape_closes(dialog: CatalogDialog, qtbot: QtBot) -> None:
    dialog.activateWindow()
    dialog.line.setFocus()
    qtbot.waitUntil(dialog.line.hasFocus)
    reached: list[QWidget] = []
    for _ in range(20):  # links in the details take a Tab of their own
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus not in reached:
            reached.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    wanted = (
        dialog.line,
        dialog.family,
        dialog.offline,
        dialog.table,
        dialog.details,
        dialog.download,
        dialog.close_button,
    )
    assert [widget for widget in reached if widget in wanted] == list(wanted)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_everything_has_a_name_for_screen_readers(dialog: CatalogDialog) -> None:
    parts = (dialog.line, dialog.family, dialog.offline, dialog.table, dialog.details, dialog.bar)
    buttons = [button for button in dialog.findChildren(QAbstractButton) if isinstance(button, type(dialog.download))]
    for widget in (*parts, *buttons):
        assert widget.accessibleName() and widget.accessibleDescription() and widget.toolTip(), widget
    heads = [dialog.model.headerData(column, Qt.Orientation.Horizontal) for column in range(dialog.model.columnCount())]
    assert all(heads) and len(set(heads)) == len(heads)


def test_the_palette_finds_it(desk: Desk) -> None:
    from workbench.command_palette import CommandPalette

    desk.ready().window.show_palette()
    box = desk.window.findChild(CommandPalette)
    box.line.setText("catalog")
    assert box.list.count() == 1
    box.run()
    assert desk.window.findChild(CatalogDialog).isVisible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_read_in_light_and_dark(theme: str, dialog: CatalogDialog, qapp: QApplication, desk: Desk) -> None:
    apply_theme(qapp, theme)
    desk.ctx.catalog._progress["mimi"] = JobProgress("download", 120_000_000, 384_644_900, 5.4e6)
    dialog._job_changed("mimi")
    choose(dialog, "mimi")
    qapp.processEvents()
    assert dialog.words.text() == "120.0 MB of 384.6 MB, 5.4 MB/s, 49 s left" and dialog.bar.value() == 312
    picture = dialog.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4)[:, :, :3]
    table = pixels[dialog.pages.y() + 60 : dialog.pages.y() + 340]
    ground, ink = (255, 0) if theme == "light" else (18, 240)
    assert abs(np.median(table).item() - ground) < 40, "the ground of the theme"
    assert (np.abs(table.astype(int).mean(2) - ink) < 60).mean() > 0.01, "text on it"
    desk.ctx.catalog._progress.clear()
    apply_theme(qapp, "light")
