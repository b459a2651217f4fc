"""The entries of a book as points on a flat map, near ones joined, and the path of tokens through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.colormap import table
from workbench.widgets.hinted import Hinted
from workbench.widgets.labels import draw_colour_bar, draw_plaque
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.splat import splat_path, splat_points
from workbench.widgets.theme import Theme, describe, explain, rgb32, theme_of

Array = NDArray[Any]
NEAR_PIXELS = 12.0
DRAG_PIXELS = 4
MOST_STEPS = 1500  # of the path; a longer one would be a ball of wool
NAMED = 64  # entries of a book up to which each is named on the map
TRAIL = 12  # the last steps, drawn strongly


class EntryMap(Hinted):
    """Size and colour of a point say how often its entry was chosen; a hollow one never was. The ring is the token that
    sounds now, after its last steps. Click chooses an entry, Alt+click (Alt+Enter) lets it be heard, Enter goes to
    where it comes next, drag pans, wheel and + − zoom, F shows all, ← → go through the neighbours of what is chosen.
    """

    hovered = Signal(str)
    entry_chosen = Signal(int)
    entry_wanted = Signal(int)  # go to where it comes next
    entry_alone = Signal(int)
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter)

    def __init__(self) -> None:
        super().__init__()
        self.points: Array = np.zeros((0, 2))
        self.counts: Array = np.zeros(0)
        self.neighbours: Array = np.zeros((0, 0), np.int32)
        self.path: Array = np.zeros(0, np.int64)
        self.trail: Array = np.zeros(0, np.int64)  # the last steps, newest last
        self.chosen: int | None = None
        self.links = True
        self.title = ""
        self.axes: tuple[str, str] = ("", "")
        self.waiting = ""
        self.tell: Callable[[int], str] | None = None
        self._view = QRectF(-1, -1, 2, 2)
        self._cache: QImage | None = None
        self._press: tuple[QPointF, QRectF] | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        describe(
            self,
            "Map of the entries",
            "Near entries are joined; the line is the clip's path. Click chooses an entry, Enter goes to where it "
            "comes next, Alt+click (Alt+Enter) lets it be heard alone, ← → go through its neighbours.",
        )
        explain(self, "codebook")

    # -- what to draw -------------------------------------------------------------------------------------------
    def set_points(self, points: Array, neighbours: Array, title: str, axes: tuple[str, str]) -> None:
        """Points `[N, 2]` (NaN: not there), nearest entries `[N, n]`."""
        good = np.isfinite(points).all(axis=1)  # smaller books are padded at their end
        points = points[good]
        fit = not np.array_equal(points, self.points)
        self.points, self.neighbours = points, neighbours[: len(points)]
        self.title, self.axes = title, axes
        if fit:
            self.fit()
        self.invalidate()

    def set_counts(self, counts: Array) -> None:
        """How often each entry was chosen `[N]`."""
        self.counts = counts
        self.invalidate()

    def set_path(self, path: Array) -> None:
        """The entries one after the other, as far as they are to be seen."""
        self.path = path[:MOST_STEPS]
        self.invalidate()

    def set_trail(self, trail: Array) -> None:
        """The last entries up to now; empty: nothing sounds."""
        if not np.array_equal(trail, self.trail):
            self.trail = trail
            self.update()

    def set_chosen(self, entry: int | None) -> None:
        """Mark an entry and its neighbours."""
        if entry != self.chosen:
            self.chosen = entry
            self.update()

    def set_links(self, on: bool) -> None:
        """Join each entry with its nearest one."""
        self.links = on
        self.invalidate()

    def fit(self) -> None:
        """Show all."""
        if len(self.points):
            low, high = self.points.min(axis=0), self.points.max(axis=0)
            size = np.maximum(high - low, 1e-9)
            middle = (low + high) / 2
            self._view = QRectF(*(middle - size / 2), *size)
        self.invalidate()

    def invalidate(self) -> None:
        """Draw anew at the next paint."""
        self._cache = None
        self.update()

    # -- places -----------------------------------------------------------------------------------------------------
    @property
    def plot_rect(self) -> QRect:
        """Where points lie."""
        return self.plot_rect_in(self.rect())

    def plot_rect_in(self, rect: QRect) -> QRect:
        """The same within a rectangle."""
        return rect.adjusted(8, 6, -(self.fontMetrics().horizontalAdvance("00000") + 26), -6)

    def pixels_of(self, points: Array, rect: QRect) -> Array:
        """Points `[…, 2]` in units of the widget: one scale for both axes."""
        scale, centre = self._scale(rect, self._view)
        middle = np.array([self._view.center().x(), self._view.center().y()])
        flip = np.array([scale, -scale])
        return (points - middle) * flip + np.array([centre.x(), centre.y()])

    def _scale(self, rect: QRect, view: QRectF) -> tuple[float, QPointF]:
        """Pixels of one unit, and where the middle of the view lies: below the name, above the words of the axes."""
        line = self.fontMetrics().height()
        inside = QRectF(rect).adjusted(8, line + 12, -8, -(line + 6))
        width, height = max(inside.width(), 8.0), max(inside.height(), 8.0)
        return min(width / view.width(), height / view.height()), inside.center()

    def entry_at(self, place: QPointF) -> int | None:
        """The entry nearest to the pointer, if one is near."""
        if not len(self.points):
            return None
        distance = np.hypot(*(self.pixels_of(self.points, self.plot_rect) - np.array([place.x(), place.y()])).T)
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= NEAR_PIXELS else None

    # -- drawing ----------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        theme, ratio = theme_of(self.palette()), self.devicePixelRatioF()
        if self._cache is None or self._cache.size() != self.size() * ratio:
            self._cache = QImage((self.size() * ratio).expandedTo(QSize(1, 1)), QImage.Format.Format_RGB32)
            self._cache.setDevicePixelRatio(ratio)
            inside = QPainter(self._cache)
            inside.setFont(self.font())
            self._paint_still(inside, self.rect(), theme)
            inside.end()
        painter = QPainter(self)
        painter.drawImage(0, 0, self._cache)
        self._paint_moving(painter, self.plot_rect, theme)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.plot_rect.adjusted(-1, -1, 0, 0))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw it into a rectangle of any painter."""
        self._paint_still(painter, rect, theme)
        self._paint_moving(painter, self.plot_rect_in(rect), theme)

    def _paint_still(self, painter: QPainter, whole: QRect, theme: Theme) -> None:
        painter.fillRect(whole, theme.background)
        rect = self.plot_rect_in(whole)
        painter.fillRect(rect, theme.lane)
        if rect.width() < 8 or rect.height() < 8:
            return
        if not len(self.points):
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.waiting)
            return
        ratio = painter.device().devicePixelRatioF()
        size = (round(rect.height() * ratio), round(rect.width() * ratio))
        pixels = np.full(size, rgb32(theme.lane), np.uint32)
        at = (self.pixels_of(self.points, rect) - np.array([rect.left(), rect.top()])) * ratio
        self._splat(pixels, at, ratio, theme)
        draw_pixels(painter, rect.topLeft(), pixels, ratio)
        most = float(self._known_counts().max(initial=0.0))
        bar = QRect(rect.right() + 8, rect.top(), 10, rect.height())
        draw_colour_bar(painter, bar, table("viridis"), [(1.0, f"{most:.3g}×"), (0.0, "1×")], theme)
        if len(self.points) <= NAMED:
            self._paint_names(painter, rect, theme)
        draw_plaque(painter, rect, self.title, theme)
        if self.axes[0]:
            metrics = painter.fontMetrics()
            painter.setPen(theme.muted)
            box = QRectF(rect.left() + 6, rect.bottom() - metrics.height() - 2, rect.width() - 12, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"→ {self.axes[0]}   ↑ {self.axes[1]}")

    def _paint_names(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Each entry's index beside it, where there are few."""
        metrics = painter.fontMetrics()
        painter.setPen(theme.muted)
        for entry, (x, y) in enumerate(self.pixels_of(self.points, rect)):
            if rect.contains(int(x), int(y)):
                painter.drawText(QPointF(x + 8, y + metrics.height() / 3), str(entry))

    def _known_counts(self) -> Array:
        counts = np.zeros(len(self.points))
        shared = min(len(counts), len(self.counts))
        counts[:shared] = self.counts[:shared]
        return counts

    def _splat(self, pixels: NDArray[np.uint32], at: Array, ratio: float, theme: Theme) -> None:
        """Links, the path, entries never chosen, entries chosen: in this order."""
        ground, count = rgb32(theme.lane), len(at)
        muted = np.full(count, rgb32(theme.muted), np.uint32)
        if self.links and self.neighbours.shape[1:] and self.neighbours.shape[1]:
            other = np.clip(self.neighbours[:, 0], 0, count - 1)
            splat_path(pixels, np.stack([at, at[other]], axis=1), muted, 0.72, ground)
        path = self.path[(self.path >= 0) & (self.path < count)]
        if len(path) > 1:
            splat_path(pixels, at[path], np.full(len(path), rgb32(theme.decoded), np.uint32), 0.45, ground)
        counts = self._known_counts()
        never, chosen = counts <= 0, np.flatnonzero(counts > 0)
        large = min(max((1000 / count) ** 0.25, 1.0), 2.2) * ratio  # few entries have more room
        splat_points(pixels, at[never], muted[never], round(4 * large), hollow=True)
        if not len(chosen):
            return
        chosen = chosen[np.argsort(counts[chosen])]  # frequent ones on top
        share = np.log(np.maximum(counts[chosen], 1.0)) / max(float(np.log(max(counts.max(), 1.0))), 1e-9)
        colours = table("viridis")[(share * 255).astype(np.int64)]
        sizes = np.round((3 + 5 * share) * large).astype(np.int64)
        edge = rgb32(theme.background)
        for side in np.unique(sizes):
            these = sizes == side
            dark = np.full(int(these.sum()), edge, np.uint32)
            splat_points(pixels, at[chosen][these], dark, int(side) + 2)
            splat_points(pixels, at[chosen][these], colours[these], int(side))

    def _paint_moving(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """What changes with the cursor and the pointer."""
        if not len(self.points):
            return
        painter.save()
        painter.setClipRect(rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        trail = self.trail[(self.trail >= 0) & (self.trail < len(self.points))][-TRAIL:]
        places = [QPointF(x, y) for x, y in self.pixels_of(self.points[trail], rect)]
        for step in range(1, len(places)):
            colour = QColor(theme.cursor)
            colour.setAlphaF(0.15 + 0.85 * step / max(len(places) - 1, 1))
            painter.setPen(QPen(colour, 1.6))
            painter.drawLine(places[step - 1], places[step])
        if places:
            self._ring(painter, places[-1], 8, theme.cursor, theme)
        if self.chosen is not None and self.chosen < len(self.points):
            self._paint_chosen(painter, self.chosen, rect, theme)
        painter.restore()

    def _paint_chosen(self, painter: QPainter, entry: int, rect: QRect, theme: Theme) -> None:
        near = self.near(entry)
        here, *others = (QPointF(x, y) for x, y in self.pixels_of(self.points[[entry, *near]], rect))
        painter.setPen(QPen(theme.accent, 1.4))
        for place in others:
            painter.drawLine(here, place)
        for place in others:
            self._ring(painter, place, 5, theme.accent, theme)
        self._ring(painter, here, 7, theme.accent, theme)
        metrics = painter.fontMetrics()
        box = QRectF(
            here.x() + 10, here.y() - metrics.height() - 4, metrics.horizontalAdvance(str(entry)) + 8, metrics.height()
        )
        if box.right() > rect.right():
            box.moveRight(here.x() - 10)
        painter.fillRect(box, theme.background)
        painter.setPen(theme.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(entry))

    @staticmethod
    def _ring(painter: QPainter, place: QPointF, radius: float, colour: QColor, theme: Theme) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen, width in ((theme.background, 4.0), (colour, 2.0)):
            painter.setPen(QPen(pen, width))
            painter.drawEllipse(place, radius, radius)

    # -- mouse and keys ---------------------------------------------------------------------------------------------
    def near(self, entry: int) -> Sequence[int]:
        """The nearest entries, nearest first."""
        if entry >= len(self.neighbours):
            return ()
        return [int(other) for other in self.neighbours[entry] if 0 <= other < len(self.points)]

    def _say(self, entry: int | None) -> None:
        self.hovered.emit("" if entry is None else self.tell(entry) if self.tell is not None else f"Entry {entry}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        entry = self.entry_at(event.position())
        if entry is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.entry_alone.emit(entry)
            return
        self._press, self._dragged = (event.position(), QRectF(self._view)), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is not None:
            start, view = self._press
            moved = event.position() - start
            self._dragged = self._dragged or moved.manhattanLength() >= DRAG_PIXELS
            if self._dragged:
                scale, _ = self._scale(self.plot_rect, view)
                self._view = view.translated(-moved.x() / scale, moved.y() / scale)
                self.invalidate()
            return
        self._say(self.entry_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._press is not None:
            self._press = None
            entry = self.entry_at(event.position())
            if not self._dragged and entry is not None:
                self.entry_chosen.emit(entry)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom(0.8 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def _zoom(self, factor: float, around: QPointF) -> None:
        view = self._view
        scale, centre = self._scale(self.plot_rect, view)
        x = view.center().x() + (around.x() - centre.x()) / scale
        y = view.center().y() - (around.y() - centre.y()) / scale
        self._view = QRectF(
            x + (view.left() - x) * factor, y + (view.top() - y) * factor, view.width() * factor, view.height() * factor
        )
        self.invalidate()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if key == Qt.Key.Key_F:
            self.fit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._zoom(1.25 if key == Qt.Key.Key_Minus else 0.8, QPointF(self.plot_rect.center()))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen is not None:
            (self.entry_alone if alt else self.entry_wanted).emit(self.chosen)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and len(self.points):
            near = () if self.chosen is None else self.near(self.chosen)
            entry = 0 if self.chosen is None else self.chosen
            if near:
                entry = near[0 if key == Qt.Key.Key_Right else min(1, len(near) - 1)]
            self.entry_chosen.emit(entry)
            self._say(entry)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.invalidate()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.invalidate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 140)
