"""Draws paths through latent space: their points, axes or a box around them, the key of the colours."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from workbench.widgets.axes import draw_axes
from workbench.widgets.camera import Camera, with_depth
from workbench.widgets.labels import draw_colour_bar
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.point_colours import label_colours, number_marks, path_table
from workbench.widgets.splat import GLYPHS, splat_points
from workbench.widgets.theme import Theme, rgb32, right_gutter
from workbench.widgets.ticks import seconds_text, step_for, ticks
from workbench.widgets.trajectory import step_of
from workbench.widgets.trajectory_scene import PixelBuffer, Scene, placed, plot_rect, point_pixels

MOST_NAMES = 10  # rows of a key
MOST_PLACED = 60  # labels written where their points lie


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
    painter.restore()
    _draw_key(painter, plot, scene, theme)
    _draw_bar(painter, plot, scene, theme)


def view_of(camera: Camera, plot: QRect) -> QRectF:
    """What the drawing shows of the first two axes, in data units, y upwards."""
    width, height = camera.per_pixel * plot.width(), camera.per_pixel * plot.height()
    return QRectF(float(camera.centre[0]) - width / 2, float(camera.centre[1]) - height / 2, width, height)


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
        part = slice(first, last, step_of(last - first))
        values = np.asarray(row[part])
        known = np.flatnonzero(np.isfinite(values))
        at = placed(scene, path.before[part][known], plot, 1.0)[0]
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
    beside = right_gutter(metrics) + 6 if scene.colouring.kind in ("label", "clip") else 0  # where no colour bar stands
    box = QRectF(plot.right() + beside - width - 4, plot.top() + 4, width, line * len(rows) + 6)
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
