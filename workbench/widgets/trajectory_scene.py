"""What is drawn of paths through latent space, and its points and lines as pixels: all but axes, texts and playhead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics

from workbench.widgets.camera import Camera
from workbench.widgets.colormap import blend
from workbench.widgets.point_colours import (
    Colouring,
    label_colours,
    label_pixels,
    muted_pixel,
    number_colours,
    path_table,
)
from workbench.widgets.splat import GLYPHS, MAX_STEPS, splat_path, splat_points
from workbench.widgets.theme import Theme, rgb32, right_gutter
from workbench.widgets.trajectory import Trajectory, step_of

Array = NDArray[Any]
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
        backdrop = placed(scene, own.before[:: step_of(len(own))], plot, ratio)[0]
        splat_points(pixels, backdrop, np.full(len(backdrop), muted_pixel(theme), np.uint32), 1)
    for index in reversed(range(len(scene.paths))):  # the clip's own on top
        _splat(pixels, scene, index, plot, theme, ratio)
    if scene.selected is not None and len(scene.selected):
        chosen = scene.selected[scene.selected < len(own)]
        at = placed(scene, own.before[chosen], plot, ratio)[0]
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
    at, depth = placed(scene, path.before[part], plot, ratio)
    colours = frame_colours(scene, index, part, theme)
    faded = 0.55 if index == 0 and scene.colouring.kind != "label" else 0.75
    for shift in range(max(1, round(ratio / 1.5))):  # lines as wide as on a screen of one dot a unit
        splat_path(pixels, at + np.float32(shift), colours, faded, ground)
    count = len(at)
    dot = max(2, round((5 if count < 400 else 4 if count < 1500 else 3 if count < 6000 else 2) * ratio))
    if scene.show_after and path.after is not None:
        after = placed(scene, path.after[part], plot, ratio)[0]
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


def placed(scene: Scene, points: Array, plot: QRect, ratio: float) -> tuple[Array, Array]:
    """Points `[N, 2 or 3]` → their pixels `[N, 2]` from the corner of the drawing, and their depths."""
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
