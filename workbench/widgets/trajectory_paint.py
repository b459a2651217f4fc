"""Draws paths through latent space: lines, points, pairs, axes or a box, the key of the colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from workbench.widgets.axes import draw_axes
from workbench.widgets.camera import Camera, with_depth
from workbench.widgets.colormap import blend
from workbench.widgets.labels import draw_colour_bar
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.point_colours import (
    Colouring,
    label_colours,
    label_pixels,
    muted_pixel,
    number_colours,
    number_marks,
    path_table,
)
from workbench.widgets.splat import GLYPHS, MAX_STEPS, splat_path, splat_points
from workbench.widgets.theme import Theme, rgb32, right_gutter
from workbench.widgets.ticks import seconds_text, step_for, ticks
from workbench.widgets.trajectory import Trajectory, step_of

Array = NDArray[Any]
MOST_NAMES = 10  # rows of a key
MOST_PLACED = 60  # labels written where their points lie
FAR_FADE = 0.55  # of the points that lie furthest away


@dataclass(frozen=True)
class Scene:
    """All that a drawing shows but for the playhead and the lasso."""

    paths: tuple[Trajectory, ...]  # the first is the clip's own
    camera: Camera
    colouring: Colouring
    time_range: tuple[float, float]
    show_after: bool
    box: tuple[Array, Array]  # the corners of all points
    selected: Array | None = None  # frames of the first path

    @property
    def spatial(self) -> bool:
        """Whether the third axis is seen."""
        return self.camera.spatial and all(path.dimensions > 2 for path in self.paths)

    @property
    def labels_have_shapes(self) -> bool:
        """Few labels of one recording differ by shape; of several recordings the shape says which one it is."""
        return self.colouring.kind == "label" and len(self.paths) == 1 and len(self.colouring.names) <= len(GLYPHS)

    def frames(self, index: int) -> tuple[int, int]:
        """Frames [first, last) of a path that are in colour: those of the visible time, all of other recordings."""
        path = self.paths[index]
        return path.frames_in(*self.time_range) if index == 0 else (0, len(path))


def plot_rect(rect: QRect, metrics: QFontMetrics) -> QRect:
    """Where points are drawn inside of the whole drawing."""
    left, bottom = 2 * metrics.height() + 12, 2 * metrics.height() + 12
    right = right_gutter(metrics) + 4
    return QRect(
        rect.left() + left, rect.top() + 6, max(1, rect.width() - left - right), max(1, rect.height() - bottom - 6)
    )  # fmt: skip


def draw_scene(
    painter: QPainter, rect: QRect, scene: Scene, theme: Theme, ratio: float, buffer: PixelBuffer | None = None
) -> None:
    """The whole drawing into `rect`; points at `ratio` pixels a unit, axes and texts as the painter draws them."""
    plot = plot_rect(rect, painter.fontMetrics())
    if not scene.paths or not len(scene.paths[0]):
        painter.fillRect(plot, theme.lane)
        return
    draw_pixels(painter, plot.topLeft(), point_pixels(scene, plot, theme, ratio, buffer), ratio)
    names = scene.paths[0].axis_names
    if scene.spatial:
        _draw_box(painter, plot, scene, names, theme)
    else:
        draw_axes(painter, plot, view_of(scene.camera, plot), (names[0], names[1]), theme)
    painter.save()
    painter.setClipRect(plot)
    if scene.colouring.kind == "label" and not scene.labels_have_shapes:
        _draw_labels(painter, plot, scene, theme)
    _draw_key(painter, plot, scene, theme)
    painter.restore()
    _draw_bar(painter, plot, scene, theme)


def view_of(camera: Camera, plot: QRect) -> QRectF:
    """What the drawing shows of the first two axes, in data units, y upwards."""
    width, height = camera.per_pixel * plot.width(), camera.per_pixel * plot.height()
    return QRectF(float(camera.centre[0]) - width / 2, float(camera.centre[1]) - height / 2, width, height)


# -- points ---------------------------------------------------------------------------------------------------------
class PixelBuffer:
    """Pixels that are used again for the next drawing: fresh memory costs a millisecond."""

    def __init__(self) -> None:
        self._pixels = np.zeros((0, 0), np.uint32)

    def filled(self, height: int, width: int, ground: int) -> NDArray[np.uint32]:
        """`[height, width]` of one colour."""
        if self._pixels.shape != (height, width):
            self._pixels = np.empty((height, width), np.uint32)
        self._pixels.fill(ground)
        return self._pixels


def point_pixels(
    scene: Scene, plot: QRect, theme: Theme, ratio: float, buffer: PixelBuffer | None = None
) -> NDArray[np.uint32]:
    """The picture of all points and lines, without any Qt drawing."""
    height, width = max(1, round(plot.height() * ratio)), max(1, round(plot.width() * ratio))
    ground = rgb32(theme.lane)
    pixels = (buffer or PixelBuffer()).filled(height, width, ground)
    first, last = scene.frames(0)
    own = scene.paths[0]
    if first > 0 or last < len(own):
        backdrop = _placed(scene, own.before[:: step_of(len(own))], plot, ratio)[0]
        splat_points(pixels, backdrop, np.full(len(backdrop), muted_pixel(theme), np.uint32), 1)
    for index in reversed(range(len(scene.paths))):  # the clip's own on top
        _splat(pixels, scene, index, plot, theme, ratio)
    if scene.selected is not None and len(scene.selected):
        chosen = scene.selected[scene.selected < len(own)]
        at = _placed(scene, own.before[chosen], plot, ratio)[0]
        for size, colour in ((9, theme.background), (7, theme.text)):
            splat_points(pixels, at, np.full(len(at), rgb32(colour), np.uint32), round(size * ratio), hollow=True)
    return pixels


def _splat(pixels: NDArray[np.uint32], scene: Scene, index: int, plot: QRect, theme: Theme, ratio: float) -> None:
    path = scene.paths[index]
    first, last = scene.frames(index)
    step = step_of(last - first)
    part = slice(first, last, step)
    if last <= first:
        return
    ground = rgb32(theme.lane)
    at, depth = _placed(scene, path.before[part], plot, ratio)
    colours = frame_colours(scene, index, part, theme)
    splat_path(pixels, at, colours, 0.55 if index == 0 and scene.colouring.kind != "label" else 0.75, ground)
    count = len(at)
    dot = max(2, round((5 if count < 400 else 4 if count < 1500 else 3 if count < 6000 else 2) * ratio))
    if scene.show_after and path.after is not None:
        after = _placed(scene, path.after[part], plot, ratio)[0]
        muted = np.full(len(at), rgb32(theme.decoded), np.uint32)
        splat_path(pixels, np.stack([at[: len(after)], after], axis=1), muted, 0.35, ground, MAX_STEPS // 3)
        splat_points(pixels, after, muted[: len(after)], dot + (2 if count < 6000 else 1), hollow=True)
    glyph = GLYPHS[index % len(GLYPHS)]
    if scene.labels_have_shapes:
        dot = max(dot, round((7 if count < 1500 else 5) * ratio))
        _splat_labels(pixels, at, colours, dot, scene.colouring.values[0], part)
        return
    if index:
        dot = max(dot + 1, round(6 * ratio)) if count < 6000 else dot + 1
    if not scene.spatial:
        splat_points(pixels, at, colours, dot, glyph=glyph)
        return
    low = float(depth.min())
    near = (depth - low) / max(float(depth.max()) - low, 1e-9)
    order = np.argsort((near * 65535).astype(np.uint16), kind="stable")  # 16 bits are sorted ten times as fast
    at = at[order]
    colours = blend(colours[order], ground, FAR_FADE * (1 - near[order]))
    half = len(at) // 2
    splat_points(pixels, at[:half], colours[:half], max(2, dot - 1), glyph=glyph)
    splat_points(pixels, at[half:], colours[half:], dot + (1 if dot > 2 else 0), glyph=glyph)


def _splat_labels(
    pixels: NDArray[np.uint32], at: Array, colours: NDArray[np.uint32], dot: int, values: Array | None, part: slice
) -> None:
    """Each label with a shape of its own; points without one as small squares, beneath."""
    which = np.full(len(at), np.nan, np.float32)
    known = np.asarray(values)[part][: len(at)] if values is not None else which[:0]
    which[: len(known)] = known
    none = np.isnan(which)
    splat_points(pixels, at[none], colours[none], 2)
    for label, glyph in enumerate(GLYPHS):
        own = which == label
        splat_points(pixels, at[own], colours[own], dot, glyph=glyph)


def _placed(scene: Scene, points: Array, plot: QRect, ratio: float) -> tuple[Array, Array]:
    return scene.camera.place(points, plot.width(), plot.height(), ratio)


def frame_colours(scene: Scene, index: int, part: slice, theme: Theme) -> NDArray[np.uint32]:
    """The pixel of each frame of a path."""
    colouring, path = scene.colouring, scene.paths[index]
    count = len(range(*part.indices(len(path))))
    if colouring.kind == "clip":
        return np.full(count, label_colours(len(scene.paths), theme.dark)[index], np.uint32)
    if colouring.kind == "time":
        return np.asarray(path_table()[np.linspace(0, 255, max(count, 1)).astype(int)][:count], np.uint32)
    row = colouring.values[index] if index < len(colouring.values) else None
    if row is None:
        return np.full(count, muted_pixel(theme), np.uint32)
    values = np.full(count, np.nan, np.float32)
    known = np.asarray(row[: len(path)])[part]
    values[: len(known)] = known
    if colouring.names:
        return label_pixels(values, label_colours(len(colouring.names), theme.dark), muted_pixel(theme))
    return number_colours(values, colouring.span, colouring.logarithmic, muted_pixel(theme))


# -- axes and key ---------------------------------------------------------------------------------------------------
def _draw_box(painter: QPainter, plot: QRect, scene: Scene, names: tuple[str, ...], theme: Theme) -> None:
    """The edges of the box around all points, and its three axes with their names."""
    low, high = (with_depth(corner[None])[0] for corner in scene.box)
    cells = np.indices((2, 2, 2)).reshape(3, 8).T
    at, depth = scene.camera.place(low + cells * (high - low), plot.width(), plot.height())
    place = [QPointF(plot.left() + float(x), plot.top() + float(y)) for x, y in at]
    number = {tuple(cell): index for index, cell in enumerate(cells.tolist())}
    painter.save()
    painter.setClipRect(plot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.grid, 1))
    far = int(depth.argmin())
    edges = [
        (index, number[tuple(1 - c if axis == a else c for a, c in enumerate(cell))])
        for index, cell in enumerate(cells.tolist())
        for axis in range(3)
        if cell[axis] == 0
    ]
    painter.drawLines([QLineF(place[a], place[b]) for a, b in edges])
    painter.setPen(QPen(theme.muted, 1.5))
    metrics = painter.fontMetrics()
    for axis in range(3):
        beside = list(cells[far])
        beside[axis] = 1 - beside[axis]
        start, end = place[far], place[number[tuple(int(c) for c in beside)]]
        painter.setPen(QPen(theme.muted, 1.5))
        painter.drawLine(QLineF(start, end))
        _draw_axis_name(painter, plot, start, end, names[axis], metrics, theme)
    painter.restore()


def _draw_axis_name(
    painter: QPainter, plot: QRect, start: QPointF, end: QPointF, name: str, metrics: QFontMetrics, theme: Theme
) -> None:
    """At the outer end of an axis, inside of the drawing."""
    if QLineF(start, end).length() < 24:  # seen from its end
        return
    width, height = metrics.horizontalAdvance(name) + 8, metrics.height()
    outward = end - start
    length = max(1.0, float(np.hypot(outward.x(), outward.y())))
    middle = end + outward * (10 / length)
    x = min(max(middle.x() - width / 2, plot.left() + 2), plot.right() - width - 2)
    y = min(max(middle.y() - height / 2, plot.top() + 2), plot.bottom() - height - 2)
    box = QRectF(x, y, width, height)
    ground = QColor(theme.lane)
    ground.setAlpha(200)
    painter.fillRect(box, ground)
    painter.setPen(theme.text)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def _draw_labels(painter: QPainter, plot: QRect, scene: Scene, theme: Theme) -> None:
    """Each label where the middle of its points lies; one that would cover another is left out."""
    colouring = scene.colouring
    sums, counts = np.zeros((2, len(colouring.names))), np.zeros(len(colouring.names))
    for index, path in enumerate(scene.paths):
        row = colouring.values[index] if index < len(colouring.values) else None
        if row is None:
            continue
        first, last = scene.frames(index)
        values = np.asarray(row[first:last])
        known = np.flatnonzero(np.isfinite(values))
        at = _placed(scene, path.before[first:last][known], plot, 1.0)[0]
        which = values[known].astype(int)
        counts += np.bincount(which, minlength=len(counts))
        sums += [np.bincount(which, at[:, axis], len(counts)) for axis in (0, 1)]
    metrics = painter.fontMetrics()
    taken: list[QRectF] = []
    colours = label_colours(len(colouring.names), theme.dark)
    for label in np.argsort(-counts, kind="stable")[:MOST_PLACED]:
        if not counts[label]:
            break
        x, y = sums[:, label] / counts[label]
        width = metrics.horizontalAdvance(colouring.names[label]) + 8
        box = QRectF(plot.left() + x - width / 2, plot.top() + y - metrics.height() / 2, width, metrics.height())
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        ground = QColor(theme.background)
        ground.setAlpha(220)
        painter.fillRect(box, ground)
        painter.fillRect(
            QRectF(box.left(), box.bottom() - 2, box.width(), 2), QColor.fromRgb(int(colours[label % len(colours)]))
        )
        painter.setPen(theme.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, colouring.names[label])


def _draw_key(painter: QPainter, plot: QRect, scene: Scene, theme: Theme) -> None:
    """Names of the recordings with their shapes, and of few labels with their colours, in the upper right corner."""
    rows: list[tuple[str, int, str]] = []
    several = len(scene.paths) > 1
    if several:
        by_clip = scene.colouring.kind == "clip"
        colours = label_colours(len(scene.paths), theme.dark)
        plain = rgb32(theme.text)
        rows = [
            (GLYPHS[i % len(GLYPHS)], int(colours[i]) if by_clip else plain, path.name)
            for i, path in enumerate(scene.paths)
        ]
    names = scene.colouring.names if scene.colouring.kind == "label" else ()
    if names and len(names) <= MOST_NAMES:
        palette = label_colours(len(names), theme.dark)
        shapes = GLYPHS if scene.labels_have_shapes else ("square",) * len(names)
        rows += [(shapes[i], int(palette[i]), name) for i, name in enumerate(names)]
    if scene.show_after and any(path.after is not None for path in scene.paths):
        rows.append(("hollow", rgb32(theme.decoded), "after quantisation"))
    if not rows:
        return
    metrics = painter.fontMetrics()
    line = metrics.height() + 2
    room = max(60, plot.width() // 2)
    texts = [metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room) for _, _, text in rows]
    width = max(metrics.horizontalAdvance(text) for text in texts) + 26
    box = QRectF(plot.right() - width - 4, plot.top() + 4, width, line * len(rows) + 6)
    ground = QColor(theme.background)
    ground.setAlpha(220)
    painter.fillRect(box, ground)
    for number, ((glyph, colour, _), text) in enumerate(zip(rows, texts, strict=True)):
        top = box.top() + 3 + number * line
        mark = np.full((11, 11), rgb32(theme.background), np.uint32)
        splat_points(mark, np.array([[5.0, 5.0]]), np.array([colour], np.uint32), 9, glyph=glyph)
        draw_pixels(painter, QPointF(box.left() + 5, top + (line - 11) / 2).toPoint(), mark)
        painter.setPen(theme.text)
        painter.drawText(
            QRectF(box.left() + 22, top, width - 24, line),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )


def _draw_bar(painter: QPainter, plot: QRect, scene: Scene, theme: Theme) -> None:
    """The colour bar of time or of a number, right of the drawing."""
    bar = QRect(plot.right() + 10, plot.top(), right_gutter(painter.fontMetrics()), plot.height())
    colouring = scene.colouring
    if colouring.kind == "number":
        marks = number_marks(colouring.span, colouring.logarithmic)
    elif colouring.kind == "time":
        start, end = scene.time_range
        step = step_for(end - start, 4)
        marks = [((t - start) / (end - start), seconds_text(t, step)) for t in ticks(start, end, 4)]
    else:
        return
    draw_colour_bar(painter, bar, path_table(), marks, theme)
    painter.save()
    painter.setPen(theme.muted)
    height = painter.fontMetrics().height()
    painter.translate(plot.right() + right_gutter(painter.fontMetrics()) + 3, bar.bottom())
    painter.rotate(-90)
    title = f"{colouring.title} · {colouring.unit}" if colouring.unit else colouring.title
    painter.drawText(QRectF(0, -height, bar.height(), height), Qt.AlignmentFlag.AlignCenter, title)
    painter.restore()
