"""Paths through latent space in two or three dimensions with a playhead: what is shown, and from where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.camera import Camera
from workbench.widgets.point_colours import Colouring, path_table
from workbench.widgets.theme import Theme, theme_of
from workbench.widgets.trajectory import Trajectory, corners, step_of
from workbench.widgets.trajectory_paint import draw_scene, view_of
from workbench.widgets.trajectory_scene import PixelBuffer, Scene, plot_rect

Array = NDArray[Any]
NEAR_PIXELS = 12.0
TAIL_S, TAIL_POINTS = 0.2, 30  # of the path behind the playhead, drawn stronger


class PathView(QWidget):
    """Draws points and lines once into an image, and the playhead over it, so that playing costs a blit."""

    dimensions_changed = Signal(bool)  # whether in space

    def __init__(self) -> None:
        super().__init__()
        self.paths: tuple[Trajectory, ...] = ()
        self.colouring = Colouring()
        self.show_after = False
        self.time_range: tuple[float, float] = (0.0, 1.0)
        self.cursor_s = 0.0
        self.selected: Array = np.zeros(0, np.int64)
        self.camera = Camera()
        self._box: tuple[Array, Array] | None = None
        self._cache: QImage | None = None  # None: to be drawn anew, into the image and pixels of before
        self._image = QImage()
        self._buffer = PixelBuffer()
        self._lasso: list[QPointF] | None = None  # while it is being drawn
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- state --------------------------------------------------------------------------------------------------
    @property
    def data(self) -> Trajectory | None:
        """The clip's own path."""
        return self.paths[0] if self.paths else None

    def set_data(self, data: Trajectory | None) -> None:
        """Another path alone, all of it in view."""
        self.set_paths(() if data is None else (data,))

    def set_paths(self, paths: Sequence[Trajectory], fit: bool = True) -> None:
        """Other paths, the clip's own first."""
        self.paths = tuple(paths)
        self._box = corners(self.paths)
        if fit:
            self.fit()
        self.invalidate()

    def set_colouring(self, colouring: Colouring) -> None:
        """Colours mean something else."""
        self.colouring = colouring
        self.invalidate()

    def set_show_after(self, show: bool) -> None:
        """Draw the quantised points and join each with the point it came from."""
        self.show_after = show
        self.invalidate()

    def set_spatial(self, on: bool) -> None:
        """In space, or the first two axes alone."""
        if on != self.camera.spatial:
            self.camera.spatial = on
            self.fit()
            self.dimensions_changed.emit(on)

    def set_selected(self, frames: Array) -> None:
        """Ring these frames of the first path."""
        self.selected = np.asarray(frames, np.int64)
        self.invalidate()

    def set_time_range(self, start_s: float, end_s: float) -> None:
        """The stretch in colour; the rest is a grey backdrop."""
        if (start_s, end_s) != self.time_range:
            self.time_range = (start_s, end_s)
            self.invalidate()

    def set_cursor(self, seconds: float) -> None:
        """Move the playhead."""
        if seconds != self.cursor_s:
            self.cursor_s = seconds
            self.update()

    def fit(self) -> None:
        """Show every point with a margin, one unit the same length on all axes."""
        if self._box is not None:
            rect = self.plot_rect
            self.camera.fit(*self._box, rect.width(), rect.height())
        self.invalidate()

    def invalidate(self) -> None:
        """Draw the paths anew at the next"""
        self._cache = None
        self.update()

    @property
    def spatial(self) -> bool:
        """Whether the third axis is seen."""
        return self.camera.spatial and all(path.dimensions > 2 for path in self.paths)

    @property
    def view(self) -> QRectF:
        """What is in sight of the first two axes, in data units, y upwards."""
        return view_of(self.camera, self.plot_rect)

    @property
    def plot_rect(self) -> QRect:
        """Where points are drawn."""
        return plot_rect(self.rect(), self.fontMetrics())

    def places(self, points: Array) -> Array:
        """Points `[N, 2 or 3]` → `[N, 2]` in the widget."""
        rect = self.plot_rect
        return np.asarray(self.camera.place(points, rect.width(), rect.height())[0] + (rect.left(), rect.top()))

    def position_of(self, point: Array) -> QPointF:
        """Where a data point lies in the widget."""
        x, y = self.places(np.asarray(point)[None])[0]
        return QPointF(float(x), float(y))

    def hit(self, position: QPointF) -> tuple[int, int] | None:
        """Path and frame of the nearest point within reach of a place, those in colour only."""
        best: tuple[float, int, int] | None = None
        scene = self._scene()
        for index, path in enumerate(self.paths):
            first, last = scene.frames(index)
            if last <= first:
                continue
            step = step_of(last - first)  # only what is drawn can be pointed at
            apart = np.hypot(*(self.places(path.before[first:last:step]) - (position.x(), position.y())).T)
            nearest = int(apart.argmin())
            if apart[nearest] <= NEAR_PIXELS and (best is None or apart[nearest] < best[0]):
                best = (float(apart[nearest]), index, first + nearest * step)
        return None if best is None else best[1:]

    def frame_at(self, position: QPointF) -> int | None:
        """The nearest frame of the first path within reach of a place."""
        found = self.hit(position)
        return found[1] if found is not None and found[0] == 0 else None

    # -- drawing ------------------------------------------------------------------------------------------------
    def _scene(self, camera: Camera | None = None) -> Scene:
        box = self._box or (np.zeros(2), np.ones(2))
        return Scene(
            self.paths, camera or self.camera, self.colouring, self.time_range, self.show_after, box, self.selected
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, ratio = theme_of(self.palette()), self.devicePixelRatioF()
        if self._cache is None or self._cache.devicePixelRatioF() != ratio:
            size = (self.size() * ratio).expandedTo(QSize(1, 1))
            image = self._image if self._image.size() == size else QImage(size, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            image.fill(theme.background)
            onto = QPainter(image)
            onto.setFont(self.font())
            draw_scene(onto, self.rect(), self._scene(), theme, ratio, self._buffer)
            onto.end()
            self._cache = self._image = image
        painter = QPainter(self)
        painter.drawImage(0, 0, self._cache)
        self._draw_playhead(painter, theme)
        if self._lasso is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.accent, 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(theme.region)
            painter.drawPolygon(QPolygonF(self._lasso))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(self.plot_rect.adjusted(-1, -1, 0, 0))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """The same for print: the points as a picture of several dots a unit, axes and texts as lines and letters."""
        camera = self._figure_camera(plot_rect(rect, painter.fontMetrics()))
        ratio = min(max(painter.deviceTransform().m11() * painter.device().devicePixelRatioF(), 2.0), 8.0)
        draw_scene(painter, rect, self._scene(camera), theme, ratio)

    def figure_place(self, rect: QRect, metrics: QFontMetrics, seconds: float) -> QPointF | None:
        """Where `paint_figure` draws the first path at a time; None where there is none."""
        if not self.paths or not len(self.paths[0]):
            return None
        plot = plot_rect(rect, metrics)
        point = self.paths[0].before[[self.paths[0].frame_at(seconds)]]
        x, y = self._figure_camera(plot).place(point, plot.width(), plot.height())[0][0]
        return QPointF(plot.left() + float(x), plot.top() + float(y))

    def _figure_camera(self, wanted: QRect) -> Camera:
        """All that the window shows, into a plot of another size."""
        camera, own = Camera(), self.plot_rect
        camera.__dict__.update(self.camera.__dict__)
        camera.per_pixel *= max(own.width() / max(wanted.width(), 1), own.height() / max(wanted.height(), 1))
        return camera

    def _table(self) -> Array:
        """The colours of time."""
        return path_table()

    def _draw_playhead(self, painter: QPainter, theme: Theme) -> None:
        data = self.data
        if data is None or not len(data):
            return
        frame = data.frame_at(self.cursor_s)
        painter.setClipRect(self.plot_rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = max(0, frame - max(1, round(TAIL_S * data.frame_rate_hz)))
        tail = [QPointF(float(x), float(y)) for x, y in self.places(data.before[first : frame + 1][-TAIL_POINTS:])]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number, (start, end) in enumerate(pairwise(tail), 1):
            colour = QColor(theme.cursor)
            colour.setAlphaF(0.75 * number / len(tail))
            painter.setPen(QPen(colour, 1.2))
            painter.drawLine(start, end)
        place = tail[-1]
        if self.show_after and data.after is not None and frame < len(data.after):
            painter.setPen(QPen(theme.decoded, 2))
            painter.drawLine(place, self.position_of(data.after[frame]))
        for colour, width in ((theme.background, 5), (theme.cursor, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(place, 7, 7)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # -- events -------------------------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.invalidate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)
