"""What Compare shows of the states: columns of cells, points of the rate–distortion plot, rows of marks, its line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.context import Context
from workbench.panels.time_linked import OPEN_HINT
from workbench.state.columns import Metrics
from workbench.state.derived_takes import key_of, number_of
from workbench.state.playback import label_of
from workbench.state.takes import Take
from workbench.verbs.compare import codec_title, take_words, takes_of, words_of
from workbench.widgets.flags import Flag
from workbench.widgets.mark_list import MarkRow
from workbench.widgets.rate_distortion import RateMetric, RatePoint
from workbench.widgets.take_cell import MatrixCell, MatrixColumn
from workbench.widgets.ticks import length_text

METRICS: dict[str, RateMetric] = {
    "si_sdr": RateMetric("SI-SDR", "dB", True),
    "snr": RateMetric("SNR", "dB", True),
    "mel_distance": RateMetric("Log-mel distance", "dB", False),
}


def matrix_columns(ctx: Context) -> tuple[MatrixColumn, ...]:
    """The codec, its edited codes where there are any, and every further codec."""
    if ctx.codec.info is None:
        return ()
    found: list[MatrixColumn] = []
    for number in (0, *ctx.columns.columns):
        title = codec_title(ctx, number)
        cells = tuple(_cell(ctx, take, number, "take") for take in takes_of(ctx, number)[1:]) or (
            _waiting(ctx, number),
        )
        found.append(MatrixColumn(title, _tip(ctx, number), len(found), cells))
        edited = [n for n in ctx.clip.data.renders if key_of(n).kind == "edited" and key_of(n).column == number]
        if edited:
            last = max(key_of(n).of for n in edited)
            takes = takes_of(ctx, number)[1 : last + 1]
            cells = tuple(_cell(ctx, take, number, "edited") for take in takes)
            found.append(MatrixColumn(f"{title}, edited", "The edited codes of this codec", len(found), cells))
    return tuple(found)


def _tip(ctx: Context, number: int) -> str:
    column = ctx.columns.columns.get(number)
    info = ctx.codec.info if number == 0 else column.info if column is not None else None
    rate = f" · {info.rate_hz:g} Hz" if info is not None else ""
    return f"{codec_title(ctx, number)}{rate}: click to hear the same depth of it"


def _waiting(ctx: Context, number: int) -> MatrixCell:
    """Of a codec that has not told its versions yet."""
    column = ctx.columns.columns[number]
    title = "Not there" if column.problem else "Loading …"
    return MatrixCell(number_of("take", 1, number), title, (column.problem,) if column.problem else (), title, False)


def _cell(ctx: Context, take: Take, column: int, kind: str) -> MatrixCell:
    number = number_of("edited" if kind == "edited" else "take", take.number, column)
    clip, playback = ctx.clip, ctx.playback
    render = clip.data.renders.get(number)
    was = (f"was {label_of(playback.revealed_order.index(number))}",) if number in playback.revealed_order else ()
    kbps = render.bitrate_kbps if render is not None and not take.bitrate_kbps else take.bitrate_kbps
    lines = [f"{kbps:.2f} kbps"] if kbps else []
    if render is not None:
        lines.append(f"{signed(render.gain_db)} dB")
    else:
        lines.append("…" if clip.is_open else "")
    lines += [take.remark] if take.remark else []
    name = words_of(ctx, number)
    return MatrixCell(number, take.title, (*was, *lines), name, render is not None, number in playback.picked)


def series_of(columns: Sequence[MatrixColumn]) -> dict[int, int]:
    """Number of a take → which line of the plot it belongs to."""
    return {cell.number: column.series for column in columns for cell in column.cells}


def rate_points(ctx: Context, columns: Sequence[MatrixColumn], metric: str) -> tuple[RatePoint, ...]:
    """One point for every version that was measured."""
    found = []
    for number, series in series_of(columns).items():
        metrics = ctx.columns.metrics.get(number)
        value = None if metrics is None else value_of(metrics, metric)
        if metrics is None or value is None:
            continue
        take = takes_of(ctx, key_of(number).column)[key_of(number).of]
        joined = take.depth is not None
        kbps = metrics.bitrate_kbps or None
        found.append(RatePoint(number, series, kbps, value, take.title, words_of(ctx, number), joined))
    return tuple(found)


def value_of(metrics: Metrics, metric: str) -> float | None:
    """One of METRICS, in dB."""
    values = {"si_sdr": metrics.si_sdr_db, "snr": metrics.snr_db, "mel_distance": metrics.mel_distance_db}
    return values[metric]


def mark_rows(ctx: Context) -> tuple[MarkRow, ...]:
    """The marks of the clip; what a blind trial hides stays hidden."""
    rows = []
    for mark in ctx.marks.marks:
        when = length_text(mark.time_s)
        if mark.end_s is not None:
            when += f" – {length_text(mark.end_s)}"
        rows.append(MarkRow(mark.id, when, ctx.marks.heard_as(mark), mark.name, mark.title))
    return tuple(rows)


def words_now(ctx: Context) -> str:
    """What is heard now, or what to do first."""
    clip, playback, codec = ctx.clip, ctx.playback, ctx.codec
    number = playback.depth
    if not clip.is_open:
        return f"{clip.stage} …" if clip.stage else OPEN_HINT
    if codec.info is None:
        return "Open a codec to compare depths"
    if playback.blind:
        return "Which is which? Press Reveal to see"
    if number == 0:
        return " · ".join(part for part in ("Original", codec.why_no_depth) if part)
    render = clip.data.renders.get(number)
    name = words_of(ctx, number) if ctx.columns.columns else take_words(ctx, number)
    if render is None:
        done = f": {clip.stage} {clip.fraction:.0%}" if clip.stage else ""
        return f"{name} is not made yet{done}"
    parts = [name]
    if key_of(number).kind in ("take", "edited", "alone"):
        parts.append(f"gain {signed(render.gain_db)} dB")
    if math.isfinite(render.si_sdr_db):
        parts.append(f"SI-SDR {signed(render.si_sdr_db)} dB")
    if render.delay_samples:
        samples = "sample" if abs(render.delay_samples) == 1 else "samples"
        parts.append(f"delay {render.delay_samples} {samples} removed".replace("-", "−"))
    return " · ".join(parts)


def flags_of(ctx: Context) -> tuple[Flag, ...]:
    """The marks as flags on a time axis."""
    return tuple(Flag(mark.time_s, mark.title, mark.end_s) for mark in ctx.marks.marks)


def signed(value: float) -> str:
    """A level with its sign; "0.0" where it rounds to nothing."""
    return f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0.0"
