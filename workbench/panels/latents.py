"""Latents: the path through the codec's fixed 2-D basis, coloured by time."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from workbench import commands
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe
from workbench.widgets.trajectory_plot import Trajectory, TrajectoryPlot

JOINS = "Join every point with where quantisation puts it."


class LatentsPanel(Panel):
    """The marker follows the play cursor; a click on a point seeks there; colour covers the visible stretch of time."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.trajectory = TrajectoryPlot()
        describe(self.trajectory, "Latents", "Click a point to seek there, drag to pan, wheel to zoom, F shows all.")
        self.quantised = Button("Quantised □", "Show quantised points", JOINS, True)
        self.fit = Button("Fit", "Fit", "Show the whole path.")
        self.read_out = ReadOut()
        self.empty = EmptyState("")
        tools = QHBoxLayout()
        tools.setContentsMargins(4, 2, 4, 0)
        for widget in (self.quantised, self.fit):
            tools.addWidget(widget)
        tools.addSpacing(6)
        tools.addWidget(self.read_out, 1)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(tools)
        column.addWidget(self.trajectory, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        in_tab_order(self.quantised, self.fit, self.trajectory)
        self.setFocusProxy(self.trajectory)

        self.quantised.toggled.connect(self.trajectory.set_show_after)
        self.fit.clicked.connect(self.trajectory.fit)
        self.trajectory.hovered.connect(self.read_out.say)
        self.trajectory.seek_requested.connect(self._seek)
        context.clip.opened.connect(self._show_data)
        context.clip.latents_changed.connect(self._show_data)
        context.clip.progress_changed.connect(self._show_empty_state)
        context.time_view.changed.connect(self._show_range)
        context.playback.moved.connect(self._show_cursor)
        self._show_data()

    def refresh(self) -> None:
        self._show_cursor()

    def _show_data(self) -> None:
        latents = self.context.clip.data.latents
        self._show_empty_state()
        if latents is None or not len(latents.before):
            self.trajectory.set_data(None)
            return
        shares = [f"PC {axis} · {share:.0%} of variance" for axis, share in enumerate(latents.explained, 1)]
        self.trajectory.set_data(
            Trajectory(latents.before, latents.after, latents.frame_rate_hz, (shares[0], shares[1]))
        )
        self.quantised.setEnabled(latents.after is not None)
        self.quantised.setToolTip(JOINS if latents.after is not None else self._why_not_quantised())
        self.read_out.resting = f"Basis: {latents.basis}" if latents.basis else "point at the path"
        self.read_out.say("")
        self._show_range()
        self._show_cursor()

    def _show_empty_state(self) -> None:
        clip = self.context.clip
        there = clip.data.latents is not None and len(clip.data.latents.before) > 0
        self.stack.setCurrentIndex(1 if there else 0)
        if not there:
            waiting = f"{clip.stage} …" if clip.stage else "No latents yet"
            info = self.context.codec.info
            if info is not None and not info.latent_dim:
                waiting = f"{info.name} has no latents to show"
            self.empty.set_text(waiting if clip.is_open else "Open a sound file: Ctrl+O or drop it here")

    def _why_not_quantised(self) -> str:
        info = self.context.codec.info
        if info is not None and info.books:
            return f"{info.name} quantises in another space than that of its latents."
        return f"{info.name if info else 'This codec'} does not quantise its latents."

    def _show_range(self) -> None:
        self.trajectory.set_time_range(self.context.time_view.start_s, self.context.time_view.end_s)

    def _show_cursor(self, _sample: int = 0) -> None:
        rate = self.context.clip.data.rate_hz
        self.trajectory.set_cursor(self.context.playback.position / rate if rate else 0.0)

    def _seek(self, seconds: float) -> None:
        commands.seek(self.context, round(seconds * self.context.clip.data.rate_hz))

    def view_state(self) -> dict[str, Any]:
        return {"quantised": self.quantised.isChecked()}

    def set_view_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("quantised"), bool):
            self.quantised.setChecked(state["quantised"])
