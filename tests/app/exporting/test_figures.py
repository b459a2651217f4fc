"""Every figure of every panel, taken out in every format."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from speefeare_core.errors import SpeefeareError
from tests.app.shell.conftest import Desk
from workbench import commands
from workbench.exporting.dialog import ExportDialog
from workbench.exporting.formats import FORMATS, export
from workbench.exporting.page import SIZES, Page
from workbench.exporting.pictures import RASTER, image_of, svg_of
from workbench.widgets.figure import Figure, Table

SVG = "{http://www.w3.org/2000/svg}"


def figures(desk: Desk) -> tuple[Figure, ...]:
    docks = desk.window.docks
    assert docks is not None
    commands.select_depth(desk.ctx, 4)
    for key in docks.panels:
        docks.docks[key].show()
    desk.tick(5)
    found = desk.window.figures()
    assert {"waveform", "spectrogram", "codes"} <= {figure.key for figure in found}
    return found


def made(label: QLabel, rows: list[tuple[float, str]], key: str = "label") -> Figure:
    return Figure(
        key,
        "A label",
        label,
        lambda: {"time_s": np.array([0.0, 1.0])},
        lambda: Table(("time_s", "word"), rows),
        ("note",),
    )


@pytest.fixture
def label(qtbot: QtBot) -> QLabel:
    widget = QLabel("words")
    widget.resize(300, 150)
    qtbot.addWidget(widget)
    return widget


def test_every_panel_is_written_in_every_format(loaded_desk: Desk, tmp_path: Path) -> None:
    found, written = figures(loaded_desk), []
    shares = list(export(found, tmp_path / "new", size=SIZES[2], written=written.append))
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert len(written) == len(found) * len(FORMATS) == len(list((tmp_path / "new").iterdir()))
    for path in written:
        if path.suffix == ".png":
            image = QImage(str(path))
            assert image.width() == pytest.approx(175 / 25.4 * 300, abs=12), path.name
            assert image.dotsPerMeterX() == pytest.approx(300 / 0.0254, abs=2)
        elif path.suffix == ".svg":
            root = ET.parse(path).getroot()
            assert root.attrib["width"].endswith("mm") and root.find(f"{SVG}title") is not None
            assert len(list(root.iter(f"{SVG}text"))) >= 1, path.name
        elif path.suffix == ".csv":
            rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
            assert rows and all(len(row) == len(rows[0]) for row in rows), path.name
        else:
            with np.load(path) as arrays:
                assert len(arrays.files) >= 2 and str(arrays["title"]), path.name


def test_axes_of_an_svg_are_letters_and_its_data_is_finer_than_the_screen(loaded_desk: Desk) -> None:
    codes = next(figure for figure in figures(loaded_desk) if figure.key == "codes")
    root = ET.fromstring(svg_of(codes, SIZES[2]))
    said = "".join(text for row in root.iter(f"{SVG}text") for text in row.itertext())
    assert codes.title in said and "ac" in said
    images = list(root.iter(f"{SVG}image"))
    page = Page(codes, SIZES[2])
    data = images[0].attrib["{http://www.w3.org/1999/xlink}href"].partition(",")[2]
    picture = QImage.fromData(__import__("base64").b64decode(data))
    assert picture.width() == pytest.approx(float(images[0].attrib["width"]) * RASTER, abs=RASTER)
    assert picture.width() <= page.size.width() * RASTER


def test_a_figure_is_black_on_white_also_in_the_dark(loaded_desk: Desk) -> None:
    loaded_desk.window.set_theme("dark")
    found = figures(loaded_desk)
    shown = loaded_desk.window.grab().toImage()
    image = image_of(found[0])
    assert image.pixelColor(1, 1).lightness() == 255
    assert min(image.pixelColor(x, y).lightness() for x in range(20, 300) for y in range(20, 60)) < 60
    assert loaded_desk.window.grab().toImage() == shown


def test_a_widget_of_another_kind_is_drawn_as_it_is(label: QLabel) -> None:
    palette = label.palette()
    image = image_of(made(label, []), SIZES[2])
    assert image.width() == pytest.approx((300 + 16) / 96 * 300, abs=4)
    assert label.palette() == palette


def test_two_views_of_one_key_get_two_names(label: QLabel, tmp_path: Path) -> None:
    list(export([made(label, [(0.5, "a,b")])] * 2, tmp_path, FORMATS[2:3]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["label.csv", "label_2.csv"]
    assert list(csv.reader((tmp_path / "label.csv").read_text().splitlines())) == [["time_s", "word"], ["0.5", "a,b"]]


def test_what_is_stopped_leaves_nothing_half_written(label: QLabel, tmp_path: Path) -> None:
    steps = export([made(label, [(float(n), "x") for n in range(5000)])], tmp_path, FORMATS[2:3])
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_told(label: QLabel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpeefeareError, match="file"):
        list(export([made(label, [])], tmp_path / "file" / "in", FORMATS[:1]))


def test_copy_as_figure_gives_a_picture_a_drawing_and_a_table(loaded_desk: Desk) -> None:
    figures(loaded_desk)
    assert loaded_desk.window.docks is not None
    loaded_desk.window.docks.panels["codes"].setFocus()
    loaded_desk.window.actions_by_key["copy_figure"].trigger()
    data = QApplication.clipboard().mimeData()
    assert data.hasImage() and data.hasFormat("image/svg+xml") and "\t" in data.text()
    QApplication.clipboard().clear()


def test_the_dialog_writes_what_is_ticked(loaded_desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    figures(loaded_desk)
    loaded_desk.window.actions_by_key["export_figures"].trigger()
    dialog = loaded_desk.window.findChildren(ExportDialog)[0]
    dialog.folder.setText(str(tmp_path / "out"))
    for row in range(dialog.views.count()):
        dialog.views.item(row).setCheckState(dialog.views.item(row).checkState().Unchecked)
    assert not dialog.go.isEnabled()
    dialog.views.item(0).setCheckState(dialog.views.item(0).checkState().Checked)
    for suffix, box in dialog.formats.items():
        box.setChecked(suffix in (".npz", ".csv"))
    dialog.go.click()
    qtbot.waitUntil(lambda: not dialog.steps.running)
    assert len(dialog.saved) == 2 and all(path.is_file() for path in dialog.saved)
    assert str(tmp_path / "out") in dialog.told.text()
    dialog.reject()
    assert not any(other.isVisible() for other in loaded_desk.window.findChildren(QDialog, "export"))


def test_the_dialog_ticks_what_the_panel_with_the_keyboard_shows(loaded_desk: Desk) -> None:
    found = figures(loaded_desk)
    chosen = [figure for figure in loaded_desk.window.figures() if figure.key == "codes"]  # asked for again
    dialog = ExportDialog(loaded_desk.window, found, chosen, Path("/tmp"))
    assert [figure.key for figure in dialog.chosen()] == ["codes"] and dialog.go.isEnabled()
    dialog.close()
