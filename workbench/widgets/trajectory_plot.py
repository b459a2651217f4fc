"""Paths through latent space that can be turned, heard and chosen from; drawn with numpy, so that 10 000 points stay
fluent while they are turned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from workbench.widgets.controls import claims
from workbench.widgets.lasso import inside
from workbench.widgets.path_view import PathView
from workbench.widgets.ticks import length_text
from workbench.widgets.trajectory import Trajectory as Trajectory

Array = NDArray[Any]
MOVED_PIXELS = 4
MOST_CORNERS = 80  # of a lasso; a slow hand draws thousands
KEYS = (
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_D, Qt.Key.Key_S, Qt.Key.Key_N, Qt.Key.Key_V, Qt.Key.Key_Escape,
    Qt.Key.Key_Return, Qt.Key.Key_Enter,
)  # fmt: skip


class TrajectoryPlot(PathView):
    """Wheel zooms, drag pans (in space: turns), Shift and drag draws a lasso, a click takes the nearest point.

    Keys: ← → one frame, Enter hears it, Shift and arrows pan or turn, + − zoom, F shows all, D two or three dimensions,
    V the next view, S takes the frames around the playhead (again: more of them), N the next stretch, Esc none.
    """

    seek_requested = Signal(float)  # s
    point_chosen = Signal(int, int)  # path, frame: to be heard
    frames_selected = Signal(object)  # frames of the first path, an int array; empty: none
    stretch_requested = Signal(int)  # the next (1) or the one before (−1)
    hovered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.lasso_mode = False  # a plain drag draws a lasso
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._moved = self._panning = False
        self._around, self._around_frame = 0, 0  # how often S was pressed, and where at first

    def set_paths(self, paths: Sequence[Trajectory], fit: bool = True) -> None:
        """Other paths, the clip's own first."""
        self._around = 0
        super().set_paths(paths, fit)

    def set_lasso_mode(self, on: bool) -> None:
        """A plain drag draws a lasso."""
        self.lasso_mode = on
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    # -- choosing frames ----------------------------------------------------------------------------------------
    def select_inside(self, outline: Array) -> None:
        """Take the frames of the visible time inside of a line `[M, 2]` in the widget."""
        if self.data is None:
            return
        first, last = self._scene().frames(0)
        self._around = 0
        outline = outline[:: max(1, len(outline) // MOST_CORNERS)]
        chosen = inside(self.places(self.data.before[first:last]), outline)
        self.frames_selected.emit(first + np.flatnonzero(chosen))

    def select_around(self) -> None:
        """Take the frames that lie nearest to that of the playhead: each time twice as many."""
        if self.data is None or not len(self.data):
            return
        here_now = self.data.frame_at(self.cursor_s)
        if not self._around or here_now not in self.selected:
            self._around, self._around_frame = 0, here_now
        self._around += 1
        points = self.data.before
        first, last = self._scene().frames(0)
        here = points[self._around_frame]
        apart = np.linalg.norm(points[first:last] - here, axis=1)
        count = min(len(apart), 4 * 2**self._around)
        self.frames_selected.emit(np.sort(first + np.argpartition(apart, count - 1)[:count]) if count else apart[:0])

    # -- events -------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if not left and event.button() != Qt.MouseButton.MiddleButton:
            return
        self._press = self._last = event.position()
        self._moved = False
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._panning = not left or not self.spatial
        self._lasso = [event.position()] if left and (shift or self.lasso_mode) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._press is None or self._last is None or not event.buttons():
            self.hovered.emit(self._describe(self.hit(place)))
            return
        if not self._moved and (place - self._press).manhattanLength() < MOVED_PIXELS:
            return
        self._moved = True
        by = place - self._last
        self._last = place
        if self._lasso is not None:
            self._lasso.append(place)
            self.update()
            return
        if self._panning:
            self.camera.pan(by.x(), by.y())
        else:
            self.camera.turn(by.x(), by.y())
        self.invalidate()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, lasso, moved = self._press, self._lasso, self._moved
        self._press = self._last = self._lasso = None
        if press is None:
            return
        self.update()
        if lasso is not None and moved:
            self.select_inside(np.array([(point.x(), point.y()) for point in lasso]))
            return
        found = self.hit(event.position())
        if moved or event.button() != Qt.MouseButton.LeftButton or found is None:
            return
        path, frame = found
        if path == 0:
            self.seek_requested.emit(frame / self.paths[0].frame_rate_hz)
        self.point_chosen.emit(path, frame)

    def _describe(self, found: tuple[int, int] | None) -> str:
        if found is None:
            return ""
        index, frame = found
        path = self.paths[index]
        text = f"Frame {frame} · {length_text(frame / path.frame_rate_hz)} · {_point(path.before[frame])}"
        if path.after is not None and frame < len(path.after):
            text += f" → {_point(path.after[frame])} quantised"
        value = self.colouring.value_text(index, frame)
        name = f"{path.name} · " if len(self.paths) > 1 else ""
        return name + text + (f" · {value}" if value else "")

    def wheelEvent(self, event: QWheelEvent) -> None:
        centre = QRectF(self.plot_rect).center()
        by = event.position() - centre
        self.camera.zoom(0.8 ** (event.angleDelta().y() / 120), by.x(), by.y())
        self.invalidate()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if claims(event, KEYS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        across = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        down = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key), 0)
        data = self.data
        if shift and (across or down):
            (self.camera.turn if self.spatial else self.camera.pan)(20.0 * across, 20.0 * down)
            self.invalidate()
        elif across and data is not None:
            frame = min(max(data.frame_at(self.cursor_s) + across, 0), max(len(data) - 1, 0))
            self.seek_requested.emit(frame / data.frame_rate_hz)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and data is not None and len(data):
            self.point_chosen.emit(0, data.frame_at(self.cursor_s))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.camera.zoom(2.0 if key == Qt.Key.Key_Minus else 0.5, 0.0, 0.0)
            self.invalidate()
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key == Qt.Key.Key_D:
            self.set_spatial(not self.camera.spatial)
        elif key == Qt.Key.Key_V and self.spatial:
            self.camera.next_view()
            self.fit()
        elif key == Qt.Key.Key_S:
            self.select_around()
        elif key == Qt.Key.Key_N:
            self.stretch_requested.emit(-1 if shift else 1)
        elif key == Qt.Key.Key_Escape and len(self.selected):
            self.frames_selected.emit(np.zeros(0, np.int64))
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")


def _point(point: Array) -> str:
    return f"({', '.join(f'{float(value):.2f}' for value in point)})".replace("-", "−")
