"""A spectrogram as arrays and as a table: what is in sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.figure import Cell, Table
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot

MOST_COLUMNS = 4096  # in arrays; where more are in sight, maxima over as many equal parts
MOST_ROWS = 1024  # moments in tables


def arrays(plot: SpectrogramPlot) -> dict[str, NDArray[Any]]:
    """`time_s` `[n]`, `frequency_hz` `[bins]`, and for each lane its name and `level_db` `[n, bins]`."""
    found: dict[str, NDArray[Any]] = {}
    for index, lane in enumerate(lane for lane in plot.lanes if lane.ready):
        times, levels = _levels(lane, plot, MOST_COLUMNS)
        found |= {"time_s": times, "frequency_hz": _frequencies(lane)} if not index else {}
        found[f"lane_{index + 1}_name"] = np.array(lane.name)
        found[f"lane_{index + 1}_level_db"] = levels
        if lane.voice is not None:
            found[f"lane_{index + 1}_pitch_and_formants_hz"] = lane.voice.tracks[: lane.voice.rows_done].copy()
    return found


def table(plot: SpectrogramPlot) -> Table:
    """One row for each moment and frequency."""
    lanes = [lane for lane in plot.lanes if lane.ready]
    names = [f"{lane.name} (dB)" for lane in lanes]
    return Table(("time_s", "frequency_hz", *names), _rows(lanes, plot))


def _rows(lanes: list[SpectrogramLane], plot: SpectrogramPlot) -> Iterator[tuple[Cell, ...]]:
    every = [_levels(lane, plot, MOST_ROWS) for lane in lanes]
    if not every:
        return
    frequencies = _frequencies(lanes[0])
    for row, seconds in enumerate(every[0][0]):
        for column, frequency in enumerate(frequencies):
            levels = (round(float(levels[row, column]), 2) for _, levels in every if row < len(levels))
            yield (round(float(seconds), 6), round(float(frequency), 3), *levels)


def _levels(lane: SpectrogramLane, plot: SpectrogramPlot, most: int) -> tuple[NDArray[Any], NDArray[Any]]:
    assert lane.store is not None
    times, levels = lane.store.in_sight(plot.start_s, plot.end_s, most)
    if lane.series == "difference" and lane.minus is not None:
        other = lane.minus.in_sight(plot.start_s, plot.end_s, most)[1]
        count = min(len(levels), len(other))
        return times[:count], levels[:count] - other[:count]
    return times, levels


def _frequencies(lane: SpectrogramLane) -> NDArray[Any]:
    assert lane.store is not None
    return np.linspace(0.0, lane.store.nyquist_hz, lane.store.values.shape[1])
