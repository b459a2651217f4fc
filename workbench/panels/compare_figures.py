"""What the compare panel gives to be taken out: the versions, rate and distortion, the marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QWidget

from workbench.context import Context
from workbench.panels.compare_view import matrix_columns, series_of
from workbench.state.derived_takes import key_of
from workbench.verbs.compare import codec_title, take_words
from workbench.widgets.figure import Cell, Figure, Table
from workbench.widgets.rate_distortion import RateDistortion

HEADS = (
    "codec", "version", "bitrate_kbps", "gain_db", "delay_samples", "si_sdr_db", "snr_db", "mel_distance_db",
)  # fmt: skip
HOW = "Each version is aligned by its measured delay and heard at the loudness of the original by the gain shown."
MEASURED = "Measured after alignment and before the gain, at the rate of the clip."


def versions(ctx: Context, widget: QWidget) -> Figure:
    """All cells with their numbers."""

    def table() -> Table:
        return Table(HEADS, _rows(ctx))

    def arrays() -> dict[str, np.ndarray]:
        rows = list(_rows(ctx))
        columns = {name: [row[place] for row in rows] for place, name in enumerate(HEADS)}
        numeric = {name: np.array([np.nan if v == "" else v for v in columns[name]], np.float64) for name in HEADS[2:]}
        return {name: np.array(columns[name]) for name in HEADS[:2]} | numeric

    return Figure("versions", f"Versions of {_clip(ctx)}", widget, arrays, table, (HOW, MEASURED))


def _rows(ctx: Context) -> Iterator[tuple[Cell, ...]]:
    for number in series_of(matrix_columns(ctx)):
        render, metrics = ctx.clip.data.renders.get(number), ctx.columns.metrics.get(number)
        if render is None:
            continue
        measures: tuple[float | None, ...] = (None, None, None)
        kbps: float | None = render.bitrate_kbps or None
        if metrics is not None:
            measures = (metrics.si_sdr_db, metrics.snr_db, metrics.mel_distance_db)
            kbps = metrics.bitrate_kbps or None
        numbers = (kbps, render.gain_db, render.delay_samples, *measures)
        yield (
            codec_title(ctx, key_of(number).column),
            take_words(ctx, number),
            *("" if value is None else value for value in numbers),
        )


def rate_distortion(ctx: Context, plot: RateDistortion) -> Figure:
    """The points of the plot."""
    points, metric = plot.points, plot.measure
    value_name = f"{metric.name.lower().replace('-', '_').replace(' ', '_')}_{metric.unit.lower()}"

    def table() -> Table:
        rows = ((p.name, "" if p.kbps is None else p.kbps, p.value) for p in points)
        return Table(("version", "bitrate_kbps", value_name), rows)

    def arrays() -> dict[str, np.ndarray]:
        return {
            "version": np.array([p.name for p in points]),
            "series": np.array([p.series for p in points], np.int64),
            "bitrate_kbps": np.array([np.nan if p.kbps is None else p.kbps for p in points]),
            value_name: np.array([p.value for p in points]),
        }

    title = f"{metric.name} against bitrate, {_clip(ctx)}"
    return Figure("rate_distortion", title, plot, arrays, table, (MEASURED,))


def marks(ctx: Context, widget: QWidget) -> Figure:
    """When, what was heard, what was noted."""
    state = ctx.marks
    rows = [
        (mark.time_s, "" if mark.end_s is None else mark.end_s, state.heard_as(mark), mark.title)
        for mark in state.marks
    ]

    def table() -> Table:
        return Table(("time_s", "end_s", "heard", "note"), rows)

    def arrays() -> dict[str, np.ndarray]:
        return {
            "time_s": np.array([row[0] for row in rows], np.float64),
            "end_s": np.array([np.nan if row[1] == "" else row[1] for row in rows], np.float64),
            "heard": np.array([row[2] for row in rows]),
            "note": np.array([row[3] for row in rows]),
        }

    return Figure("marks", f"Marks of {_clip(ctx)}", widget, arrays, table)


def _clip(ctx: Context) -> str:
    return Path(ctx.clip.data.path).name
