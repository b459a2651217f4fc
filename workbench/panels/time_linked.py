"""Base of the panels that share the time axis: waveform, spectrogram, codes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from workbench import commands
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.state.derived_takes import key_of
from workbench.state.take_names import title_of
from workbench.widgets.controls import in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.flags import Flag
from workbench.widgets.read_out import ReadOut
from workbench.widgets.time_plot import TimePlot

OPEN_HINT = "Open a sound file: Ctrl+O or drop it here"
HIDDEN = "hidden while listening is blind"


def shown_depth(context: Context, before: int) -> int:
    """What to show beside the original: the chosen take; at the original the one `before`, or that of all books."""
    return context.playback.depth or (before if 0 < before < len(context.codec.takes) else context.codec.full)


def title_of_number(context: Context, number: int) -> str:
    """Any take as lanes name it, with its bitrate; ▸ marks what is heard."""
    heard = " ▸" if context.playback.depth == number and not context.playback.blind else ""
    if number == 0:
        return f"Original{heard}"
    key = key_of(number)
    column = context.columns.columns.get(key.column)
    info = column.info if column is not None else context.codec.info
    if info is None:
        return f"Decode{heard}"
    takes = column.takes if column is not None else context.codec.takes
    rate = takes[key.of].bitrate_kbps if key.kind == "take" and key.of < len(takes) else 0.0
    name = f"{column.title}, " if column is not None else ""
    words = title_of(info, key)
    words = name + (words[0].lower() + words[1:] if name else words)
    return words + (f" · {rate:.2f} kbps" if rate else "") + heard


class TimeLinkedPanel(Panel):
    """A tool row with a read-out over a plot whose cursor, range and loop are those of the context."""

    def __init__(
        self,
        context: Context,
        plot: TimePlot,
        controls: Sequence[QWidget],
        resting: str,
        second_row: QWidget | None = None,
    ) -> None:
        super().__init__(context)
        self.plot = plot
        self.read_out = ReadOut(resting)
        self.empty = EmptyState(OPEN_HINT)
        self._depth = 0
        self._shown: tuple[object, ...] = ()
        tools = QHBoxLayout()
        tools.setContentsMargins(4, 2, 4, 0)
        for control in controls:
            tools.addWidget(control)
        tools.addSpacing(6)
        tools.addWidget(self.read_out, 1)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(tools)
        if second_row is not None:
            column.addWidget(second_row)
        column.addWidget(plot, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        in_tab_order(*controls, plot)
        self.setFocusProxy(plot)

        plot.hovered.connect(self.read_out.say)
        plot.seek_requested.connect(self._seek)
        plot.range_requested.connect(context.time_view.set_range)
        plot.region_selected.connect(self._select_region)
        context.time_view.changed.connect(self._show_range)
        context.clip.opened.connect(self.clip_opened)
        context.clip.progress_changed.connect(self._show_empty_state)
        context.playback.changed.connect(self.playback_changed)
        context.playback.moved.connect(self._show_cursor)
        context.codec.changed.connect(self.playback_changed)
        context.marks.changed.connect(self._show_marks)
        self._show_marks()

    # -- what a panel writes ------------------------------------------------------------------------------------
    def show_data(self) -> None:
        """Give the plot what there is."""

    # -- the state changed --------------------------------------------------------------------------------------
    def clip_opened(self) -> None:
        """Another clip, or none."""
        self._show_empty_state()
        self._show_range()
        self._shown = ()
        self.playback_changed()
        self._show_cursor()

    def playback_changed(self) -> None:
        """Depth, loop or blind changed."""
        self._depth = shown_depth(self.context, self._depth)
        playback, rate = self.context.playback, self.context.clip.data.rate_hz
        region = (playback.loop[0] / rate, playback.loop[1] / rate) if playback.loop and rate else None
        self.plot.set_region(region, playback.looping)
        shown = (self._depth, playback.depth, playback.blind, self.context.codec.info)
        if shown != self._shown:  # playing, volume and device change nothing that is drawn
            self._shown = shown
            self.show_data()

    @property
    def decode_title(self) -> str:
        """The decode as lanes name it."""
        return title_of_number(self.context, self._depth) if self._depth else "Decode"

    @property
    def original_title(self) -> str:
        """The original as lanes name it; ▸ marks what is heard."""
        return "Original" + (" ▸" if self.context.playback.depth == 0 and not self.context.playback.blind else "")

    @property
    def decode_waiting(self) -> str:
        """What a lane says while the decode is not there."""
        if self.context.playback.blind:
            return HIDDEN
        clip = self.context.clip
        return f"{clip.stage} … {clip.fraction:.0%}" if clip.stage else "not made yet"

    def refresh(self) -> None:
        """Follow the play cursor, page by page when zoomed in."""
        self._show_cursor()
        view, seconds = self.context.time_view, self._cursor_s()
        span = view.end_s - view.start_s
        if self.context.playback.playing and span < view.length_s and not view.start_s <= seconds < view.end_s:
            view.set_range(seconds, seconds + span)

    def _cursor_s(self) -> float:
        rate = self.context.clip.data.rate_hz
        return self.context.playback.position / rate if rate else 0.0

    def _show_cursor(self, _sample: int = 0) -> None:
        self.plot.set_cursor(self._cursor_s())

    def _show_marks(self) -> None:
        self.plot.set_flags(tuple(Flag(mark.time_s, mark.title, mark.end_s) for mark in self.context.marks.marks))

    def _show_range(self) -> None:
        view = self.context.time_view
        self.plot.set_range(view.start_s, view.end_s, view.length_s)

    def _show_empty_state(self) -> None:
        clip = self.context.clip
        self.stack.setCurrentIndex(1 if clip.is_open else 0)
        if not clip.is_open:
            self.empty.set_text(f"{clip.stage} …" if clip.stage else OPEN_HINT)

    # -- the person ---------------------------------------------------------------------------------------------
    def _seek(self, seconds: float) -> None:
        rate = self.context.clip.data.rate_hz
        if rate:
            commands.seek(self.context, round(seconds * rate))

    def _select_region(self, start_s: float, end_s: float) -> None:
        rate = self.context.clip.data.rate_hz
        if rate:
            commands.set_loop(self.context, round(start_s * rate), round(end_s * rate))
