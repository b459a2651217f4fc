"""A figure as a picture: PNG with 300 dots an inch, SVG with axes and text as lines and letters."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize
from PySide6.QtGui import QImage, QPaintDevice, QPainter
from PySide6.QtSvg import QSvgGenerator

from speefeare_core.errors import SpeefeareError
from workbench.exporting.page import SIZES, Page, PageSize
from workbench.widgets.figure import Figure

DPI = 300
RASTER = 3  # dots a unit of what an SVG holds as pixels (data, not axes): 288 dots an inch


def image_of(figure: Figure, size: PageSize = SIZES[0], dpi: int = DPI) -> QImage:
    """The page as pixels, which know how many there are to an inch."""
    page = Page(figure, size)
    ratio = dpi / 96
    image = QImage(round(page.size.width() * ratio), round(page.size.height() * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(page.theme.background)
    painter = QPainter(image)
    page.paint(painter)
    painter.end()
    image.setDevicePixelRatio(1.0)
    dots_per_m = round(dpi / 0.0254)
    image.setDotsPerMeterX(dots_per_m)
    image.setDotsPerMeterY(dots_per_m)
    return image


def svg_of(figure: Figure, size: PageSize = SIZES[0]) -> bytes:
    """The page as SVG; pictures of data inside it are PNG."""
    page = Page(figure, size)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    target = _FineSvg(buffer, page.size, figure.title, "; ".join(figure.notes))
    painter = QPainter(target)
    page.paint(painter)
    painter.end()
    buffer.close()
    return bytes(data.data())


def write_png(figure: Figure, path: Path, size: PageSize = SIZES[0]) -> None:
    """Raises `SpeefeareError` where it cannot be written."""
    image = image_of(figure, size)
    image.setText("Title", figure.title)
    if not image.save(str(path), "PNG", 60):  # packed fast: print pictures are large
        raise SpeefeareError(f"{path} cannot be written; check that the folder exists and that you may write there.")


def write_svg(figure: Figure, path: Path, size: PageSize = SIZES[0]) -> None:
    """Raises OSError where it cannot be written."""
    path.write_bytes(svg_of(figure, size))


class _FineSvg(QSvgGenerator):
    """Tells painters of several dots a unit, so that they draw data finely; the page keeps its size in millimetres."""

    def __init__(self, buffer: QBuffer, size: QSize, title: str, notes: str) -> None:
        super().__init__()
        self.setOutputDevice(buffer)
        self.setResolution(96)
        self.setSize(size)
        self.setViewBox(QRect(0, 0, size.width() * RASTER, size.height() * RASTER))
        self.setTitle(title)
        self.setDescription(notes)

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        names = QPaintDevice.PaintDeviceMetric
        if metric == names.PdmDevicePixelRatio:
            return RASTER
        if metric == names.PdmDevicePixelRatioScaled:
            return int(RASTER * QPaintDevice.devicePixelRatioFScale())
        if metric in (names.PdmDevicePixelRatioF_EncodedA, names.PdmDevicePixelRatioF_EncodedB):
            return int(QPaintDevice.encodeMetricF(metric, float(RASTER)))
        return super().metric(metric)
