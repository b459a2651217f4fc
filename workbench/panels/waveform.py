"""Waveform: original and decode over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.context import Context
from workbench.panels.time_linked import TimeLinkedPanel
from workbench.widgets.envelope_plot import EnvelopeLane, EnvelopePlot, round_full_scale
from workbench.widgets.figure import Figure, Table
from workbench.widgets.theme import describe

FIGURE_COLUMNS = 4000  # of the envelope, at most; samples where there are fewer


class WaveformPanel(TimeLinkedPanel):
    """Two lanes with one amplitude scale; click seeks, drag marks a loop."""

    def __init__(self, context: Context) -> None:
        self.envelopes = EnvelopePlot()
        describe(
            self.envelopes,
            "Waveform",
            "Click to seek, drag to mark a loop, wheel to zoom, Shift and wheel to pan, F shows all.",
        )
        super().__init__(context, self.envelopes, (), "click seeks · drag loops · wheel zooms")
        context.clip.peaks_added.connect(self._depth_came)
        context.clip.render_added.connect(self._depth_came)
        context.clip.progress_changed.connect(self._progress)
        self.clip_opened()

    def show_data(self) -> None:
        if not self.context.clip.is_open:
            self.envelopes.set_lanes((), 1.0)
            return
        lanes = [self._lane(0, self.original_title, "original", "reading …")]
        if self.context.codec.depths:
            hidden = self.context.playback.blind
            title = "Decode" if hidden else self.decode_title
            lanes.append(self._lane(-1 if hidden else self._depth, title, "decoded", self.decode_waiting))
        self.envelopes.set_lanes(lanes, self._full_scale())

    def _lane(self, depth: int, title: str, series: str, waiting: str) -> EnvelopeLane:
        data = self.context.clip.data
        render, peaks = data.renders.get(depth), data.peaks.get(depth)
        return EnvelopeLane(
            title,
            series,
            data.rate_hz,
            None if render is None else render.audio,
            None if peaks is None else peaks.values,
            1 if peaks is None else peaks.block_samples,
            waiting,
        )

    def figures(self) -> tuple[Figure, ...]:
        view, codec = self.context.time_view, self.context.codec.info
        lanes = tuple(lane for lane in self.envelopes.lanes if lane.audio is not None or lane.peaks is not None)
        if not lanes:
            return ()
        titles = [lane.title.split(" · ")[0].removesuffix(" ▸") for lane in lanes]
        notes = (codec.name if codec is not None else "", Path(self.context.clip.data.path).name)
        columns = envelope_columns(lanes, titles, view.start_s, view.end_s)
        return (
            Figure(
                "waveform",
                f"Waveform: {', '.join(titles)}",
                self.envelopes,
                lambda: columns,
                lambda: Table(tuple(columns), zip(*(row.tolist() for row in columns.values()), strict=True)),
                tuple(note for note in notes if note),
            ),
        )

    def _full_scale(self) -> float:
        peaks = self.context.clip.data.peaks.get(0)
        return round_full_scale(float(np.abs(peaks.values).max())) if peaks and peaks.values.size else 1.0

    def _depth_came(self, depth: int) -> None:
        if depth in (0, self._depth):
            self.show_data()

    def _progress(self) -> None:
        if self._depth not in self.context.clip.data.renders:
            self.show_data()


def envelope_columns(
    lanes: Sequence[EnvelopeLane], titles: Sequence[str], start_s: float, end_s: float
) -> dict[str, NDArray[Any]]:
    """What is in sight as columns: `time_s` (where each begins), lowest and highest value of each lane (±1: full)."""
    count = int(min(FIGURE_COLUMNS, max(1, round((end_s - start_s) * lanes[0].rate_hz))))
    found: dict[str, NDArray[Any]] = {"time_s": start_s + np.arange(count) * (end_s - start_s) / count}
    for lane, title in zip(lanes, titles, strict=True):
        ends = lane.envelope(start_s, end_s, count)
        name = "".join(letter if letter.isalnum() else "_" for letter in title.lower())
        if ends is not None:
            found |= {f"{name}_lowest": ends[0], f"{name}_highest": ends[1]}
    return found
