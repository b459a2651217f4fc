"""What is drawn in the draw benchmark: our widget and pyqtgraph's stock item, each one frame at a time.

A match builds both sides on the same data; `frame(i)` changes what the frame changes (new columns, another range) and
draws the whole widget. `size` scales the data down for the smoke test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.code_rows import CodeRow
from workbench.widgets.colormap import table
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.envelope_plot import EnvelopeLane, EnvelopePlot
from workbench.widgets.live_scroll import LiveScroll
from workbench.widgets.running_spectrum import RunningSpectrum
from workbench.widgets.scroll_view import ScrollLane, ScrollView
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot
from workbench.widgets.time_plot import TimePlot
from workbench.widgets.trajectory import Trajectory
from workbench.widgets.trajectory_plot import TrajectoryPlot

Array = NDArray[Any]
WIDTH, HEIGHT = 1280, 600
RATE, HOUR_S = 24_000, 3600.0
Frame = Callable[[int], None]


@dataclass
class Side:
    """One side of a match."""

    widgets: list[QWidget]
    frame: Frame
    frames: int | None = None  # at most so many: a slow side is timed less often


@dataclass(frozen=True)
class Match:
    """One row of the table. `theirs` None: there is no stock item for it, the goal is in ms alone."""

    key: str
    title: str
    goal: str
    most_ms: float | None  # of our median
    least_ratio: float | None  # of theirs over ours; where both are given one of them is enough
    ours: Callable[[float], Side]
    theirs: Callable[[float], Side] | None = None
    note: str = ""
    frames: int = field(default=60)


def _shown(widget: QWidget, height: int = HEIGHT) -> QWidget:
    widget.resize(WIDTH, height)
    widget.show()
    return widget


def _plot() -> pg.PlotWidget:
    widget = pg.PlotWidget(background="k")
    _shown(widget)
    return widget


def _draw(widget: pg.PlotWidget) -> None:
    widget.viewport().repaint()


def zooms(length_s: float) -> Callable[[int], tuple[float, float]]:
    """Ranges of frames: from everything down to two seconds in 30 frames, then panning by 7 pixels a frame."""

    def at(index: int) -> tuple[float, float]:
        index %= 60
        span = max(length_s * (2.0 / length_s) ** (min(index, 30) / 30), 1e-2)
        start = min(max(0.4 * length_s - 0.4 * span + max(0, index - 30) * 7 / WIDTH * span, 0.0), length_s - span)
        return start, start + span

    return at


# -- scrolling spectrogram ------------------------------------------------------------------------------------------
def _noise_columns(size: float) -> Array:
    return np.random.default_rng(1).normal(-50, 12, (512, max(64, round(4000 * size)))).astype(np.float32)


def scroll_ours(size: float) -> Side:
    """Three new columns in dB a frame."""
    view = ScrollView(6.0)
    _shown(view)
    view.set_lanes((ScrollLane("input", "Input", 1.0, "8 kHz", "0"),))
    columns, colours = _noise_columns(size), table("viridis")
    _, height = view.lane_pixels("input")
    rows = np.arange(height) * 512 // height

    def frame(index: int) -> None:
        at = 3 * index % (columns.shape[1] - 3)
        shade = np.clip((columns[:, at : at + 3] + 90) * (255 / 90), 0, 255).astype(np.uint8)
        view.push("input", colours[shade[rows]])
        view.repaint(view.plot_rect)

    return Side([view], frame)


def _image_item(widget: pg.PlotWidget, image: Array, levels: tuple[float, float]) -> pg.ImageItem:
    item = pg.ImageItem(image, axisOrder="row-major")
    item.setLookupTable(pg.colormap.get("viridis").getLookupTable(nPts=256))
    item.setLevels(levels)
    widget.addItem(item)
    return item


def scroll_theirs(size: float) -> Side:
    """The picture is copied by three columns and set again."""
    widget, columns = _plot(), _noise_columns(size)
    image = np.full((512, 1200), -90, np.float32)
    item = _image_item(widget, image, (-90, 0))

    def frame(index: int) -> None:
        at = 3 * index % (columns.shape[1] - 3)
        image[:, :-3] = image[:, 3:]
        image[:, -3:] = columns[:, at : at + 3]
        item.setImage(image, autoLevels=False)
        _draw(widget)

    return Side([widget], frame)


def _microphone() -> Array:
    return np.random.default_rng(2).normal(0, 0.1, 16_000).astype(np.float32)


def live_ours(size: float) -> Side:
    """A sixtieth of a second of sound a frame, with its transform."""
    view, sound = LiveScroll(), _microphone()
    _shown(view)
    view.set_visible(("input",))
    view.start(16_000, 50.0, 0)

    def frame(index: int) -> None:
        at = 267 * index % 15_000
        view.feed_sound("input", sound[at : at + 267])
        view.view.repaint(view.view.plot_rect)

    return Side([view], frame)


def live_theirs(size: float) -> Side:
    """The same transform, and the picture set again."""
    widget, sound = _plot(), _microphone()
    image = np.zeros((512, 1200), np.uint8)
    item = _image_item(widget, image, (0, 255))
    spectrum = RunningSpectrum(16_000, 6.0 * 16_000 / 1200, 512)

    def frame(index: int) -> None:
        at = 267 * index % 15_000
        new = spectrum.feed(sound[at : at + 267])
        if new.shape[1]:
            image[:, : -new.shape[1]] = image[:, new.shape[1] :]
            image[:, -new.shape[1] :] = new
        item.setImage(image, autoLevels=False)
        _draw(widget)

    return Side([widget], frame)


# -- waveform -------------------------------------------------------------------------------------------------------
def _sound(seconds: float) -> Array:
    """float32 `[1, T]`: noise that swells, a second of it repeated with another loudness each time."""
    second = np.random.default_rng(3).normal(0, 0.2, RATE).astype(np.float32)
    loud = (0.6 + 0.4 * np.sin(np.arange(max(1, round(seconds))) / 3)).astype(np.float32)
    return (loud[:, None] * second).reshape(1, -1)


def _envelope(audio: Array) -> EnvelopePlot:
    blocks = audio[0, : audio.shape[1] // 256 * 256].reshape(-1, 256)
    peaks = np.stack([blocks.min(1), blocks.max(1)])
    plot = EnvelopePlot()
    plot.set_lanes([EnvelopeLane("Original", "original", RATE, audio, peaks, 256)], 1.0)
    return plot


def _ranged(plot: TimePlot, length_s: float, at: Callable[[int], tuple[float, float]], height: int = HEIGHT) -> Side:
    _shown(plot, height)

    def frame(index: int) -> None:
        plot.set_range(*at(index), length_s)
        plot.repaint()

    return Side([plot], frame)


def _pans(length_s: float) -> Callable[[int], tuple[float, float]]:
    """All but a tenth of it, panned by a pixel a frame: no frame shows what the one before did."""
    return lambda index: (index % 60 * length_s / WIDTH, 0.9 * length_s + index % 60 * length_s / WIDTH)


def waveform_ours(seconds: float) -> Callable[[float], Side]:
    """The whole of it, panned."""

    def build(size: float) -> Side:
        audio = _sound(max(2.0, seconds * size))
        length = audio.shape[1] / RATE
        return _ranged(_envelope(audio), length, _pans(length))

    return build


def waveform_theirs(seconds: float) -> Callable[[float], Side]:
    """PlotDataItem with `autoDownsample` (peak) and `clipToView`."""

    def build(size: float) -> Side:
        audio = _sound(max(2.0, seconds * size))[0]
        widget, length = _plot(), len(audio) / RATE
        item = pg.PlotDataItem(np.arange(len(audio)) / RATE, audio, pen=pg.mkPen("c", width=1))
        widget.addItem(item)
        widget.setYRange(-1, 1)
        widget.setXRange(0, length)
        item.setDownsampling(auto=True, method="peak")
        item.setClipToView(True)
        at = _pans(length)

        def frame(index: int) -> None:
            widget.setXRange(*at(index), padding=0)
            _draw(widget)

        return Side([widget], frame, None if len(audio) < 1e6 else 8)

    return build


# -- tokens ---------------------------------------------------------------------------------------------------------
def _codes(frames: int) -> Array:
    return np.random.default_rng(4).integers(0, 1024, (32, frames)).astype(np.int32)


def tokens_ours(frames: int) -> Callable[[float], Side]:
    """32 books over the whole clip, panned."""

    def build(size: float) -> Side:
        codes = _codes(max(100, round(frames * size)))
        raster = CodeRaster()
        raster.set_rows([CodeRow(book + 1, row, 75.0, 1024, "acoustic") for book, row in enumerate(codes)])
        length = codes.shape[1] / 75.0
        return _ranged(raster, length, _pans(length))

    return build


def tokens_theirs(frames: int) -> Callable[[float], Side]:
    """ImageItem of uint16 with a table of 1024 colours, set again with every frame, as when colours change."""

    def build(size: float) -> Side:
        codes = _codes(max(100, round(frames * size))).astype(np.uint16)
        widget = _plot()
        item = pg.ImageItem(codes, axisOrder="row-major")
        item.setLookupTable(np.random.default_rng(5).integers(0, 256, (1024, 3)).astype(np.uint8))
        item.setLevels((0, 1023))
        widget.addItem(item)
        at = _pans(codes.shape[1])

        def frame(index: int) -> None:
            item.setImage(codes, autoLevels=False)
            widget.setXRange(*at(index), padding=0)
            _draw(widget)

        return Side([widget], frame, None if codes.shape[1] < 10_000 else 8)

    return build


# -- trajectory -----------------------------------------------------------------------------------------------------
def _path(size: float, width: int) -> Array:
    count = max(50, round(10_000 * size))
    return np.cumsum(np.random.default_rng(6).normal(size=(count, width)), axis=0).astype(np.float32)


def trajectory_ours(width: int, after: bool = False) -> Callable[[float], Side]:
    """Every frame draws all points, coloured by time."""

    def build(size: float) -> Side:
        points = _path(size, width)
        plot = TrajectoryPlot()
        _shown(plot)
        moved = points + np.float32(0.5) if after else None
        plot.set_paths([Trajectory(points, moved, 50.0, tuple(f"PC {axis + 1}" for axis in range(width)))])
        plot.set_time_range(0.0, len(points) / 50.0)
        if after:
            plot.set_show_after(True)

        def frame(index: int) -> None:
            plot.invalidate()
            plot.repaint()

        return Side([plot], frame)

    return build


def trajectory_theirs(size: float) -> Side:
    """PlotDataItem with a pen one pixel wide, and the range moved a little with every frame."""
    widget, points = _plot(), _path(size, 2)
    widget.addItem(pg.PlotDataItem(points[:, 0], points[:, 1], pen=pg.mkPen("c", width=1)))
    low, high = points.min(), points.max()

    def frame(index: int) -> None:
        widget.setRange(xRange=(low - index % 7, high), yRange=(low, high), padding=0)
        _draw(widget)

    return Side([widget], frame, 20)


# -- an hour --------------------------------------------------------------------------------------------------------
def _hour_of_columns(seconds: float) -> ColumnStore:
    """Columns of 1024 samples every 256, with the pyramid that the engine makes."""
    count = max(2000, round(seconds * RATE / 256))
    block = np.random.default_rng(7).integers(0, 220, (2000, 513)).astype(np.uint8)
    values = np.concatenate([block] * -(-count // len(block)))[:count]
    store = ColumnStore(values, 256, RATE, -120.0, 0.0)
    while not store.complete or store.columns_done < count:
        store.advance(count, 1 << 20)
    return store


def hour_ours(lanes: int, scale: str = "linear") -> Callable[[float], Side]:
    """Zoom and pan over an hour."""

    def build(size: float) -> Side:
        store = _hour_of_columns(HOUR_S * size)
        every = [
            SpectrogramLane("Original", "original", store),
            SpectrogramLane("Depth 8", "decoded", store),
            SpectrogramLane("Depth 8 − original", "difference", store, store),
        ]
        plot = SpectrogramPlot()
        plot.set_lanes(every[:lanes])
        plot.set_look("viridis", scale)
        length = len(store.values) * store.column_s
        return _ranged(plot, length, zooms(length))

    return build


def hour_theirs(size: float) -> Side:
    """ImageItem of a tenth of the hour with `autoDownsample`: the whole hour would take gigabytes."""
    store = _hour_of_columns(0.1 * HOUR_S * size)
    widget = _plot()
    item = pg.ImageItem(np.ascontiguousarray(store.values.T), axisOrder="row-major", autoDownsample=True)
    item.setLookupTable(pg.colormap.get("viridis").getLookupTable(nPts=256))
    item.setLevels((0, 255))
    widget.addItem(item)
    at = zooms(float(len(store.values)))

    def frame(index: int) -> None:
        widget.setXRange(*at(index * 7), padding=0)
        _draw(widget)

    return Side([widget], frame, 8)


def hour_waveform_ours(size: float) -> Side:
    """Zoom and pan over an hour."""
    audio = _sound(max(4.0, HOUR_S * size))
    length = audio.shape[1] / RATE
    return _ranged(_envelope(audio), length, zooms(length))


def hour_tokens_ours(size: float) -> Side:
    """Zoom and pan over an hour of 32 books."""
    codes = _codes(max(300, round(HOUR_S * 75 * size)))
    raster = CodeRaster()
    raster.set_rows([CodeRow(book + 1, row, 75.0, 1024, "acoustic") for book, row in enumerate(codes)])
    length = codes.shape[1] / 75.0
    return _ranged(raster, length, zooms(length))


SIXTY_HZ = 1000 / 60
MATCHES: tuple[Match, ...] = (
    Match("scroll", "scrolling spectrogram, 3 new columns a frame", "≤ 1.5 ms or ≥ 5×", 1.5, 5, scroll_ours,
          scroll_theirs),
    Match("live", "the same in Live, with its transform", "≤ 1.5 ms or ≥ 5×", 1.5, 5, live_ours, live_theirs),
    Match("wave_10s", "waveform, 10 s", "≥ 3×", None, 3, waveform_ours(10), waveform_theirs(10)),
    Match("wave_10min", "waveform, 10 min", "≥ 3×", None, 3, waveform_ours(600), waveform_theirs(600)),
    Match("tokens", "32 books × 3000 frames", "≤ 3 ms", 3, None, tokens_ours(3000), tokens_theirs(3000)),
    Match("tokens_1h", "32 books × 270 000 frames (1 h at 75 Hz)", "≤ 3 ms", 3, None, tokens_ours(270_000),
          tokens_theirs(27_000), "theirs: a tenth of the frames"),
    Match("path_2d", "trajectory, 10 000 points", "≤ 8 ms", 8, None, trajectory_ours(2), trajectory_theirs),
    Match("path_3d", "trajectory in three dimensions, 10 000 points", "≤ 8 ms", 8, None, trajectory_ours(3)),
    Match("path_pairs", "trajectory before and after quantisation, 2 × 10 000 points and 10 000 lines", "none", None,
          None, trajectory_ours(2, after=True)),
    Match("zoom_spec", "zoom and pan of 1 h, one spectrogram", "60 Hz", SIXTY_HZ, None, hour_ours(1), hour_theirs,
          "theirs: a tenth of the hour"),
    Match("zoom_spec_mel", "the same on a mel axis", "60 Hz", SIXTY_HZ, None, hour_ours(1, "mel")),
    Match("zoom_three", "zoom and pan of 1 h, original, decode and difference", "60 Hz", SIXTY_HZ, None, hour_ours(3)),
    Match("zoom_wave", "zoom and pan of 1 h, waveform", "60 Hz", SIXTY_HZ, None, hour_waveform_ours),
    Match("zoom_tokens", "zoom and pan of 1 h, 32 books", "60 Hz", SIXTY_HZ, None, hour_tokens_ours),
)  # fmt: skip


def every_widget(*sides: Side | None) -> Iterator[QWidget]:
    """To be closed after a match."""
    for side in sides:
        if side is not None:
            yield from side.widgets
